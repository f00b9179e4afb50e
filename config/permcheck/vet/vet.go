// Package vet is the permission check of cloud functions for go vet, and for the editors that run it:
//
//	go vet -vettool=$(which wxfn) ./...
//
// In a main package whose folder has a config.json, or that calls cloudfn.Start, it reports each place from which an API
// can be called that permissions.openapi of the config.json does not permit, and each call of openapi.Call with a name that
// is made up at run time, unless a comment at the call tells what the name can be:
//
//	//wxfn:permissions wxacode.get, wxacode.getUnlimited
//	err := openapi.Call(ctx, event.API, event.Params, nil)
//
// Where the call is in another package, the report is at the place in the main package that leads there.
//
// go vet hands over one package at a time. What each function of a package can reach is written down for the packages that
// import it: by calls, by methods and functions that are used as values, by closures. The initialisers of variables and the
// init functions of a package count where it is imported. The limits are those of package golang, and more for
// interfaces: a call by an interface may end in a type that no package has seen yet. So methods count where a value
// becomes one of an interface's type, by a conversion, an assignment, as an argument or a type argument: those of the
// interface, those of all interfaces that are declared in the same package and in those that it imports directly, and those
// that fmt, errors and encoding/json look for, as far as the value's type has them. So an API is reported although
// nothing ever calls such a method; and one is missed that is called after a type assertion to an interface of a package that
// is not imported there, by a value inside of that one (an element, a field), or by reflection. And a client with an access
// token of its own, whose calls need no permission, is known only where all that it can be stands in one package: not where
// it is a parameter, or comes by something exported.
//
// Unlike `wxfn check`, go vet reads the code for the system that it runs on, unless GOOS and GOARCH say otherwise, and it
// neither reports entries that nothing uses nor mends the file.
package vet

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/golang"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// Analyzer reports APIs that a cloud function can call, and its config.json does not permit. The categories of its
// diagnostics are codes of [github.com/wxcloud-go/wxfn/config/permcheck.Rules].
var Analyzer = &analysis.Analyzer{
	Name:      "wxfn",
	Doc:       "report APIs that a WeChat cloud function can call, and its config.json does not permit\n\nThe comment //wxfn:permissions a.b, c.d at a call of openapi.Call tells what a name that is made up at run time can be.",
	URL:       "https://pkg.go.dev/github.com/wxcloud-go/wxfn/config/permcheck/vet",
	Run:       run,
	FactTypes: []analysis.Fact{new(reachable)},
}

const (
	openapiPath = "github.com/wxcloud-go/wxfn/openapi"
	cloudfnPath = "github.com/wxcloud-go/wxfn/cloudfn"
)

// The categories of diagnostics.
const (
	missingPermission = "missing-permission"
	computedAPI       = "computed-api"
	unknownCall       = "unknown-call"
)

// use is an API that a function can call.
type use struct {
	API  string // empty where the name is made up at run time
	Path []step // from what the function refers to, to the call
}

// step is one step on the way to a call.
type step struct {
	Name  string // "helper.Send"
	Place string // of the reference: file:line:column, without the file's folder
}

// reachable is the fact of a package from which package openapi is reached: what its functions, and those of the packages
// that it imports, can call. It has no maps, so that the same facts are the same bytes.
type reachable struct {
	Functions []functionUses // sorted by name
	Start     []use          // what is called before main
}

type functionUses struct {
	Name string // as types.Func.FullName has it
	Uses []use
}

func (*reachable) AFact() {}

// String lists what functions reach, for tests and debugging.
func (r *reachable) String() string {
	var parts []string
	list := func(name string, uses []use) {
		if len(uses) == 0 {
			return
		}
		var names []string
		for _, u := range uses {
			names = append(names, cmp.Or(u.API, "?"))
		}
		parts = append(parts, name+": "+strings.Join(names, " "))
	}
	list("start", r.Start)
	for _, f := range r.Functions {
		list(f.Name, f.Uses)
	}
	return strings.Join(parts, "; ")
}

func run(pass *analysis.Pass) (any, error) {
	p := &pkg{Pass: pass, known: map[string][]use{}, bodies: map[*types.Func]*golang.Body{}}
	if pass.Pkg.Path() == openapiPath || !p.importFacts() {
		return nil, nil // nothing here leads to package openapi
	}
	unit := golang.Unit{Fset: pass.Fset, Files: pass.Files, Package: pass.Pkg, Info: pass.TypesInfo, ReadFile: pass.ReadFile}
	bodies, err := unit.Bodies()
	if err != nil {
		return nil, err
	}
	p.all = slices.DeleteFunc(bodies, func(b golang.Body) bool {
		return strings.HasSuffix(pass.Fset.PositionFor(b.Pos, false).Filename, "_test.go")
	})
	for i := range p.all {
		if b := &p.all[i]; b.Function != nil {
			p.bodies[b.Function] = b
		}
	}
	if pass.Pkg.Name() == "main" {
		return nil, p.compare()
	}
	p.exportFact()
	return nil, nil
}

