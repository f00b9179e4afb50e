package permcheck

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// mostNames is how many values of one expression are followed.
const mostNames = 200

// goAssignment is what a variable is set to.
type goAssignment struct {
	values   []ast.Expr
	elements []ast.Expr // it is set to each element of these lists and maps
	keys     []ast.Expr // it is set to each key of these maps
	unknown  bool       // to something else too
	escapes  bool       // it is used for more than reading: of a list or a map, its elements can change
}

// names returns what a text expression can be, without "" and sorted, where that is known.
func (s *goSource) names(e ast.Expr) ([]string, bool) {
	f := goFolder{source: s, busy: map[*types.Var]bool{}}
	found, ok := f.text(e)
	if !ok {
		return nil, false
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.DeleteFunc(found, func(name string) bool { return name == "" }), true
}

type goFolder struct {
	source *goSource
	busy   map[*types.Var]bool
}

func (f goFolder) text(e ast.Expr) ([]string, bool) {
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

func (f goFolder) variable(id *ast.Ident) ([]string, bool) {
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
func (f goFolder) elements(e ast.Expr, keys bool) ([]string, bool) {
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
func (f goFolder) lookup(id *ast.Ident) (*types.Var, *goAssignment) {
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
func (s *goSource) assign() {
	s.assignments = map[*types.Var]*goAssignment{}
	of := func(e ast.Expr) *goAssignment {
		id, ok := ast.Unparen(e).(*ast.Ident)
		if !ok {
			return &goAssignment{}
		}
		v, ok := s.info.ObjectOf(id).(*types.Var)
		if !ok {
			return &goAssignment{}
		}
		if s.assignments[v] == nil {
			s.assignments[v] = &goAssignment{}
		}
		return s.assignments[v]
	}
	read := map[*ast.Ident]bool{} // where a list or map is only read
	reads := func(e ast.Expr) {
		if id, ok := ast.Unparen(e).(*ast.Ident); ok {
			read[id] = true
		}
	}
	written := map[ast.Expr]bool{}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv != nil {
					for _, id := range n.Recv.List[0].Names {
						of(id).unknown = true
					}
				}
			case *ast.FuncType:
				for _, list := range []*ast.FieldList{n.Params, n.Results} {
					if list == nil {
						continue
					}
					for _, field := range list.List {
						for _, id := range field.Names {
							of(id).unknown = true
						}
					}
				}
			case *ast.AssignStmt:
				for i, target := range n.Lhs {
					a := of(target)
					if len(n.Lhs) == len(n.Rhs) && (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) {
						a.values = append(a.values, n.Rhs[i])
					} else {
						a.unknown = true
					}
					reads(target)
					written[ast.Unparen(target)] = true
				}
			case *ast.ValueSpec:
				for i, id := range n.Names {
					a := of(id)
					switch {
					case len(n.Values) == len(n.Names):
						a.values = append(a.values, n.Values[i])
					case len(n.Values) > 0:
						a.unknown = true
					}
				}
			case *ast.RangeStmt:
				_, isMap := under(s.info.TypeOf(n.X)).(*types.Map)
				if n.Key != nil {
					if a := of(n.Key); isMap {
						a.keys = append(a.keys, n.X)
					} else {
						a.unknown = true
					}
				}
				if n.Value != nil {
					a := of(n.Value)
					a.elements = append(a.elements, n.X)
				}
				reads(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					a := of(n.X)
					a.unknown = true
					written[ast.Unparen(n.X)] = true
				}
			case *ast.IndexExpr:
				if !written[n] {
					reads(n.X)
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) == 1 {
					if b, ok := s.info.Uses[id].(*types.Builtin); ok && b.Name() == "len" {
						reads(n.Args[0])
					}
				}
			}
			return true
		})
	}
	for id, object := range s.info.Uses {
		if v, ok := object.(*types.Var); ok && !read[id] && s.assignments[v] != nil {
			s.assignments[v].escapes = true
		}
	}
}

// declared returns the names that a directive //wxfn:permissions gives for a call, and whether there is one: on one of
// the lines, or on a line of its own above one.
func (s *goSource) declared(positions ...token.Pos) ([]string, bool) {
	if s.directives == nil {
		s.readDirectives()
	}
	var names []string
	found := false
	seen := map[int]bool{}
	for _, pos := range positions {
		at := s.program.fset.PositionFor(pos, false)
		lines := s.directives[at.Filename]
		take := func(line int) {
			if list, ok := lines[line]; ok && !seen[line] {
				seen[line], found = true, true
				names = append(names, list...)
			}
		}
		first := at.Line
		for lines[-(first-1)] != nil { // those that stand alone: see readDirectives
			first--
		}
		for line := first; line < at.Line; line++ {
			take(-line)
		}
		take(at.Line)
	}
	return names, found
}

// readDirectives finds the directives of a package's files by their lines. The lines of those that stand alone are also
// there as negative numbers.
func (s *goSource) readDirectives() {
	s.directives = map[string]map[int][]string{}
	for _, file := range s.files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				text, ok := strings.CutPrefix(c.Text, "//")
				if !ok {
					continue
				}
				text, ok = strings.CutPrefix(strings.TrimLeft(text, " \t"), "wxfn:permissions")
				if !ok || text != "" && !strings.ContainsAny(text[:1], " \t\r") {
					continue
				}
				text, _, _ = strings.Cut(text, "//")
				at := s.program.fset.PositionFor(c.Pos(), false)
				lines := s.directives[at.Filename]
				if lines == nil {
					lines = map[int][]string{}
					s.directives[at.Filename] = lines
				}
				names := append([]string{}, strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' })...)
				before := s.program.files[at.Filename][at.Offset-at.Column+1 : at.Offset]
				if len(strings.TrimSpace(string(before))) == 0 {
					lines[-at.Line] = names
				} else {
					lines[at.Line] = names
				}
			}
		}
	}
}
