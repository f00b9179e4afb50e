package permcheck

import (
	"bytes"
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/tdewolff/parse/v2/js"
)

// A node is a set of values in the making: of a variable, a property, or what an expression may be. 0 is none: what
// cannot matter, such as a number.
type node int32

// An op is what an instruction does with the values of its nodes.
type op uint8

const (
	opCopy           op = iota // dst may be what x is
	opLoad                     // dst may be x.name
	opIndex                    // dst may be x[y]
	opStore                    // x.name may be y
	opStoreIndex               // x[call.args[0]] may be y
	opCall                     // dst may be what call returns
	opConcat                   // dst may be x + y
	opElements                 // dst may be an element of x
	opKeys                     // dst may be a name of a property of x
	opInherit                  // x has the properties of y, too
	opImport                   // dst is the module name, as import sees it
	opEscape                   // x is handed to someone unknown, by name; to nobody in particular where name is empty
	opShare                    // dst may be what x is, as far as that is a client or an API
	opModule                   // then is called with the names that x is
	opInteropDefault           // the default of the module dst may be the default of x
)

// An instruction is a piece of a function's code. Their order does not matter: whatever can happen happens.
type instruction struct {
	op        op
	pos       int32 // where the name, or the key, or the argument is
	start     int32 // of the expression around it, for messages; its end is in the function's ends
	end       int32
	dst, x, y node
	name      string
	call      *jsCall
}

// A jsCall is a call, and what opStoreIndex has too much for an instruction.
type jsCall struct {
	callee   node
	receiver node
	method   string // the name of the called property
	args     []argument
	isNew    bool
	then     func(name string) // of opModule
}

type argument struct {
	ref
	spread bool // it is an array of arguments
}

// A ref is the value of an expression, and where the expression is.
type ref struct {
	node       node
	start, end int32
}

// A jsFunction is a function, the code of a file outside all functions, or a class: what its constructor does.
type jsFunction struct {
	file   *jsFile
	name   string
	pos    int32
	arrow  bool
	params []node
	rest   node // an array of the arguments beyond params
	args   node // an array of all arguments
	this   node
	ret    node

	code     []instruction
	children []reference // functions that exist once this one runs
	reads    []read      // variables that are read

	// What the solver knows.
	value    value
	object   *jsObject // its properties
	instance *jsObject // what new makes of it
	active   bool
	from     []edge // from which functions it is reached
}

// A reference is a place in a function at which another one is named.
type reference struct {
	function *jsFunction
	pos      int32
}

// A read is a place at which a variable is read.
type read struct {
	variable node
	pos      int32
}

// A jsFile is a file of the program.
type jsFile struct {
	source  *jsSource
	top     *jsFunction
	exports *jsObject // module.exports, as it is at the start, and what import sees of an ES module
	module  *jsObject // the variable module of a CommonJS module
	esm     bool
}

// A lowerer makes instructions of the syntax tree of a file. It visits the tree in the order of the source, as it finds
// the places of names by searching on from where it is.
type lowerer struct {
	*program
	file   *jsFile
	code   []byte
	cursor int
	misses int

	vars     map[*js.Var]node
	consts   map[*js.Var]bool // constants that are true or false
	imported map[string]node
	top      map[string]*js.Var // what the file declares outside all functions

	fn    *jsFunction
	this  node
	super node   // what the class around extends
	dead  bool   // the code here is never reached
	hint  string // a name for a function that has none
}

