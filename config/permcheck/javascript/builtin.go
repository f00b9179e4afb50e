package javascript

import (
	"path"
	"path/filepath"
	"strings"
)

// builtinNamespaces are the names that every JavaScript program has, and whose members may matter here.
var builtinNamespaces = map[string]bool{
	"Object": true, "Promise": true, "Reflect": true, "Array": true, "JSON": true, "console": true, "Math": true,
	"Number": true, "process": true, "path": true,
}

// builtinGlobals are further names of that kind, functions and classes.
var builtinGlobals = map[string]bool{
	"require": true, "String": true, "Boolean": true, "Symbol": true, "Map": true, "Set": true, "WeakMap": true,
	"WeakSet": true, "Proxy": true, "setTimeout": true, "setInterval": true, "setImmediate": true, "queueMicrotask": true,
	"parseInt": true, "parseFloat": true, "isNaN": true, "encodeURIComponent": true, "decodeURIComponent": true,
}

// isBuiltin reports whether a name is one of those that need no declaration.
func isBuiltin(name string) bool {
	return name != "path" && (builtinNamespaces[name] || builtinGlobals[name])
}

// followedMethods are the names of methods that are followed on arrays, maps, promises, strings and functions.
var followedMethods = map[string]bool{
	"call": true, "apply": true, "bind": true,
	"then": true, "catch": true, "finally": true,
	"map": true, "forEach": true, "filter": true, "flatMap": true, "find": true, "findLast": true, "some": true, "every": true,
	"reduce": true, "reduceRight": true, "push": true, "unshift": true, "concat": true, "slice": true, "splice": true,
	"sort": true, "reverse": true, "flat": true, "pop": true, "shift": true, "at": true, "values": true, "entries": true,
	"keys": true, "get": true, "set": true, "add": true, "split": true, "trim": true, "toString": true,
}

// method follows a call of a method that a value has by its nature.
func (p *program) method(w watcher, receiver value) {
	in, call := w.in, w.in.call
	info := p.values[receiver]
	switch call.method {
	case "then", "catch", "finally":
		p.add(in.dst, receiver) // what is awaited
		for i := range call.args {
			p.callback(w, call.arg(i), in.dst, p.constant(receiver))
		}
		return
	case "call", "bind":
		if info.kind == kindFunction && len(call.args) > 0 {
			p.enter(w, info.function, call.args[1:], call.args[0].node)
		}
	case "apply":
		if info.kind == kindFunction && len(call.args) > 0 {
			args := []argument{}
			if len(call.args) > 1 {
				args = append(args, argument{call.args[1].ref, true})
			}
			p.enter(w, info.function, args, call.args[0].node)
		}
	}
	switch info.kind {
	case kindFunction:
		switch call.method {
		case "call", "apply":
			p.flow(info.function.ret, in.dst)
		case "bind":
			p.add(in.dst, receiver)
		}
	case kindObject:
		if info.object.mapLike {
			p.mapMethod(w, info.object)
		} else if info.object.array {
			p.arrayMethod(w, receiver)
		}
	case kindString:
		switch call.method {
		case "trim", "toString":
			p.add(in.dst, receiver)
		case "split":
			if separator := p.onlyString(call.arg(0)); separator != "" {
				parts := p.newArray()
				for i, part := range strings.Split(info.text, separator) {
					if i == maxStrings {
						break
					}
					p.store(parts, star, p.constant(p.intern(kindString, part)))
				}
				p.add(in.dst, parts.value)
				return
			}
			p.add(in.dst, p.value(p.unknown))
		default:
			p.add(in.dst, p.value(p.unknown))
		}
	case kindPrefix:
		p.add(in.dst, p.value(p.unknown))
	}
}

// onlyString returns the string that a node is, "" where it may be another one.
func (p *program) onlyString(n node) string {
	if s := p.node(n); len(s.values) == 1 && p.values[s.values[0]].kind == kindString {
		return p.values[s.values[0]].text
	}
	return ""
}

// callback lets a function be called with some arguments, and dst be what it returns.
func (p *program) callback(w watcher, function, dst node, args ...node) {
	if function == 0 {
		return
	}
	call := &callInfo{callee: function}
	for _, n := range args {
		call.args = append(call.args, argument{ref: ref{n, w.in.pos, w.in.pos}})
	}
	p.do(w.fn, instruction{op: opCall, dst: dst, pos: w.in.pos, start: w.in.start, end: w.in.end, call: call})
}

