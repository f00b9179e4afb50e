package golang

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// openapiPath is the package whose calls are looked for.
const openapiPath = "github.com/wxcloud-go/wxfn/openapi"

// listed is a package as the go command lists it.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	Export     string
	GoFiles    []string
	Imports    []string
	ImportMap  map[string]string
	Match      []string
	DepOnly    bool
	Module     *struct{ GoVersion string }
	Error      *listedError
}

type listedError struct {
	Pos, Err    string
	ImportStack []string
}

// program is the packages of some functions of one module.
type program struct {
	module   string
	packages map[string]*listed // by import path
	sources  map[string]*source // by import path: those that are read from source
	order    []*source          // each after those that it imports
	exports  map[string]*listed // by import path: those that are known from export data
	importer types.Importer     // reads export data
	fset     *token.FileSet
	files    map[string][]byte // the text of the source files, by name

	mains    map[string]*source // by the function's folder
	failures map[string]error   // by the function's folder

	bodies    map[*types.Func]*body
	callbacks map[string][]callback // interfaces that export data declares, by the names of their methods
}

// source is a package that is read from source.
type source struct {
	*listed
	program *program
	files   []*ast.File
	types   *types.Package
	info    *types.Info
	imports []*source
	err     error // of this package, not of those that it imports

	roots       []*body                    // what runs before main: variables, then init functions
	assignments map[*types.Var]*assignment // filled in when first needed, and with it the next ones
	variables   map[token.Pos]*types.Var   // that stand for the function which is named there
	// clientFields are the fields of all structs that a client can be in, by their names; alters is set where a client is made
	// or changed by something else than openapi.NewClient.
	clientFields map[string]*assignment
	alters       bool
	directives   map[string]map[int][]string
}

// loadProgram loads the packages of functions of a module. The error is about all of them.
func loadProgram(ctx context.Context, module string, dirs []string) (*program, error) {
	p := &program{
		module:   module,
		packages: map[string]*listed{}, sources: map[string]*source{}, exports: map[string]*listed{},
		fset: token.NewFileSet(), files: map[string][]byte{},
		mains: map[string]*source{}, failures: map[string]error{},
		bodies: map[*types.Func]*body{},
	}
	patterns := map[string]string{} // of the folders
	args := []string{"-deps", "-json=ImportPath,Name,Dir,GoFiles,Imports,ImportMap,Match,DepOnly,Module,EmbedFiles,Error", "--"}
	for _, dir := range dirs {
		rel, err := filepath.Rel(module, dir)
		if err != nil {
			return nil, err
		}
		pattern := "./" + filepath.ToSlash(rel)
		if rel == "." {
			pattern = "."
		}
		patterns[pattern] = dir
		args = append(args, pattern)
	}
	packages, err := p.list(ctx, args...)
	if err != nil {
		return nil, err
	}
	for _, l := range packages {
		p.packages[l.ImportPath] = l
		if p.fromSource(l) {
			s := &source{listed: l, program: p}
			for _, path := range l.Imports {
				if imported := p.sources[path]; imported != nil {
					s.imports = append(s.imports, imported)
				}
			}
			p.sources[l.ImportPath] = s
			p.order = append(p.order, s)
		}
		if !l.DepOnly {
			for _, pattern := range l.Match {
				if dir, ok := patterns[pattern]; ok {
					p.mains[dir] = p.sources[l.ImportPath]
				}
			}
		}
	}
	if err := p.loadExports(ctx); err != nil {
		return nil, err
	}
	for _, s := range p.order {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.load()
	}
	p.fail(ctx, dirs)
	return p, nil
}

// fromSource reports whether a package is read from source: a function's own, and what leads to package openapi.
// The packages that it imports are known already.
func (p *program) fromSource(l *listed) bool {
	if !l.DepOnly {
		return true
	}
	return slices.ContainsFunc(l.Imports, func(path string) bool { return path == openapiPath || p.sources[path] != nil })
}

