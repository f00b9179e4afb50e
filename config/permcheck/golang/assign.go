package golang

import (
	"go/ast"
	"go/token"
	"go/types"
)

// assignment is what a variable is set to.
type assignment struct {
	values    []ast.Expr
	elements  []ast.Expr // it is set to each element of these lists and maps
	keys      []ast.Expr // it is set to each key of these maps
	parameter *parameter // it is set by calls
	unknown   bool       // to something else too
	zero      bool       // it is declared without a value
	changed   bool       // a part of it is set
	escapes   bool       // it is used for more than reading: of a list or a map, its elements can change
}

// parameter is a parameter of a function.
type parameter struct {
	of    ast.Node // *ast.FuncDecl or *ast.FuncLit
	index int
}

// assign finds what the variables of a package are set to, once.
func (s *source) assign() {
	if s.assignments != nil {
		return
	}
	f := &assignmentFinder{
		info: s.info, found: map[*types.Var]*assignment{}, read: map[*ast.Ident]bool{}, written: map[ast.Expr]bool{}, signatures: map[*ast.FuncType]bool{},
		clientFields: map[string]*assignment{}, pointed: map[*ast.Ident]bool{},
	}
	for _, file := range s.files {
		ast.Inspect(file, f.visit)
	}
	for id, object := range s.info.Uses {
		if v, ok := object.(*types.Var); ok && !f.read[id] && f.found[v] != nil {
			f.found[v].escapes = true
		}
		if t, ok := object.(*types.TypeName); ok && isClient(t.Type()) && !f.pointed[id] {
			f.alters = true // it may be a Client that is zero
		}
	}
	for _, instance := range s.info.Instances {
		for t := range instance.TypeArgs.Types() {
			f.alters = f.alters || isClientPart(t) // of which generic code may have one, too, or set it
		}
	}
	s.assignments, s.clientFields, s.alters = f.found, f.clientFields, f.alters
	s.nameFunctions()
}

// assignmentFinder finds what variables are set to.
type assignmentFinder struct {
	info       *types.Info
	found      map[*types.Var]*assignment
	read       map[*ast.Ident]bool    // where a variable's value does not leave it: it is set, called, or a part of it is read
	written    map[ast.Expr]bool      // the targets of assignments, what addresses are taken of, and what these are parts of
	signatures map[*ast.FuncType]bool // whose parameters are known to be set by calls
	pointed    map[*ast.Ident]bool    // the names of types that a pointer is to

	clientFields map[string]*assignment // see source
	alters       bool                   // see source
}

// of returns the assignment of a variable; one that nobody looks at where e is something else.
func (f *assignmentFinder) of(e ast.Expr) *assignment {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if s, selected := ast.Unparen(e).(*ast.SelectorExpr); selected {
		id, ok = s.Sel, true
	}
	if !ok {
		return &assignment{}
	}
	v, ok := f.info.ObjectOf(id).(*types.Var)
	switch {
	case !ok:
		return &assignment{}
	case v.IsField():
		return f.field(v)
	}
	if f.found[v] == nil {
		f.found[v] = &assignment{}
	}
	return f.found[v]
}

// field returns the assignment of a field; one that nobody looks at where no client can be in it.
func (f *assignmentFinder) field(v *types.Var) *assignment {
	_, generic := types.Unalias(v.Type()).(*types.TypeParam)
	if !generic && !isClient(deref(v.Type())) {
		return &assignment{}
	}
	if f.clientFields[v.Name()] == nil {
		f.clientFields[v.Name()] = &assignment{}
	}
	return f.clientFields[v.Name()]
}

func (f *assignmentFinder) reads(e ast.Expr) {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		f.read[id] = true
	}
}

func (f *assignmentFinder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		f.fields(n.Recv)
		f.parameters(n, n.Type)
	case *ast.FuncLit:
		f.parameters(n, n.Type)
	case *ast.FuncType:
		if !f.signatures[n] {
			f.fields(n.Params)
		}
		f.fields(n.Results)
	case *ast.AssignStmt:
		for i, target := range n.Lhs {
			a := f.of(target)
			switch {
			case n.Tok != token.ASSIGN && n.Tok != token.DEFINE:
				a.unknown = true
			case len(n.Lhs) == len(n.Rhs), i == 0 && isIndex(n.Rhs[0]): // or value, ok := m[key]
				a.values = append(a.values, n.Rhs[i])
			default:
				a.unknown = true
			}
			f.reads(target)
			f.writes(target)
			f.altersClient(target)
		}
	case *ast.ValueSpec:
		for i, id := range n.Names {
			a := f.of(id)
			switch {
			case len(n.Values) == len(n.Names):
				a.values = append(a.values, n.Values[i])
			case len(n.Values) > 0:
				a.unknown = true
			default:
				a.zero = true
			}
		}
	case *ast.RangeStmt:
		f.ranged(n)
	case *ast.CompositeLit:
		f.literal(n)
	case *ast.StarExpr:
		f.points(n.X)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			f.of(n.X).unknown = true
			f.writes(n.X)
		}
	case *ast.SelectorExpr:
		switch selection := f.info.Selections[n]; {
		case selection == nil:
		case selection.Kind() == types.FieldVal:
			if !f.written[n] {
				f.reads(n.X)
			}
		case selection.Kind() == types.MethodVal: // which may take the address
			if _, ok := selection.Obj().(*types.Func).Signature().Recv().Type().(*types.Pointer); ok {
				f.of(n.X).changed = true
				f.writes(n.X)
			}
		}
	case *ast.IndexExpr:
		if !f.written[n] {
			f.reads(n.X)
		}
	case *ast.CallExpr:
		f.called(n)
		if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) == 1 {
			if b, ok := f.info.Uses[id].(*types.Builtin); ok && b.Name() == "len" {
				f.reads(n.Args[0])
			}
		}
	}
	return true
}

