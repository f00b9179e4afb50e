package permcheck

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// typedMethods maps the methods of package openapi that call an API, such as WxacodeAPI.Get, to the API's name.
var typedMethods = sync.OnceValue(func() map[string]string {
	methods := map[string]string{}
	for _, api := range catalog.All() {
		receiver, method := api.GoMethod()
		methods[receiver+"."+method] = api.Name
	}
	return methods
})

// goReach is the search from one function's start.
type goReach struct {
	program *goProgram
	known   map[string]bool // the import paths of the function's packages

	paths   map[*goBody][]Step // the shortest, of those that are reached
	queue   []*goBody
	edges   map[*goBody][]goEdge
	dynamic []goDynamicCall
	live    []*liveType
	seen    map[string][]*liveType // by how they are written
	calls   []goCall
	places  map[string]bool // of calls
	boxed   []string        // the namespaces of package openapi that are in interface values
	reflect []goReflection
}

// goEdge is a reference from one body to another.
type goEdge struct {
	to  *goBody
	pos token.Pos
}

// goCall is a place at which an API is called.
type goCall struct {
	from     *goBody
	pos      token.Pos
	name     string // as it reads in a path
	api      string
	declared []string
	unknown  string // a method of package openapi that the catalogue does not have
}

type goDynamicCall struct {
	from *goBody
	ref  goRef
}

// liveType is a type that is in an interface value.
type liveType struct {
	typ       types.Type
	methods   map[string]*types.Selection // those that have a body here or call an API
	callbacks []string                    // the methods that packages known from export data can call
	parts     []*liveType                 // that reflection finds in it
	from      map[*goBody]bool            // where it becomes live
}

// goReflection is a place from which methods are called by their names.
type goReflection struct {
	from  *goBody
	pos   token.Pos
	names []string // nil: any
	of    string   // what calls them
	deep  bool     // methods of package openapi can be meant too
}

// goCallback is an interface that a package declares which is known from export data.
type goCallback struct {
	iface *types.Interface
	path  string // of the package
}

// analyse finds what a function can reach.
func (p *goProgram) analyse(main *goSource) analysis {
	r := &goReach{
		program: p, known: map[string]bool{}, edges: map[*goBody][]goEdge{}, paths: map[*goBody][]Step{},
		seen: map[string][]*liveType{}, places: map[string]bool{},
	}
	for _, path := range p.closure(main) {
		r.known[path] = true
	}
	var roots []*goBody
	if b := p.bodies[main.types.Scope().Lookup("main").(*types.Func)]; b != nil {
		roots = append(roots, b)
	}
	for _, s := range p.order {
		if r.known[s.ImportPath] {
			roots = append(roots, s.roots...)
		}
	}
	for _, b := range roots {
		r.enter(b)
	}
	r.run()
	r.shortest(main, roots)
	a := r.report(main)
	r.byReflection(main, roots, &a)
	slices.SortStableFunc(a.uses, compareUses)
	slices.SortStableFunc(a.doubts, func(x, y doubt) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column), cmp.Compare(x.message, y.message))
	})
	a.doubts = slices.Compact(a.doubts)
	return a
}

func (r *goReach) enter(b *goBody) {
	if _, ok := r.edges[b]; !ok {
		r.edges[b] = nil
		r.queue = append(r.queue, b)
	}
}

func (r *goReach) run() {
	for len(r.queue) > 0 {
		b := r.queue[0]
		r.queue = r.queue[1:]
		for _, ref := range b.walk() {
			switch {
			case ref.value != nil:
				r.convert(b, ref)
			case ref.in != nil:
				d := goDynamicCall{b, ref}
				r.byName(b, ref, ref.function)
				r.dynamic = append(r.dynamic, d)
				for _, l := range r.live {
					r.dispatch(d, l)
				}
			default:
				r.refer(b, ref, ref.function)
			}
		}
	}
}

// refer follows a reference to a function that has a body somewhere.
func (r *goReach) refer(from *goBody, ref goRef, function *types.Func) {
	if b := r.program.bodies[function]; b != nil {
		r.edges[from] = append(r.edges[from], goEdge{b, ref.pos})
		if _, ok := r.edges[b]; !ok {
			r.enter(b)
		}
		return
	}
	r.byName(from, ref, function)
	if function.Pkg() == nil || function.Pkg().Path() != openapiPath {
		return
	}
	receiver := receiverName(function)
	switch {
	case function.Name() == "Call" && (receiver == "" || receiver == "Client"):
		r.untyped(from, ref, strings.ReplaceAll("openapi."+receiver+".Call", "..", "."))
	case !isNamespace(receiver) || !function.Exported():
	default:
		api, ok := typedMethods()[receiver+"."+function.Name()]
		c := goCall{from: from, pos: ref.pos, name: typedName(api), api: api}
		if !ok {
			c.unknown = receiver + "." + function.Name()
		}
		r.call(c)
	}
}

