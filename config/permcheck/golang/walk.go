package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// walker collects what code refers to, and leaves out what the compiler leaves out.
type walker struct {
	info    *types.Info
	refs    []reference
	results []*types.Tuple // of the functions around
}

func (w *walker) function(signature *types.Signature, body *ast.BlockStmt) {
	w.results = append(w.results, signature.Results())
	w.list(body.List)
	w.results = w.results[:len(w.results)-1]
}

// visit walks any node.
func (w *walker) visit(n ast.Node) {
	if n == nil {
		return
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			w.name(n, nil)
		case *ast.SelectorExpr:
			w.selector(n, nil)
			return false
		case *ast.CallExpr:
			w.call(n)
			return false
		case *ast.FuncLit:
			w.visit(n.Type)
			if signature, ok := w.info.TypeOf(n).(*types.Signature); ok {
				w.function(signature, n.Body)
			}
			return false
		case *ast.BlockStmt:
			w.list(n.List)
			return false
		case *ast.CaseClause:
			w.exprs(n.List)
			w.list(n.Body)
			return false
		case *ast.CommClause:
			w.stmt(n.Comm)
			w.list(n.Body)
			return false
		case *ast.IfStmt:
			w.stmt(n.Init)
			w.visit(n.Cond)
			condition, known := w.condition(n.Cond)
			if !known || condition {
				w.visit(n.Body)
			}
			if n.Else != nil && (!known || !condition) {
				w.visit(n.Else)
			}
			return false
		case *ast.ForStmt:
			w.stmt(n.Init)
			if n.Cond != nil {
				w.visit(n.Cond)
				if condition, known := w.condition(n.Cond); known && !condition {
					return false
				}
			}
			w.stmt(n.Post)
			w.visit(n.Body)
			return false
		case *ast.SwitchStmt:
			w.choose(n)
			return false
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				w.visit(n.X)
				if left, known := w.condition(n.X); !known || left == (n.Op == token.LAND) {
					w.visit(n.Y)
				}
				return false
			}
		case *ast.IndexExpr:
			if m, ok := under(w.info.TypeOf(n.X)).(*types.Map); ok {
				w.convert(w.info.TypeOf(n.Index), m.Key(), n.Index.Pos())
			}
		case *ast.CompositeLit:
			w.literal(n)
		case *ast.AssignStmt:
			w.assign(n)
		case *ast.ValueSpec:
			w.declaration(n)
		case *ast.ReturnStmt:
			w.values(n.Results, w.results[len(w.results)-1].At, w.results[len(w.results)-1].Len())
		case *ast.SendStmt:
			if c, ok := under(w.info.TypeOf(n.Chan)).(*types.Chan); ok {
				w.convert(w.info.TypeOf(n.Value), c.Elem(), n.Value.Pos())
			}
		case *ast.RangeStmt:
			w.ranged(n)
		}
		return true
	})
}

func (w *walker) exprs(list []ast.Expr) {
	for _, e := range list {
		w.visit(e)
	}
}

func (w *walker) stmt(s ast.Stmt) {
	if s != nil {
		w.visit(s)
	}
}

// list walks statements, up to one after which no other runs. A label brings them back: a goto may lead there.
func (w *walker) list(list []ast.Stmt) {
	dead := false
	for _, s := range list {
		if _, labelled := s.(*ast.LabeledStmt); labelled {
			dead = false
		}
		if !dead {
			w.visit(s)
			dead = w.ends(s)
		}
	}
}

// name records an identifier that stands for a function, and the type arguments that it is given.
func (w *walker) name(id *ast.Ident, call *ast.CallExpr) {
	if instance, ok := w.info.Instances[id]; ok {
		for t := range instance.TypeArgs.Types() {
			w.refs = append(w.refs, reference{pos: id.Pos(), value: t})
		}
	}
	switch used := w.info.Uses[id].(type) {
	case *types.Func:
		w.refs = append(w.refs, reference{pos: id.Pos(), function: used.Origin(), call: call})
	case *types.Var:
		if call != nil {
			w.refs = append(w.refs, reference{pos: id.Pos(), variable: used, call: call})
		}
	}
}

func (w *walker) selector(e *ast.SelectorExpr, call *ast.CallExpr) {
	selection := w.info.Selections[e]
	if selection == nil { // a name of another package
		w.name(e.Sel, call)
		return
	}
	w.visit(e.X)
	function, ok := selection.Obj().(*types.Func)
	if !ok {
		return
	}
	r := reference{pos: e.Sel.Pos(), function: function.Origin(), call: call, in: interfaceOf(selection)}
	switch {
	case selection.Kind() == types.MethodExpr:
		r.shift = 1
	case r.in == nil:
		r.selector = e
	}
	w.refs = append(w.refs, r)
}

