package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
)

// mostNames is how many values of one expression are followed.
const mostNames = 200

// assignment is what a variable is set to.
type assignment struct {
	values   []ast.Expr
	elements []ast.Expr // it is set to each element of these lists and maps
	keys     []ast.Expr // it is set to each key of these maps
	unknown  bool       // to something else too
	escapes  bool       // it is used for more than reading: of a list or a map, its elements can change
}

// names returns what a text expression can be, without "" and sorted, where that is known.
func (s *source) names(e ast.Expr) ([]string, bool) {
	f := folding{source: s, busy: map[*types.Var]bool{}}
	found, ok := f.text(e)
	if !ok {
		return nil, false
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.DeleteFunc(found, func(name string) bool { return name == "" }), true
}

// folding finds what expressions can be, as the compiler does for constants, and through variables.
type folding struct {
	source *source
	busy   map[*types.Var]bool
}

func (f folding) text(e ast.Expr) ([]string, bool) {
	info := f.source.info
	if v := info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return []string{constant.StringVal(v)}, true
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		left, ok := f.text(e.X)
		if !ok || e.Op != token.ADD {
			return nil, false
		}
		right, ok := f.text(e.Y)
		if !ok || len(left)*len(right) > mostNames {
			return nil, false
		}
		var found []string
		for _, a := range left {
			for _, b := range right {
				found = append(found, a+b)
			}
		}
		return found, true
	case *ast.CallExpr: // a conversion from one type of text to another
		if len(e.Args) == 1 && info.Types[e.Fun].IsType() && isText(info.TypeOf(e)) && isText(info.TypeOf(e.Args[0])) {
			return f.text(e.Args[0])
		}
	case *ast.IndexExpr:
		if isText(info.TypeOf(e)) {
			return f.elements(e.X, false)
		}
	case *ast.Ident:
		return f.variable(e)
	}
	return nil, false
}

func (f folding) variable(id *ast.Ident) ([]string, bool) {
	v, a := f.lookup(id)
	if a == nil || a.unknown || f.busy[v] || !isText(v.Type()) {
		return nil, false
	}
	f.busy[v] = true
	defer delete(f.busy, v)
	var found []string
	add := func(names []string, ok bool) bool {
		found = append(found, names...)
		return ok && len(found) <= mostNames
	}
	for _, e := range a.values {
		if !add(f.text(e)) {
			return nil, false
		}
	}
	for _, e := range a.elements {
		if !add(f.elements(e, false)) {
			return nil, false
		}
	}
	for _, e := range a.keys {
		if !add(f.elements(e, true)) {
			return nil, false
		}
	}
	return found, true
}

// elements returns what the elements of a list or map, or the keys of a map, can be.
func (f folding) elements(e ast.Expr, keys bool) ([]string, bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		switch under(f.source.info.TypeOf(e)).(type) {
		case *types.Slice, *types.Array:
			if keys {
				return nil, false
			}
		case *types.Map:
		default:
			return nil, false
		}
		var found []string
		for _, element := range e.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				element = pair.Value
				if keys {
					element = pair.Key
				}
			}
			names, ok := f.text(element)
			if !ok || len(found) > mostNames {
				return nil, false
			}
			found = append(found, names...)
		}
		return found, true
	case *ast.Ident:
		v, a := f.lookup(e)
		if a == nil || a.unknown || a.escapes || f.busy[v] || len(a.elements) > 0 || len(a.keys) > 0 {
			return nil, false
		}
		f.busy[v] = true
		defer delete(f.busy, v)
		var found []string
		for _, value := range a.values {
			names, ok := f.elements(value, keys)
			if !ok {
				return nil, false
			}
			found = append(found, names...)
		}
		return found, true
	}
	return nil, false
}

// lookup returns a variable and what it is set to; nil where other code can set it too.
func (f folding) lookup(id *ast.Ident) (*types.Var, *assignment) {
	v, ok := f.source.info.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Pkg() != f.source.types {
		return nil, nil
	}
	if v.Parent() == v.Pkg().Scope() && v.Exported() && v.Pkg().Name() != "main" {
		return nil, nil
	}
	if f.source.assignments == nil {
		f.source.assign()
	}
	return v, f.source.assignments[v]
}

func isText(t types.Type) bool {
	b, ok := under(t).(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// assign finds what the variables of a package are set to.
func (s *source) assign() {
	f := &assignmentFinder{info: s.info, found: map[*types.Var]*assignment{}, read: map[*ast.Ident]bool{}, written: map[ast.Expr]bool{}}
	for _, file := range s.files {
		ast.Inspect(file, f.visit)
	}
	for id, object := range s.info.Uses {
		if v, ok := object.(*types.Var); ok && !f.read[id] && f.found[v] != nil {
			f.found[v].escapes = true
		}
	}
	s.assignments = f.found
}

// assignmentFinder finds what variables are set to.
type assignmentFinder struct {
	info    *types.Info
	found   map[*types.Var]*assignment
	read    map[*ast.Ident]bool // where a variable's value does not leave it: it is set, or one element is read
	written map[ast.Expr]bool   // the targets of assignments, and what addresses are taken of
}

// of returns the assignment of a variable; one that nobody looks at where e is something else.
func (f *assignmentFinder) of(e ast.Expr) *assignment {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return &assignment{}
	}
	v, ok := f.info.ObjectOf(id).(*types.Var)
	if !ok {
		return &assignment{}
	}
	if f.found[v] == nil {
		f.found[v] = &assignment{}
	}
	return f.found[v]
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
	case *ast.FuncType:
		f.fields(n.Params)
		f.fields(n.Results)
	case *ast.AssignStmt:
		for i, target := range n.Lhs {
			a := f.of(target)
			if len(n.Lhs) == len(n.Rhs) && (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) {
				a.values = append(a.values, n.Rhs[i])
			} else {
				a.unknown = true
			}
			f.reads(target)
			f.written[ast.Unparen(target)] = true
		}
	case *ast.ValueSpec:
		for i, id := range n.Names {
			a := f.of(id)
			switch {
			case len(n.Values) == len(n.Names):
				a.values = append(a.values, n.Values[i])
			case len(n.Values) > 0:
				a.unknown = true
			}
		}
	case *ast.RangeStmt:
		f.ranged(n)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			f.of(n.X).unknown = true
			f.written[ast.Unparen(n.X)] = true
		}
	case *ast.IndexExpr:
		if !f.written[n] {
			f.reads(n.X)
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) == 1 {
			if b, ok := f.info.Uses[id].(*types.Builtin); ok && b.Name() == "len" {
				f.reads(n.Args[0])
			}
		}
	}
	return true
}

// fields records that a receiver, parameters or results can be anything.
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
	}
	f.reads(n.X)
}
