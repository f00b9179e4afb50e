package javascript

import (
	"bytes"
	"path/filepath"
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/tdewolff/parse/v2/js"
)

// A lowerer makes instructions of the syntax tree of a file. It visits the tree in the order of the source, as it finds
// the places of names by searching on from where it is.
type lowerer struct {
	*program
	file   *file
	code   []byte
	cursor int
	misses int

	vars     map[*js.Var]node
	consts   map[*js.Var]bool // constants that are true or false
	imported map[string]node
	top      map[string]*js.Var // what the file declares outside all functions

	fn    *function
	this  node
	super node   // what the class around extends
	dead  bool   // the code here is never reached
	hint  string // a name for a function that has none
}

// lower makes the functions of a file.
func (p *program) lower(file *file, ast *js.AST) {
	l := &lowerer{
		program: p, file: file, code: file.source.code,
		vars: map[*js.Var]node{}, consts: map[*js.Var]bool{}, imported: map[string]node{}, top: map[string]*js.Var{},
	}
	for _, v := range ast.Declared {
		l.top[string(v.Data)] = v
	}
	for _, stmt := range ast.List {
		switch stmt := stmt.(type) {
		case *js.ImportStmt:
			file.esm = true
			for _, alias := range stmt.List {
				if alias.Binding != nil {
					l.imported[string(alias.Binding)] = p.newNode()
				}
			}
			if stmt.Default != nil {
				l.imported[string(stmt.Default)] = p.newNode()
			}
		case *js.ExportStmt:
			file.esm = true
		}
	}
	file.top = p.newFunction(file, p.relative(file.source.path), 0)
	file.top.arrow, file.top.ret = true, p.newNode()
	l.fn = file.top
	l.this = p.constant(file.exports.value) // of a CommonJS module
	l.statements(ast.List)
}

// offset returns the place of a text that the parser cut out of the code.
func (l *lowerer) offset(data []byte) (int, bool) {
	if len(data) == 0 || len(l.code) == 0 {
		return 0, false
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(data))) - uintptr(unsafe.Pointer(unsafe.SliceData(l.code)))
	if at >= uintptr(len(l.code)) { // a copy
		return 0, false
	}
	return int(at), true
}

// inPlace reports whether a text was cut out of the code, and not copied.
func (l *lowerer) inPlace(data []byte) bool {
	_, ok := l.offset(data)
	return ok
}

// at returns the place of a text that the parser cut out of the code at exactly this place, and goes on behind it.
func (l *lowerer) at(data []byte) int32 {
	at, ok := l.offset(data)
	if !ok {
		return l.find(string(data))
	}
	l.cursor = max(l.cursor, at+len(data))
	return int32(at)
}

// find returns the place of the next word like this, and goes on behind it. What stands between here and there is
// punctuation, comments and words that the syntax tree does not have.
func (l *lowerer) find(word string) int32 {
	limit := len(l.code)
	if l.misses > 100 {
		limit = min(limit, l.cursor+200) // so that a strange file takes linear time
	}
	for i := l.cursor; i < limit; {
		c := l.code[i]
		switch {
		case c == '/' && i+1 < limit && l.code[i+1] == '/':
			end := bytes.IndexAny(l.code[i:], "\n\r")
			if end < 0 {
				i = limit
			} else {
				i += end
			}
		case c == '/' && i+1 < limit && l.code[i+1] == '*':
			end := bytes.Index(l.code[i+2:], []byte("*/"))
			if end < 0 {
				i = limit
			} else {
				i += end + 4
			}
		case isWordByte(c):
			start := i
			for i++; i < limit && isWordByte(l.code[i]); i++ {
			}
			if string(l.code[start:i]) == word {
				l.cursor = i
				return int32(start)
			}
		default:
			i++
		}
	}
	l.misses++
	return int32(l.cursor)
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c == '\\' || c >= utf8.RuneSelf || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// skipTo goes on behind the next byte like this, if it is near.
func (l *lowerer) skipTo(c byte) {
	if i := bytes.IndexByte(l.code[l.cursor:min(len(l.code), l.cursor+100)], c); i >= 0 {
		l.cursor += i + 1
	}
}

func (l *lowerer) emit(i instruction) {
	if !l.dead {
		l.fn.code = append(l.fn.code, i)
	}
}

// copy lets dst be what src is.
func (l *lowerer) copy(dst, src node) {
	if src != 0 && dst != 0 && src != dst {
		l.emit(instruction{op: opCopy, dst: dst, x: src})
	}
}

func (l *lowerer) text(s string) node { return l.constant(l.intern(kindString, s)) }

// unite returns a node that may be what any of some nodes are.
func (l *lowerer) unite(nodes ...node) node {
	nodes = slices.DeleteFunc(nodes, func(n node) bool { return n == 0 })
	switch len(nodes) {
	case 0:
		return 0
	case 1:
		return nodes[0]
	}
	dst := l.newNode()
	for _, n := range nodes {
		l.copy(dst, n)
	}
	return dst
}

func declaredVar(v *js.Var) *js.Var {
	for v.Link != nil {
		v = v.Link
	}
	return v
}

// variable returns the node of a variable.
func (l *lowerer) variable(v *js.Var) node {
	v = declaredVar(v)
	if n, ok := l.vars[v]; ok {
		return n
	}
	name := string(v.Data)
	var n node
	if v.Decl == js.NoDecl {
		if n = l.imported[name]; n == 0 {
			return l.global(name)
		}
	} else {
		n = l.newNode()
	}
	l.vars[v] = n
	return n
}

// global returns the node of a variable that the file does not declare.
func (l *lowerer) global(name string) node {
	switch name {
	case "module":
		return l.constant(l.file.module.value)
	case "exports":
		return l.constant(l.file.exports.value)
	case "arguments":
		if l.fn.args == 0 {
			l.fn.args = l.newNode()
		}
		return l.fn.args
	case "undefined", "NaN", "Infinity":
		return 0
	case "__dirname":
		return l.text(filepath.Dir(l.file.source.path))
	case "__filename":
		return l.text(l.file.source.path)
	case "global", "globalThis":
		return l.constant(l.globals.value)
	}
	if isBuiltin(name) {
		return l.constant(l.intern(kindBuiltin, name))
	}
	return l.property(l.globals, name)
}

// named returns the node of a variable of the file by its name, as export names it.
func (l *lowerer) named(name string) node {
	if v := l.top[name]; v != nil {
		return l.variable(v)
	}
	if n := l.imported[name]; n != 0 {
		return n
	}
	return l.global(name)
}

func (l *lowerer) read(n node, pos int32) {
	if n != 0 && !l.dead {
		l.fn.reads = append(l.fn.reads, read{n, pos})
	}
}