// interfaceOf returns the interface whose method is selected; nil for a method with a body.
func interfaceOf(selection *types.Selection) types.Type {
	function := selection.Obj().(*types.Func)
	recv := function.Signature().Recv()
	if recv == nil || !types.IsInterface(recv.Type()) {
		return nil
	}
	// The field by which the method is promoted can be a larger interface than the one that declares it.
	t := selection.Recv()
	for _, i := range selection.Index()[:len(selection.Index())-1] {
		if p, ok := under(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		fields, ok := under(t).(*types.Struct)
		if !ok {
			return recv.Type()
		}
		t = fields.Field(i).Type()
	}
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if types.IsInterface(t) {
		return t
	}
	return recv.Type()
}

func (w *walker) call(call *ast.CallExpr) {
	fun := ast.Unparen(call.Fun)
	tv := w.info.Types[call.Fun]
	switch {
	case tv.IsType():
		w.visit(call.Fun)
		if len(call.Args) == 1 {
			w.convert(w.info.TypeOf(call.Args[0]), tv.Type, call.Args[0].Pos())
		}
		w.exprs(call.Args)
		return
	case tv.IsBuiltin():
		w.builtin(fun, call)
		w.exprs(call.Args)
		return
	}
	w.callee(fun, call)
	w.exprs(call.Args)
	signature, ok := under(w.info.TypeOf(call.Fun)).(*types.Signature)
	if !ok {
		return
	}
	params := signature.Params()
	n := params.Len()
	if !signature.Variadic() || call.Ellipsis.IsValid() {
		w.values(call.Args, params.At, n)
		return
	}
	count := max(len(call.Args), n)
	if len(call.Args) == 1 {
		if tuple, ok := w.info.TypeOf(call.Args[0]).(*types.Tuple); ok {
			count = max(tuple.Len(), n)
		}
	}
	last := params.At(n - 1)
	rest := last
	if slice, ok := under(last.Type()).(*types.Slice); ok {
		rest = types.NewParam(token.NoPos, nil, "", slice.Elem())
	}
	w.values(call.Args, func(i int) *types.Var {
		if i < n-1 {
			return params.At(i)
		}
		return rest
	}, count)
}

// callee walks what is called, so that what refers to a function knows the call.
func (w *walker) callee(fun ast.Expr, call *ast.CallExpr) {
	switch fun := ast.Unparen(fun).(type) {
	case *ast.Ident:
		w.name(fun, call)
	case *ast.SelectorExpr:
		w.selector(fun, call)
	case *ast.IndexExpr:
		if _, generic := w.info.TypeOf(fun.X).(*types.Signature); generic {
			w.callee(fun.X, call)
			w.visit(fun.Index)
			return
		}
		w.visit(fun)
	case *ast.IndexListExpr:
		w.callee(fun.X, call)
		w.exprs(fun.Indices)
	default:
		w.visit(fun)
	}
}

func (w *walker) builtin(fun ast.Expr, call *ast.CallExpr) {
	id, ok := fun.(*ast.Ident)
	if !ok || len(call.Args) == 0 {
		return
	}
	switch id.Name {
	case "panic":
		w.convert(w.info.TypeOf(call.Args[0]), types.NewInterfaceType(nil, nil), call.Args[0].Pos())
	case "append":
		if slice, ok := under(w.info.TypeOf(call.Args[0])).(*types.Slice); ok && !call.Ellipsis.IsValid() {
			for _, e := range call.Args[1:] {
				w.convert(w.info.TypeOf(e), slice.Elem(), e.Pos())
			}
		}
	}
}

// values records the conversions of values that go into n variables; one call may give all of them.
func (w *walker) values(values []ast.Expr, variable func(int) *types.Var, n int) {
	if len(values) == 1 && n != 1 || len(values) == 1 && isTuple(w.info.TypeOf(values[0])) {
		if tuple, ok := w.info.TypeOf(values[0]).(*types.Tuple); ok {
			for i := range min(n, tuple.Len()) {
				w.convert(tuple.At(i).Type(), variable(i).Type(), values[0].Pos())
			}
			return
		}
	}
	for i, e := range values {
		if i < n {
			w.convert(w.info.TypeOf(e), variable(i).Type(), e.Pos())
		}
	}
}

func isTuple(t types.Type) bool {
	_, ok := t.(*types.Tuple)
	return ok
}

func (w *walker) assign(s *ast.AssignStmt) {
	if s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
		return
	}
	w.into(s.Rhs, s.Lhs)
}

