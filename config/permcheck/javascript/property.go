package javascript

import (
	"maps"
	"slices"
	"strings"
)

// property returns the node of an object's property.
func (p *program) property(o *object, name string) node {
	n, ok := o.props[name]
	if ok {
		return n
	}
	n = p.newNode()
	if o.props == nil {
		o.props = map[string]node{}
	}
	o.props[name] = n
	if o == p.globals {
		p.add(n, p.value(p.unknown))
	}
	for _, dst := range o.all {
		p.flow(n, dst)
	}
	if o.escaped || o.quiet {
		p.watch(n, watcher{in: &instruction{op: opEscape, x: n, name: p.escapeName(o)}})
	}
	return n
}

func (p *program) escapeName(o *object) string {
	if o.escaped {
		return "unknown code"
	}
	return ""
}

// store lets an object's property be what src is.
func (p *program) store(o *object, name string, src node) {
	n := p.property(o, name)
	if name != star && !slices.Contains(o.names[max(0, len(o.names)-64):], name) {
		o.names = append(o.names, name)
	}
	p.flow(src, n)
}

// holder returns the object that has a value's properties.
func (p *program) holder(info valueInfo) *object {
	switch info.kind {
	case kindObject:
		return info.object
	case kindFunction:
		return p.objectOf(info.function)
	}
	return nil
}

func (p *program) parents(o *object) node {
	if o.parents == 0 {
		o.parents = p.newNode()
		for key := range o.loaded {
			if key.name == "" {
				p.do(nil, instruction{op: opKeys, dst: key.dst, x: o.parents})
				continue
			}
			p.do(nil, instruction{op: opLoad, dst: key.dst, x: o.parents, name: key.name})
		}
		for _, dst := range o.all {
			p.do(nil, instruction{op: opIndex, dst: dst, x: o.parents, y: p.unknown, pos: -1})
		}
		if o.escaped || o.quiet {
			p.do(nil, instruction{op: opEscape, x: o.parents, name: p.escapeName(o)})
		}
	}
	return o.parents
}

// inherit lets an object have the properties of others, too.
func (p *program) inherit(o *object, from node) { p.flow(from, p.parents(o)) }

// load lets an instruction's dst be the property of a value.
func (p *program) load(w watcher, v value, name string) {
	in := w.in
	info := p.values[v]
	switch info.kind {
	case kindUnknown:
		p.add(in.dst, v)
		p.flow(p.sharedUnder(name), in.dst)
	case kindLost:
		p.add(in.dst, v)
	case kindClient:
		switch name {
		case "openapi":
			p.add(in.dst, p.intern(kindAPI, ""))
		case "default":
			p.add(in.dst, v)
		case "Cloud":
			p.add(in.dst, p.intern(kindClass, ""))
		default:
			p.add(in.dst, p.value(p.unknown))
			p.flow(p.sharedUnder(name), in.dst)
		}
	case kindAPI:
		p.member(w, info.text, name)
	case kindFunction:
		if name == "prototype" {
			p.add(in.dst, p.instanceOf(info.function).value)
			return
		}
		p.loadObject(w, p.objectOf(info.function), name)
	case kindObject:
		p.loadObject(w, info.object, name)
	case kindBuiltin:
		if !strings.Contains(info.text, ".") && builtinNamespaces[info.text] {
			p.add(in.dst, p.intern(kindBuiltin, info.text+"."+name))
			return
		}
		p.add(in.dst, p.value(p.unknown))
	}
}

func (p *program) loadObject(w watcher, o *object, name string) {
	if !o.firstLoad(loadKey{name, w.in.dst}) {
		return
	}
	p.flow(p.property(o, name), w.in.dst)
	if name != star && !o.mapLike && (!o.array || isIndex(name)) {
		p.flow(p.property(o, star), w.in.dst)
	}
	if o.escaped {
		p.add(w.in.dst, p.value(p.unknown))
	}
	if o.parents != 0 {
		p.start(w.fn, &instruction{op: opLoad, dst: w.in.dst, x: o.parents, name: name, pos: w.in.pos, start: w.in.start, end: w.in.end})
	}
}