// pkg is the package at hand.
type pkg struct {
	*analysis.Pass
	all    []golang.Body
	bodies map[*types.Func]*golang.Body
	known  map[string][]use // of the functions of imported packages
	starts map[string][]use // by the path of the imported package
}

// importFacts reads what imported packages can reach; ok is false where none of them leads to package openapi.
func (p *pkg) importFacts() (ok bool) {
	p.starts = map[string][]use{}
	for _, imported := range p.Pkg.Imports() {
		ok = ok || imported.Path() == openapiPath
		var fact reachable
		if !p.ImportPackageFact(imported, &fact) {
			continue
		}
		ok = true
		for _, f := range fact.Functions {
			p.known[f.Name] = f.Uses
		}
		p.starts[imported.Path()] = fact.Start
	}
	return ok
}

// exportFact writes down what the functions of this package can reach, as far as other packages can refer to them.
func (p *pkg) exportFact() {
	reached := maps.Clone(p.known)
	var fact reachable
	for i := range p.all {
		b := &p.all[i]
		if b.Starts {
			for _, u := range p.uses(b) {
				fact.Start = add(fact.Start, u)
			}
		} else if b.Function.Exported() {
			if uses := p.uses(b); len(uses) > 0 {
				reached[b.Function.FullName()] = uses
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(p.starts)) {
		for _, u := range p.starts[path] {
			fact.Start = add(fact.Start, u)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reached)) {
		fact.Functions = append(fact.Functions, functionUses{name, reached[name]})
	}
	p.ExportPackageFact(&fact)
}

// uses returns what a body can reach, each API once, and by the shortest way.
func (p *pkg) uses(b *golang.Body) []use {
	var found []use
	p.walk([]*golang.Body{b}, func(before []step, r golang.Reference, uses []use) {
		for _, u := range uses {
			found = add(found, use{u.API, slices.Concat(before, u.Path)})
		}
	})
	slices.SortStableFunc(found, func(a, b use) int { return cmp.Compare(a.API, b.API) })
	return found
}

// add adds a use, unless the same is there by a way that is as short. Names that are made up are the same in one place.
func add(found []use, u use) []use {
	i := slices.IndexFunc(found, func(other use) bool {
		return other.API == u.API && (u.API != "" || other.Path[len(other.Path)-1] == u.Path[len(u.Path)-1])
	})
	switch {
	case i < 0:
		return append(found, u)
	case len(u.Path) < len(found[i].Path):
		found[i] = u
	}
	return found
}

// walk goes through all bodies of this package that some of them lead to, the nearest first, and visits what in them calls
// an API or leads to another package that does.
func (p *pkg) walk(roots []*golang.Body, visit func(before []step, r golang.Reference, uses []use)) {
	paths := map[*golang.Body][]step{}
	queue := slices.Clone(roots)
	for _, b := range roots {
		paths[b] = []step{}
	}
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		for _, r := range b.References {
			at := func(name string) []step { return []step{{name, p.place(r.Pos)}} }
			switch {
			case r.Function == nil && len(r.APIs) == 0:
				visit(paths[b], r, []use{{"", at(r.Name)}})
			case r.Function == nil:
				for _, api := range r.APIs {
					visit(paths[b], r, []use{{api, at(r.Name)}})
				}
			case p.bodies[r.Function] != nil:
				to := p.bodies[r.Function]
				if _, ok := paths[to]; !ok {
					paths[to] = slices.Concat(paths[b], at(p.name(to)))
					queue = append(queue, to)
				}
			default:
				var uses []use
				for _, u := range p.known[r.Function.FullName()] {
					uses = append(uses, use{u.API, slices.Concat(at(qualified(r.Function)), u.Path)})
				}
				visit(paths[b], r, uses)
			}
		}
	}
}

// name returns the name of a body of this package, as others call it.
func (p *pkg) name(b *golang.Body) string { return p.Pkg.Name() + "." + b.Name }

// qualified returns the name of a function of another package: "helper.Send", "(*helper.Client).Send".
func qualified(f *types.Func) string {
	name := func(pkg *types.Package) string { return pkg.Name() }
	recv := f.Signature().Recv()
	if recv == nil {
		return f.Pkg().Name() + "." + f.Name()
	}
	text := types.TypeString(recv.Type(), name)
	if strings.HasPrefix(text, "*") {
		text = "(" + text + ")"
	}
	return text + "." + f.Name()
}

func (p *pkg) place(pos token.Pos) string {
	at := p.Fset.Position(pos)
	return fmt.Sprintf("%s:%d:%d", filepath.Base(at.Filename), at.Line, at.Column)
}

// compare reports what the function of a main package can call and may not.
func (p *pkg) compare() error {
	main, ok := p.Pkg.Scope().Lookup("main").(*types.Func)
	if !ok {
		return nil // the compiler says so
	}
	dir := filepath.Dir(p.Fset.Position(main.Pos()).Filename)
	f, findings, err := config.LoadFunction(dir)
	if err != nil {
		return err
	}
	if !f.Exists && !p.startsFunction() {
		return nil
	}
	var roots []*golang.Body
	for i := range p.all {
		if b := &p.all[i]; b.Starts || b.Function == main {
			roots = append(roots, b)
		}
	}
	c := &comparison{pkg: p, function: f, done: map[string]bool{}}
	for _, finding := range findings {
		if finding.Code == "invalid-json" || finding.Code == "unreadable-file" {
			c.broken = finding.File + ": " + finding.Message
		}
	}
	p.walk(roots, func(_ []step, r golang.Reference, uses []use) {
		for _, u := range uses {
			c.report(r.Pos, u)
		}
	})
	for _, file := range p.Files {
		for _, spec := range file.Imports {
			if name := p.TypesInfo.PkgNameOf(spec); name != nil && !strings.HasSuffix(p.Fset.Position(spec.Pos()).Filename, "_test.go") {
				for _, u := range p.starts[name.Imported().Path()] {
					c.report(spec.Path.Pos(), use{u.API, append([]step{{name.Imported().Name(), p.place(spec.Path.Pos())}}, u.Path...)})
				}
			}
		}
	}
	return nil
}

// startsFunction reports whether the package calls cloudfn.Start or the like.
func (p *pkg) startsFunction() bool {
	for _, b := range p.all {
		for _, r := range b.References {
			if f := r.Function; f != nil && f.Pkg() != nil && f.Pkg().Path() == cloudfnPath && strings.HasPrefix(f.Name(), "Start") {
				return true
			}
		}
	}
	return false
}

// comparison compares what a function can call with what it may.
type comparison struct {
	*pkg
	function *config.Function
	broken   string // what is wrong with a config.json that cannot be read
	done     map[string]bool
}

func (c *comparison) report(pos token.Pos, u use) {
	key := fmt.Sprint(pos, " ", u.API)
	if c.done[key] {
		return
	}
	c.done[key] = true
	subject, way := "this", ""
	if len(u.Path) > 1 {
		subject, way = u.Path[0].Name, ", by "+wayOf(u.Path[1:])
	}
	d := analysis.Diagnostic{Pos: pos, Category: missingPermission}
	switch {
	case strings.HasPrefix(u.API, "/"): // a path that no entry can permit
		return
	case u.API == "":
		d.Category = computedAPI
		d.Message = fmt.Sprintf("%s calls an API by a name that is made up at run time%s; name what it can be in a comment on the line above the call: //wxfn:permissions wxacode.get, security.msgSecCheck", subject, way)
	case !catalog.Known(u.API):
		d.Category = unknownCall
		d.Message = fmt.Sprintf("%s calls %q%s, and there is no such API; write a name from the API reference", subject, u.API, way)
	case c.function.Allows(u.API):
		return
	case c.broken != "":
		d.Message = fmt.Sprintf("%s calls %s%s, which nothing permits: %s; correct it", subject, u.API, way, c.broken)
	case !c.function.Exists:
		d.Message = fmt.Sprintf(`%s calls %s%s, and there is no config.json to permit it; create it with {"permissions": {"openapi": [%q]}}`, subject, u.API, way, u.API)
	default:
		d.Message = fmt.Sprintf("%s calls %s%s, which config.json does not permit; add %q to permissions.openapi", subject, u.API, way, u.API)
	}
	c.Report(d)
}

// wayOf writes down the way to a call.
func wayOf(path []step) string {
	var parts []string
	for _, s := range path {
		parts = append(parts, fmt.Sprintf("%s (%s)", s.Name, s.Place))
	}
	return strings.Join(parts, ", ")
}