// lower makes the functions of a file.
func (p *program) lower(file *jsFile, ast *js.AST) {
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

// statements lowers a list of statements; those after a return are dead, but for functions that they declare.
func (l *lowerer) statements(list []js.IStmt) {
	dead := l.dead
	for i, stmt := range list {
		last := ends(stmt)
		list[i] = nil // the tree of a large file is large
		if f, ok := stmt.(*js.FuncDecl); ok {
			was := l.dead
			l.dead = dead
			l.declare(f)
			l.dead = was
			continue
		}
		l.statement(stmt)
		if last {
			l.dead = true
		}
	}
	l.dead = dead
}

// ends reports whether nothing after a statement runs.
func ends(stmt js.IStmt) bool {
	switch stmt := stmt.(type) {
	case *js.ReturnStmt, *js.ThrowStmt, *js.BranchStmt:
		return true
	case *js.BlockStmt:
		return slices.ContainsFunc(stmt.List, ends)
	case *js.IfStmt:
		return stmt.Else != nil && ends(stmt.Body) && ends(stmt.Else)
	}
	return false
}

// declare lowers a function declaration: it waits for someone who names it.
func (l *lowerer) declare(f *js.FuncDecl) *jsFunction {
	name := ""
	var pos int32
	if f.Name != nil {
		name = string(f.Name.Data)
		pos = l.find(name)
	} else {
		pos = l.find("function")
	}
	fn := l.function(name, pos, f.Params, f.Body.List, false)
	if f.Name != nil {
		n := l.variable(f.Name)
		l.copy(n, l.constant(fn.value))
		l.waiting[n] = append(l.waiting[n], fn)
	}
	return fn
}

// function lowers a function's parameters and body.
func (l *lowerer) function(name string, pos int32, params js.Params, body []js.IStmt, arrow bool) *jsFunction {
	fn := l.newFunction(l.file, name, pos)
	fn.arrow = arrow
	fn.ret = l.newNode()
	outer, outerThis, outerHint := l.fn, l.this, l.hint
	if arrow {
		fn.args = outer.args
	} else {
		fn.this = l.newNode()
		l.this = fn.this
	}
	l.fn, l.hint = fn, ""
	for _, p := range params.List {
		n := l.newNode()
		fn.params = append(fn.params, n)
		l.element(p, n)
	}
	if params.Rest != nil {
		fn.rest = l.newNode()
		l.pattern(params.Rest, fn.rest)
	}
	if i := bytes.Index(l.code[l.cursor:min(len(l.code), l.cursor+100)], []byte("=>")); arrow && pos < 0 {
		fn.pos = int32(l.cursor + max(i, 0))
	}
	l.statements(body)
	if arrow && fn.args != 0 {
		outer.args = fn.args
	}
	l.fn, l.this, l.hint = outer, outerThis, outerHint
	return fn
}

// evaluate makes a function a child of the one that is lowered: it exists once that one runs.
func (l *lowerer) evaluate(fn *jsFunction) node {
	if !l.dead {
		l.fn.children = append(l.fn.children, reference{fn, fn.pos})
	}
	return l.constant(fn.value)
}

func (l *lowerer) statement(stmt js.IStmt) {
	switch s := stmt.(type) {
	case *js.BlockStmt:
		l.statements(s.List)
	case *js.ExprStmt:
		l.expr(s.Value)
	case *js.VarDecl:
		l.varDecl(s)
	case *js.FuncDecl:
		l.declare(s)
	case *js.ClassDecl:
		fn := l.class(s)
		if s.Name != nil {
			n := l.variable(s.Name)
			l.copy(n, l.constant(fn.value))
			l.waiting[n] = append(l.waiting[n], fn)
		}
	case *js.IfStmt:
		value, known := l.truth(s.Cond)
		l.expr(s.Cond)
		dead := l.dead
		l.dead = dead || known && !value
		l.statement(s.Body)
		if s.Else != nil {
			l.dead = dead || known && value
			l.statement(s.Else)
		}
		l.dead = dead
	case *js.DoWhileStmt:
		l.statement(s.Body)
		l.expr(s.Cond)
	case *js.WhileStmt:
		value, known := l.truth(s.Cond)
		l.expr(s.Cond)
		dead := l.dead
		l.dead = dead || known && !value
		l.statement(s.Body)
		l.dead = dead
	case *js.ForStmt:
		l.expr(s.Init)
		l.expr(s.Cond)
		l.expr(s.Post)
		l.statement(s.Body)
	case *js.ForInStmt:
		dst := l.newNode()
		l.loopVariable(s.Init, dst)
		if x := l.expr(s.Value); x.node != 0 {
			l.emit(instruction{op: opKeys, dst: dst, x: x.node})
		}
		l.statement(s.Body)
	case *js.ForOfStmt:
		dst := l.newNode()
		l.loopVariable(s.Init, dst)
		if x := l.expr(s.Value); x.node != 0 {
			l.emit(instruction{op: opElements, dst: dst, x: x.node})
		}
		l.statement(s.Body)
	case *js.SwitchStmt:
		l.expr(s.Init)
		for _, clause := range s.List {
			l.expr(clause.Cond)
			l.statements(clause.List)
		}
	case *js.ReturnStmt:
		l.copy(l.fn.ret, l.expr(s.Value).node)
	case *js.WithStmt:
		l.expr(s.Cond)
		l.statement(s.Body)
	case *js.LabelledStmt:
		l.statement(s.Value)
	case *js.ThrowStmt:
		l.expr(s.Value)
	case *js.TryStmt:
		l.statement(s.Body)
		if s.Catch != nil {
			if s.Binding != nil {
				l.pattern(s.Binding, l.unknown)
			}
			l.statement(s.Catch)
		}
		if s.Finally != nil {
			l.statement(s.Finally)
		}
	case *js.ImportStmt:
		l.importStmt(s)
	case *js.ExportStmt:
		l.exportStmt(s)
	}
}

// truth evaluates a condition that the source decides.
func (l *lowerer) truth(cond js.IExpr) (value, known bool) {
	switch e := cond.(type) {
	case *js.LiteralExpr:
		switch e.TokenType {
		case js.TrueToken:
			return true, true
		case js.FalseToken, js.NullToken:
			return false, true
		case js.IntegerToken, js.DecimalToken:
			n, err := strconv.ParseFloat(string(e.Data), 64)
			return n != 0, err == nil
		case js.StringToken:
			return len(e.Data) > 2, true
		}
	case *js.GroupExpr:
		return l.truth(e.X)
	case *js.UnaryExpr:
		if e.Op == js.NotToken {
			value, known = l.truth(e.X)
			return !value, known
		}
	case *js.BinaryExpr:
		x, xKnown := l.truth(e.X)
		y, yKnown := l.truth(e.Y)
		switch e.Op {
		case js.AndToken:
			return x && y, xKnown && yKnown || xKnown && !x || yKnown && !y
		case js.OrToken:
			return x || y, xKnown && yKnown || xKnown && x || yKnown && y
		}
	case *js.Var:
		value, known = l.consts[declaredVar(e)]
		return value, known
	}
	return false, false
}

func (l *lowerer) loopVariable(init js.IExpr, src node) {
	switch init := init.(type) {
	case *js.VarDecl:
		for _, item := range init.List {
			l.element(item, src)
		}
	default:
		l.assign(init, src)
	}
}

func (l *lowerer) varDecl(d *js.VarDecl) {
	for _, item := range d.List {
		v, ok := item.Binding.(*js.Var)
		if !ok {
			src := l.newNode()
			l.pattern(item.Binding, src)
			l.copy(src, l.expr(item.Default).node)
			continue
		}
		name := string(v.Data)
		pos := l.find(name)
		if item.Default == nil {
			continue
		}
		if value, known := l.truth(item.Default); known && d.TokenType == js.ConstToken {
			l.consts[declaredVar(v)] = value
		}
		n := l.variable(v)
		if fn := l.lazy(item.Default, name, pos); fn != nil {
			l.copy(n, l.constant(fn.value))
			l.waiting[n] = append(l.waiting[n], fn)
			continue
		}
		l.hint = name
		l.copy(n, l.expr(item.Default).node)
		l.hint = ""
	}
}

// lazy lowers a function or class that only a variable names: it waits for someone who reads that.
func (l *lowerer) lazy(e js.IExpr, name string, pos int32) *jsFunction {
	switch e := e.(type) {
	case *js.ArrowFunc:
		return l.function(name, pos, e.Params, e.Body.List, true)
	case *js.FuncDecl:
		return l.functionExpr(e, name)
	case *js.ClassDecl:
		return l.class(e)
	}
	return nil
}

func (l *lowerer) functionExpr(e *js.FuncDecl, hint string) *jsFunction {
	pos := l.find("function")
	if e.Name != nil {
		hint = string(e.Name.Data)
		pos = l.find(hint)
	}
	fn := l.function(hint, pos, e.Params, e.Body.List, false)
	if e.Name != nil && e.Name.Decl == js.ExprDecl {
		l.copy(l.variable(e.Name), l.constant(fn.value))
	}
	return fn
}

// element lowers a pattern with a default value.
func (l *lowerer) element(e js.BindingElement, src node) {
	if e.Binding == nil {
		return
	}
	if v, ok := e.Binding.(*js.Var); ok && e.Default != nil {
		n := l.variable(v)
		l.find(string(v.Data))
		l.copy(n, src)
		l.hint = string(v.Data)
		l.copy(n, l.expr(e.Default).node)
		l.hint = ""
		return
	}
	if e.Default == nil {
		l.pattern(e.Binding, src)
		return
	}
	both := l.newNode()
	l.copy(both, src)
	l.pattern(e.Binding, both)
	l.copy(both, l.expr(e.Default).node)
}

// pattern lets the variables of a pattern be the parts of src.
func (l *lowerer) pattern(b js.IBinding, src node) {
	switch b := b.(type) {
	case *js.Var:
		l.find(string(b.Data))
		l.copy(l.variable(b), src)
	case *js.BindingObject:
		for _, item := range b.List {
			l.patternItem(item.Key, src, func(dst node) { l.element(item.Value, dst) }, item.Value.Binding)
		}
		if b.Rest != nil {
			l.find(string(b.Rest.Data))
			l.copy(l.variable(b.Rest), src)
		}
	case *js.BindingArray:
		for i, item := range b.List {
			dst := l.newNode()
			l.emit(instruction{op: opLoad, dst: dst, x: src, name: strconv.Itoa(i), pos: int32(l.cursor), start: int32(l.cursor), end: int32(l.cursor)})
			l.element(item, dst)
		}
		if b.Rest != nil {
			l.pattern(b.Rest, src)
		}
	}
}

// patternItem lets bind have the property of src that key names. A short one, as in {name}, has its name only once.
func (l *lowerer) patternItem(key *js.PropertyName, src node, bind func(node), target any) {
	dst := l.newNode()
	switch {
	case key == nil:
		dst = 0
	case key.Computed != nil:
		k := l.expr(key.Computed)
		l.index(dst, ref{node: src}, k)
	default:
		name := propertyName(key.Literal)
		var pos int32
		if v, ok := target.(*js.Var); ok && string(v.Data) == name && !l.inPlace(key.Literal.Data) {
			before := l.cursor
			pos = l.find(name)
			l.cursor = before // the variable is the same word
		} else {
			pos = l.at(key.Literal.Data)
		}
		l.emit(instruction{op: opLoad, dst: dst, x: src, name: name, pos: pos, start: pos, end: pos + int32(len(name))})
	}
	bind(dst)
}

// inPlace reports whether a text was cut out of the code, and not copied.
func (l *lowerer) inPlace(data []byte) bool {
	_, ok := l.offset(data)
	return ok
}

// propertyName returns the name of a property.
func propertyName(e js.LiteralExpr) string {
	if e.TokenType == js.StringToken {
		return unquote(e.Data)
	}
	return unescape(string(e.Data))
}

// unquote returns the value of a string literal.
func unquote(data []byte) string {
	if len(data) < 2 {
		return ""
	}
	return unescape(string(data[1 : len(data)-1]))
}

// unescape replaces the escapes in a string or a name.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		digits := ""
		switch c := s[i]; {
		case c == 'n':
			b.WriteByte('\n')
		case c == 't':
			b.WriteByte('\t')
		case c == 'r':
			b.WriteByte('\r')
		case c == '\r' && strings.HasPrefix(s[i:], "\r\n"):
			i++
		case c == '\n' || c == '\r':
		case c == 'x' && i+2 < len(s):
			digits = s[i+1 : i+3]
			i += 2
		case c == 'u' && i+1 < len(s) && s[i+1] == '{':
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				digits = s[i+2 : i+end]
				i += end
			}
		case c == 'u' && i+4 < len(s):
			digits = s[i+1 : i+5]
			i += 4
		default:
			b.WriteByte(c)
		}
		if digits != "" {
			if r, err := strconv.ParseUint(digits, 16, 32); err == nil {
				b.WriteRune(rune(r))
			}
		}
	}
	return b.String()
}

