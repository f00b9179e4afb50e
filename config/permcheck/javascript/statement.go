package javascript

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/tdewolff/parse/v2/js"
)

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
func (l *lowerer) declare(f *js.FuncDecl) *function {
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
func (l *lowerer) function(name string, pos int32, params js.Params, body []js.IStmt, arrow bool) *function {
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
func (l *lowerer) evaluate(fn *function) node {
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
func (l *lowerer) lazy(e js.IExpr, name string, pos int32) *function {
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

func (l *lowerer) functionExpr(e *js.FuncDecl, hint string) *function {
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

func (l *lowerer) importStmt(s *js.ImportStmt) {
	defer func(dead bool) { l.dead = dead }(l.dead)
	l.dead = false // imports are hoisted
	if s.Default != nil {
		l.at(s.Default)
	}
	names := l.aliases(s.List)
	module := l.newNode()
	pos := l.at(s.Module)
	l.emit(instruction{op: opImport, dst: module, name: unquote(s.Module), pos: pos})
	if s.Default != nil {
		l.emit(instruction{op: opLoad, dst: l.imported[string(s.Default)], x: module, name: "default", pos: pos, start: pos, end: pos})
	}
	for _, a := range names {
		l.importName(l.imported[string(a.binding)], module, a)
	}
}

// An alias is a name that an import or export gives to another one.
type alias struct {
	name, binding []byte
	pos           int32 // of name
}

// aliases lowers the names in the braces of an import or export; where there is only one name, it is both.
func (l *lowerer) aliases(list []js.Alias) []alias {
	var aliases []alias
	for _, a := range list {
		switch {
		case a.Binding == nil: // a comma at the end
		case a.Name == nil:
			aliases = append(aliases, alias{a.Binding, a.Binding, l.at(a.Binding)})
		default:
			aliases = append(aliases, alias{a.Name, a.Binding, l.at(a.Name)})
			l.at(a.Binding)
		}
	}
	return aliases
}

// importName lets dst be what a module exports by a name, * for all.
func (l *lowerer) importName(dst, module node, a alias) {
	if string(a.name) == "*" {
		l.copy(dst, module)
		return
	}
	l.emit(instruction{op: opLoad, dst: dst, x: module, name: aliasName(a.name), pos: a.pos, start: a.pos, end: a.pos + int32(len(a.name))})
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
	l.exportNames(s, store)
}

// exportNames lowers export {a, b as c}, and the like of what another module exports.
func (l *lowerer) exportNames(s *js.ExportStmt, store func(string, node)) {
	names := l.aliases(s.List)
	var module node
	if s.Module != nil {
		module = l.newNode()
		l.emit(instruction{op: opImport, dst: module, name: unquote(s.Module), pos: l.at(s.Module)})
	}
	for _, a := range names {
		switch {
		case module == 0:
			n := l.named(aliasName(a.name))
			l.read(n, a.pos)
			store(aliasName(a.binding), n)
		case string(a.binding) == "*":
			l.emit(instruction{op: opInherit, x: l.constant(l.file.exports.value), y: module})
		default:
			n := l.newNode()
			l.importName(n, module, a)
			store(aliasName(a.binding), n)
		}
	}
}

func (l *lowerer) exportFunction(s *js.ExportStmt, fn *function, v *js.Var, store func(string, node)) {
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
