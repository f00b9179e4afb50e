package javascript

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// call lets a value be called.
func (p *program) call(w watcher, callee value) {
	in, call := w.in, w.in.call
	info := p.values[callee]
	switch info.kind {
	case kindUnknown, kindClient:
		p.add(in.dst, p.value(p.unknown))
		p.escapeArgs(w)
	case kindLost:
		p.add(in.dst, callee)
	case kindClass:
		p.add(in.dst, p.intern(kindClient, ""))
	case kindAPI:
		switch {
		case info.text == "":
			p.add(in.dst, callee) // with options
		case call.method == "bind":
			p.add(in.dst, callee)
		default:
			if !listed(info.text) && w.fn != nil {
				p.called = append(p.called, called{w, info.text})
			}
			p.add(in.dst, p.value(p.unknown))
		}
	case kindFunction:
		p.enter(w, info.function, call.args, call.receiver)
		if call.isNew {
			instance := p.instanceOf(info.function)
			p.add(in.dst, instance.value)
			p.add(info.function.this, instance.value)
		}
		p.flow(info.function.ret, in.dst)
	case kindResolve:
		for _, arg := range call.args {
			p.flow(arg.node, info.node)
		}
	case kindBuiltin:
		p.callBuiltin(w, info.text)
	case kindObject:
		if info.object.escaped {
			p.escapeArgs(w)
		}
	}
}

// enter lets a function of the program be called.
func (p *program) enter(w watcher, fn *function, args []argument, receiver node) {
	if w.fn != nil {
		p.activate(fn, w.fn, w.in.pos, weightCall)
	}
	if !fn.arrow {
		p.flow(receiver, fn.this)
	}
	spread := false
	for i, arg := range args {
		n := arg.node
		if n == 0 {
			n = p.unknown
		}
		if arg.spread {
			elements := p.newNode()
			p.do(w.fn, instruction{op: opElements, dst: elements, x: n})
			n, spread = elements, true
		}
		for j, param := range fn.params {
			if j == i || spread && j >= i {
				p.flow(n, param)
			}
		}
		if fn.rest != 0 && (i >= len(fn.params) || spread) {
			p.store(p.arrayOf(fn, "rest", fn.rest), star, n)
		}
		if fn.args != 0 && !fn.arrow {
			array := p.arrayOf(fn, "arguments", fn.args)
			p.store(array, star, n)
			if !spread && i < 16 {
				p.store(array, strconv.Itoa(i), n)
			}
		}
	}
}

// arrayOf returns the array that holds some of a function's arguments.
func (p *program) arrayOf(fn *function, way string, n node) *object {
	o := p.made(p.objectOf(fn), way)
	o.array = true
	p.add(n, o.value)
	return o
}

// escape records that a value is in hands that are not known.
func (p *program) escape(v value, fn *function, in *instruction) {
	info := p.values[v]
	quiet := in.name == ""
	switch info.kind {
	case kindClient, kindAPI, kindClass:
		if quiet || fn == nil {
			return
		}
		if info.kind == kindAPI && info.text != "" && !p.isNamespace(info.text) {
			if !listed(info.text) {
				p.use(watcher{in: in, fn: fn}, info.text)
			}
			return
		}
		p.doubt(fn, in.pos, in.start, fmt.Sprintf("cannot tell which APIs %s calls with %s", in.name, p.excerpt(fn, in.start, in.end)))
		return
	case kindFunction:
		if p.escaping[escape{value: v}] {
			return
		}
		p.escaping[escape{value: v}] = true
		f := info.function
		for _, n := range f.params {
			p.add(n, p.value(p.unknown))
		}
		p.add(f.rest, p.value(p.unknown))
		p.add(f.args, p.value(p.unknown))
	}
	o := p.holder(info)
	if o == nil || p.escaping[escape{o.value, quiet}] {
		return
	}
	p.escaping[escape{o.value, quiet}] = true
	if quiet {
		o.quiet = true
	} else {
		o.escaped = true
	}
	w := watcher{in: &instruction{op: opEscape, name: in.name, pos: in.pos, start: in.start, end: in.end}, fn: fn}
	for _, name := range slices.Sorted(maps.Keys(o.props)) {
		p.watch(o.props[name], w)
	}
	p.watch(o.parents, w)
	if info.kind == kindFunction && info.function.instance != nil {
		p.escape(info.function.instance.value, fn, in)
	}
}

func (p *program) escapeArgs(w watcher) {
	call := w.in.call
	name := p.calleeName(w)
	for _, arg := range call.args {
		if arg.node != 0 {
			p.do(w.fn, instruction{op: opEscape, x: arg.node, pos: arg.start, start: arg.start, end: arg.end, name: name})
		}
	}
}

func (p *program) calleeName(w watcher) string {
	if w.fn == nil {
		return "unknown code"
	}
	return p.excerpt(w.fn, w.in.start, w.in.end)
}
