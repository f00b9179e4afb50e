package javascript

import (
	"fmt"
	"slices"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// The limits of the work on one function. After manySteps, which only programs of megabytes take, functions and objects
// are not followed any more.
const (
	manySteps  = 2_000_000
	fewStrings = 4
	maxSteps   = 100_000_000
)

// A watcher is an instruction that acts on each value of a node.
type watcher struct {
	in   *instruction
	fn   *function
	role uint8 // which operand of the instruction the node is
}

const (
	roleX uint8 = iota
	roleY
	roleReceiver
)

// An event is a value that a node has got.
type event struct {
	node  node
	value value
}

// A firing is an instruction that is to act on a value.
type firing struct {
	watcher
	value value
}

func (p *program) value(constant node) value { return p.node(constant).values[0] }

// add adds a value to a node.
func (p *program) add(n node, v value) {
	if n == 0 {
		return
	}
	s := p.node(n)
	if len(s.values) > maxStrings {
		if p.many[n][v] {
			return
		}
	} else if slices.Contains(s.values, v) {
		return
	}
	switch p.values[v].kind {
	case kindString, kindPrefix:
		if s.strings >= maxStrings || p.cut && s.strings >= fewStrings {
			p.add(n, p.value(p.unknown))
			return
		}
		s.strings++
	case kindFunction, kindObject, kindBuiltin, kindResolve:
		if p.cut {
			return
		}
	}
	s = p.node(n)
	s.values = append(s.values, v)
	if len(s.values) == maxStrings+1 {
		p.many[n] = map[value]bool{}
		for _, v := range s.values {
			p.many[n][v] = true
		}
	} else if len(s.values) > maxStrings {
		p.many[n][v] = true
	}
	if s.links != nil {
		p.queue = append(p.queue, event{n, v})
	}
}

// flow lets dst be what src is.
func (p *program) flow(src, dst node) {
	if src == 0 || dst == 0 || src == dst {
		return
	}
	s := p.node(src)
	if s.constant {
		p.add(dst, s.values[0])
		return
	}
	s.link()
	if slices.Contains(s.next[max(0, len(s.next)-8):], dst) {
		return
	}
	s.next = append(s.next, dst)
	for _, v := range slices.Clone(s.values) {
		p.add(dst, v)
	}
}

// watch lets an instruction act on the values of a node.
func (p *program) watch(n node, w watcher) {
	if n == 0 {
		return
	}
	s := p.node(n)
	if !s.constant {
		s.link()
		s.watchers = append(s.watchers, w)
	}
	for _, v := range s.values {
		p.firing = append(p.firing, firing{w, v})
	}
}

// solve lets all values flow to where they go.
func (p *program) solve() error {
	for {
		for len(p.queue)+len(p.firing)+len(p.starting) > 0 {
			if err := p.step(); err != nil {
				return err
			}
		}
		if !p.settle() {
			return nil
		}
	}
}

// step does one thing of what there is to do.
func (p *program) step() error {
	if p.steps++; p.steps%4096 == 0 {
		if err := p.ctx.Err(); err != nil {
			return err
		}
	}
	if p.steps > maxSteps {
		return fmt.Errorf("%s: the function is too large to analyse", apiuse.ShortPath(p.dir))
	}
	if p.steps > manySteps && !p.cut {
		// What is called openapi is taken for the client's, whatever it is read from.
		p.cut = true
		for _, n := range p.roots {
			p.add(n, p.intern(kindAPI, ""))
		}
	}
	if last := len(p.firing) - 1; last >= 0 {
		f := p.firing[last]
		p.firing = p.firing[:last]
		p.fire(f.watcher, f.value)
		return nil
	}
	if last := len(p.queue) - 1; last >= 0 {
		e := p.queue[last]
		p.queue = p.queue[:last]
		l := p.node(e.node).links
		p.steps += len(l.next) + len(l.watchers)
		for i := 0; i < len(l.next); i++ {
			p.add(l.next[i], e.value)
		}
		for i := 0; i < len(l.watchers); i++ {
			p.firing = append(p.firing, firing{l.watchers[i], e.value})
		}
		return nil
	}
	last := len(p.starting) - 1
	fn := p.starting[last]
	p.starting = p.starting[:last]
	p.run(fn)
	return nil
}

// settle decides about names that are no APIs. Where several names may meet several namespaces, the pairs that exist
// are meant; but a name that is the only one is a wrong one. It reports whether anything has changed.
func (p *program) settle() bool {
	var wrong []*pendingNames
	for _, names := range p.pending {
		if names.good || len(names.names) == 0 {
			continue
		}
		wrong = append(wrong, names)
	}
	for _, names := range wrong {
		delete(p.pending, names.in)
		for _, v := range names.names {
			p.add(names.in.dst, v)
		}
	}
	return len(wrong) > 0
}

func (p *program) count(n node, k kind) int {
	count := 0
	for _, v := range p.node(n).values {
		if p.values[v].kind == k {
			count++
		}
	}
	return count
}

// activate starts the code of a function that another one reaches.
func (p *program) activate(fn, from *function, pos int32, weight int) {
	if from != nil && len(fn.from) < 64 {
		fn.from = append(fn.from, activation{from, pos, weight})
	}
	if fn.active {
		return
	}
	fn.active = true
	p.starting = append(p.starting, fn)
}

// run starts what a function does.
func (p *program) run(fn *function) {
	for i := range fn.code {
		p.start(fn, &fn.code[i])
	}
	for _, child := range fn.children {
		p.activate(child.function, fn, child.pos, weightName)
	}
	for _, r := range fn.reads {
		for _, waiting := range p.waiting[r.variable] {
			p.activate(waiting, fn, r.pos, weightName)
		}
	}
	fn.reads = nil
}

func (p *program) start(fn *function, in *instruction) {
	w := watcher{in: in, fn: fn}
	switch in.op {
	case opCopy:
		p.flow(in.x, in.dst)
	case opIndex:
		p.indexes = append(p.indexes, w)
		p.watch(in.x, w)
		w.role = roleY
		p.watch(in.y, w)
	case opStoreIndex:
		p.watch(in.x, w)
		w.role = roleY
		p.watch(in.key, w)
	case opConcat:
		p.watch(in.x, w)
		w.role = roleY
		p.watch(in.y, w)
	case opCall:
		p.watch(in.call.callee, w)
		if in.call.receiver != 0 && followedMethods[in.call.method] {
			w.role = roleReceiver
			p.watch(in.call.receiver, w)
		}
	case opImport:
		p.importModule(fn, in)
	case opLoad:
		if in.name == "openapi" && fn != nil {
			p.roots = append(p.roots, in.dst)
			if p.cut {
				p.add(in.dst, p.intern(kindAPI, ""))
			}
		}
		p.watch(in.x, w)
	default:
		p.watch(in.x, w)
	}
}

// do starts an instruction that the program does not have.
func (p *program) do(fn *function, in instruction) { p.start(fn, &in) }

// fire lets an instruction act on a value.
func (p *program) fire(w watcher, v value) {
	in := w.in
	info := p.values[v]
	switch in.op {
	case opLoad:
		p.load(w, v, in.name)
	case opIndex:
		if w.role == roleX {
			if info.kind == kindUnknown {
				p.add(in.dst, v)
			}
			for _, key := range slices.Clone(p.node(in.y).values) {
				p.index(w, v, key)
			}
		} else {
			for _, x := range slices.Clone(p.node(in.x).values) {
				p.index(w, x, v)
			}
		}
	case opStore:
		p.storeValue(w, v, in.name)
	case opStoreIndex:
		if w.role == roleX {
			for _, k := range slices.Clone(p.node(in.key).values) {
				p.storeValue(w, v, p.keyName(k))
			}
		} else {
			for _, x := range slices.Clone(p.node(in.x).values) {
				p.storeValue(w, x, p.keyName(v))
			}
		}
	case opCall:
		if w.role == roleReceiver {
			p.method(w, v)
		} else {
			p.call(w, v)
		}
	case opConcat:
		if w.role == roleX {
			for _, y := range slices.Clone(p.node(in.y).values) {
				p.concat(in.dst, v, y)
			}
		} else {
			for _, x := range slices.Clone(p.node(in.x).values) {
				p.concat(in.dst, x, v)
			}
		}
	case opElements:
		p.elements(w.fn, in.dst, v)
	case opKeys:
		p.keys(in.dst, v)
	case opInherit:
		if o := p.holder(info); o != nil {
			p.inherit(o, in.y)
		}
	case opEscape:
		p.escape(v, w.fn, in)
	case opModule:
		p.moduleName(w, v)
	case opInteropDefault:
		if info.kind == kindObject || info.kind == kindFunction {
			for _, o := range p.node(in.dst).values {
				if object := p.values[o].object; object != nil {
					p.do(w.fn, instruction{op: opLoad, dst: p.property(object, "default"), x: p.constant(v), name: "default", pos: in.pos})
				}
			}
		}
	case opShare:
		if info.kind == kindClient || info.kind == kindAPI || info.kind == kindClass {
			p.add(in.dst, v)
		}
	}
}

// concat lets dst be x + y.
func (p *program) concat(dst node, x, y value) {
	a, b := p.values[x], p.values[y]
	isText := func(v valueInfo) bool { return v.kind == kindString || v.kind == kindPrefix }
	switch {
	case a.kind == kindString && b.kind == kindString && len(a.text)+len(b.text) <= maxText:
		p.add(dst, p.intern(kindString, a.text+b.text))
	case a.kind == kindString && b.kind == kindPrefix && len(a.text)+len(b.text) <= maxText:
		p.add(dst, p.intern(kindPrefix, a.text+b.text))
	case isText(a) && len(a.text) <= maxText:
		p.add(dst, p.intern(kindPrefix, a.text))
	default:
		p.add(dst, p.value(p.unknown))
	}
}
