package javascript

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// file returns the file of a path, read and parsed once; nil where it cannot be.
func (p *program) file(path string) *file {
	key := path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		key = real
	}
	if file, ok := p.files[key]; ok {
		return file
	}
	p.files[key] = nil
	source, err := readSource(path)
	if err != nil {
		p.problems = append(p.problems, err)
		return nil
	}
	ast, err := source.parse()
	if err != nil {
		p.problems = append(p.problems, err)
		return nil
	}
	file := &file{source: source}
	file.exports, file.module = p.newObject(), p.newObject()
	if len(p.files) > 1 && source.isLibrary() {
		file.top = p.newFunction(file, p.relative(path), 0)
		p.store(file.module, "exports", p.unknown)
		p.files[key] = file
		return file
	}
	p.lower(file, ast)
	p.store(file.module, "exports", p.constant(file.exports.value))
	p.files[key] = file
	return file
}

// sdk is the module that has the APIs.
const sdk = "wx-server-sdk"

// importModule lets an instruction's dst be a module as import sees it.
func (p *program) importModule(fn *function, in *instruction) {
	file, v := p.module(fn, in.pos, in.name)
	switch {
	case file == nil:
		p.add(in.dst, v)
	case file.esm:
		p.add(in.dst, file.exports.value)
	default:
		p.interop(in.dst, p.property(file.module, "exports"), file)
	}
}

// interop lets dst be a CommonJS module as import sees it: the module is its default, too.
func (p *program) interop(dst, module node, file *file) {
	var o *object
	if file != nil {
		o = p.made(file.module, "import")
	} else {
		o = p.newObject()
	}
	p.flow(module, p.property(o, "default"))
	p.inherit(o, module)
	p.add(dst, o.value)
}

// module returns the file that a module's name stands for, or else a value.
func (p *program) module(fn *function, pos int32, name string) (*file, value) {
	unknown := p.value(p.unknown)
	local := filepath.IsAbs(name) || name == "." || name == ".." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../")
	path := ""
	switch {
	case fn == nil:
	case local:
		path = resolveModule(fn.file.source.path, name)
	default:
		path = p.packageFile(fn, pos, name)
	}
	switch {
	case name == sdk:
		return nil, p.intern(kindClient, "")
	case strings.TrimPrefix(name, "node:") == "path":
		return nil, p.intern(kindBuiltin, "path")
	case path == "" && local && fn != nil:
		p.doubt(fn, pos, pos, fmt.Sprintf("cannot find the module %s, nor tell what it calls", name))
		return nil, unknown
	case path == "":
		return nil, unknown
	}
	p.checkFile(fn, pos, name, path)
	return p.require(fn, pos, path)
}

func (p *program) require(fn *function, pos int32, path string) (*file, value) {
	unknown := p.value(p.unknown)
	switch ext := filepath.Ext(path); {
	case slices.Contains(strings.Split(filepath.ToSlash(path), "/"), "node_modules"), strings.HasSuffix(path, ".d.ts"):
		return nil, unknown
	case !slices.Contains(extensions, ext) && ext != "" || ext == ".json":
		return nil, unknown
	}
	file := p.file(path)
	if file == nil {
		return nil, unknown
	}
	p.activate(file.top, fn, pos, weightCall)
	return file, 0
}

// requireFolder loads the files of a folder, of which one is required by a name made up at run time.
func (p *program) requireFolder(w watcher, prefix string) bool {
	slash := strings.LastIndexByte(prefix, '/')
	if slash < 0 || w.fn == nil || !strings.HasPrefix(prefix, ".") && !filepath.IsAbs(prefix) {
		return false
	}
	dir := filepath.FromSlash(prefix[:slash+1])
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(w.fn.file.source.path), dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	loaded := false
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix[slash+1:]) || e.Name() == "node_modules" {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			path = resolveFolder(path)
		}
		if path == "" || !slices.Contains(extensions, filepath.Ext(path)) || !isRegular(path) {
			continue
		}
		loaded = true
		if file, _ := p.require(w.fn, w.in.pos, path); file != nil {
			p.flow(p.property(file.module, "exports"), w.in.dst)
		}
	}
	return loaded
}

