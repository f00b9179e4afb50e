package golang

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
	"sync"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
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

// reach is the search from one function's start.
type reach struct {
	program *program
	main    *source
	known   map[string]bool // the import paths of the function's packages
	sources []*source       // those of them that are read from source
	whole   bool            // these are all of the program, and so are the calls and clients in them

	edges   map[*body][]edge // of the bodies that are reached
	queue   []*body          // of these, those that are still to be walked
	paths   apiuse.Paths[*body, token.Pos]
	dynamic []dynamicCall
	live    []*liveType
	seen    map[string][]*liveType // by how they are written
	calls   []call
	places  map[string]bool // of calls
	boxed   []string        // the namespaces of package openapi that are in interface values
	reflect []reflection
	clients struct{ own, other bool } // with access tokens of the program's own, and without, which are made

	callers   map[ast.Node][]passing   // by the *ast.FuncDecl of a function: where it is called, or named
	indirect  map[ast.Node]bool        // such that something else may call
	variables map[*types.Var][]passing // where a variable is called
}

// edge is a reference from one body to another.
type edge = apiuse.Edge[*body, token.Pos]

// call is a place at which an API is called.
type call struct {
	from     *body
	pos      token.Pos
	name     string // as it reads in a path
	api      string
	declared []string
	open     bool // the name cannot be told from the function around the call
	ref      reference
	function *types.Func // of package openapi
	unknown  string      // a method of package openapi that the catalogue does not have
}

// analyse finds what a function can reach.
func (p *program) analyse(main *source) apiuse.Analysis {
	r := &reach{
		program: p, main: main, whole: true, known: map[string]bool{}, edges: map[*body][]edge{},
		seen: map[string][]*liveType{}, places: map[string]bool{},
		callers: map[ast.Node][]passing{}, indirect: map[ast.Node]bool{}, variables: map[*types.Var][]passing{},
	}
	for _, path := range p.closure(main) {
		r.known[path] = true
	}
	var roots []*body
	if b := p.bodies[main.types.Scope().Lookup("main").(*types.Func)]; b != nil {
		roots = append(roots, b)
	}
	for _, s := range p.order {
		if r.known[s.ImportPath] {
			r.sources = append(r.sources, s)
			roots = append(roots, s.roots...)
		}
	}
	for _, b := range roots {
		r.enter(b)
	}
	r.run()
	r.paths = apiuse.ShortestPaths(roots, func(b *body) []edge { return r.edges[b] })
	var a apiuse.Analysis
	calls := r.calls
	r.byReflection(&a) // which may call with names of its own
	r.report(&a, calls)
	a.Sort()
	return a
}

// enter has a body walked, once.
func (r *reach) enter(b *body) {
	if _, ok := r.edges[b]; !ok {
		r.edges[b] = nil
		r.queue = append(r.queue, b)
	}
}

// run walks the bodies that are to be walked, and those that they lead to.
func (r *reach) run() {
	for len(r.queue) > 0 {
		b := r.queue[0]
		r.queue = r.queue[1:]
		for _, ref := range b.walk() {
			switch {
			case ref.value != nil:
				r.convert(b, ref)
			case ref.variable != nil:
				r.variables[ref.variable] = append(r.variables[ref.variable], passing{from: b, ref: ref})
			case ref.in != nil:
				d := dynamicCall{b, ref}
				r.byName(b, ref, ref.function)
				r.dynamic = append(r.dynamic, d)
				for _, l := range r.live {
					r.dispatch(d, l)
				}
			default:
				if to := r.program.bodies[ref.function]; to != nil {
					r.callers[to.node] = append(r.callers[to.node], passing{callee: to.node, name: to.nameIn(r.main), from: b, ref: ref})
				}
				r.refer(b, ref, ref.function)
			}
		}
	}
}

// refer follows a reference to a function that has a body somewhere.
func (r *reach) refer(from *body, ref reference, function *types.Func) {
	if b := r.program.bodies[function]; b != nil {
		r.edges[from] = append(r.edges[from], edge{To: b, At: ref.pos, Length: 1})
		r.enter(b)
		return
	}
	r.byName(from, ref, function)
	if function.Pkg() == nil || function.Pkg().Path() != openapiPath {
		return
	}
	receiver := receiverName(function)
	switch {
	case function.Name() == "Call" && receiver == "":
		r.untyped(from, ref, function, "openapi.Call")
	case function.Name() == "Call" && receiver == "Client":
		r.untyped(from, ref, function, "openapi.Client.Call")
	case function.Name() == "NewClient" && receiver == "":
		own := from.source.givesToken(ref.call)
		r.clients.own, r.clients.other = r.clients.own || own, r.clients.other || !own
	case isNamespace(receiver) && function.Exported():
		api, ok := typedMethods()[receiver+"."+function.Name()]
		c := call{from: from, pos: ref.pos, name: typedName(api), api: api, ref: ref, function: function}
		if !ok {
			c.unknown = receiver + "." + function.Name()
		}
		r.call(c)
	}
}

// untyped records a call of openapi.Call.
func (r *reach) untyped(from *body, ref reference, function *types.Func, name string) {
	c := call{from: from, pos: ref.pos, name: name, ref: ref, function: function}
	if e := from.source.argument(ref, 1); e != nil {
		if names, ok := from.source.names(e); ok && len(names) > 0 {
			for _, api := range names {
				c.api = apiOf(api)
				r.call(c)
			}
			return
		}
	}
	c.open = true
	c.declared, _ = from.source.declared(ref.places()...)
	r.call(c)
}

// apiOf returns the API that a name given to openapi.Call stands for, which may be a path: that of an API is the API, and any
// other stays a path, without its method.
func apiOf(name string) string {
	path := name[strings.IndexByte(name, ' ')+1:]
	if !strings.HasPrefix(path, "/") {
		return name
	}
	path, _, _ = strings.Cut(path, "?")
	if api, ok := catalog.ByPath(path); ok {
		return api.Name
	}
	return path
}

// call records a call, once.
func (r *reach) call(c call) {
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

// path returns the path to a place in a body, where something by a name is called.
func (r *reach) path(from *body, pos token.Pos, name string) []apiuse.Step {
	path := r.paths.To(from, func(b, caller *body, at token.Pos) apiuse.Step {
		if caller == nil {
			at = b.pos
		}
		return apiuse.Step{Name: b.nameIn(r.main), Position: r.program.position(at)}
	})
	return append(path, apiuse.Step{Name: name, Position: r.program.position(pos)})
}

// report makes uses of the calls.
func (r *reach) report(a *apiuse.Analysis, calls []call) {
	for _, c := range calls {
		own := r.ownToken(c)
		if c.unknown != "" {
			if !own {
				r.doubt(a, c.pos, "openapi.%s is not known here: the function is built with another version of the SDK than this check", c.unknown)
			}
			continue
		}
		uses := []apiuse.Use{{API: c.api, Declared: c.declared, Path: r.path(c.from, c.pos, c.name)}}
		if c.open {
			uses = r.untold(c)
		}
		for i := range uses {
			uses[i].OwnToken = own
		}
		a.Uses = append(a.Uses, uses...)
	}
}

func (r *reach) doubt(a *apiuse.Analysis, pos token.Pos, format string, args ...any) {
	a.Doubts = append(a.Doubts, apiuse.Doubt{Position: r.program.position(pos), Message: fmt.Sprintf(format, args...)})
}
