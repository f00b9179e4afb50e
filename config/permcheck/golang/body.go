package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// body is code that runs as one: of a function or method with the closures in it, or of a package variable's initialiser.
type body struct {
	source *source
	name   string // as it reads inside of its package; see nameIn
	pos    token.Pos
	node   ast.Node // *ast.FuncDecl or *ast.ValueSpec
	refs   []reference
	walked bool
}

// reference is one thing that a body refers to.
type reference struct {
	pos token.Pos
	// function is a function or method that is called or used as a value. Of an interface's method, in is the interface.
	function *types.Func
	in       types.Type
	call     *ast.CallExpr // where it is called on the spot
	shift    int           // of a method expression: how many arguments stand before the method's own
	// selector is x.Method, where that is a method with a body.
	selector *ast.SelectorExpr
	// value is a type that becomes part of an interface value, of type to, or a type argument, when to is nil.
	value, to types.Type
	// variable is one that is called.
	variable *types.Var
}

// declare finds the bodies of a package's functions and the roots.
func (s *source) declare() {
	var inits []*body
	for _, file := range s.files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				function, ok := s.info.Defs[d.Name].(*types.Func)
				if !ok || d.Body == nil {
					continue
				}
				b := &body{source: s, name: functionName(function), pos: d.Name.Pos(), node: d}
				s.program.bodies[function] = b
				if d.Recv == nil && d.Name.Name == "init" {
					inits = append(inits, b)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR && len(spec.Values) > 0 {
						s.roots = append(s.roots, &body{source: s, name: "var " + spec.Names[0].Name, pos: spec.Names[0].Pos(), node: spec})
					}
				}
			}
		}
	}
	s.roots = append(s.roots, inits...)
}

// functionName returns the name of a function as it reads inside its package.
func functionName(f *types.Func) string {
	recv := f.Signature().Recv()
	if recv == nil {
		return f.Name()
	}
	t, pointer := recv.Type(), false
	if p, ok := t.(*types.Pointer); ok {
		t, pointer = p.Elem(), true
	}
	name := "interface"
	if named, ok := types.Unalias(t).(*types.Named); ok {
		name = named.Obj().Name()
	}
	if pointer {
		name = "(*" + name + ")"
	}
	return name + "." + f.Name()
}

// nameIn returns the name of a body as it reads in a package.
func (b *body) nameIn(s *source) string {
	if b.source == s {
		return b.name
	}
	if name, ok := strings.CutPrefix(b.name, "var "); ok {
		return "var " + b.source.Name + "." + name
	}
	return b.source.Name + "." + b.name
}

// walk returns what the body refers to.
func (b *body) walk() []reference {
	if b.walked {
		return b.refs
	}
	b.walked = true
	w := &walker{info: b.source.info}
	switch n := b.node.(type) {
	case *ast.FuncDecl:
		w.function(b.source.info.Defs[n.Name].Type().(*types.Signature), n.Body)
	case *ast.ValueSpec:
		w.visit(n)
	}
	b.refs = w.refs
	return b.refs
}