// mayBeLocal reports whether a module's name that begins with prefix may be that of a local file: it is a path, or what it
// begins with is a folder of the function, to which a link in node_modules or a bundler may lead.
func (p *program) mayBeLocal(from *file, prefix string) bool {
	if strings.HasPrefix(prefix, ".") || strings.HasPrefix(prefix, "/") {
		return true
	}
	slash := strings.LastIndexByte(prefix, '/')
	if slash < 0 {
		return false
	}
	folder := prefix[:slash]
	name, rest, _ := strings.Cut(folder, "/")
	if strings.HasPrefix(name, "@") {
		scoped, _, _ := strings.Cut(rest, "/")
		name += "/" + scoped
	}
	for dir := filepath.Dir(from.source.path); ; dir = filepath.Dir(dir) {
		if info, err := os.Lstat(filepath.Join(dir, "node_modules", filepath.FromSlash(name))); err == nil && info.IsDir() {
			return false // a package that is installed, and no link
		}
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(folder))); err == nil && info.IsDir() {
			return true
		}
		if rel, err := filepath.Rel(p.dir, dir); err != nil || rel == "." || !filepath.IsLocal(rel) {
			return false
		}
	}
}

// maxFollowed is the size up to which a file is followed although it has nothing to do with the SDK.
const maxFollowed = 64 << 10

// leadsOn matches what a file has that may lead to the SDK: its name, that of its APIs, or a local file.
var leadsOn = regexp.MustCompile("wx-server-sdk|openapi|(?:require|import)\\s*\\(\\s*(?:[^'\"`\\s)]|['\"`][./])|(?:from|import)\\s*['\"`][./]")

// isLibrary reports whether the source is a copy of a package, or data, that the SDK can only be handed to.
func (s *source) isLibrary() bool { return len(s.text) > maxFollowed && !leadsOn.Match(s.text) }

// extensions are what Node, and those who write TypeScript for it, leave out of a module's name, in the order of search.
var extensions = []string{".js", ".cjs", ".mjs", ".json", ".ts", ".cts", ".mts", ".tsx", ".jsx"}

// resolveModule returns the file that a relative or absolute module name stands for, "" where there is none.
func resolveModule(from, name string) string {
	path := filepath.FromSlash(name)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from), path)
	}
	if !strings.HasSuffix(name, "/") && name != "." && name != ".." {
		if file := resolveFile(path); file != "" {
			return file
		}
	}
	return resolveFolder(path)
}

func resolveFile(path string) string {
	if isRegular(path) {
		return path
	}
	for _, ext := range extensions {
		if isRegular(path + ext) {
			return path + ext
		}
	}
	// TypeScript's modules are imported by the name that they will have.
	for _, pair := range [][2]string{{".js", ".ts"}, {".js", ".tsx"}, {".mjs", ".mts"}, {".cjs", ".cts"}} {
		if stem, ok := strings.CutSuffix(path, pair[0]); ok && isRegular(stem+pair[1]) {
			return stem + pair[1]
		}
	}
	return ""
}

func resolveFolder(path string) string {
	var manifest struct{ Main string }
	if text, err := os.ReadFile(filepath.Join(path, "package.json")); err == nil {
		_ = json.Unmarshal(text, &manifest) // what is wrong in it, Node will say
	}
	if manifest.Main != "" {
		main := filepath.Join(path, filepath.FromSlash(manifest.Main))
		if file := resolveFile(main); file != "" {
			return file
		}
		if file := resolveFile(filepath.Join(main, "index")); file != "" {
			return file
		}
	}
	return resolveFile(filepath.Join(path, "index"))
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