// arrayMethod follows a call of a method of an array.
func (p *program) arrayMethod(w watcher, array value) {
	in := w.in
	o := p.values[array].object
	elements := func() node {
		n := p.newNode()
		p.loadAll(o, n)
		return n
	}
	made := func(src node) {
		result := p.made(o, in.call.method)
		result.array = true
		p.store(result, star, src)
		p.add(in.dst, result.value)
	}
	switch in.call.method {
	case "map", "flatMap":
		ret := p.newNode()
		p.callback(w, in.call.arg(0), ret, elements(), p.unknown, p.constant(array))
		if in.call.method == "flatMap" {
			made(p.elementsOf(w, ret))
		}
		made(ret)
	case "forEach", "some", "every":
		p.callback(w, in.call.arg(0), p.newNode(), elements(), p.unknown, p.constant(array))
	case "filter":
		p.callback(w, in.call.arg(0), p.newNode(), elements(), p.unknown, p.constant(array))
		p.add(in.dst, array)
	case "find", "findLast":
		p.callback(w, in.call.arg(0), p.newNode(), elements(), p.unknown, p.constant(array))
		p.loadAll(o, in.dst)
	case "pop", "shift", "at":
		p.loadAll(o, in.dst)
	case "reduce", "reduceRight":
		sum := p.newNode()
		all := elements()
		p.flow(in.call.arg(1), sum)
		if in.call.arg(1) == 0 {
			p.flow(all, sum)
		}
		p.callback(w, in.call.arg(0), sum, sum, all, p.unknown, p.constant(array))
		p.flow(sum, in.dst)
	case "push", "unshift", "splice":
		for i, a := range in.call.args {
			switch {
			case a.node == 0 || in.call.method == "splice" && i < 2:
			case a.spread:
				p.store(o, star, p.elementsOf(w, a.node))
			default:
				p.store(o, star, a.node)
			}
		}
		if in.call.method == "splice" {
			p.add(in.dst, array)
		}
	case "concat":
		n := elements()
		for i := range in.call.args {
			p.do(w.fn, instruction{op: opElements, dst: n, x: in.call.arg(i)})
		}
		made(n)
	case "slice", "sort", "reverse", "values", "entries":
		p.add(in.dst, array)
	case "flat":
		made(p.elementsOf(w, elements()))
	}
}

// mapMethod follows a call of a method of a Map or Set.
func (p *program) mapMethod(w watcher, o *object) {
	in := w.in
	switch in.call.method {
	case "get":
		p.flow(p.property(o, star), in.dst)
	case "set":
		p.store(o, star, in.call.arg(1))
		p.add(in.dst, o.value)
	case "add":
		p.store(o, star, in.call.arg(0))
		p.add(in.dst, o.value)
	case "values", "entries":
		p.add(in.dst, o.value)
	case "forEach":
		p.callback(w, in.call.arg(0), p.newNode(), p.property(o, star), p.unknown)
	}
}

