package config

import (
	"encoding/json"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Kind says what starts a function.
type Kind string

const (
	KindNone      Kind = ""          // nothing in the folder can be started
	KindGo        Kind = "go"        // a Go main package, for the runtime Go1
	KindNode      Kind = "node"      // a JavaScript file that exports a handler
	KindBootstrap Kind = "bootstrap" // an executable that speaks the custom runtime's protocol
	KindHTTP      Kind = "http"      // a web server, of type HTTP: the executable scf_bootstrap, else what Entry says
)

// executables are the files that start a function by their name alone.
var executables = []struct {
	name string
	kind Kind
}{
	{"scf_bootstrap", KindHTTP},
	{"bootstrap", KindBootstrap},
}

// findEntry fills in Kind and Entry, and reports where there is nothing to start.
func (r *report) findEntry(f *FunctionDir) {
	if _, err := os.ReadDir(f.Dir); err != nil {
		r.unreadable(f.Dir, err)
		return
	}
	for _, x := range executables {
		if isFile(f.Dir, x.name) && !isExecutable(f.Dir, x.name) {
			r.add(filepath.Join(f.Dir, x.name), 1, 1, codeNotExecutable, "the file is not executable, and cannot start the function", "run chmod +x on it")
		}
	}
	f.Kind, f.Entry = findEntry(f.Dir, f.Handler)
	switch {
	case f.Kind == KindNone:
		r.add(f.Dir, 1, 1, codeNoEntry, "the folder is no function", "add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere")
	case f.Kind == KindHTTP || f.Type == TypeHTTP:
		f.Kind, f.Type = KindHTTP, TypeHTTP
	}
}

// findEntry tells what starts the function in a folder, as in [FunctionDir]. An executable comes before the sources
// that it may have been made of.
func findEntry(dir, handler string) (kind Kind, entry string) {
	for _, x := range executables {
		if isFile(dir, x.name) && isExecutable(dir, x.name) {
			return x.kind, x.name
		}
	}
	if isGoMain(dir) {
		return KindGo, "."
	}
	if entry = nodeEntry(dir, handler); entry != "" {
		return KindNode, entry
	}
	return KindNone, ""
}

func isFile(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}

// isExecutable reports whether a file may be executed, as far as the system has a mode for it.
func isExecutable(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && (info.Mode()&0o111 != 0 || runtime.GOOS == "windows")
}

// isGoMain reports whether a folder holds a Go main package: any file that would be built here says so.
func isGoMain(dir string) bool {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if built, err := build.Default.MatchFile(dir, name); err != nil || !built {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.PackageClauseOnly)
		if err == nil && file.Name.Name == "main" {
			return true
		}
	}
	return false
}

// nodeEntry returns the JavaScript file that starts a function: the one that the handler names (index.main is main of
// index.js), index.js, or the one that package.json names; "" where there is none.
func nodeEntry(dir, handler string) string {
	candidates := []string{"index.js"}
	if i := strings.LastIndexByte(handler, '.'); i > 0 {
		candidates = []string{handler[:i] + ".js", "index.js"}
	}
	if main := packageMain(dir); main != "" {
		candidates = append(candidates, main, main+".js", main+"/index.js")
	}
	for _, file := range candidates {
		if file = filepath.FromSlash(file); filepath.IsLocal(file) && isFile(dir, file) {
			return filepath.ToSlash(filepath.Clean(file))
		}
	}
	return ""
}

// packageMain returns main of the folder's package.json. Whatever is wrong there, Node itself will say.
func packageMain(dir string) string {
	var manifest struct{ Main string }
	if text, err := readFile(filepath.Join(dir, "package.json")); err == nil {
		_ = json.Unmarshal(text, &manifest)
	}
	return manifest.Main
}