// untyped records a call of openapi.Call.
func (r *goReach) untyped(from *goBody, ref goRef, name string) {
	c := goCall{from: from, pos: ref.pos, name: name}
	positions := []token.Pos{ref.pos}
	if ref.call != nil {
		positions = append(positions, ref.call.Pos(), ref.call.Lparen, ref.call.Rparen)
		if i := 1 + ref.shift; i < len(ref.call.Args) {
			if names, ok := from.source.names(ref.call.Args[i]); ok && len(names) > 0 {
				for _, api := range names {
					c.api = api
					r.call(c)
				}
				return
			}
		}
	}
	c.declared, _ = from.source.declared(positions...)
	r.call(c)
}

func (r *goReach) call(c goCall) {
	key := fmt.Sprint(c.pos, " ", c.api, " ", c.name)
	if !r.places[key] {
		r.places[key] = true
		r.calls = append(r.calls, c)
	}
}

// receiverName returns the name of the type that a function is a method of.
func receiverName(function *types.Func) string {
	recv := function.Signature().Recv()
	if recv == nil {
		return ""
	}
	t := recv.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return named.Obj().Name()
	}
	return ""
}

// isNamespace reports whether a type of package openapi has methods that call APIs.
func isNamespace(name string) bool { return strings.HasSuffix(name, "API") && name != "API" }

// typedName returns how an API's method is called: "openapi.Wxa.Sec.Order.GetOrder".
func typedName(api string) string {
	name := "openapi"
	for part := range strings.SplitSeq(api, ".") {
		name += "." + catalog.GoName(part)
	}
	return name
}

