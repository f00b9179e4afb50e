package javascript

import (
	"bytes"

	"github.com/tdewolff/parse/v2/js"
)

// class lowers a class and returns its constructor, which has its methods as children.
func (l *lowerer) class(c *js.ClassDecl) *function {
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
	var extended ref
	if c.Extends != nil {
		extended = l.expr(c.Extends)
	}
	parent := extended.node
	l.fn = fn // fields, and what follows, exist once the class is used
	l.copy(fn.this, proto)
	if parent != 0 {
		inherited := l.newNode()
		l.emit(instruction{op: opLoad, dst: inherited, x: parent, name: "prototype"})
		l.emit(instruction{op: opInherit, x: proto, y: inherited})
		l.emit(instruction{op: opInherit, x: self, y: parent})
	}
	l.super = parent
	own := false // whether the class has a constructor of its own
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
				own = true
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
				l.emit(instruction{op: opStoreIndex, x: owner, y: n, pos: at, key: key.node})
			default:
				l.emit(instruction{op: opStore, x: owner, name: member, y: n})
			}
		}
	}
	if parent != 0 && !own {
		l.inheritConstructor(fn, extended)
	}
	l.fn, l.this, l.super, l.hint = outer, outerThis, outerSuper, hint
	l.skipTo('}')
	return fn
}

// inheritConstructor gives a class that has none the constructor of what it extends: it passes its arguments on. Nobody
// gives it more than these.
func (l *lowerer) inheritConstructor(fn *function, parent ref) {
	call := &callInfo{callee: parent.node, receiver: fn.this}
	end := fn.pos + int32(len("class"))
	if bytes.HasPrefix(l.code[fn.pos:], []byte(fn.name)) {
		end = fn.pos + int32(len(fn.name))
	}
	for range 8 {
		n := l.newNode()
		fn.params = append(fn.params, n)
		call.args = append(call.args, argument{ref: ref{n, fn.pos, end}})
	}
	l.call(call, parent, parent.start)
}

// constructor lowers the constructor of a class into the function that stands for the class.
func (l *lowerer) constructor(fn *function, m *js.MethodDecl, pos int32) {
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

func (l *lowerer) method(m *js.MethodDecl, label string, pos int32) *function {
	fn := l.function(label, pos, m.Params, m.Body.List, false)
	l.evaluate(fn)
	return fn
}

// member stores a method, or what a getter returns.
func (l *lowerer) member(owner node, m *js.MethodDecl, name string, key ref, pos int32, fn *function) {
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
		l.emit(instruction{op: opStoreIndex, x: owner, y: n, pos: pos, key: key.node})
	} else {
		l.emit(instruction{op: opStore, x: owner, name: name, y: n})
	}
}
