package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// mostPassings is by how many calls a name is followed back that functions pass on as a parameter.
const mostPassings = 8

// mostWays is how many ways are followed back from one call of an API.
const mostWays = 5000

// passing is a call that passes arguments to a function.
type passing struct {
	callee  ast.Node // *ast.FuncDecl or *ast.FuncLit
	name    string   // of the callee, as it reads in a path
	from    *body
	ref     reference
	matters []parameter // of the callee's
}

// argument returns what is passed for a parameter; nil where that has no expression of its own.
func (p passing) argument(of parameter) ast.Expr {
	var t *ast.FuncType
	switch callee := of.of.(type) {
	case *ast.FuncDecl:
		t = callee.Type
	case *ast.FuncLit:
		t = callee.Type
	}
	last := t.Params.List[len(t.Params.List)-1]
	if _, variadic := last.Type.(*ast.Ellipsis); variadic && of.index == t.Params.NumFields()-1 && !p.ref.call.Ellipsis.IsValid() {
		return nil
	}
	return p.from.source.argument(p.ref, of.index)
}

// argument returns an argument of a call.
func (s *source) argument(ref reference, index int) ast.Expr {
	index += ref.shift
	if ref.call == nil || index >= len(ref.call.Args) || isTuple(s.info.TypeOf(ref.call.Args[0])) {
		return nil
	}
	return ref.call.Args[index]
}

// places are where a directive for a call may stand.
func (r reference) places() []token.Pos {
	if r.call == nil {
		return []token.Pos{r.pos}
	}
	return []token.Pos{r.pos, r.call.Pos(), r.call.Lparen, r.call.Rparen}
}

// variable returns the variable that stands for the function which is named at a place; nil where there is none.
func (s *source) variable(pos token.Pos) *types.Var {
	s.assign()
	return s.variables[pos]
}

// passings returns all calls of a function that are reached; ok is false where something else may call it.
func (r *reach) passings(callee ast.Node, in *source) (found []passing, ok bool) {
	byVariable := func(v *types.Var, name string, shift int) {
		for _, p := range r.variables[v] {
			p.callee, p.name, p.ref.shift = callee, name, shift
			found = append(found, p)
		}
	}
	if l, ok := callee.(*ast.FuncLit); ok {
		v := in.variable(l.Pos())
		if v == nil {
			return nil, false
		}
		byVariable(v, v.Name(), 0)
	}
	for _, p := range r.callers[callee] {
		if p.ref.call != nil {
			found = append(found, p)
			continue
		}
		v := p.from.source.variable(p.ref.pos)
		if v == nil {
			return nil, false
		}
		byVariable(v, p.name, p.ref.shift)
	}
	// What only reflection may reach has no path.
	found = slices.DeleteFunc(found, func(p passing) bool {
		_, reached := r.paths[p.from]
		return !reached
	})
	return found, !r.indirect[callee]
}

// untold finds the names that a call of an API can be of, by the calls that pass them to the function around it.
func (r *reach) untold(c call) []apiuse.Use {
	starts := []passing{{name: c.name, from: c.from, ref: c.ref}}
	if c.ref.call == nil {
		v := c.from.source.variable(c.ref.pos)
		if v == nil {
			return []apiuse.Use{{Declared: c.declared, Path: r.path(c.from, c.pos, c.name)}}
		}
		starts = nil
		for _, p := range r.variables[v] {
			if _, reached := r.paths[p.from]; reached {
				p.name, p.ref.shift = c.name, c.ref.shift
				starts = append(starts, p)
			}
		}
	}
	var found []apiuse.Use
	for _, start := range starts {
		t := trace{reach: r, start: start, declared: c.declared, left: mostWays}
		t.follow(nil)
		if t.left < 0 {
			t.found = nil
			t.unknown(nil)
		}
		found = append(found, t.found...)
	}
	return found
}

// trace is the search for the names of one call of an API.
type trace struct {
	*reach
	start    passing
	declared []string
	left     int
	found    []apiuse.Use
}

// follow finds the names where some calls lead to the start, the nearest first.
func (t *trace) follow(calls []passing) {
	if t.left--; t.left < 0 {
		return
	}
	f := newFolding(t.start.from.source, calls)
	e := t.start.from.source.argument(t.start.ref, 1)
	if e == nil {
		t.unknown(calls)
		return
	}
	names, ok := f.names(e)
	switch {
	case !ok, len(*f.missing) == 0 && len(names) == 0:
		t.unknown(calls)
		return
	case len(*f.missing) == 0:
		for _, api := range names {
			t.add(apiuse.Use{API: apiOf(api), Path: t.path(append([]passing{t.start}, calls...))})
		}
		return
	}
	// Of functions in one another, the calls of the inner one lead to the outer one.
	callee := slices.MaxFunc(*f.missing, func(a, b parameter) int { return int(a.of.Pos() - b.of.Pos()) }).of
	outermost := append([]passing{t.start}, calls...)[len(calls)].from
	further, ok := t.passings(callee, outermost.source)
	again := slices.ContainsFunc(calls, func(p passing) bool { return p.callee == callee }) // a function makes up names for itself
	if !ok || again || len(calls) >= mostPassings {
		t.unknown(calls)
		return
	}
	for _, p := range further {
		for _, m := range *f.missing {
			if m.of == callee {
				p.matters = append(p.matters, m)
			}
		}
		if next := append(slices.Clone(calls), p); !repeats(next) {
			t.follow(next)
		}
	}
}

// unknown records that a name is made up at run time where some calls lead to the start.
func (t *trace) unknown(calls []passing) {
	all := append([]passing{t.start}, calls...)
	first := all[len(all)-1]
	u := apiuse.Use{Declared: t.declared, Path: t.path(all[len(all)-1:])}
	if names, ok := first.from.source.declared(first.ref.places()...); ok {
		u.Declared = names
	}
	t.add(u)
}

// add records a use; of those of one API at one place, the one with the shortest path.
func (t *trace) add(u apiuse.Use) {
	for i, known := range t.found {
		if known.API == u.API && known.Where() == u.Where() {
			if len(u.Path) < len(known.Path) {
				t.found[i] = u
			}
			return
		}
	}
	t.found = append(t.found, u)
}

// path returns the path through calls of which each leads to the one before it.
func (t *trace) path(calls []passing) []apiuse.Step {
	last := calls[len(calls)-1]
	path := t.reach.path(last.from, last.ref.pos, last.name)
	for _, p := range slices.Backward(calls[:len(calls)-1]) {
		path = append(path, apiuse.Step{Name: p.name, Position: t.program.position(p.ref.pos)})
	}
	return path
}

// repeats reports whether the last of some calls is made by a function that others of them lead to, and passes on what that
// was given.
func repeats(calls []passing) bool {
	last := calls[len(calls)-1]
	for i, p := range calls {
		if p.callee == last.from.node && !slices.ContainsFunc(p.matters, func(m parameter) bool { return !passedOn(calls[i:], m) }) {
			return true
		}
	}
	return false
}

// passedOn reports whether calls, the nearest first, pass a parameter of the callee of the first one to itself.
func passedOn(calls []passing, p parameter) bool {
	at := p
	for i, c := range calls {
		id, ok := c.argument(at).(*ast.Ident)
		if !ok || c.callee != at.of {
			return false
		}
		v, _ := c.from.source.info.Uses[id].(*types.Var)
		a := c.from.source.assignments[v]
		if v == nil || a == nil || a.parameter == nil || i < len(calls)-1 && len(a.values)+len(a.elements)+len(a.keys) > 0 {
			return false
		}
		at = *a.parameter
	}
	return at == p
}
