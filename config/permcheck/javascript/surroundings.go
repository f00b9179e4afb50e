package javascript

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// This file knows what a function finds around it in the cloud: its own folder, in /var/user, and no more.

// builtins are the modules of Node, which come before files of the same name.
var builtins = strings.Fields(`assert async_hooks buffer child_process cluster console constants crypto dgram
	diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks process punycode
	querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib`)

func isNodeModule(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return strings.HasPrefix(name, "node:") || slices.Contains(builtins, first)
}

// A manifest is what counts here in a function's package.json. What is wrong in it, Node and npm will say.
type manifest struct {
	Type                               string
	Dependencies, OptionalDependencies map[string]any
}

func readManifest(dir string) (m manifest) {
	if text, err := os.ReadFile(filepath.Join(dir, "package.json")); err == nil {
		_ = json.Unmarshal(text, &m)
	}
	return m
}

// within reports whether path is dir or below it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// fault records what fails in the cloud. Of TypeScript that has not been compiled, nobody knows what its compiler will
// make of a module's name.
func (p *program) fault(fn *function, pos int32, code, message, advice string) {
	if p.typed {
		return
	}
	at := fn.file.source.position(pos)
	p.faults[at] = apiuse.Fault{Position: at, Code: code, Message: message, Advice: advice}
}

// checkFile records the load of a file that is not uploaded with the function.
func (p *program) checkFile(fn *function, pos int32, name, path string) {
	if !within(p.dir, fn.file.source.path) || within(p.dir, path) || within("/opt", path) || p.isTemporary(path) {
		return // a file of the function, of a layer, or one that the function has written
	}
	p.fault(fn, pos, apiuse.OutsideFolder, fmt.Sprintf("the module %s is outside the function's folder, and the cloud has only that folder", name),
		"move the file into "+apiuse.ShortPath(p.dir))
}

// isTemporary reports whether a path is below /tmp, and no part of a project there.
func (p *program) isTemporary(path string) bool {
	branch := func(path string) string {
		rel, _ := filepath.Rel("/tmp", path)
		first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		return first
	}
	return within("/tmp", path) && branch(path) != branch(p.dir)
}

// packageDir returns the folder of a package that Node finds for a file in from; "" if it is not installed.
func packageDir(from, name string) string {
	parts := strings.SplitN(name, "/", 3)
	if !strings.HasPrefix(name, "@") || len(parts) < 2 {
		parts = parts[:1]
	} else {
		parts = parts[:2]
	}
	for dir := from; ; dir = filepath.Dir(dir) {
		found := filepath.Join(dir, "node_modules", filepath.Join(parts...))
		if info, err := os.Stat(found); err == nil && info.IsDir() {
			return found
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// packageFile returns the file of the function that a name other than a path stands for, since NODE_PATH names its folder.
// It returns "" for that of a package, and records one that is installed where the cloud does not find it.
func (p *program) packageFile(fn *function, pos int32, name string) string {
	if isNodeModule(name) || !within(p.dir, fn.file.source.path) {
		return ""
	}
	installed := packageDir(filepath.Dir(fn.file.source.path), name)
	if installed != "" && within(p.dir, installed) {
		return ""
	}
	if file := resolveModule(filepath.Join(p.dir, "index.js"), "./"+name); file != "" {
		return file
	}
	if installed == "" {
		return ""
	}
	m := readManifest(p.dir)
	name = filepath.ToSlash(strings.TrimPrefix(installed, filepath.Join(installed[:strings.LastIndex(installed, "node_modules")], "node_modules")+string(filepath.Separator)))
	if m.Dependencies[name] != nil || m.OptionalDependencies[name] != nil { // which the upload can install
		return ""
	}
	p.fault(fn, pos, apiuse.OutsideFolder, fmt.Sprintf("the package %s is in %s, outside the function's folder, and the cloud has only that folder", name, apiuse.ShortPath(installed)),
		fmt.Sprintf("run: npm install --prefix %s %s", apiuse.ShortPath(p.dir), name))
	return ""
}

// moduleSyntax matches the start of a statement that only an ES module has.
var moduleSyntax = regexp.MustCompile(`(?m)^[ \t]*(import\b[ \t]*[^\s(.]|export\b)`)

// checkEntry records an entry file that is an ES module: the platform requires it.
func (p *program) checkEntry(f config.FunctionDir, entry *file) {
	byType := readManifest(f.Dir).Type == "module"
	switch {
	case f.Kind != config.KindNode || filepath.Ext(entry.source.path) != ".js":
		return
	case !entry.esm && !byType:
		if at := entry.await; at != nil {
			p.faults[*at] = apiuse.Fault{
				Position: *at, Code: apiuse.ModuleEntry, Advice: "move it into the handler",
				Message: "only an ES module can await outside all functions, and the cloud requires the file as CommonJS",
			}
		}
		return
	}
	at := apiuse.Position{File: entry.source.path, Line: 1, Column: 1}
	if m := moduleSyntax.FindSubmatchIndex(entry.source.text); m != nil && entry.esm {
		line := lineOf(entry.source.lines, m[2])
		at.Line, at.Column = line+1, utf8.RuneCount(entry.source.text[entry.source.lines[line]:m[2]])+1
	}
	name := strings.TrimSuffix(filepath.Base(at.File), ".js")
	message := fmt.Sprintf("%s.js is an ES module, and the cloud requires it as CommonJS", name)
	advice := fmt.Sprintf("rename it to %[1]s.mjs, and add a %[1]s.js with: exports.main = async (...args) => (await import('./%[1]s.mjs')).main(...args)", name)
	if byType {
		advice = `remove "type": "module" from package.json`
		if entry.esm {
			advice += fmt.Sprintf(", rename the file to %[1]s.mjs, and add a %[1]s.js with: exports.main = async (...args) => (await import('./%[1]s.mjs')).main(...args)", name)
		}
	}
	p.faults[at] = apiuse.Fault{Position: at, Code: apiuse.ModuleEntry, Message: message, Advice: advice}
}