func (l *lowerer) importStmt(s *js.ImportStmt) {
	defer func(dead bool) { l.dead = dead }(l.dead)
	l.dead = false // imports are hoisted
	names := make([]int32, len(s.List))
	if s.Default != nil {
		l.at(s.Default)
	}
	for i, alias := range s.List {
		if alias.Name != nil {
			names[i] = l.at(alias.Name)
			l.at(alias.Binding)
		} else if alias.Binding != nil {
			names[i] = l.at(alias.Binding)
		}
	}
	module := l.newNode()
	pos := l.at(s.Module)
	l.emit(instruction{op: opImport, dst: module, name: unquote(s.Module), pos: pos})
	if s.Default != nil {
		l.emit(instruction{op: opLoad, dst: l.imported[string(s.Default)], x: module, name: "default", pos: pos, start: pos, end: pos})
	}
	for i, alias := range s.List {
		if alias.Binding == nil {
			continue
		}
		name := alias.Name
		if name == nil {
			name = alias.Binding
		}
		l.importName(l.imported[string(alias.Binding)], module, name, names[i])
	}
}

// importName lets dst be what a module exports by a name, * for all.
func (l *lowerer) importName(dst, module node, name []byte, pos int32) {
	if string(name) == "*" {
		l.copy(dst, module)
		return
	}
	text := aliasName(name)
	l.emit(instruction{op: opLoad, dst: dst, x: module, name: text, pos: pos, start: pos, end: pos + int32(len(name))})
}