// writes records that an expression is set, and so a part of what it is a part of.
func (f *assignmentFinder) writes(e ast.Expr) {
	for {
		e = ast.Unparen(e)
		f.written[e] = true
		switch part := e.(type) {
		case *ast.SelectorExpr:
			e = part.X
		case *ast.IndexExpr:
			e = part.X
		default:
			return
		}
		f.of(e).changed = true
	}
}

// called records that a variable is called, or what a function literal is called with on the spot.
func (f *assignmentFinder) called(call *ast.CallExpr) {
	f.reads(call.Fun)
	l, ok := ast.Unparen(call.Fun).(*ast.FuncLit)
	if !ok || len(call.Args) != l.Type.Params.NumFields() || call.Ellipsis.IsValid() {
		return
	}
	if signature, ok := f.info.TypeOf(l).(*types.Signature); !ok || signature.Variadic() {
		return
	}
	for i, id := range parameterNames(l.Type) {
		if id != nil && !isTuple(f.info.TypeOf(call.Args[i])) {
			a := f.of(id)
			a.values = append(a.values, call.Args[i])
		}
	}
	f.signatures[l.Type] = true
}

// parameters records that the parameters of a function are set by calls.
func (f *assignmentFinder) parameters(of ast.Node, t *ast.FuncType) {
	if f.signatures[t] {
		return
	}
	for i, id := range parameterNames(t) {
		if id != nil {
			f.of(id).parameter = &parameter{of, i}
		}
	}
	f.signatures[t] = true
}

// parameterNames returns the names of parameters, nil for those that have none.
func parameterNames(t *ast.FuncType) []*ast.Ident {
	var names []*ast.Ident
	for _, field := range t.Params.List {
		names = append(names, field.Names...)
		if len(field.Names) == 0 {
			names = append(names, nil)
		}
	}
	return names
}

// isIndex reports whether an expression reads an element.
func isIndex(e ast.Expr) bool {
	_, ok := ast.Unparen(e).(*ast.IndexExpr)
	return ok
}

// fields records that a receiver or results, or the parameters of a type, can be anything.
func (f *assignmentFinder) fields(list *ast.FieldList) {
	if list == nil {
		return
	}
	for _, field := range list.List {
		for _, id := range field.Names {
			f.of(id).unknown = true
		}
	}
}

func (f *assignmentFinder) ranged(n *ast.RangeStmt) {
	if n.Key != nil {
		f.writes(n.Key)
		f.altersClient(n.Key)
		a := f.of(n.Key)
		if _, isMap := under(f.info.TypeOf(n.X)).(*types.Map); isMap {
			a.keys = append(a.keys, n.X)
		} else {
			a.unknown = true
		}
	}
	if n.Value != nil {
		a := f.of(n.Value)
		a.elements = append(a.elements, n.X)
		f.writes(n.Value)
		f.altersClient(n.Value)
	}
	f.reads(n.X)
}

// nameFunctions finds the variables that stand for functions: they are only set and called.
func (s *source) nameFunctions() {
	s.variables = map[token.Pos]*types.Var{}
	for v, a := range s.assignments {
		if _, ok := under(v.Type()).(*types.Signature); !ok || a.unknown || a.escapes || !s.owns(v) {
			continue
		}
		for _, e := range a.values {
			if pos := functionAt(e); pos.IsValid() {
				s.variables[pos] = v
			}
		}
	}
}

// functionAt returns the place of the name of a function, or of a function literal.
func functionAt(e ast.Expr) token.Pos {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e.Pos()
	case *ast.SelectorExpr:
		return e.Sel.Pos()
	case *ast.FuncLit:
		return e.Pos()
	case *ast.IndexExpr:
		return functionAt(e.X)
	case *ast.IndexListExpr:
		return functionAt(e.X)
	}
	return token.NoPos
}
