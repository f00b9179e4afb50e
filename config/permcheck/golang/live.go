package golang

import (
	"go/types"
	"maps"
	"slices"
	"strings"
)

// liveType is a type that can be in an interface value.
type liveType struct {
	typ       types.Type
	methods   map[string]*types.Selection // those that have a body here or call an API
	callbacks []string                    // the methods that packages known from export data can call
	parts     []*liveType                 // that reflection finds in it
	live      bool                        // reachable code puts it there
}

// dynamicCall is a call by an interface.
type dynamicCall struct {
	from *body
	ref  reference
}

// callback is an interface that a package declares which is known from export data.
type callback struct {
	iface *types.Interface
	path  string // of the package
}

// convert follows the conversion of a value to an interface.
func (r *reach) convert(from *body, ref reference) {
	l := r.alive(ref.value)
	done := map[*liveType]bool{}
	r.liven(from, ref, l, done)
	if ref.to == nil {
		// Generic code can have variables of a type argument, and pass on pointers to them.
		r.liven(from, ref, r.alive(addressed(ref.value)), done)
	}
	if ref.to == nil || l == nil {
		return
	}
	// Who takes a value as an interface that is not declared in source can call the methods of it.
	if named, ok := types.Unalias(ref.to).(*types.Named); ok && (named.Obj().Pkg() == nil || r.program.sources[named.Obj().Pkg().Path()] != nil) {
		return
	}
	if iface, ok := ref.to.Underlying().(*types.Interface); ok {
		for m := range iface.Methods() {
			r.method(from, ref, l, m.Name())
		}
	}
}

// liven has a type in an interface value, and what reflection finds in it, called by who may call it.
func (r *reach) liven(from *body, ref reference, l *liveType, done map[*liveType]bool) {
	if l == nil || done[l] {
		return
	}
	done[l] = true
	if !l.live && len(l.methods) > 0 {
		l.live = true
		r.live = append(r.live, l)
		for _, d := range r.dynamic {
			r.dispatch(d, l)
		}
	}
	for _, name := range l.callbacks {
		r.method(from, ref, l, name)
	}
	for _, part := range l.parts {
		r.liven(from, ref, part, done)
	}
}

