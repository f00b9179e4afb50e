package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// ends reports whether the statement after s in its list never runs.
func (w *walker) ends(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok != token.FALLTHROUGH
	case *ast.BlockStmt:
		return w.listEnds(s.List)
	case *ast.IfStmt:
		condition, known := w.condition(s.Cond)
		switch {
		case known && condition:
			return w.listEnds(s.Body.List)
		case known:
			return s.Else != nil && w.ends(s.Else)
		}
		return s.Else != nil && w.listEnds(s.Body.List) && w.ends(s.Else)
	case *ast.ForStmt:
		if s.Cond != nil {
			if condition, known := w.condition(s.Cond); !known || !condition {
				return false
			}
		}
		return !mayBreak(s.Body)
	case *ast.SelectStmt:
		return len(s.Body.List) == 0
	case *ast.ExprStmt:
		call, ok := ast.Unparen(s.X).(*ast.CallExpr)
		return ok && w.neverReturns(call)
	}
	return false
}

func (w *walker) listEnds(list []ast.Stmt) bool {
	ended := false
	for _, s := range list {
		if _, labelled := s.(*ast.LabeledStmt); labelled {
			ended = false
		}
		ended = ended || w.ends(s)
	}
	return ended
}

// mayBreak reports whether a loop's body has a break that may be the loop's.
func mayBreak(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BranchStmt:
			found = found || n.Tok == token.BREAK || n.Tok == token.GOTO
		}
		return !found
	})
	return found
}

// neverReturns reports whether a call is to a function that is known to end the goroutine or the program.
func (w *walker) neverReturns(call *ast.CallExpr) bool {
	var id *ast.Ident
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	default:
		return false
	}
	switch f := w.info.Uses[id].(type) {
	case *types.Builtin:
		return f.Name() == "panic"
	case *types.Func:
		switch f.FullName() {
		case "os.Exit", "runtime.Goexit", "log.Fatal", "log.Fatalf", "log.Fatalln":
			return true
		}
	}
	return false
}

// condition returns the value of a condition that is known before the program runs.
func (w *walker) condition(e ast.Expr) (value, known bool) {
	if v := w.info.Types[e].Value; v != nil && v.Kind() == constant.Bool {
		return constant.BoolVal(v), true
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return w.condition(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			value, known = w.condition(e.X)
			return !value, known
		}
	case *ast.BinaryExpr:
		if e.Op != token.LAND && e.Op != token.LOR {
			return false, false
		}
		decides := e.Op == token.LOR // the value of one side that is the value of all
		left, leftKnown := w.condition(e.X)
		right, rightKnown := w.condition(e.Y)
		switch {
		case leftKnown && left == decides, rightKnown && right == decides:
			return decides, true
		case leftKnown && rightKnown:
			return !decides, true
		}
	}
	return false, false
}

// choose walks the clauses of a switch that can be chosen.
func (w *walker) choose(s *ast.SwitchStmt) {
	w.stmt(s.Init)
	var tag constant.Value = constant.MakeBool(true)
	if s.Tag != nil {
		w.visit(s.Tag)
		tag = w.info.Types[s.Tag].Value
	}
	var clauses []*ast.CaseClause
	for _, c := range s.Body.List {
		clauses = append(clauses, c.(*ast.CaseClause))
	}
	chosen := make([]bool, len(clauses))
	decided := false // a clause before is the one, for certain
	for i, c := range clauses {
		for _, e := range c.List {
			if decided {
				break
			}
			w.visit(e)
			var value constant.Value
			if s.Tag == nil {
				if v, known := w.condition(e); known {
					value = constant.MakeBool(v)
				}
			} else {
				value = w.info.Types[e].Value
			}
			switch {
			case tag == nil || value == nil:
				chosen[i] = true
			case tag.Kind() == value.Kind() && constant.Compare(tag, token.EQL, value):
				chosen[i], decided = true, true
			case tag.Kind() != value.Kind() && tag.Kind() != constant.Bool:
				// An untyped number may stand for the same value in another kind.
				if numeric(tag) && numeric(value) && !constant.Compare(tag, token.EQL, value) {
					continue
				}
				chosen[i] = true
			}
		}
	}
	for i, c := range clauses {
		if c.List == nil {
			chosen[i] = !decided
		}
	}
	for i, c := range clauses {
		if !chosen[i] {
			continue
		}
		w.list(c.Body)
		if n := len(c.Body); n > 0 && i+1 < len(clauses) {
			if branch, ok := c.Body[n-1].(*ast.BranchStmt); ok && branch.Tok == token.FALLTHROUGH {
				chosen[i+1] = true
			}
		}
	}
}

func numeric(v constant.Value) bool {
	return v.Kind() == constant.Int || v.Kind() == constant.Float || v.Kind() == constant.Complex
}
