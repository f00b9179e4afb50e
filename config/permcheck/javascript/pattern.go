package javascript

import (
	"strconv"

	"github.com/tdewolff/parse/v2/js"
)

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
		l.emit(instruction{op: opStoreIndex, x: x.node, y: src, pos: key.start, key: key.node})
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