// isIndex reports whether a property's name is one of an array's element.
func isIndex(name string) bool { return name != "" && name[0] >= '0' && name[0] <= '9' }

// loadAll lets dst be any property of an object.
func (p *program) loadAll(o *object, dst node) {
	if slices.Contains(o.all, dst) {
		return
	}
	o.all = append(o.all, dst)
	for _, name := range slices.Sorted(maps.Keys(o.props)) {
		p.flow(o.props[name], dst)
	}
	if o.escaped {
		p.add(dst, p.value(p.unknown))
	}
	if o.parents != 0 {
		p.do(nil, instruction{op: opIndex, dst: dst, x: o.parents, y: p.unknown, pos: -1})
	}
}

// index lets an instruction's dst be x[key].
func (p *program) index(w watcher, x, key value) {
	k := p.values[key]
	if k.kind == kindString {
		p.load(w, x, k.text)
		return
	}
	info := p.values[x]
	switch info.kind {
	case kindUnknown, kindLost:
		p.add(w.in.dst, x)
	case kindFunction, kindObject:
		p.loadAll(p.holder(info), w.in.dst)
	case kindClient, kindAPI:
		p.add(w.in.dst, p.intern(kindLost, ""))
		if k.kind != kindLost {
			p.doubtName(w)
		}
	case kindBuiltin:
		p.add(w.in.dst, p.value(p.unknown))
	}
}

func (p *program) keyName(key value) string {
	if info := p.values[key]; info.kind == kindString {
		return info.text
	}
	return star
}

// storeValue lets the property of a value be what an instruction stores.
func (p *program) storeValue(w watcher, x value, name string) {
	in := w.in
	info := p.values[x]
	switch info.kind {
	case kindFunction:
		if name == "prototype" {
			p.inherit(p.instanceOf(info.function), in.y)
			return
		}
		p.store(p.objectOf(info.function), name, in.y)
	case kindObject:
		p.store(info.object, name, in.y)
	case kindUnknown, kindClient:
		// Someone may read it back from an object that we do not know, either.
		p.do(w.fn, instruction{op: opShare, x: in.y, dst: p.sharedUnder(name)})
	}
}

func (p *program) sharedUnder(name string) node {
	n, ok := p.shared[name]
	if !ok {
		n = p.newNode()
		p.shared[name] = n
	}
	return n
}

// elements lets dst be what a loop over a value visits.
func (p *program) elements(fn *function, dst node, v value) {
	info := p.values[v]
	switch info.kind {
	case kindObject:
		o := info.object
		if o.mapLike {
			pair := p.made(o, "pair")
			p.store(pair, "1", p.property(o, star))
			p.add(dst, pair.value)
			p.flow(p.property(o, star), dst)
			return
		}
		p.loadAll(o, dst)
	case kindUnknown, kindLost:
		p.add(dst, v)
	case kindFunction: // an iterator
		p.add(dst, p.value(p.unknown))
	}
}

// made returns an object that is made of another one in some way.
func (p *program) made(o *object, way string) *object {
	if o.derived {
		return o // an array of an array, and so on without end
	}
	m, ok := o.made[way]
	if !ok {
		if o.made == nil {
			o.made = map[string]*object{}
		}
		m = p.newObject()
		m.derived = true
		o.made[way] = m
	}
	return m
}

// keys lets dst be a name of a property of a value.
func (p *program) keys(dst node, v value) {
	info := p.values[v]
	o := p.holder(info)
	if o == nil {
		p.add(dst, p.value(p.unknown))
		return
	}
	if !o.firstLoad(loadKey{"", dst}) {
		return
	}
	for _, name := range o.names {
		p.add(dst, p.intern(kindString, name))
	}
	if o.parents != 0 {
		p.do(nil, instruction{op: opKeys, x: o.parents, dst: dst})
	}
	if len(o.names) == 0 {
		p.add(dst, p.value(p.unknown))
	}
}