func aliasName(name []byte) string {
	if len(name) > 1 && (name[0] == '"' || name[0] == '\'') {
		return unquote(name)
	}
	return unescape(string(name))
}

func (l *lowerer) exportStmt(s *js.ExportStmt) {
	exports := l.constant(l.file.exports.value)
	store := func(name string, n node) {
		if n != 0 {
			l.emit(instruction{op: opStore, x: exports, name: name, y: n})
		}
	}
	switch d := s.Decl.(type) {
	case nil:
	case *js.VarDecl:
		l.varDecl(d)
		for _, item := range d.List {
			eachVar(item.Binding, func(v *js.Var) {
				n := l.variable(v)
				l.read(n, int32(l.cursor))
				store(string(v.Data), n)
			})
		}
		return
	case *js.FuncDecl:
		fn := l.declare(d)
		l.exportFunction(s, fn, d.Name, store)
		return
	case *js.ClassDecl:
		fn := l.class(d)
		l.exportFunction(s, fn, d.Name, store)
		return
	default:
		l.hint = "default"
		store("default", l.expr(d).node)
		l.hint = ""
		return
	}
	names := make([]int32, len(s.List))
	for i, alias := range s.List {
		if alias.Name != nil {
			names[i] = l.at(alias.Name)
			l.at(alias.Binding)
		} else if alias.Binding != nil {
			names[i] = l.at(alias.Binding)
		}
	}
	var module node
	if s.Module != nil {
		module = l.newNode()
		l.emit(instruction{op: opImport, dst: module, name: unquote(s.Module), pos: l.at(s.Module)})
	}
	for i, alias := range s.List {
		if alias.Binding == nil {
			continue
		}
		name := alias.Name
		if name == nil {
			name = alias.Binding
		}
		switch {
		case module == 0:
			n := l.named(aliasName(name))
			l.read(n, names[i])
			store(aliasName(alias.Binding), n)
		case string(alias.Binding) == "*":
			l.emit(instruction{op: opInherit, x: exports, y: module})
		default:
			n := l.newNode()
			l.importName(n, module, name, names[i])
			store(aliasName(alias.Binding), n)
		}
	}
}

func (l *lowerer) exportFunction(s *js.ExportStmt, fn *jsFunction, v *js.Var, store func(string, node)) {
	n := l.evaluate(fn)
	if v != nil {
		l.copy(l.variable(v), n)
	}
	switch {
	case s.Default:
		if fn.name == "" {
			fn.name = "default"
		}
		store("default", n)
	case v != nil:
		store(string(v.Data), n)
	}
}

func eachVar(b js.IBinding, do func(*js.Var)) {
	switch b := b.(type) {
	case *js.Var:
		do(b)
	case *js.BindingObject:
		for _, item := range b.List {
			eachVar(item.Value.Binding, do)
		}
		if b.Rest != nil {
			do(b.Rest)
		}
	case *js.BindingArray:
		for _, item := range b.List {
			eachVar(item.Binding, do)
		}
		if b.Rest != nil {
			eachVar(b.Rest, do)
		}
	}
}

// class lowers a class and returns its constructor, which has its methods as children.
func (l *lowerer) class(c *js.ClassDecl) *jsFunction {
	name := l.hint
	pos := l.find("class")
	if c.Name != nil {
		name = string(c.Name.Data)
		pos = l.find(name)
	}
	hint := l.hint
	l.hint = ""
	fn := l.newFunction(l.file, name, pos)
	fn.ret = l.newNode()
	fn.this = l.newNode()
	instance := l.instanceOf(fn)
	self := l.constant(fn.value)
	proto := l.constant(instance.value)

	outer, outerThis, outerSuper := l.fn, l.this, l.super
	var parent node
	if c.Extends != nil {
		parent = l.expr(c.Extends).node
	}
	l.fn = fn // fields, and what follows, exist once the class is used
	l.copy(fn.this, proto)
	if parent != 0 {
		inherited := l.newNode()
		l.emit(instruction{op: opLoad, dst: inherited, x: parent, name: "prototype"})
		l.emit(instruction{op: opInherit, x: proto, y: inherited})
		l.emit(instruction{op: opInherit, x: self, y: parent})
	}
	l.super = parent
	for _, item := range c.List {
		owner := proto
		static := item.Field.Static || item.Method != nil && item.Method.Static || item.StaticBlock != nil
		if static {
			owner = self
		}
		l.this = owner
		switch {
		case item.StaticBlock != nil:
			l.statement(item.StaticBlock)
		case item.Method != nil:
			m := item.Method
			member, at, key := l.className(m.Name)
			if member == "constructor" && !m.Static {
				l.constructor(fn, m, at)
				continue
			}
			label := member
			if name != "" {
				label = name + "." + member
			}
			method := l.method(m, label, at)
			l.emit(instruction{op: opCopy, dst: method.this, x: owner})
			l.member(owner, m, member, key, at, method)
		default:
			member, at, key := l.className(item.Field.Name)
			l.hint = member
			n := l.expr(item.Field.Init).node
			l.hint = ""
			switch {
			case n == 0:
			case key.node != 0:
				l.emit(instruction{op: opStoreIndex, x: owner, y: n, pos: at, call: &jsCall{args: []argument{{ref: key}}}})
			default:
				l.emit(instruction{op: opStore, x: owner, name: member, y: n})
			}
		}
	}
	l.fn, l.this, l.super, l.hint = outer, outerThis, outerSuper, hint
	l.skipTo('}')
	return fn
}

