package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Kind says what starts a function, and how it is called.
type Kind string

const (
	KindNone      Kind = ""          // nothing in the folder can be started
	KindGo        Kind = "go"        // a program for the runtime Go1
	KindNode      Kind = "node"      // a JavaScript file that exports a handler
	KindBootstrap Kind = "bootstrap" // an executable that speaks the custom runtime's protocol
	KindHTTP      Kind = "http"      // an HTTP function: a web server
	KindCloudRun  Kind = "cloudrun"  // a Cloud Run service: a web server in a container
)

// ServesHTTP reports whether functions of the kind are called by HTTP requests, not with events.
func (k Kind) ServesHTTP() bool { return k == KindHTTP || k == KindCloudRun }

// The files that say by their name what a folder is.
const (
	httpBootstrap = "scf_bootstrap" // starts the web server of an HTTP function
	bootstrap     = "bootstrap"     // is a function of the custom runtime
	program       = "main"          // is a program that has been built for the cloud
	containerFile = "container.config.json"
)

// The ports that the cloud expects web servers on, if nothing else is said.
const (
	httpPort      = 9000
	containerPort = 80
)

// findEntry fills in Kind and Entry, or Missing, and reports what is wrong about them.
func (r *report) findEntry(f *FunctionDir) {
	if _, err := os.ReadDir(f.Dir); err != nil {
		r.unreadable(f.Dir, err)
		return
	}
	for _, name := range []string{httpBootstrap, bootstrap} {
		r.checkScript(f.Dir, name)
	}
	missing := func(code, what, advice string) {
		r.add(f.Dir, 1, 1, code, what, advice)
		f.Missing = what + "; " + advice
	}
	typed, handled := f.Type == TypeHTTP, path.Clean(stems(f.Handler)[0]) // in cloudbaserc.json
	f.Kind, f.Entry = findEntry(f.Dir, f.Handler, typed)
	compile := ""
	if ts := typeScriptEntry(f.Dir, f.Handler); ts != "" && f.Kind == KindNone {
		compile = "compile " + ts + ", or "
	}
	switch {
	case f.Kind == KindNode && !strings.HasPrefix(f.Entry, handled+"."):
		r.add(f.Dir, 1, 1, codeEntryName, fmt.Sprintf("the cloud starts %s.js, which the handler %s in cloudbaserc.json names, and which is missing", handled, f.Handler), "add the file, or correct the handler")
	case f.Kind == KindNode && IsTypeScript(f.Entry):
		r.checkTypeScript(f)
	case f.Kind.ServesHTTP():
		f.Type, f.Port = TypeHTTP, httpPort
		if f.Kind == KindCloudRun {
			f.Port = portOf(r.open(filepath.Join(f.Dir, containerFile)))
		}
		if f.Kind == KindCloudRun && (typed || isFile(f.Dir, httpBootstrap)) {
			r.add(filepath.Join(f.Dir, containerFile), 1, 1, codeTwoHomes, "the folder is a Cloud Run service by this file, and an HTTP function, too; it is served as the former", "remove this file, or "+httpBootstrap+" and the type HTTP in cloudbaserc.json")
		}
	case f.Kind == KindNone && isFile(f.Dir, containerFile):
		missing(codeNoEntry, "nothing in the folder of the Cloud Run service can be started without a container", compile+"add a Go main package, an executable main, index.js, or an executable scf_bootstrap that starts the web server on $PORT")
	case f.Kind == KindNone && typed:
		missing(codeNoServer, "the function has the type HTTP, and nothing in its folder serves HTTP", compile+"add a Go main package, index.js, or an executable scf_bootstrap that starts a web server; or remove the type in cloudbaserc.json")
	case f.Kind == KindNone && mainFile(f.Dir) != "":
		f.Missing = r.checkMain(f.Dir)
	case f.Kind == KindNone:
		missing(codeNoEntry, "the folder is no function", "add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere")
	}
}

// checkTypeScript reports that only the source of a function's entry file is there.
func (r *report) checkTypeScript(f *FunctionDir) {
	script := strings.TrimSuffix(f.Entry, path.Ext(f.Entry)) + ".js"
	r.add(filepath.Join(f.Dir, filepath.FromSlash(f.Entry)), 1, 1, codeTypeScriptEntry,
		fmt.Sprintf("the cloud starts %s, and there is only %s, which wxfn compiles for itself", script, f.Entry),
		fmt.Sprintf("compile it before the upload, such as by: npx esbuild %s --bundle --platform=node --packages=external --outfile=%s", f.Entry, script))
}

// checkMain reports an entry file that only package.json names, and returns the report as [FunctionDir.Missing] has it.
func (r *report) checkMain(dir string) (missing string) {
	file := mainFile(dir)
	advice := fmt.Sprintf("rename it to index.js, or add an index.js with: module.exports = require(%q)", "./"+file)
	if path.Ext(file) == ".mjs" {
		advice = fmt.Sprintf("add an index.js with: exports.main = async (...args) => (await import(%q)).main(...args)", "./"+file)
	}
	what := "the cloud starts index.js, which is missing, and not " + file + ", which main of package.json names"
	manifest := filepath.Join(dir, "package.json")
	line, column := 1, 1
	own := &report{base: dir} // what else is wrong in package.json is npm's concern
	if main := own.open(manifest).member("main"); main.exists() {
		line, column = main.place()
	}
	r.add(manifest, line, column, codeEntryName, what, advice)
	return what + "; " + advice
}

