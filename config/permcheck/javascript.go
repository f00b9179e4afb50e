// # Limits of the check of JavaScript code
//
// The check follows wx-server-sdk from where a file of the function requires or imports it to the names that are read
// of its openapi: through variables, properties, destructuring, calls, classes, arrays and promises, and through the
// local files that the function loads. It is a points-to analysis in the manner of Andersen: it knows no order of
// statements and no context of calls, so that what can happen in any order, and for any caller, is found.
//
//   - Code counts when it can be reached from the entry file: the code of all files that are loaded, and the functions in
//     them that such code names, whether or not it calls them. What stands after a return or under a condition that the
//     source makes false, and a function, class or constant function that nothing names, does not count. A method counts
//     when its class or object does, and everything that is exported does.
//   - Reading the whole name of an API counts as a call of it: const f = cloud.openapi.wxacode.get is enough.
//   - A name in brackets is followed if it is made of constants: literals, templates and sums of them, elements and keys
//     of constant arrays and objects. With several names and several namespaces, the pairs count that are APIs. Every
//     other name is a doubt, and so is a client or namespace that is handed to code that is not searched.
//   - Packages are not searched, node_modules least of all: of what they return nothing is known, and a callback that they
//     are given is called with anything. Aliases of a bundler (@/lib), package.json's imports and exports, tsconfig's
//     paths, and links to packages of a workspace count as packages, and so does a local file of more than 64 KB that
//     names neither the SDK nor openapi, nor another local file. What a bundler has made of a function is searched.
//   - require(`./handlers/${name}`) loads each file of that folder whose name begins so. Any other module name made up at
//     run time is a doubt, and so is a local file that is not there.
//   - Code that is valid only in scripts of old cannot be parsed: two parameters of one name, await as a variable. Nor can
//     an expression of more than 1000 terms, or as many nested statements (else if …).
//   - JSON is no code, and its strings are unknown. eval, new Function, with, vm, worker threads and child processes are
//     not followed, nor are generators' sent values, Proxy handlers, symbols and decorators that replace what they decorate.
//   - In a program that is too large to follow (a bundle of a megabyte or more may be), every property called openapi
//     counts as that of a client, and there is a doubt at the start of the entry file.
//   - An object that nobody knows (event, ctx) gives back under a name what was stored in any such object under that name.
//   - The HTTPS address of an API, and @cloudbase/node-sdk, are no cloud call of the SDK.
package permcheck

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// analyseJS finds the APIs that functions written in JavaScript or TypeScript can reach, by the functions' folders.
func analyseJS(ctx context.Context, functions []config.FunctionDir) map[string]analysis {
	results := make(map[string]analysis, len(functions))
	for _, f := range functions {
		results[f.Dir] = analyseJSFunction(ctx, f)
	}
	return results
}

func analyseJSFunction(ctx context.Context, f config.FunctionDir) (result analysis) {
	if err := ctx.Err(); err != nil {
		return analysis{err: err}
	}
	entry, err := jsEntry(f)
	if err != nil {
		return analysis{err: err}
	}
	p := newProgram(ctx, f.Dir)
	file := p.file(entry)
	if file == nil {
		return analysis{err: errors.Join(p.problems...)}
	}
	p.activate(file.top, nil, 0, 0)
	// The platform calls what the entry exports, with what it likes.
	p.do(nil, instruction{op: opEscape, x: p.property(file.module, "exports")})
	if err := p.solve(); err != nil {
		return analysis{err: err}
	}
	return p.result(file)
}