// constructor lowers the constructor of a class into the function that stands for the class.
func (l *lowerer) constructor(fn *jsFunction, m *js.MethodDecl, pos int32) {
	made := l.function(fn.name, pos, m.Params, m.Body.List, false)
	fn.params, fn.rest, fn.args = made.params, made.rest, made.args
	fn.code = append(fn.code, made.code...)
	fn.code = append(fn.code,
		instruction{op: opCopy, dst: made.this, x: fn.this},
		instruction{op: opCopy, dst: fn.ret, x: made.ret})
	fn.children = append(fn.children, made.children...)
	fn.reads = append(fn.reads, made.reads...)
}

func (l *lowerer) className(n js.ClassElementName) (name string, pos int32, computed ref) {
	if n.Private != nil {
		name = string(n.Private.Data)
		return name, l.find(name), ref{}
	}
	return l.propertyKey(&n.PropertyName)
}

// propertyKey lowers the name of a property or method; computed is what is in its brackets.
func (l *lowerer) propertyKey(n *js.PropertyName) (name string, pos int32, computed ref) {
	if n.Computed != nil {
		computed = l.expr(n.Computed)
		if computed.node == 0 {
			computed.node = l.unknown
		}
		return "[…]", computed.start, computed
	}
	return propertyName(n.Literal), l.at(n.Literal.Data), ref{}
}

func (l *lowerer) method(m *js.MethodDecl, label string, pos int32) *jsFunction {
	fn := l.function(label, pos, m.Params, m.Body.List, false)
	l.evaluate(fn)
	return fn
}

// member stores a method, or what a getter returns.
func (l *lowerer) member(owner node, m *js.MethodDecl, name string, key ref, pos int32, fn *jsFunction) {
	n := l.constant(fn.value)
	switch {
	case m.Get:
		n = fn.ret
	case m.Set && key.node == 0 && len(fn.params) > 0:
		l.emit(instruction{op: opLoad, dst: fn.params[0], x: owner, name: name, pos: pos, start: pos, end: pos})
		return
	case m.Set:
		return
	}
	if key.node != 0 {
		l.emit(instruction{op: opStoreIndex, x: owner, y: n, pos: pos, call: &jsCall{args: []argument{{ref: key}}}})
	} else {
		l.emit(instruction{op: opStore, x: owner, name: name, y: n})
	}
}

// expr lowers an expression and returns what it may be.
func (l *lowerer) expr(e js.IExpr) ref {
	switch e := e.(type) {
	case nil:
		return ref{}
	case *js.Var:
		name := string(e.Data)
		if e.Decl == js.PrivateDecl || strings.HasPrefix(name, "#") {
			return ref{start: l.find(name), end: int32(l.cursor)}
		}
		pos := l.find(name)
		n := l.variable(e)
		l.read(n, pos)
		return ref{n, pos, int32(l.cursor)}
	case *js.LiteralExpr:
		return l.literal(e)
	case *js.GroupExpr:
		r := l.expr(e.X)
		l.skipTo(')')
		return r
	case *js.DotExpr, *js.IndexExpr, *js.CallExpr:
		r := l.chain(e)
		return r
	case *js.NewExpr:
		call := &jsCall{isNew: true}
		start := l.find("new")
		callee := l.expr(e.X)
		call.callee = callee.node
		if e.Args != nil {
			call.args = l.args(*e.Args)
		}
		return l.call(call, ref{callee.node, start, callee.end}, callee.start)
	case *js.UnaryExpr:
		r := l.expr(e.X)
		switch e.Op {
		case js.AwaitToken:
			return r
		case js.PostIncrToken, js.PostDecrToken, js.PreIncrToken, js.PreDecrToken:
		}
		return ref{start: r.start, end: r.end}
	case *js.BinaryExpr:
		return l.binary(e)
	case *js.CondExpr:
		value, known := l.truth(e.Cond)
		start := l.expr(e.Cond).start
		dead := l.dead
		l.dead = dead || known && !value
		x := l.expr(e.X)
		l.dead = dead || known && value
		y := l.expr(e.Y)
		l.dead = dead
		switch {
		case known && value:
			y.node = 0
		case known:
			x.node = 0
		}
		return ref{l.unite(x.node, y.node), start, int32(l.cursor)}
	case *js.CommaExpr:
		var r ref
		for _, x := range e.List {
			r = l.expr(x)
		}
		return r
	case *js.YieldExpr:
		r := l.expr(e.X)
		l.copy(l.fn.ret, r.node)
		return r
	case *js.TemplateExpr:
		return l.template(e)
	case *js.ArrowFunc:
		fn := l.function(l.hint, -1, e.Params, e.Body.List, true)
		return ref{l.evaluate(fn), fn.pos, int32(l.cursor)}
	case *js.FuncDecl:
		fn := l.functionExpr(e, l.hint)
		return ref{l.evaluate(fn), fn.pos, int32(l.cursor)}
	case *js.ClassDecl:
		fn := l.class(e)
		return ref{l.evaluate(fn), fn.pos, int32(l.cursor)}
	case *js.ObjectExpr:
		return l.object(e)
	case *js.ArrayExpr:
		return l.array(e)
	case *js.VarDecl: // the start of a for statement
		l.varDecl(e)
	}
	return ref{start: int32(l.cursor), end: int32(l.cursor)}
}