// alive returns what is to know of a type in an interface value; nil where it has nothing that can be called.
func (r *reach) alive(t types.Type) *liveType {
	t = types.Unalias(t)
	switch t := types.Unalias(deref(t)).(type) {
	case *types.Basic, *types.TypeParam, *types.Tuple, nil:
		return nil
	case *types.Named:
		// Nothing in other packages leads here, but for the type arguments.
		if t.TypeArgs().Len() == 0 && !r.ours(t.Obj().Pkg()) {
			return nil
		}
	}
	key := types.TypeString(t, nil)
	for _, l := range r.seen[key] {
		if types.Identical(l.typ, t) { // types of one name can be declared in two functions
			return l
		}
	}
	l := &liveType{typ: t, methods: map[string]*types.Selection{}}
	r.seen[key] = append(r.seen[key], l)
	if !types.IsInterface(t) {
		set := types.NewMethodSet(t)
		for m := range set.Methods() {
			function := m.Obj().(*types.Func)
			if interfaceOf(m) != nil || r.program.bodies[function.Origin()] != nil || function.Pkg() != nil && function.Pkg().Path() == openapiPath {
				l.methods[function.Name()] = m
			}
		}
		if ofOpenapi(t) {
			if name := types.Unalias(deref(t)).(*types.Named).Obj().Name(); isNamespace(name) && !slices.Contains(r.boxed, name) {
				r.boxed = append(r.boxed, name)
			}
		}
	}
	if len(l.methods) > 0 {
		l.callbacks = r.callbacksOf(l)
	}
	part := func(t types.Type) {
		if found := r.alive(t); found != nil {
			l.parts = append(l.parts, found)
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		part(u.Elem())
		if fields, ok := u.Elem().Underlying().(*types.Struct); ok {
			for f := range fields.Fields() {
				if f.Exported() || f.Embedded() {
					part(addressed(f.Type()))
				}
			}
		}
	case *types.Slice:
		part(u.Elem())
		part(addressed(u.Elem()))
	case *types.Array:
		part(u.Elem())
	case *types.Map:
		part(u.Key())
		part(u.Elem())
		part(addressed(u.Elem()))
	case *types.Chan:
		part(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if f.Exported() || f.Embedded() {
				part(f.Type())
			}
		}
	}
	if named, ok := t.(*types.Named); ok {
		for arg := range named.TypeArgs().Types() {
			part(arg)
		}
	}
	return l
}

// ours reports whether a package is read from source, or is package openapi.
func (r *reach) ours(pkg *types.Package) bool {
	return pkg != nil && (pkg.Path() == openapiPath || r.program.sources[pkg.Path()] != nil)
}

func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// addressed returns the pointer to what is no pointer or interface already.
func addressed(t types.Type) types.Type {
	if _, ok := t.Underlying().(*types.Pointer); ok || types.IsInterface(t) {
		return t
	}
	return types.NewPointer(t)
}

// dispatch follows a call by an interface to a type that is live.
func (r *reach) dispatch(d dynamicCall, l *liveType) {
	m := l.methods[d.ref.function.Name()]
	if m == nil || !satisfies(l.typ, d.ref.in) {
		return
	}
	r.selected(d.from, d.ref, m)
}

// method follows a reference to a method by its name.
func (r *reach) method(from *body, ref reference, l *liveType, name string) {
	if m := l.methods[name]; m != nil {
		ref.function, ref.call = m.Obj().(*types.Func), nil
		r.selected(from, ref, m)
	}
}

func (r *reach) selected(from *body, ref reference, m *types.Selection) {
	function := m.Obj().(*types.Func)
	in := interfaceOf(m)
	if in == nil {
		if to := r.program.bodies[function.Origin()]; to != nil {
			r.indirect[to.node] = true
		}
		r.refer(from, ref, function.Origin())
		return
	}
	// The method is promoted from an interface that is embedded.
	d := dynamicCall{from, ref}
	d.ref.in, d.ref.function = in, function
	for _, known := range r.dynamic {
		if known.from == from && known.ref.pos == ref.pos && known.ref.function == function {
			return
		}
	}
	r.dynamic = append(r.dynamic, d)
	for _, l := range slices.Clone(r.live) {
		r.dispatch(d, l)
	}
}

// satisfies reports whether a type has the methods of an interface; one with type parameters is compared by names.
func satisfies(t, in types.Type) bool {
	iface, ok := in.Underlying().(*types.Interface)
	if !ok {
		return false
	}
	if p, ok := types.Unalias(in).(*types.TypeParam); ok {
		iface, ok = p.Constraint().Underlying().(*types.Interface)
		if !ok {
			return false
		}
	}
	if types.Implements(t, iface) {
		return true
	}
	if !iface.IsMethodSet() || isGeneric(in) || isGeneric(t) {
		set := types.NewMethodSet(t)
		for m := range iface.Methods() {
			if set.Lookup(m.Pkg(), m.Name()) == nil {
				return false
			}
		}
		return true
	}
	return false
}

// isGeneric reports whether a type may hold type parameters.
func isGeneric(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.TypeParam:
		return true
	case *types.Pointer:
		return isGeneric(t.Elem())
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			if isGeneric(arg) {
				return true
			}
		}
		return t.TypeParams().Len() > 0 && t.TypeArgs().Len() == 0
	case *types.Interface:
		for m := range t.Methods() {
			for _, tuple := range []*types.Tuple{m.Signature().Params(), m.Signature().Results()} {
				for v := range tuple.Variables() {
					if isGeneric(v.Type()) {
						return true
					}
				}
			}
		}
	}
	return false
}

// anonymous are the methods of interfaces that the standard library asks for without declaring them where it shows.
var anonymous = []string{"Is", "As", "Unwrap", "Timeout", "Temporary", "IsZero"}

// callbacksOf returns the methods of a type that packages known from export data can call, sorted.
func (r *reach) callbacksOf(l *liveType) []string {
	r.program.readCallbacks()
	names := map[string]bool{}
	tried := map[*types.Interface]bool{}
	for name := range l.methods {
		for _, c := range r.program.callbacks[name] {
			if tried[c.iface] || c.path != "" && !r.known[c.path] {
				continue
			}
			tried[c.iface] = true
			if types.Implements(l.typ, c.iface) {
				for m := range c.iface.Methods() {
					names[m.Name()] = true
				}
			}
		}
		if slices.Contains(anonymous, name) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// readCallbacks fills in callbacks, which few functions need.
func (p *program) readCallbacks() {
	if p.callbacks != nil {
		return
	}
	p.callbacks = map[string][]callback{}
	add := func(path string, t types.Type) {
		iface, ok := t.Underlying().(*types.Interface)
		if !ok || !iface.IsMethodSet() {
			return
		}
		for m := range iface.Methods() {
			if !m.Exported() {
				return
			}
		}
		for m := range iface.Methods() {
			p.callbacks[m.Name()] = append(p.callbacks[m.Name()], callback{iface, path})
		}
	}
	add("", types.Universe.Lookup("error").Type())
	for _, path := range slices.Sorted(maps.Keys(p.exports)) {
		if path == "unsafe" || strings.Contains(path, "/internal/") || strings.HasPrefix(path, "internal/") || path == openapiPath {
			continue
		}
		pkg, err := p.importer.Import(path)
		if err != nil {
			continue
		}
		for _, name := range pkg.Scope().Names() {
			if declared, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok && !isGeneric(declared.Type()) {
				add(path, declared.Type())
			}
		}
	}
}
