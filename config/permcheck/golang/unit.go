package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// Unit is a package for a check that sees packages one by one, each after those that it imports, as go vet does: package
// vet. Code is read by the same rules as by [Analyse], but for interfaces, and for names that come by a parameter or by a
// variable that stands for openapi.Call: these are made up at run time here.
type Unit struct {
	Fset     *token.FileSet
	Files    []*ast.File // with comments
	Package  *types.Package
	Info     *types.Info
	ReadFile func(name string) ([]byte, error)
}

// Body is code of a Unit that runs as one.
type Body struct {
	// Function is the function or method, with the closures in it; nil for the initialiser of a package's variable.
	Function *types.Func
	// Name is how it reads inside of its package: "(*Server).Close", "var table".
	Name string
	Pos  token.Pos
	// Starts is set for what runs before main: initialisers, and init functions.
	Starts bool
	// References are in the order of the code.
	References []Reference
}

// Reference is a place in a body that leads to a function, or to an API.
type Reference struct {
	Pos token.Pos
	// Function is what is called, or used as a value: of a generic function its origin. It is nil where an API is called.
	//
	// Methods are referred to where a value becomes one of an interface's type: those of the interface, those of all
	// interfaces that this package and the ones that it imports declare, and those that fmt, errors and encoding/json look
	// for, as far as the value's type has them. A call by an interface then refers to nothing more.
	Function *types.Func
	// Name is how a call of an API reads: "openapi.Wxacode.Get", "openapi.Call".
	Name string
	// APIs are those that the call can be of; none where the name is made up at run time and no directive tells.
	APIs []string
}

// Bodies returns the bodies of a unit, in the order of its files.
func (u Unit) Bodies() ([]Body, error) {
	p := &program{fset: u.Fset, files: map[string][]byte{}, bodies: map[*types.Func]*body{}}
	s := &source{program: p, files: u.Files, types: u.Package, info: u.Info}
	for _, file := range u.Files {
		name := u.Fset.PositionFor(file.Package, false).Filename
		text, err := u.ReadFile(name)
		if err != nil {
			return nil, err
		}
		p.files[name] = text
	}
	s.declare()
	var bodies []Body
	for _, b := range s.roots {
		bodies = append(bodies, Body{Name: b.name, Pos: b.pos, Starts: true})
		if d, ok := b.node.(*ast.FuncDecl); ok {
			bodies[len(bodies)-1].Function = u.Info.Defs[d.Name].(*types.Func)
		}
	}
	nodes := slices.Clone(s.roots)
	for function, b := range p.bodies {
		if !slices.Contains(s.roots, b) {
			bodies = append(bodies, Body{Function: function, Name: b.name, Pos: b.pos})
			nodes = append(nodes, b)
		}
	}
	resolver := &unitResolver{source: s, methods: map[types.Type][]*types.Func{}}
	resolver.declared()
	for i, b := range nodes {
		bodies[i].References = resolver.references(b)
	}
	slices.SortFunc(bodies, func(a, b Body) int { return int(a.Pos) - int(b.Pos) })
	return bodies, nil
}

// soughtMethods are the methods that other packages find in a value without the code that hands it over importing them.
var soughtMethods = []string{"Error", "Format", "GoString", "MarshalJSON", "MarshalText", "String", "UnmarshalJSON", "UnmarshalText"}

// unitResolver turns what bodies refer to into references.
type unitResolver struct {
	source      *source
	interfaces  []*types.Interface // which this package and the ones that it imports declare
	constraints map[token.Pos][]types.Type
	methods     map[types.Type][]*types.Func // of types that become part of interface values, by those interfaces
}