// callBuiltin follows a call of a function of the language or of Node.
func (p *program) callBuiltin(w watcher, name string) {
	in, call := w.in, w.in.call
	switch name {
	case "require":
		if call.arg(0) == 0 {
			return
		}
		p.watchStrings(w, call.arg(0), func(name string) {
			file, v := p.module(w.fn, in.pos, name)
			if file == nil {
				p.add(in.dst, v)
				return
			}
			p.flow(p.property(file.module, "exports"), in.dst)
		})
	case "import":
		p.watchStrings(w, call.arg(0), func(name string) {
			p.importModule(w.fn, &instruction{op: opImport, dst: in.dst, name: name, pos: in.pos})
		})
	case "interop":
		module := p.newNode()
		p.flow(call.arg(0), module)
		p.interop(in.dst, module, nil)
		// A module that was an ES module once has its default under that name.
		p.do(w.fn, instruction{op: opInteropDefault, dst: in.dst, x: call.arg(0)})
	case "Object.assign", "Object.setPrototypeOf":
		for i := range call.args {
			if i > 0 && call.arg(i) != 0 {
				p.do(w.fn, instruction{op: opInherit, x: call.arg(0), y: call.arg(i)})
			}
		}
		p.flow(call.arg(0), in.dst)
	case "Object.create":
		o := p.newObject()
		p.inherit(o, call.arg(0))
		p.add(in.dst, o.value)
	case "Object.freeze", "Object.seal", "Object.preventExtensions", "Promise.resolve", "Promise.all", "Promise.allSettled",
		"Object.getPrototypeOf", "Object", "String", "Promise.reject":
		p.flow(call.arg(0), in.dst)
	case "Array.from":
		p.flow(call.arg(0), in.dst)
		elements := p.elementsOf(w, call.arg(0))
		if call.arg(1) != 0 {
			mapped := p.newNode()
			p.callback(w, call.arg(1), mapped, elements, p.unknown)
			elements = mapped
		}
		p.addArray(in.dst, elements)
	case "Promise.race", "Promise.any":
		p.do(w.fn, instruction{op: opElements, dst: in.dst, x: call.arg(0)})
	case "Object.keys", "Object.getOwnPropertyNames", "Reflect.ownKeys":
		n := p.newNode()
		p.do(w.fn, instruction{op: opKeys, dst: n, x: call.arg(0)})
		p.addArray(in.dst, n)
	case "Object.values":
		p.addArray(in.dst, p.elementsOf(w, call.arg(0)))
	case "Object.entries":
		p.entries(w)
	case "Object.fromEntries":
		p.fromEntries(w)
	case "Object.defineProperty", "Reflect.defineProperty":
		p.defineProperty(w)
	case "Reflect.get":
		if call.arg(0) != 0 && call.arg(1) != 0 {
			p.do(w.fn, instruction{op: opIndex, dst: in.dst, x: call.arg(0), y: call.arg(1), pos: call.args[1].start, start: in.start, end: in.end})
		}
	case "Reflect.apply":
		if call.arg(0) != 0 {
			args := []argument{}
			if len(call.args) > 2 {
				args = append(args, argument{call.args[2].ref, true})
			}
			p.do(w.fn, instruction{op: opCall, dst: in.dst, pos: call.args[0].start, start: call.args[0].start, end: call.args[0].end,
				call: &callInfo{callee: call.arg(0), receiver: call.arg(1), args: args}})
		}
	case "Reflect.construct":
		p.callback(w, call.arg(0), in.dst)
	case "Array", "Array.of":
		o := p.newArray()
		for i := range call.args {
			p.store(o, star, call.arg(i))
		}
		p.add(in.dst, o.value)
	case "Map", "Set", "WeakMap", "WeakSet":
		p.newCollection(w, name)
	case "Promise":
		resolve := p.newValue(valueInfo{kind: kindResolve, node: in.dst})
		p.callback(w, call.arg(0), p.newNode(), p.constant(resolve), p.unknown)
	case "Proxy":
		p.flow(call.arg(0), in.dst)
		p.do(w.fn, instruction{op: opEscape, x: call.arg(1), pos: in.pos, start: in.start, end: in.end, name: "a Proxy"})
	case "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "process.nextTick":
		p.callLater(w, name)
	case "path.join", "path.resolve":
		p.joinPath(w)
	default:
		// Nothing else here calls what it is given.
		p.add(in.dst, p.value(p.unknown))
	}
}

// elementsOf returns the node of what a loop over x visits.
func (p *program) elementsOf(w watcher, x node) node {
	n := p.newNode()
	p.do(w.fn, instruction{op: opElements, dst: n, x: x})
	return n
}

func (p *program) newArray() *object {
	o := p.newObject()
	o.array = true
	return o
}

// addArray lets dst be an array of what elements is.
func (p *program) addArray(dst, elements node) {
	o := p.newArray()
	p.store(o, star, elements)
	p.add(dst, o.value)
}

// joinPath follows path.join(__dirname, …).
func (p *program) joinPath(w watcher) {
	dst := node(0)
	for i, arg := range w.in.call.args {
		n := arg.node
		if n == 0 {
			n = p.unknown
		}
		if i == 0 {
			dst = n
			continue
		}
		slash, next := p.newNode(), p.newNode()
		p.do(w.fn, instruction{op: opConcat, dst: slash, x: dst, y: p.constant(p.intern(kindString, "/"))})
		p.do(w.fn, instruction{op: opConcat, dst: next, x: slash, y: n})
		dst = next
	}
	p.flow(dst, w.in.dst)
}

