// Package javascript finds the APIs that cloud functions written in JavaScript or TypeScript can call.
//
// # Limits
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
//     are given is called with anything. A name that is no path (util2.js) is that of a file of the function's folder, if
//     there is one: the cloud's NODE_PATH names the folder. Aliases of a bundler (@/lib), package.json's imports and exports, tsconfig's
//     paths, and links to packages of a workspace count as packages, and so does a local file of more than 64 KB that
//     names neither the SDK nor openapi, nor another local file. What a bundler has made of a function is searched.
//   - require(`./handlers/${name}`) loads each file of that folder whose name begins so. A module name made up at run time
//     that begins as a package's (`locale/${name}`) is a package, unless the function has such a folder and no such package
//     is installed. Any other one is a doubt, and so is a local file that is not there.
//   - Code that is valid only in scripts of old cannot be parsed: two parameters of one name, await as a variable. Nor can
//     an expression of more than 1000 terms, or as many nested statements (else if …).
//   - JSON is no code, and its strings are unknown. eval, new Function, with, vm, worker threads and child processes are
//     not followed, nor are generators' sent values, Proxy handlers, symbols and decorators that replace what they decorate.
//   - In a program that is too large to follow (a bundle of a megabyte or more may be), every property called openapi
//     counts as that of a client, and there is a doubt at the start of the entry file.
//   - An object that nobody knows (event, ctx) gives back under a name what was stored in any such object under that name.
//   - The HTTPS address of an API, and @cloudbase/node-sdk, are no cloud call of the SDK.
package javascript

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// Analyse finds the APIs that functions can call, by the functions' folders. One that cannot be analysed leaves the others
// as they are.
func Analyse(ctx context.Context, functions []config.FunctionDir) map[string]apiuse.Analysis {
	results := make(map[string]apiuse.Analysis, len(functions))
	for _, f := range functions {
		results[f.Dir] = analyse(ctx, f)
	}
	return results
}

func analyse(ctx context.Context, f config.FunctionDir) apiuse.Analysis {
	if err := ctx.Err(); err != nil {
		return apiuse.Analysis{Err: err}
	}
	entry, err := entryOf(f)
	if err != nil {
		return apiuse.Analysis{Err: err}
	}
	p := newProgram(ctx, f.Dir)
	_, p.typed = isTypeScript(entry)
	file := p.file(entry)
	if file == nil {
		return apiuse.Analysis{Err: errors.Join(p.problems...)}
	}
	p.checkEntry(f, file)
	p.activate(file.top, nil, 0, 0)
	// The platform calls what the entry exports, with what it likes.
	p.do(nil, instruction{op: opEscape, x: p.property(file.module, "exports")})
	if err := p.solve(); err != nil {
		return apiuse.Analysis{Err: err}
	}
	return p.result(file)
}

// entryOf returns the file that starts a function: its Entry, or the TypeScript that this is made of.
func entryOf(f config.FunctionDir) (string, error) {
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
func (p *program) result(entry *file) apiuse.Analysis {
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
	path := p.paths(entry)
	var a apiuse.Analysis
	for at, f := range p.uses {
		step := apiuse.Step{Name: "openapi." + at.api, Position: at.file.source.position(at.pos)}
		a.Uses = append(a.Uses, apiuse.Use{API: at.api, Path: append(path(f.fn), step)})
	}
	for at, f := range p.doubts {
		source := f.fn.file.source
		if names := source.declaredAt(at.Line, source.position(f.start).Line); names != nil {
			step := apiuse.Step{Name: "a name made up at run time", Position: at}
			a.Uses = append(a.Uses, apiuse.Use{Declared: names, Path: append(path(f.fn), step)})
			continue
		}
		a.Doubts = append(a.Doubts, apiuse.Doubt{Position: at, Message: f.message})
	}
	a.Faults = slices.Collect(maps.Values(p.faults))
	a.Sort()
	a.Err = errors.Join(p.problems...)
	return a
}

// mayCall reports whether a node may be an API that exists; or, where the other name is only a namespace, any other one.
func (p *program) mayCall(callee node, namespace bool) bool {
	for _, v := range p.node(callee).values {
		if info := p.values[v]; info.kind == kindAPI && listed(info.text) {
			return true
		}
	}
	return namespace && p.count(callee, kindAPI) > 1
}

// declaredAt returns the names that a directive declares at one of some lines, or above one.
func (s *source) declaredAt(lines ...int) []string {
	for _, line := range lines {
		for _, line := range []int{line, line - 1} {
			if names := s.directive[line]; names != nil {
				return names
			}
		}
	}
	return nil
}

// paths returns a function that tells how a function is reached from the entry file.
func (p *program) paths(entry *file) func(*function) []apiuse.Step {
	edges := map[*function][]apiuse.Edge[*function, int32]{}
	for _, info := range p.values {
		if fn := info.function; fn != nil && fn.active {
			for _, a := range fn.from {
				edges[a.from] = append(edges[a.from], apiuse.Edge[*function, int32]{To: fn, At: a.pos, Length: a.weight})
			}
		}
	}
	paths := apiuse.ShortestPaths([]*function{entry.top}, func(fn *function) []apiuse.Edge[*function, int32] { return edges[fn] })
	return func(fn *function) []apiuse.Step {
		return paths.To(fn, func(fn, from *function, pos int32) apiuse.Step {
			step := apiuse.Step{Name: cmp.Or(fn.name, "a function"), Position: apiuse.Position{File: fn.file.source.path, Line: 1, Column: 1}}
			if from != nil {
				step.Position = from.file.source.position(pos)
			}
			return step
		})
	}
}