// declared fills in the interfaces, and the constraints of the type arguments by the place where they are given.
func (r *unitResolver) declared() {
	r.interfaces = append(r.interfaces, types.Universe.Lookup("error").Type().Underlying().(*types.Interface))
	for _, pkg := range append([]*types.Package{r.source.types}, r.source.types.Imports()...) {
		if pkg.Path() == openapiPath {
			continue
		}
		for _, name := range pkg.Scope().Names() {
			t, ok := pkg.Scope().Lookup(name).(*types.TypeName)
			if !ok || isGeneric(t.Type()) {
				continue
			}
			if iface, ok := t.Type().Underlying().(*types.Interface); ok && iface.IsMethodSet() && iface.NumMethods() > 0 {
				r.interfaces = append(r.interfaces, iface)
			}
		}
	}
	r.constraints = map[token.Pos][]types.Type{}
	for id := range r.source.info.Instances {
		var params *types.TypeParamList
		switch o := r.source.info.Uses[id].(type) {
		case *types.Func:
			params = o.Origin().Signature().TypeParams()
		case *types.TypeName:
			if named, ok := types.Unalias(o.Type()).(*types.Named); ok {
				params = named.Origin().TypeParams()
			}
		}
		if params == nil {
			continue
		}
		for p := range params.TypeParams() {
			r.constraints[id.Pos()] = append(r.constraints[id.Pos()], p.Constraint())
		}
	}
}

func (r *unitResolver) references(b *body) []Reference {
	// The search of a whole program knows what the calls of APIs are.
	calls := &reach{program: r.source.program, sources: []*source{r.source}, edges: map[*body][]edge{}, places: map[string]bool{}}
	var found []Reference
	follow := func(ref reference, function *types.Func) {
		if function.Pkg() == nil || function.Pkg().Path() != openapiPath {
			found = append(found, Reference{Pos: ref.pos, Function: function})
			return
		}
		known := len(calls.calls)
		calls.refer(b, ref, function)
		for _, c := range calls.calls[known:] {
			switch {
			case c.unknown != "", (c.api == "" || catalog.Known(c.api)) && calls.ownToken(c):
			case c.api != "":
				found = append(found, Reference{Pos: c.pos, Name: c.name, APIs: []string{c.api}})
			default:
				found = append(found, Reference{Pos: c.pos, Name: c.name, APIs: c.declared})
			}
		}
	}
	for _, ref := range b.walk() {
		switch {
		case ref.value != nil:
			targets := r.constraints[ref.pos]
			if ref.to != nil {
				targets = []types.Type{ref.to}
			}
			ref.call = nil
			for _, m := range r.called(ref.value, targets) {
				follow(ref, m)
			}
		case ref.in == nil && ref.variable == nil:
			follow(ref, ref.function)
		}
	}
	return found
}

// called returns the methods of a type that can be called when it becomes part of an interface value.
func (r *unitResolver) called(t types.Type, targets []types.Type) []*types.Func {
	set := types.NewMethodSet(t)
	if set.Len() == 0 || types.IsInterface(t) {
		return nil
	}
	found, ok := r.methods[t]
	if !ok {
		for _, iface := range r.interfaces {
			if types.Implements(t, iface) {
				found = addMethods(found, set, iface)
			}
		}
		for _, name := range slices.Concat(anonymous, soughtMethods) {
			if selection := set.Lookup(nil, name); selection != nil {
				found = append(found, newMethod(selection, found)...)
			}
		}
		r.methods[t] = found
	}
	found = slices.Clone(found)
	for _, target := range targets {
		if iface, ok := target.Underlying().(*types.Interface); ok {
			found = addMethods(found, set, iface)
		}
	}
	return found
}

// addMethods adds the methods in a set that an interface has, too. One that an embedded interface has is called where a value
// was put into that.
func addMethods(found []*types.Func, set *types.MethodSet, iface *types.Interface) []*types.Func {
	for m := range iface.Methods() {
		if selection := set.Lookup(m.Pkg(), m.Name()); selection != nil {
			found = append(found, newMethod(selection, found)...)
		}
	}
	return found
}

// newMethod returns the method of a selection, unless it is among those that are found.
func newMethod(selection *types.Selection, found []*types.Func) []*types.Func {
	f := selection.Obj().(*types.Func).Origin()
	if interfaceOf(selection) != nil || slices.Contains(found, f) {
		return nil
	}
	return []*types.Func{f}
}