// jsEntry returns the file that starts a function: its Entry, or the TypeScript that this is made of.
func jsEntry(f config.FunctionDir) (string, error) {
	entry := cmp.Or(f.Entry, "index.js")
	path := filepath.Join(f.Dir, filepath.FromSlash(entry))
	if isRegular(path) {
		return path, nil
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, ext := range []string{".ts", ".mts", ".cts", ".tsx"} {
		if isRegular(stem + ext) {
			return stem + ext, nil
		}
	}
	if _, err := os.Stat(path); err != nil {
		return "", fileError(path, err)
	}
	return path, nil // reading it will tell what is wrong with it
}

// result makes an analysis of what was found.
func (p *program) result(entry *jsFile) analysis {
	// A computed name that nothing is known of.
	for _, w := range p.indexes {
		if len(p.node(w.in.y).values) > 0 {
			continue
		}
		for _, v := range p.node(w.in.x).values {
			if k := p.values[v].kind; k == kindAPI || k == kindClient {
				p.doubtName(w)
				break
			}
		}
	}
	// A call of what is no API is one of a wrong name; unless there is something else that may be called there, as far as
	// this analysis can tell.
	for _, c := range p.called {
		if !p.mayCall(c.in.call.callee, p.isNamespace(c.path)) {
			p.use(c.watcher, c.path)
		}
	}
	if p.cut && (p.interned[kindClient] != nil || len(p.roots) > 0) {
		p.doubt(entry.top, 0, 0, "the code is too large to tell whether it calls more APIs than those that it names after openapi")
	}
	paths := p.paths(entry)
	var a analysis
	for at, f := range p.uses {
		path := slices.Clone(paths(f.fn))
		path = append(path, Step{Name: "openapi." + at.api, Position: at.file.source.position(at.pos)})
		a.uses = append(a.uses, Use{API: at.api, Path: path})
	}
	for at, f := range p.doubts {
		source := f.fn.file.source
		if names := source.declaredAt(at.Line, source.position(f.start).Line); names != nil {
			path := append(slices.Clone(paths(f.fn)), Step{Name: "a name made up at run time", Position: at})
			a.uses = append(a.uses, Use{Declared: names, Path: path})
			continue
		}
		a.doubts = append(a.doubts, doubt{Position: at, message: f.message})
	}
	slices.SortFunc(a.uses, compareUses)
	slices.SortFunc(a.doubts, func(x, y doubt) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	a.err = errors.Join(p.problems...)
	return a
}

// mayCall reports whether a node may be an API that exists; or, where the other name is only a namespace, any other one.
func (p *program) mayCall(callee node, namespace bool) bool {
	for _, v := range p.node(callee).values {
		if info := p.values[v]; info.kind == kindAPI && catalog.Known(info.text) {
			return true
		}
	}
	return namespace && p.count(callee, kindAPI) > 1
}

// declaredAt returns the names that a directive declares at one of some lines, or above one.
func (s *jsSource) declaredAt(lines ...int) []string {
	for _, line := range lines {
		for _, line := range []int{line, line - 1} {
			if names := s.directive[line]; names != nil {
				return names
			}
		}
	}
	return nil
}

// paths returns a function that tells how each function is reached from the entry file.
func (p *program) paths(entry *jsFile) func(*jsFunction) []Step {
	next := map[*jsFunction][]edge{}
	var functions []*jsFunction
	for _, info := range p.values {
		if fn := info.function; fn != nil && fn.active {
			functions = append(functions, fn)
		}
	}
	for _, fn := range functions {
		for _, e := range fn.from {
			next[e.from] = append(next[e.from], edge{from: fn, pos: e.pos, weight: e.weight})
		}
	}
	// Weights are small: a round for each length of a path.
	type arrival struct {
		edge
		length int
	}
	came := map[*jsFunction]arrival{entry.top: {}}
	rounds := [][]*jsFunction{{entry.top}}
	for length := 0; length < len(rounds); length++ {
		for _, fn := range rounds[length] {
			if came[fn].length != length {
				continue // there was a shorter one
			}
			for _, e := range next[fn] {
				to, at := e.from, length+e.weight
				if old, ok := came[to]; ok && old.length <= at {
					continue
				}
				came[to] = arrival{edge{from: fn, pos: e.pos}, at}
				for len(rounds) <= at {
					rounds = append(rounds, nil)
				}
				rounds[at] = append(rounds[at], to)
			}
		}
	}
	return func(fn *jsFunction) []Step {
		var steps []Step
		for fn != nil {
			a, ok := came[fn]
			if !ok {
				break
			}
			step := Step{Name: cmp.Or(fn.name, "a function")}
			if a.from != nil {
				step.Position = a.from.file.source.position(a.pos)
			} else {
				step.Position = Position{File: fn.file.source.path, Line: 1, Column: 1}
			}
			steps = append(steps, step)
			fn = a.from
		}
		slices.Reverse(steps)
		return steps
	}
}