// into records the conversions of values that are assigned.
func (w *walker) into(values, targets []ast.Expr) {
	w.values(values, func(i int) *types.Var {
		t := w.info.TypeOf(targets[i])
		if id, ok := targets[i].(*ast.Ident); ok && id.Name == "_" {
			t = nil
		}
		return types.NewParam(token.NoPos, nil, "", t)
	}, len(targets))
}

func (w *walker) declaration(s *ast.ValueSpec) {
	if s.Type == nil {
		return
	}
	// var _ http.Handler = (*Server)(nil) asserts that a type has the methods; the value is thrown away.
	if !slices.ContainsFunc(s.Names, func(id *ast.Ident) bool { return id.Name != "_" }) {
		return
	}
	t := w.info.TypeOf(s.Type)
	w.values(s.Values, func(int) *types.Var { return types.NewParam(token.NoPos, nil, "", t) }, len(s.Names))
}

func (w *walker) literal(l *ast.CompositeLit) {
	t := w.info.TypeOf(l)
	if p, ok := under(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	for i, e := range l.Elts {
		value := e
		var key ast.Expr
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			key, value = pair.Key, pair.Value
		}
		switch t := under(t).(type) {
		case *types.Struct:
			if id, ok := key.(*ast.Ident); ok {
				if field, ok := w.info.Uses[id].(*types.Var); ok {
					w.convert(w.info.TypeOf(value), field.Type(), value.Pos())
				}
			} else if key == nil && i < t.NumFields() {
				w.convert(w.info.TypeOf(value), t.Field(i).Type(), value.Pos())
			}
		case *types.Slice:
			w.convert(w.info.TypeOf(value), t.Elem(), value.Pos())
		case *types.Array:
			w.convert(w.info.TypeOf(value), t.Elem(), value.Pos())
		case *types.Map:
			w.convert(w.info.TypeOf(value), t.Elem(), value.Pos())
			if key != nil {
				w.convert(w.info.TypeOf(key), t.Key(), key.Pos())
			}
		}
	}
}

func (w *walker) ranged(s *ast.RangeStmt) {
	if s.Tok != token.ASSIGN {
		return
	}
	var key, value types.Type
	t := under(w.info.TypeOf(s.X))
	if p, ok := t.(*types.Pointer); ok {
		t = under(p.Elem())
	}
	switch t := t.(type) {
	case *types.Slice:
		value = t.Elem()
	case *types.Array:
		value = t.Elem()
	case *types.Map:
		key, value = t.Key(), t.Elem()
	case *types.Chan:
		key = t.Elem()
	case *types.Signature: // an iterator
		if t.Params().Len() == 1 {
			if yield, ok := under(t.Params().At(0).Type()).(*types.Signature); ok {
				if yield.Params().Len() > 0 {
					key = yield.Params().At(0).Type()
				}
				if yield.Params().Len() > 1 {
					value = yield.Params().At(1).Type()
				}
			}
		}
	}
	if s.Key != nil {
		w.convert(key, w.info.TypeOf(s.Key), s.Key.Pos())
	}
	if s.Value != nil {
		w.convert(value, w.info.TypeOf(s.Value), s.Value.Pos())
	}
}

// convert records that a value of a type becomes an interface value.
func (w *walker) convert(from, to types.Type, pos token.Pos) {
	if from == nil || to == nil || !types.IsInterface(to) || types.IsInterface(from) {
		return
	}
	if _, ok := types.Unalias(to).(*types.TypeParam); ok {
		return
	}
	if _, ok := types.Unalias(from).(*types.Basic); ok {
		return
	}
	w.refs = append(w.refs, reference{pos: pos, value: from, to: to})
}

// under returns the underlying type; of a type parameter, that which all types of its constraint share.
func under(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	if p, ok := types.Unalias(t).(*types.TypeParam); ok {
		var shared types.Type
		constraint, ok := p.Constraint().Underlying().(*types.Interface)
		if !ok {
			return nil
		}
		for e := range constraint.EmbeddedTypes() {
			switch e := e.(type) {
			case *types.Union:
				for term := range e.Terms() {
					shared = term.Type().Underlying()
				}
			default:
				shared = e.Underlying()
			}
		}
		return shared
	}
	return t.Underlying()
}