// loadExports has the packages compiled that are not read from source.
func (p *program) loadExports(ctx context.Context) error {
	args := []string{"-deps", "-export", "-json=ImportPath,Export,Error", "--"}
	first := len(args)
	for _, s := range p.order {
		for _, path := range s.Imports {
			// The go command itself says what is wrong with a package that has an error.
			if l := p.packages[path]; l != nil && l.Error == nil && p.sources[path] == nil && path != "unsafe" && path != "C" {
				args = append(args, path)
			}
		}
	}
	slices.Sort(args[first:])
	args = slices.Compact(args)
	if len(args) > first {
		packages, err := p.list(ctx, args...)
		if err != nil {
			return err
		}
		for _, l := range packages {
			p.exports[l.ImportPath] = l
		}
	}
	p.importer = importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		l := p.exports[path]
		if l == nil || l.Export == "" {
			return nil, fmt.Errorf("%s has not been compiled", path)
		}
		return os.Open(l.Export)
	})
	return nil
}

// list runs go list for the deployed program's system, and returns the packages, each after those that it imports.
func (p *program) list(ctx context.Context, args ...string) ([]*listed, error) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, errNoGo
	}
	cmd := exec.CommandContext(ctx, goCommand, append([]string{"list", "-e"}, args...)...)
	cmd.Dir = p.module
	cmd.Env = append(environ(), "PWD="+p.module)
	cmd.WaitDelay = time.Second // for compilers that outlive a go command that is killed
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		if messages := p.messages(stderr.String()); len(messages) > 0 {
			return nil, joinMessages(messages)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	var packages []*listed
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		l := new(listed)
		if err := decoder.Decode(l); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		packages = append(packages, l)
	}
}

// environ returns the environment in which the go command builds for the cloud.
func environ() []string { return append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0") }

// load parses and type-checks a package; those that it imports are loaded.
func (s *source) load() {
	if s.Error != nil || slices.ContainsFunc(s.Imports, s.program.broken) {
		return // the cause is reported
	}
	for _, name := range s.GoFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.Dir, name)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			s.err = err
			return
		}
		s.program.files[name] = text
		file, err := parser.ParseFile(s.program.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			if s.err == nil {
				s.err = err
			}
			continue
		}
		s.files = append(s.files, file)
	}
	if s.err != nil {
		return
	}
	s.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Instances: map[*ast.Ident]types.Instance{},
	}
	var failures []string
	checker := types.Config{
		Importer: s, Sizes: types.SizesFor("gc", "amd64"),
		Error: func(err error) { failures = append(failures, err.Error()) },
	}
	if s.Module != nil && s.Module.GoVersion != "" {
		checker.GoVersion = "go" + s.Module.GoVersion
	}
	pkg, err := checker.Check(s.ImportPath, s.program.fset, s.files, s.info)
	if err != nil {
		s.err = errors.New(strings.Join(failures, "\n"))
		return
	}
	s.types = pkg
	s.declare()
}

// broken reports whether a package that was to be loaded or compiled is not.
func (p *program) broken(path string) bool {
	if s := p.sources[path]; s != nil {
		return s.types == nil
	}
	l := p.exports[path]
	return path != "unsafe" && path != "C" && (l == nil || l.Export == "")
}

// Import returns a package that s imports.
func (s *source) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	path = cmp.Or(s.ImportMap[path], path)
	if imported := s.program.sources[path]; imported != nil && imported.types != nil {
		return imported.types, nil
	}
	pkg, err := s.program.importer.Import(path)
	if err != nil && s.program.exports[path] != nil && s.program.exports[path].Export != "" {
		return nil, fmt.Errorf("%w; this program was built with %s and may be too old for what the go command compiles", err, runtime.Version())
	}
	return pkg, err
}

