package javascript

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

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
		return l.chain(e)
	case *js.NewExpr:
		call := &callInfo{isNew: true}
		start := l.find("new")
		callee := l.expr(e.X)
		call.callee = callee.node
		if e.Args != nil {
			call.args = l.args(*e.Args)
		}
		return l.call(call, ref{callee.node, start, callee.end}, callee.start)
	case *js.UnaryExpr:
		r := l.expr(e.X)
		if e.Op == js.AwaitToken {
			if l.fn == l.file.top && l.file.await == nil {
				at := l.file.source.position(r.start)
				l.file.await = &at
			}
			return r
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
		return l.call(&callInfo{callee: tag.node, args: args}, tag, tag.start)
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
	case js.EqToken, js.OrEqToken, js.AndEqToken, js.NullishEqToken:
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
	call := &callInfo{}
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
		l.emit(instruction{op: opCall, dst: dst, pos: pos, start: callee.start, end: callee.end, call: &callInfo{
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
	"__importDefault": true, "__importStar": true, "__toESM": true, "__toModule": true,
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

func (l *lowerer) call(call *callInfo, callee ref, pos int32) ref {
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
			l.emit(instruction{op: opStoreIndex, x: self, y: cmp.Or(n, l.unknown), pos: pos, key: key.node})
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