// convert follows the conversion of a value to an interface.
func (r *goReach) convert(from *goBody, ref goRef) {
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

func (r *goReach) liven(from *goBody, ref goRef, l *liveType, done map[*liveType]bool) {
	if l == nil || done[l] {
		return
	}
	done[l] = true
	if len(l.from) == 0 && len(l.methods) > 0 {
		r.live = append(r.live, l)
		l.from[from] = true
		for _, d := range r.dynamic {
			r.dispatch(d, l)
		}
	}
	l.from[from] = true
	for _, name := range l.callbacks {
		r.method(from, ref, l, name)
	}
	for _, part := range l.parts {
		r.liven(from, ref, part, done)
	}
}

// alive returns what is to know of a type in an interface value; nil where it has nothing that can be called.
func (r *goReach) alive(t types.Type) *liveType {
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
	l := &liveType{typ: t, methods: map[string]*types.Selection{}, from: map[*goBody]bool{}}
	r.seen[key] = append(r.seen[key], l)
	if !types.IsInterface(t) {
		set := types.NewMethodSet(t)
		for m := range set.Methods() {
			function := m.Obj().(*types.Func)
			if interfaceOf(m) != nil || r.program.bodies[function.Origin()] != nil || function.Pkg() != nil && function.Pkg().Path() == openapiPath {
				l.methods[function.Name()] = m
			}
		}
		if named, ok := types.Unalias(deref(t)).(*types.Named); ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == openapiPath {
			if name := named.Obj().Name(); isNamespace(name) && !slices.Contains(r.boxed, name) {
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
func (r *goReach) ours(pkg *types.Package) bool {
	return pkg != nil && (pkg.Path() == openapiPath || r.program.sources[pkg.Path()] != nil)
}

func deref(t types.Type) types.Type {
	if p, ok := t.(*types.Pointer); ok {
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
func (r *goReach) dispatch(d goDynamicCall, l *liveType) {
	m := l.methods[d.ref.function.Name()]
	if m == nil || !satisfies(l.typ, d.ref.in) {
		return
	}
	r.selected(d.from, d.ref, m)
}

// method follows a reference to a method by its name.
func (r *goReach) method(from *goBody, ref goRef, l *liveType, name string) {
	if m := l.methods[name]; m != nil {
		ref.function, ref.call = m.Obj().(*types.Func), nil
		r.selected(from, ref, m)
	}
}

func (r *goReach) selected(from *goBody, ref goRef, m *types.Selection) {
	function := m.Obj().(*types.Func)
	in := interfaceOf(m)
	if in == nil {
		r.refer(from, ref, function.Origin())
		return
	}
	// The method is promoted from an interface that is embedded.
	d := goDynamicCall{from, ref}
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
func (r *goReach) callbacksOf(l *liveType) []string {
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
func (p *goProgram) readCallbacks() {
	if p.callbacks != nil {
		return
	}
	p.callbacks = map[string][]goCallback{}
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
			p.callbacks[m.Name()] = append(p.callbacks[m.Name()], goCallback{iface, path})
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

// byName records functions that call methods by their names.
func (r *goReach) byName(from *goBody, ref goRef, function *types.Func) {
	if function.Pkg() == nil {
		return
	}
	at := goReflection{from: from, pos: ref.pos}
	switch path, receiver, name := function.Pkg().Path(), receiverName(function), function.Name(); {
	case path == "reflect" && (receiver == "Value" || receiver == "Type") && (name == "MethodByName" || name == "Method" || name == "Methods"):
		at.of, at.deep = "reflect."+receiver+"."+name, true
		if i := ref.shift; name == "MethodByName" && ref.call != nil && i < len(ref.call.Args) {
			if names, ok := from.source.names(ref.call.Args[i]); ok {
				at.names = names
			}
		}
	case (path == "text/template" || path == "html/template") && receiver == "Template" && (name == "Execute" || name == "ExecuteTemplate"):
		at.of = "template.Template." + name
	case path == "net/rpc" && (name == "Register" || name == "RegisterName"):
		at.of = "rpc." + name
	default:
		return
	}
	r.reflect = append(r.reflect, at)
	if at.names != nil {
		// The names are known: the methods are followed as if they were called here.
		for _, name := range at.names {
			d := goDynamicCall{from, ref}
			d.ref.function = types.NewFunc(ref.pos, nil, name, types.NewSignatureType(nil, nil, nil, nil, nil, false))
			d.ref.in, d.ref.call = types.NewInterfaceType(nil, nil), nil
			r.dynamic = append(r.dynamic, d)
			for _, l := range slices.Clone(r.live) {
				r.dispatch(d, l)
			}
		}
	}
}

// byReflection turns what reflection may reach into doubts.
func (r *goReach) byReflection(main *goSource, roots []*goBody, a *analysis) {
	known := len(r.calls)
	for _, at := range r.reflect {
		if at.names != nil {
			continue
		}
		declared, ok := at.from.source.declared(at.pos)
		if ok {
			name := at.of
			a.uses = append(a.uses, Use{Declared: declared, Path: r.path(main, goCall{from: at.from, pos: at.pos, name: name})})
			continue
		}
		if at.deep && len(r.boxed) > 0 {
			a.doubts = append(a.doubts, doubt{r.program.position(at.pos), fmt.Sprintf(
				"%s calls methods by names made up at run time, and openapi.%s is in an interface value: which APIs it calls cannot be told",
				at.of, slices.Min(r.boxed))})
			continue
		}
		for _, l := range slices.Clone(r.live) {
			for _, name := range slices.Sorted(maps.Keys(l.methods)) {
				if token.IsExported(name) && !r.ofOpenapi(l) {
					r.method(at.from, goRef{pos: at.pos}, l, name)
				}
			}
		}
		r.run()
		for _, c := range r.calls[known:] {
			a.doubts = append(a.doubts, doubt{r.program.position(at.pos), fmt.Sprintf(
				"%s calls methods by names made up at run time: it may reach %s in %s", at.of, c.name, goQualified(main, c.from))})
			break
		}
		known = len(r.calls)
	}
}

func (r *goReach) ofOpenapi(l *liveType) bool {
	named, ok := types.Unalias(deref(l.typ)).(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == openapiPath
}

// goQualified returns the name of a body as seen from the main package.
func goQualified(main *goSource, b *goBody) string {
	if b.source == main {
		return b.name
	}
	if name, ok := strings.CutPrefix(b.name, "var "); ok {
		return "var " + b.source.Name + "." + name
	}
	return b.source.Name + "." + b.name
}

// shortest fills in the shortest path to each body that is reached.
func (r *goReach) shortest(main *goSource, roots []*goBody) {
	type link struct {
		from *goBody
		goEdge
	}
	came := map[*goBody]link{}
	var order []*goBody
	for _, b := range roots {
		came[b] = link{}
		order = append(order, b)
	}
	for i := 0; i < len(order); i++ {
		for _, e := range r.edges[order[i]] {
			if _, ok := came[e.to]; !ok {
				came[e.to] = link{order[i], e}
				order = append(order, e.to)
			}
		}
	}
	for _, b := range order {
		l := came[b]
		if l.from == nil {
			r.paths[b] = []Step{{goQualified(main, b), r.program.position(b.pos)}}
			continue
		}
		before := r.paths[l.from]
		r.paths[b] = append(before[:len(before):len(before)], Step{goQualified(main, b), r.program.position(l.pos)})
	}
}

// path returns the path to a call.
func (r *goReach) path(main *goSource, c goCall) []Step {
	before := r.paths[c.from]
	return append(before[:len(before):len(before)], Step{c.name, r.program.position(c.pos)})
}

// report makes uses of the calls.
func (r *goReach) report(main *goSource) analysis {
	var a analysis
	for _, c := range r.calls {
		path := r.path(main, c)
		if c.unknown != "" {
			a.doubts = append(a.doubts, doubt{path[len(path)-1].Position, fmt.Sprintf(
				"openapi.%s is not known here: the function is built with another version of the SDK than this check", c.unknown)})
			continue
		}
		a.uses = append(a.uses, Use{API: c.api, Declared: c.declared, Path: path})
	}
	return a
}
