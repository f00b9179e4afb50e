package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// tokenOptions are the options of openapi.NewClient by which a client calls over HTTPS with access tokens of the program's
// own. config.json has no say in such calls; it has in those of all other clients.
var tokenOptions = []string{"WithAccessToken", "WithAppCredential", "WithTokenSource"}

// givesToken reports whether a call of openapi.NewClient has one of the options, written out.
func (s *source) givesToken(call *ast.CallExpr) bool {
	return call != nil && slices.ContainsFunc(call.Args, func(e ast.Expr) bool {
		option, ok := ast.Unparen(e).(*ast.CallExpr)
		if !ok {
			return false
		}
		function := s.callee(option)
		return function != nil && function.Pkg() != nil && function.Pkg().Path() == openapiPath && slices.Contains(tokenOptions, function.Name())
	})
}

// callee returns the function or method that a call names; nil where it is of something else.
func (s *source) callee(call *ast.CallExpr) *types.Func {
	var id *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		return nil
	}
	function, _ := s.info.Uses[id].(*types.Func)
	return function
}

// isClient reports whether a type is openapi.Client.
func isClient(t types.Type) bool { return openapiName(t) == "Client" }

// isClientPart reports whether a type is openapi.Client, or that of a namespace in one.
func isClientPart(t types.Type) bool {
	name := openapiName(t)
	return name == "Client" || name == "Namespaces" || isNamespace(name)
}

// openapiName returns the name of a type that package openapi declares; empty for any other.
func openapiName(t types.Type) string {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || !ofOpenapi(named) {
		return ""
	}
	return named.Obj().Name()
}

// ownToken reports whether a call can only be one by a client with access tokens of the program's own.
func (r *reach) ownToken(c call) bool {
	recv := c.function.Signature().Recv()
	if recv == nil || r.whole && !r.clients.own {
		return false
	}
	for _, s := range r.sources {
		if s.assign(); s.alters {
			return false
		}
	}
	o := &origins{r, c.from.source, map[any]bool{}}
	selector := c.ref.selector
	if selector == nil { // by an interface, say
		return o.any(recv.Type())
	}
	index := o.source.info.Selections[selector].Index()
	return o.part(selector.X, index[:len(index)-1])
}

// origins is the search for the clients that an expression can stand for: that is one, a namespace of one, or a pointer to
// either. Its methods report whether all of them have tokens of their own.
type origins struct {
	*reach
	source *source      // that the expression is in
	seen   map[any]bool // expressions, and assignments
}

// in returns the search for expressions of another package.
func (o *origins) in(s *source) *origins { return &origins{o.reach, s, o.seen} }

// any is the answer for what cannot be followed. A client may be each that the program makes, but a namespace may be of
// none, and then is called as those of package openapi are.
func (o *origins) any(t types.Type) bool {
	return o.whole && !o.clients.other && t != nil && isClient(deref(t))
}

func (o *origins) expr(e ast.Expr) bool {
	e = ast.Unparen(e)
	if o.seen[e] {
		return true // as far as the rest of the search says so
	}
	o.seen[e] = true
	info := o.source.info
	switch e := e.(type) {
	case *ast.Ident:
		return info.Types[e].IsNil() || o.variable(e)
	case *ast.SelectorExpr:
		switch selection := info.Selections[e]; {
		case selection == nil:
			return o.variable(e.Sel)
		case selection.Kind() == types.FieldVal:
			return o.part(e.X, selection.Index())
		}
	case *ast.StarExpr:
		return o.expr(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return o.expr(e.X)
		}
	case *ast.CallExpr:
		return o.call(e)
	}
	return o.any(o.source.typeOf(e))
}