// fail fills in the failures of functions.
func (p *program) fail(ctx context.Context, dirs []string) {
	// What the type checker has found the compiler says in its own words.
	var broken []string
	for _, s := range p.order {
		if s.err != nil {
			broken = append(broken, s.ImportPath)
		}
	}
	compiler := map[string][]string{}
	if len(broken) > 0 {
		packages, err := p.list(ctx, append([]string{"-export", "-json=ImportPath,Error", "--"}, broken...)...)
		if err == nil {
			for _, l := range packages {
				compiler[l.ImportPath] = p.errorOf(l)
			}
		}
	}
	for _, dir := range dirs {
		s := p.mains[dir]
		if s == nil {
			p.failures[dir] = fmt.Errorf("the go command finds no package in %s", apiuse.ShortPath(dir))
			continue
		}
		var messages []string
		for _, path := range p.closure(s) {
			l := p.packages[path]
			switch {
			case l.Error != nil:
				messages = append(messages, p.errorOf(l)...)
			case len(compiler[path]) > 0:
				messages = append(messages, compiler[path]...)
			case p.sources[path] != nil && p.sources[path].err != nil:
				messages = append(messages, p.ownError(p.sources[path].err)...)
			case p.exports[path] != nil && p.exports[path].Error != nil:
				messages = append(messages, p.errorOf(p.exports[path])...)
			}
		}
		switch {
		case len(messages) > 0:
			p.failures[dir] = joinMessages(messages)
		case len(s.GoFiles) == 0:
			p.failures[dir] = fmt.Errorf("there are no Go files in %s that are built for linux/amd64", apiuse.ShortPath(dir))
		case s.Name != "main":
			p.failures[dir] = fmt.Errorf("the package in %s is %s; a function is a package main", apiuse.ShortPath(dir), s.Name)
		case s.types == nil:
			p.failures[dir] = fmt.Errorf("the package in %s cannot be loaded", apiuse.ShortPath(dir))
		case s.types.Scope().Lookup("main") == nil:
			p.failures[dir] = fmt.Errorf("the package in %s has no function main", apiuse.ShortPath(dir))
		}
	}
}

// closure returns the import paths of a package and of all that it leads to, each after those that it imports.
func (p *program) closure(s *source) []string {
	var paths []string
	seen := map[string]bool{}
	var visit func(path string)
	visit = func(path string) {
		l := p.packages[path]
		if l == nil || seen[path] {
			return
		}
		seen[path] = true
		for _, imported := range l.Imports {
			visit(imported)
		}
		paths = append(paths, path)
	}
	visit(s.ImportPath)
	return paths
}

// errorOf returns the lines of a listed package's error.
func (p *program) errorOf(l *listed) []string {
	if l.Error == nil {
		return nil
	}
	text := strings.TrimSpace(l.Error.Err)
	if l.Error.Pos != "" && !strings.HasPrefix(text, "# ") && !compilerPlace.MatchString(text) {
		text = l.Error.Pos + ": " + text
	}
	if strings.HasPrefix(text, "import cycle") {
		text += ": " + strings.Join(l.Error.ImportStack, " imports ")
	}
	return p.messages(text)
}

func (p *program) ownError(err error) []string {
	if list, ok := errors.AsType[scanner.ErrorList](err); ok {
		var lines []string
		for _, e := range list {
			lines = append(lines, e.Error())
		}
		return p.messages(strings.Join(lines, "\n"))
	}
	return p.messages(err.Error())
}

var compilerPlace = regexp.MustCompile(`^(.+?\.(?:go|s|mod|work|sum))(:\d+(?::\d+)?(?:: |$))`)

// messages returns the lines that a Go tool has printed, with the paths as they are seen from the working folder.
func (p *program) messages(output string) []string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, " \r\n")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		if m := compilerPlace.FindStringSubmatch(line); m != nil {
			path := m[1]
			if !filepath.IsAbs(path) {
				path = filepath.Join(p.module, filepath.FromSlash(path))
			}
			line = apiuse.ShortPath(path) + line[len(m[1]):]
		}
		lines = append(lines, line)
	}
	return lines
}

// joinMessages makes an error of the lines that a Go tool has printed: ten at most.
func joinMessages(lines []string) error {
	const most = 10
	if len(lines) > most {
		lines = append(lines[:most-1:most-1], fmt.Sprintf("and %d more lines", len(lines)-most+1))
	}
	return errors.New(strings.Join(lines, "\n"))
}

// position returns a place with its column in characters.
func (p *program) position(pos token.Pos) apiuse.Position {
	at := p.fset.PositionFor(pos, false)
	column := at.Column
	if text := p.files[at.Filename]; at.Offset <= len(text) && at.Column <= at.Offset+1 {
		column = utf8.RuneCount(text[at.Offset-at.Column+1:at.Offset]) + 1
	}
	return apiuse.Position{File: at.Filename, Line: at.Line, Column: column}
}