func (l *lowerer) literal(e *js.LiteralExpr) ref {
	pos := l.at(e.Data)
	r := ref{start: pos, end: pos + int32(len(e.Data))}
	switch e.TokenType {
	case js.StringToken:
		r.node = l.text(unquote(e.Data))
	case js.ThisToken, js.SuperToken:
		r.node = l.this
	}
	return r
}

func (l *lowerer) template(e *js.TemplateExpr) ref {
	var tag ref
	if e.Tag != nil {
		tag = l.expr(e.Tag)
	}
	start := int32(l.cursor)
	var n node
	var args []argument
	for i, part := range e.List {
		at := l.at(part.Value)
		if i == 0 {
			start = at
		}
		text := l.text(unescape(string(part.Value[1 : len(part.Value)-2])))
		x := l.expr(part.Expr)
		args = append(args, argument{ref: x})
		if x.node == 0 {
			x.node = l.unknown
		}
		if i == 0 && len(part.Value) == 3 {
			n = x.node
			continue
		}
		if i > 0 && len(part.Value) == 3 {
			text = 0
		}
		if n == 0 {
			n = text
		} else if text != 0 {
			n = l.concat(n, text)
		}
		n = l.concat(n, x.node)
	}
	at := l.at(e.Tail)
	if len(e.List) == 0 {
		start = at
	}
	if text := unquote(e.Tail); n == 0 {
		n = l.text(text)
	} else if text != "" {
		n = l.concat(n, l.text(text))
	}
	r := ref{n, start, int32(l.cursor)}
	if e.Tag != nil {
		return l.call(&jsCall{callee: tag.node, args: args}, tag, tag.start)
	}
	return r
}

func (l *lowerer) concat(x, y node) node {
	if l.dead {
		return 0
	}
	dst := l.newNode()
	l.emit(instruction{op: opConcat, dst: dst, x: x, y: y})
	return dst
}

func (l *lowerer) binary(e *js.BinaryExpr) ref {
	switch e.Op {
	case js.EqToken:
		return l.assignment(e)
	case js.OrEqToken, js.AndEqToken, js.NullishEqToken:
		return l.assignment(e)
	case js.AddEqToken:
		if v, ok := e.X.(*js.Var); ok {
			x := l.expr(v)
			y := l.expr(e.Y)
			if x.node != 0 && y.node != 0 {
				l.copy(x.node, l.concat(x.node, y.node))
			}
			return ref{x.node, x.start, int32(l.cursor)}
		}
	case js.AndToken, js.OrToken, js.NullishToken:
		value, known := l.truth(e.X)
		x := l.expr(e.X)
		dead := l.dead
		l.dead = dead || known && e.Op != js.NullishToken && value == (e.Op == js.OrToken)
		y := l.expr(e.Y)
		if l.dead {
			y.node = 0
		}
		l.dead = dead
		if e.Op == js.AndToken && y.node != 0 {
			x.node = 0 // what is not true is none of ours
		}
		return ref{l.unite(x.node, y.node), x.start, int32(l.cursor)}
	case js.AddToken:
		x := l.expr(e.X)
		y := l.expr(e.Y)
		r := ref{0, x.start, int32(l.cursor)}
		switch {
		case x.node != 0 && y.node != 0:
			r.node = l.concat(x.node, y.node)
		case x.node != 0 || y.node != 0:
			r.node = l.concat(cmp.Or(x.node, l.unknown), cmp.Or(y.node, l.unknown))
		}
		return r
	}
	x := l.expr(e.X)
	l.expr(e.Y)
	return ref{start: x.start, end: int32(l.cursor)}
}

func (l *lowerer) assignment(e *js.BinaryExpr) ref {
	switch x := e.X.(type) {
	case *js.ObjectExpr, *js.ArrayExpr:
		src := l.newNode()
		l.assign(x, src)
		r := l.expr(e.Y)
		l.copy(src, r.node)
		return r
	}
	src := l.newNode()
	start := l.assign(e.X, src)
	l.hint = l.targetName(e.X)
	r := l.expr(e.Y)
	l.hint = ""
	l.copy(src, r.node)
	return ref{src, start, int32(l.cursor)}
}

// targetName returns a name for a function that is assigned to x.
func (l *lowerer) targetName(x js.IExpr) string {
	switch x := x.(type) {
	case *js.Var:
		return string(x.Data)
	case *js.DotExpr:
		name := ""
		switch y := x.Y.(type) {
		case js.LiteralExpr:
			name = string(y.Data)
		case *js.LiteralExpr:
			name = string(y.Data)
		case *js.Var:
			name = string(y.Data)
		}
		switch o := x.X.(type) {
		case *js.Var:
			return string(o.Data) + "." + name
		case *js.DotExpr:
			if outer := l.targetName(o); outer != "" {
				return outer + "." + name
			}
		case *js.LiteralExpr:
			if o.TokenType == js.ThisToken {
				return "this." + name
			}
		}
		return name
	}
	return ""
}