// part looks at a field of an expression, and a field of that, and so on.
func (o *origins) part(e ast.Expr, index []int) bool {
	var field *types.Var // the last one that is not of a client
	t := o.source.info.TypeOf(e)
	for _, i := range index {
		if p, ok := under(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		fields, ok := under(t).(*types.Struct)
		if !ok {
			return false
		}
		if !isClientPart(t) {
			field = fields.Field(i)
		}
		t = fields.Field(i).Type()
	}
	if field == nil {
		return o.expr(e)
	}
	if !isClient(deref(field.Origin().Type())) || o.open(field) {
		return o.any(field.Type())
	}
	// Values go from one struct to another by conversions, but only under the same name.
	for _, s := range o.sources {
		if a := s.clientFields[field.Name()]; a != nil && !o.in(s).assigned(a, field.Type()) {
			return false
		}
	}
	return true
}

// open reports whether code that is not known may set a variable of a package, or a field.
func (o *origins) open(v *types.Var) bool {
	return !o.whole && v.Exported() && v.Pkg().Name() != "main"
}

func (o *origins) variable(id *ast.Ident) bool {
	v, ok := o.source.info.Uses[id].(*types.Var)
	if !ok {
		return false
	}
	shared := v.Pkg() != nil && v.Parent() == v.Pkg().Scope()
	known := false // where it is declared
	for _, s := range o.sources {
		a := s.assignments[v]
		if a == nil || shared && o.open(v) {
			continue
		}
		known = known || v.Pkg() == s.types
		if !o.in(s).assigned(a, v.Type()) {
			return false
		}
	}
	return known || o.any(v.Type())
}

// assigned looks at all that a variable or a field of a type is set to.
func (o *origins) assigned(a *assignment, t types.Type) bool {
	if o.seen[a] {
		return true
	}
	o.seen[a] = true
	switch {
	case a.unknown, len(a.elements) > 0, len(a.keys) > 0:
		return o.any(t)
	case a.zero && isClientPart(t):
		return false
	case slices.ContainsFunc(a.values, func(e ast.Expr) bool { return !o.expr(e) }):
		return false
	}
	return a.parameter == nil || o.passed(*a.parameter, t)
}

// passed looks at all that is passed for a parameter.
func (o *origins) passed(p parameter, t types.Type) bool {
	found, ok := o.passings(p.of, o.source)
	if !ok || !o.whole {
		return o.any(t)
	}
	return !slices.ContainsFunc(found, func(c passing) bool {
		if e := c.argument(p); e != nil {
			return !o.in(c.from.source).expr(e)
		}
		return !o.any(t)
	})
}

// call looks at all that a call can return.
func (o *origins) call(call *ast.CallExpr) bool {
	unknown := func() bool { return o.any(o.source.info.TypeOf(call)) }
	function := o.source.callee(call)
	if function == nil {
		return unknown()
	}
	if function.Pkg() != nil && function.Pkg().Path() == openapiPath && function.Name() == "NewClient" {
		return o.source.givesToken(call)
	}
	b := o.program.bodies[function.Origin()]
	if b == nil {
		return unknown()
	}
	own := true
	ast.Inspect(b.node.(*ast.FuncDecl).Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if len(n.Results) != 1 {
				own = own && unknown()
			} else {
				own = own && o.in(b.source).expr(n.Results[0])
			}
		}
		return own
	})
	return own
}

// literal records what the fields of a struct are set to.
func (f *assignmentFinder) literal(l *ast.CompositeLit) {
	t := f.info.TypeOf(l)
	if p, ok := under(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	fields, ok := under(t).(*types.Struct)
	if !ok {
		return
	}
	for i, e := range l.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			a := f.of(pair.Key)
			a.values = append(a.values, pair.Value)
		} else if i < fields.NumFields() {
			a := f.field(fields.Field(i))
			a.values = append(a.values, e)
		}
	}
}

// points records the type that a pointer is to.
func (f *assignmentFinder) points(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		f.pointed[e] = true
	case *ast.SelectorExpr:
		f.pointed[e.Sel] = true
	}
}

// altersClient looks whether to set an expression sets a client that is elsewhere, or a namespace in one.
func (f *assignmentFinder) altersClient(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		f.alters = f.alters || isClientPart(f.info.TypeOf(e))
	case *ast.SelectorExpr:
		if selection := f.info.Selections[e]; selection != nil {
			field := selection.Obj()
			f.alters = f.alters || field.Pkg() != nil && field.Pkg().Path() == openapiPath && isClientPart(field.Type())
		}
	}
}