// watchStrings calls do with the name of each module that a node may be.
func (p *program) watchStrings(w watcher, n node, do func(string)) {
	if n == 0 {
		n = p.unknown
	}
	p.do(w.fn, instruction{op: opModule, dst: w.in.dst, x: n, pos: w.in.pos, start: w.in.start, end: w.in.end, call: &callInfo{then: do}})
}

// moduleName acts on a name in require(name).
func (p *program) moduleName(w watcher, v value) {
	info := p.values[v]
	if info.kind == kindString {
		name := info.text
		if filepath.IsAbs(name) {
			name = path.Clean(filepath.ToSlash(name))
		}
		w.in.call.then(name)
		return
	}
	p.add(w.in.dst, p.value(p.unknown))
	if info.kind == kindPrefix && p.requireFolder(w, info.text) {
		return
	}
	if w.fn != nil && info.kind != kindLost && (info.kind != kindPrefix || p.mayBeLocal(w.fn.file, info.text)) {
		p.doubt(w.fn, w.in.pos, w.in.start, "cannot tell which module is loaded here, nor what it calls")
	}
}

// entries follows Object.entries.
func (p *program) entries(w watcher) {
	in, call := w.in, w.in.call
	keys, values := p.newNode(), p.newNode()
	p.do(w.fn, instruction{op: opKeys, dst: keys, x: call.arg(0)})
	p.do(w.fn, instruction{op: opElements, dst: values, x: call.arg(0)})
	pair := p.newArray()
	p.store(pair, "0", keys)
	p.store(pair, "1", values)
	p.addArray(in.dst, p.constant(pair.value))
}

// fromEntries follows Object.fromEntries.
func (p *program) fromEntries(w watcher) {
	in, call := w.in, w.in.call
	o, pairs, values := p.newObject(), p.newNode(), p.newNode()
	p.do(w.fn, instruction{op: opElements, dst: pairs, x: call.arg(0)})
	p.do(w.fn, instruction{op: opLoad, dst: values, x: pairs, name: "1"})
	p.store(o, star, values)
	p.add(in.dst, o.value)
}

// defineProperty follows Object.defineProperty: a value, or what a getter returns.
func (p *program) defineProperty(w watcher) {
	in, call := w.in, w.in.call
	if len(call.args) < 3 || call.arg(0) == 0 || call.arg(1) == 0 {
		return
	}
	n, getter := p.newNode(), p.newNode()
	p.do(w.fn, instruction{op: opLoad, dst: n, x: call.arg(2), name: "value"})
	p.do(w.fn, instruction{op: opLoad, dst: getter, x: call.arg(2), name: "get"})
	p.callback(w, getter, n)
	p.do(w.fn, instruction{op: opStoreIndex, x: call.arg(0), y: n, pos: in.pos, key: call.arg(1)})
	p.flow(call.arg(0), in.dst)
}

// newCollection follows new Map(pairs), new Set(elements) and the like.
func (p *program) newCollection(w watcher, name string) {
	in, call := w.in, w.in.call
	o := p.newObject()
	o.mapLike = true
	p.property(o, star)
	if call.arg(0) != 0 {
		elements := p.elementsOf(w, call.arg(0))
		if strings.HasSuffix(name, "Map") {
			values := p.newNode()
			p.do(w.fn, instruction{op: opLoad, dst: values, x: elements, name: "1"})
			elements = values
		}
		p.store(o, star, elements)
	}
	p.add(in.dst, o.value)
}

// callLater follows setTimeout and the like.
func (p *program) callLater(w watcher, name string) {
	in, call := w.in, w.in.call
	from := 2
	if name == "setImmediate" || name == "queueMicrotask" || name == "process.nextTick" {
		from = 1
	}
	args := []node{}
	for i := from; i < len(call.args); i++ {
		args = append(args, call.arg(i))
	}
	p.callback(w, call.arg(0), p.newNode(), args...)
	p.add(in.dst, p.value(p.unknown))
}