// assign lets the target of an assignment be src, and returns where it is.
func (l *lowerer) assign(target js.IExpr, src node) int32 {
	switch t := target.(type) {
	case *js.GroupExpr:
		return l.assign(t.X, src)
	case *js.Var:
		pos := l.find(string(t.Data))
		l.copy(l.variable(t), src)
		return pos
	case *js.DotExpr:
		x := l.expr(t.X)
		name, pos := l.dotName(t.Y)
		l.emit(instruction{op: opStore, x: x.node, name: name, y: src, pos: pos})
		return x.start
	case *js.IndexExpr:
		x := l.expr(t.X)
		key := l.key(t.Y)
		l.skipTo(']')
		if key.node == 0 {
			key.node = l.unknown
		}
		l.emit(instruction{op: opStoreIndex, x: x.node, y: src, pos: key.start, call: &jsCall{args: []argument{{ref: key}}}})
		return x.start
	case *js.ObjectExpr:
		start := int32(l.cursor)
		for _, item := range t.List {
			if item.Spread {
				l.assign(item.Value, src)
				continue
			}
			l.patternItem(item.Name, src, func(dst node) {
				if item.Init != nil {
					both := l.newNode()
					l.copy(both, dst)
					l.assign(item.Value, both)
					l.copy(both, l.expr(item.Init).node)
					return
				}
				l.assign(item.Value, dst)
			}, item.Value)
		}
		return start
	case *js.ArrayExpr:
		start := int32(l.cursor)
		for i, item := range t.List {
			if item.Value == nil {
				continue
			}
			dst := src
			if !item.Spread {
				dst = l.newNode()
				l.emit(instruction{op: opLoad, dst: dst, x: src, name: strconv.Itoa(i)})
			}
			l.assign(item.Value, dst)
		}
		return start
	case *js.BinaryExpr: // a default value in a pattern
		if t.Op == js.EqToken {
			both := l.newNode()
			l.copy(both, src)
			start := l.assign(t.X, both)
			l.copy(both, l.expr(t.Y).node)
			return start
		}
	}
	return l.expr(target).start
}

func (l *lowerer) dotName(y js.IExpr) (string, int32) {
	switch y := y.(type) {
	case js.LiteralExpr:
		return propertyName(y), l.at(y.Data)
	case *js.LiteralExpr:
		return propertyName(*y), l.at(y.Data)
	case *js.Var:
		return string(y.Data), l.find(string(y.Data))
	}
	return "", int32(l.cursor)
}

// chain lowers a.b[c](d)… Messages name a part of it up to the outermost property.
func (l *lowerer) chain(e js.IExpr) ref {
	first := len(l.fn.code)
	r := l.link(e)
	l.finish(first, r)
	return r
}

// finish tells the links of a chain, which start where it starts, where it ends.
func (l *lowerer) finish(first int, r ref) {
	for i := first; i < len(l.fn.code); i++ {
		if in := &l.fn.code[i]; (in.op == opLoad || in.op == opIndex) && in.start == r.start && in.end == 0 {
			in.end = r.end
		}
	}
}

func (l *lowerer) link(e js.IExpr) ref {
	switch e := e.(type) {
	case *js.DotExpr:
		x := l.link(e.X)
		name, pos := l.dotName(e.Y)
		r := ref{0, x.start, int32(l.cursor)}
		if x.node != 0 && !l.dead {
			r.node = l.newNode()
			l.emit(instruction{op: opLoad, dst: r.node, x: x.node, name: name, pos: pos, start: x.start})
		}
		return r
	case *js.IndexExpr:
		x := l.link(e.X)
		key := l.key(e.Y)
		l.skipTo(']')
		r := ref{0, x.start, int32(l.cursor)}
		if x.node != 0 && !l.dead {
			r.node = l.newNode()
			l.index(r.node, x, key)
		}
		return r
	case *js.CallExpr:
		return l.callExpr(e)
	}
	return l.expr(e)
}

// key lowers what is in brackets.
func (l *lowerer) key(e js.IExpr) ref {
	r := l.expr(e)
	if number, ok := e.(*js.LiteralExpr); ok && r.node == 0 {
		r.node = l.text(string(number.Data))
	}
	return r
}

// index lets dst be x[key].
func (l *lowerer) index(dst node, x, key ref) {
	if key.node == 0 {
		key.node = l.unknown
	}
	l.emit(instruction{op: opIndex, dst: dst, x: x.node, y: key.node, pos: key.start, start: x.start})
}

