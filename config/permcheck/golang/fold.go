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

// names returns what a text expression can be, without "" and sorted, where that is known without those who call the
// function that it stands in.
func (s *source) names(e ast.Expr) ([]string, bool) {
	f := newFolding(s, nil)
	found, ok := f.names(e)
	return found, ok && len(*f.missing) == 0
}

// folding finds what expressions can be, as the compiler does for constants, and through variables. An expression stands in
// a function that the calls from index level on lead to, the nearest first.
type folding struct {
	source  *source
	calls   []passing
	level   int
	busy    map[visited]bool
	missing *[]parameter // that matter, of functions of which no call is among calls
}

// visited is a variable as the calls from index level on set it.
type visited struct {
	variable *types.Var
	level    int
}

// fold finds what an expression of one kind can be.
type fold func(f folding, e ast.Expr) ([]string, bool)

func newFolding(s *source, calls []passing) folding {
	return folding{source: s, calls: calls, busy: map[visited]bool{}, missing: new([]parameter)}
}

// names returns what a text expression can be, without "" and sorted; where a call is missing, less than that.
func (f folding) names(e ast.Expr) ([]string, bool) {
	found, ok := f.text(e)
	if !ok {
		return nil, false
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.DeleteFunc(found, func(name string) bool { return name == "" }), true
}

func (f folding) text(e ast.Expr) ([]string, bool) {
	info := f.source.info
	if v := info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return []string{constant.StringVal(v)}, true
	}
	if !isText(f.source.typeOf(e)) {
		return nil, false
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
		if len(e.Args) == 1 && info.Types[e.Fun].IsType() && isText(info.TypeOf(e.Args[0])) {
			return f.text(e.Args[0])
		}
	case *ast.IndexExpr:
		return f.elements(e.X, false, folding.text)
	case *ast.SelectorExpr:
		selection := info.Selections[e]
		if selection != nil && selection.Kind() == types.FieldVal && len(selection.Index()) == 1 {
			return f.field(e.X, selection.Index()[0])
		}
	case *ast.Ident:
		return f.variable(e, folding.text)
	}
	return nil, false
}

// typeOf returns the type of an expression; of value, ok := m[key] that of the value.
func (s *source) typeOf(e ast.Expr) types.Type {
	t := s.info.TypeOf(e)
	if tuple, ok := t.(*types.Tuple); ok && isIndex(e) && tuple.Len() > 0 {
		return tuple.At(0).Type()
	}
	return t
}

// field returns what a field of a struct can be, which is no pointer.
func (f folding) field(e ast.Expr, index int) ([]string, bool) {
	again := func(f folding, e ast.Expr) ([]string, bool) { return f.field(e, index) }
	fields, ok := under(f.source.typeOf(e)).(*types.Struct)
	if !ok {
		return nil, false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		for i, element := range e.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); !ok {
				if i == index {
					return f.text(element)
				}
			} else if id, ok := pair.Key.(*ast.Ident); ok && id.Name == fields.Field(index).Name() {
				return f.text(pair.Value)
			}
		}
		return []string{""}, true
	case *ast.IndexExpr:
		return f.elements(e.X, false, again)
	case *ast.Ident:
		return f.variable(e, again)
	}
	return nil, false
}

// variable returns what a variable can be.
func (f folding) variable(id *ast.Ident, fold fold) ([]string, bool) {
	v, a := f.lookup(id)
	at := visited{v, f.level}
	if a == nil || a.unknown || a.changed || f.busy[at] {
		return nil, false
	}
	f.busy[at] = true
	defer delete(f.busy, at)
	var found []string
	add := func(names []string, ok bool) bool {
		found = append(found, names...)
		return ok && len(found) <= mostNames
	}
	for _, e := range a.values {
		if !add(fold(f, e)) {
			return nil, false
		}
	}
	for _, e := range a.elements {
		if !add(f.elements(e, false, fold)) {
			return nil, false
		}
	}
	for _, e := range a.keys {
		if !add(f.elements(e, true, fold)) {
			return nil, false
		}
	}
	if a.parameter != nil && !add(f.passed(*a.parameter, fold)) {
		return nil, false
	}
	return found, true
}

// passed returns what is passed for a parameter.
func (f folding) passed(p parameter, fold fold) ([]string, bool) {
	for i := f.level; i < len(f.calls); i++ {
		if f.calls[i].callee == p.of {
			e := f.calls[i].argument(p)
			if e == nil {
				return nil, false
			}
			f.source, f.level = f.calls[i].from.source, i+1
			return fold(f, e)
		}
	}
	*f.missing = append(*f.missing, p)
	return nil, true
}

// elements returns what the elements of a list or map, or the keys of a map, can be.
func (f folding) elements(e ast.Expr, keys bool, fold fold) ([]string, bool) {
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
			names, ok := fold(f, element)
			if !ok || len(found) > mostNames {
				return nil, false
			}
			found = append(found, names...)
		}
		return found, true
	case *ast.Ident:
		if _, a := f.lookup(e); a == nil || a.escapes || len(a.elements) > 0 || len(a.keys) > 0 {
			return nil, false
		}
		return f.variable(e, func(f folding, e ast.Expr) ([]string, bool) { return f.elements(e, keys, fold) })
	}
	return nil, false
}

// lookup returns a variable and what it is set to; nil where other code can set it too.
func (f folding) lookup(id *ast.Ident) (*types.Var, *assignment) {
	v, ok := f.source.info.Uses[id].(*types.Var)
	if !ok || !f.source.owns(v) {
		return nil, nil
	}
	f.source.assign()
	return v, f.source.assignments[v]
}

// owns reports whether only this package can set a variable.
func (s *source) owns(v *types.Var) bool {
	if v.IsField() || v.Pkg() != s.types {
		return false
	}
	return v.Parent() != v.Pkg().Scope() || !v.Exported() || v.Pkg().Name() == "main"
}

func isText(t types.Type) bool {
	b, ok := under(t).(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}
