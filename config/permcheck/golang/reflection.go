package golang

import (
	"go/token"
	"go/types"
	"maps"
	"slices"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// reflection is a place from which methods are called by their names.
type reflection struct {
	from  *body
	pos   token.Pos
	names []string // nil: any
	of    string   // what calls them
	deep  bool     // methods of package openapi can be meant too
}

// byName records functions that call methods by their names.
func (r *reach) byName(from *body, ref reference, function *types.Func) {
	if function.Pkg() == nil {
		return
	}
	at := reflection{from: from, pos: ref.pos}
	switch path, receiver, name := function.Pkg().Path(), receiverName(function), function.Name(); {
	case path == "reflect" && (receiver == "Value" || receiver == "Type") && (name == "MethodByName" || name == "Method" || name == "Methods"):
		at.of, at.deep = "reflect."+receiver+"."+name, true
		if i := ref.shift; name == "MethodByName" && ref.call != nil && i < len(ref.call.Args) {
			if names, ok := from.source.names(ref.call.Args[i]); ok {
				at.names = names
			}
		}
	case (path == "text/template" || path == "html/template") && receiver == "Template" && (name == "Execute" || name == "ExecuteTemplate"):
		at.of = "template.Template." + name
	case path == "net/rpc" && (name == "Register" || name == "RegisterName"):
		at.of = "rpc." + name
	default:
		return
	}
	r.reflect = append(r.reflect, at)
	if at.names != nil {
		// The names are known: the methods are followed as if they were called here.
		for _, name := range at.names {
			d := dynamicCall{from, ref}
			d.ref.function = types.NewFunc(ref.pos, nil, name, types.NewSignatureType(nil, nil, nil, nil, nil, false))
			d.ref.in, d.ref.call, d.ref.selector = types.NewInterfaceType(nil, nil), nil, nil
			r.dynamic = append(r.dynamic, d)
			for _, l := range slices.Clone(r.live) {
				r.dispatch(d, l)
			}
		}
	}
}

// byReflection turns what reflection may reach into doubts.
func (r *reach) byReflection(a *apiuse.Analysis) {
	known := len(r.calls)
	for _, at := range r.reflect {
		if at.names != nil {
			continue
		}
		if declared, ok := at.from.source.declared(at.pos); ok {
			a.Uses = append(a.Uses, apiuse.Use{Declared: declared, Path: r.path(at.from, at.pos, at.of)})
			continue
		}
		if at.deep && len(r.boxed) > 0 {
			r.doubt(a, at.pos, "%s calls methods by names made up at run time, and openapi.%s is in an interface value: which APIs it calls cannot be told",
				at.of, slices.Min(r.boxed))
			continue
		}
		for _, l := range slices.Clone(r.live) {
			for _, name := range slices.Sorted(maps.Keys(l.methods)) {
				if token.IsExported(name) && !ofOpenapi(l.typ) {
					r.method(at.from, reference{pos: at.pos}, l, name)
				}
			}
		}
		r.run()
		if len(r.calls) > known {
			c := r.calls[known]
			r.doubt(a, at.pos, "%s calls methods by names made up at run time: it may reach %s in %s", at.of, c.name, c.from.nameIn(r.main))
		}
		known = len(r.calls)
	}
}

// ofOpenapi reports whether a type, or what it points to, is declared by package openapi.
func ofOpenapi(t types.Type) bool {
	named, ok := types.Unalias(deref(t)).(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == openapiPath
}