func (l *lowerer) callExpr(e *js.CallExpr) ref {
	call := &jsCall{}
	first := len(l.fn.code)
	var callee ref
	pos := int32(-1)
	switch x := e.X.(type) {
	case *js.LiteralExpr:
		switch x.TokenType {
		case js.ImportToken:
			callee.start = l.at(x.Data)
			call.callee = l.constant(l.intern(kindBuiltin, "import"))
		case js.SuperToken:
			callee.start = l.at(x.Data)
			call.callee = l.super
			call.receiver = l.this
		default:
			callee = l.expr(x)
		}
	case *js.DotExpr:
		receiver := l.link(x.X)
		name, at := l.dotName(x.Y)
		call.receiver, call.method, pos = receiver.node, name, at
		callee = ref{0, receiver.start, int32(l.cursor)}
		if receiver.node != 0 && !l.dead {
			callee.node = l.newNode()
			l.emit(instruction{op: opLoad, dst: callee.node, x: receiver.node, name: name, pos: at, start: receiver.start})
		}
		call.callee = callee.node
	case *js.IndexExpr:
		receiver := l.link(x.X)
		key := l.key(x.Y)
		l.skipTo(']')
		call.receiver, pos = receiver.node, key.start
		callee = ref{0, receiver.start, int32(l.cursor)}
		if receiver.node != 0 && !l.dead {
			callee.node = l.newNode()
			l.index(callee.node, receiver, key)
		}
		call.callee = callee.node
	default:
		callee = l.link(e.X)
		call.callee = callee.node
	}
	if call.callee == 0 {
		call.callee = callee.node
	}
	if pos < 0 {
		pos = callee.start
	}
	l.finish(first, callee)
	name := call.method
	if v, ok := e.X.(*js.Var); ok {
		name = string(v.Data)
	}
	call.args = l.args(e.Args)
	if interop[name] && len(call.args) > 0 {
		// A helper of a compiler, that makes the default of a CommonJS module.
		dst := l.newNode()
		l.emit(instruction{op: opCall, dst: dst, pos: pos, start: callee.start, end: callee.end, call: &jsCall{
			callee: l.constant(l.intern(kindBuiltin, "interop")), args: call.args[:1],
		}})
		return ref{dst, callee.start, int32(l.cursor)}
	}
	r := l.call(call, callee, pos)
	if name == "createRequire" {
		r.node = l.unite(r.node, l.constant(l.intern(kindBuiltin, "require")))
	}
	return r
}

// interop are the names of functions that compilers put around require.
var interop = map[string]bool{
	"__importDefault": true, "__importStar": true, "__toESM": true, "__toModule": true, "__reExport": false,
	"_interopRequireDefault": true, "_interopRequireWildcard": true, "_interopDefault": true,
	"_interopDefaultLegacy": true, "_interopDefaultCompat": true, "_interopNamespace": true,
	"_interopNamespaceDefault": true, "_interopNamespaceCompat": true, "_interop_require_default": true,
	"_interop_require_wildcard": true,
}

func (l *lowerer) args(a js.Args) []argument {
	args := make([]argument, 0, len(a.List))
	for _, arg := range a.List {
		r := l.expr(arg.Value)
		args = append(args, argument{r, arg.Rest})
	}
	l.skipTo(')')
	return args
}

func (l *lowerer) call(call *jsCall, callee ref, pos int32) ref {
	r := ref{0, callee.start, int32(l.cursor)}
	if l.dead || call.callee == 0 {
		return r
	}
	r.node = l.newNode()
	l.emit(instruction{op: opCall, dst: r.node, call: call, pos: pos, start: callee.start, end: callee.end})
	return r
}

func (l *lowerer) object(e *js.ObjectExpr) ref {
	start := int32(l.cursor)
	object := l.newObject()
	self := l.constant(object.value)
	hint := l.hint
	for i, item := range e.List {
		l.hint = ""
		if item.Spread {
			if x := l.expr(item.Value); x.node != 0 {
				l.emit(instruction{op: opInherit, x: self, y: x.node})
			}
			continue
		}
		if m, ok := item.Value.(*js.MethodDecl); ok {
			name, pos, key := l.className(m.Name)
			fn := l.method(m, name, pos)
			l.emit(instruction{op: opCopy, dst: fn.this, x: self})
			l.member(self, m, name, key, pos, fn)
			continue
		}
		if item.Name == nil {
			continue
		}
		if v, ok := item.Value.(*js.Var); ok && !item.Name.IsComputed() && string(v.Data) == string(item.Name.Literal.Data) && !l.inPlace(item.Name.Literal.Data) {
			n := l.expr(v).node
			if n != 0 {
				l.emit(instruction{op: opStore, x: self, name: propertyName(item.Name.Literal), y: n})
			}
			continue
		}
		name, pos, key := l.propertyKey(item.Name)
		l.hint = name
		n := l.expr(item.Value).node
		l.hint = ""
		switch {
		case key.node != 0:
			l.emit(instruction{op: opStoreIndex, x: self, y: cmp.Or(n, l.unknown), pos: pos, call: &jsCall{args: []argument{{ref: key}}}})
		case n != 0 || i < maxStrings: // a name may be a name of an API, whatever it stands for
			l.emit(instruction{op: opStore, x: self, name: name, y: n})
			if f, ok := item.Value.(*js.FuncDecl); ok && f != nil {
				if fn := l.functionOf(n); fn != nil {
					l.emit(instruction{op: opCopy, dst: fn.this, x: self})
				}
			}
		}
	}
	l.hint = hint
	l.skipTo('}')
	return ref{self, start, int32(l.cursor)}
}

func (l *lowerer) array(e *js.ArrayExpr) ref {
	start := int32(l.cursor)
	object := l.newObject()
	object.array = true
	self := l.constant(object.value)
	for i, item := range e.List {
		if s, ok := item.Value.(*js.LiteralExpr); ok && i > 2*maxStrings { // it is anything already
			l.at(s.Data)
			continue
		}
		x := l.expr(item.Value)
		switch {
		case x.node == 0:
		case item.Spread:
			elements := l.newNode()
			l.emit(instruction{op: opElements, dst: elements, x: x.node})
			l.emit(instruction{op: opStore, x: self, name: star, y: elements})
		case i < 16:
			l.emit(instruction{op: opStore, x: self, name: strconv.Itoa(i), y: x.node})
		default:
			l.emit(instruction{op: opStore, x: self, name: star, y: x.node})
		}
	}
	l.skipTo(']')
	return ref{self, start, int32(l.cursor)}
}