// checkScript reports what keeps a file from being started.
func (r *report) checkScript(dir, name string) {
	if !isFile(dir, name) {
		return
	}
	path := filepath.Join(dir, name)
	if !isExecutable(dir, name) {
		r.add(path, 1, 1, codeNotExecutable, "the file is not executable, and cannot start the function", "run chmod +x on it")
	}
	if hasWindowsLineEnds(path) {
		r.add(path, 1, 1, codeLineEnds, "the lines of the script end with CR LF, and the cloud finds no interpreter of that name", "save it with LF, and have git keep it so: "+name+" text eol=lf in .gitattributes")
	}
}

// hasWindowsLineEnds reports whether a file is a script whose first line ends with CR LF.
func hasWindowsLineEnds(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	start := make([]byte, 256)
	n, _ := io.ReadFull(file, start) // fewer will do
	line, _, ended := bytes.Cut(start[:n], []byte("\n"))
	return ended && bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("\r"))
}

// findEntry tells what starts the function in a folder, as in [FunctionDir]. typed is whether it is said to be an HTTP
// function.
func findEntry(dir, handler string, typed bool) (kind Kind, entry string) {
	script, container := isFile(dir, httpBootstrap), isFile(dir, containerFile)
	kind, entry = findCode(dir, handler, script || container || typed)
	switch {
	case container:
		if kind == KindNone || kind == KindBootstrap {
			if !script {
				return KindNone, ""
			}
			entry = httpBootstrap
		}
		return KindCloudRun, entry
	case script && entry != ".": // which the script starts when it has been built
		return KindHTTP, httpBootstrap
	case typed && kind == KindBootstrap:
		return KindNone, ""
	case script, typed && kind != KindNone:
		return KindHTTP, entry
	}
	return kind, entry
}

// findCode looks for the code of a function, or of a web server.
func findCode(dir, handler string, server bool) (kind Kind, entry string) {
	executable := func(name string) bool { return isFile(dir, name) && isExecutable(dir, name) }
	js := nodeEntry(dir, handler)
	if js == "" && server {
		js = mainFile(dir)
	}
	switch {
	case executable(bootstrap): // before the sources that it may have been made of
		return KindBootstrap, bootstrap
	case isGoMain(dir):
		return KindGo, "."
	case js != "":
		return KindNode, js
	case executable(program):
		return KindGo, program
	}
	if ts := typeScriptEntry(dir, handler); ts != "" && !server {
		return KindNode, ts
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

// stems returns the entry files that a Node function can have, without their extension, the first first: the one that
// the handler names (index.main is main of index.js), and index.
func stems(handler string) []string {
	if i := strings.LastIndexByte(handler, '.'); i > 0 && handler[:i] != "index" {
		return []string{handler[:i], "index"}
	}
	return []string{"index"}
}

// nodeEntry returns the JavaScript file that starts a Node function, "" if there is none. What package.json says does not
// count: https://docs.cloudbase.net/cloud-function/how-to-use-esm.
func nodeEntry(dir, handler string) string {
	for _, stem := range stems(handler) {
		if file := ownFile(dir, stem+".js"); file != "" {
			return file
		}
	}
	return ""
}

// typeScriptExtensions are those of files that a compiler makes JavaScript of.
var typeScriptExtensions = []string{".ts", ".mts", ".cts", ".tsx"}

// IsTypeScript reports whether the entry file of a function has to be compiled.
func IsTypeScript(entry string) bool { return slices.Contains(typeScriptExtensions, path.Ext(entry)) }

// typeScriptEntry returns the TypeScript that the entry file of a Node function is compiled from, "" if there is none.
func typeScriptEntry(dir, handler string) string {
	for _, stem := range stems(handler) {
		for _, extension := range typeScriptExtensions {
			if file := ownFile(dir, stem+extension); file != "" {
				return file
			}
		}
	}
	return ""
}

// mainFile returns the file that main of package.json names, "" if it is not there. It starts web servers. Whatever is
// wrong in package.json, Node itself will say.
func mainFile(dir string) string {
	var manifest struct{ Main string }
	if text, err := readFile(filepath.Join(dir, "package.json")); err == nil {
		_ = json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &manifest)
	}
	if manifest.Main == "" {
		return ""
	}
	for _, file := range []string{manifest.Main, manifest.Main + ".js", manifest.Main + "/index.js"} {
		if file = ownFile(dir, file); file != "" {
			return file
		}
	}
	return ""
}

// ownFile returns the clean name of a file of a folder, with forward slashes; "" if there is none.
func ownFile(dir, name string) string {
	if name = filepath.FromSlash(name); !filepath.IsLocal(name) || !isFile(dir, name) {
		return ""
	}
	return filepath.ToSlash(filepath.Clean(name))
}
