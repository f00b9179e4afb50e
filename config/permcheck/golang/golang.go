// Package golang finds the APIs that cloud functions written in Go can call.
//
// # Limits
//
// A function is checked as the program that is deployed: for linux/amd64, without cgo, with the build tags that GOFLAGS
// sets. An API counts as used where code that can be reached refers to it. Reachable is what main, an init function or
// the initialiser of a package's variable refers to, and what that refers to in turn, whether it is called there or
// only kept as a value. So an API may be reported as used although the program never gets there:
//
//   - A condition counts as false only where the compiler knows it to be constant.
//   - A function that is stored and never called counts, and so do all functions in a table.
//   - A call by an interface counts for every type with the methods of that interface that reachable code turns into an
//     interface value, into whichever.
//   - Of such a type, the methods of each interface that an imported package declares count (ServeHTTP, MarshalJSON,
//     String, Close …), as the package may call them.
//
// And an API may be used without being found:
//
//   - by reflection with a method's name made up at run time (reported, where the value may be a namespace of package
//     openapi or leads to one), and by text/template, html/template and net/rpc (reported where a type leads to a call);
//   - where another package that is not read from source calls methods by reflection, or by an interface that it does
//     not declare by name;
//   - by code that package openapi does not see: HTTP requests to api.weixin.qq.com, assembly, go:linkname, unsafe,
//     plugins and other programs.
//
// A name given to openapi.Call is found where it is made of constants: by concatenation, and by variables that are only
// ever set to such, also in a list, as the value or key of a map, or as a field of a struct in one, as long as nothing
// changes an element and no pointer leads there. It is found by a parameter, too, from what each call that is reached
// passes: a function that wraps openapi.Call charges its callers with their own names. That holds for functions, methods
// and closures that are only called (by their name, or by a variable that is only set and called), and for names that
// come by up to eight calls; not for what is called by an interface, stored or handed to other code, nor for the single
// arguments of a variadic parameter, the fields of a receiver, and what functions return.
//
// Any other name is made up at run time: for the check that is where it is passed, if it comes by a parameter. A comment
// there, or at the call of openapi.Call, says what the names can be.
//
//	//wxfn:permissions wxacode.get, wxacode.getUnlimited
//	err := openapi.Call(ctx, event.API, event.Params, nil)
//
// A path in place of a name, "/wxa/getwxacode", counts as the API that has it. Of one that no API has nothing is said, as no
// entry of config.json can permit it; nor is it said that cloud calls take no paths. A directive has paths without a method.
//
// # Clients with access tokens of their own
//
// A call over HTTPS with an access token needs no permission: one by a client that openapi.NewClient has made with
// WithAppCredential, WithAccessToken or WithTokenSource, written out among its arguments. Calls of openapi.Wxacode, openapi.Call
// and the like need theirs, and so do clients with any other credential. Where a client comes from is followed
//
//   - through variables, and fields of structs, to all that the program sets them to: for fields, of whichever struct has
//     one of that name;
//   - through parameters, of functions that are only called, to what is passed in all calls that are reached;
//   - through functions with one result, to all that they return.
//
// One that comes another way (by an interface, a map, a channel, an error beside it) can be any that the program makes: its
// calls are free if all are made with such an option. A namespace (client.Wxacode) in a variable is followed, too; one in a
// field, an element or an interface needs the permission. All clients do if the program has a Client that is none of
// openapi.NewClient's (a variable of that type, and not of *Client), or sets a namespace of one. What reflection makes or
// sets is not seen.
//
// The packages that import package openapi, directly or by others, are read from their source, all else from what the go
// command has compiled.
package golang

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// Analyse finds the APIs that functions can call, by the functions' folders. It needs the go command. Functions of one
// module are loaded together; one that cannot be analysed leaves the others as they are.
func Analyse(ctx context.Context, functions []config.FunctionDir) map[string]apiuse.Analysis {
	found := make(map[string]apiuse.Analysis, len(functions))
	var modules []string
	members := map[string][]string{}
	for _, f := range functions {
		module, err := moduleOf(f.Dir)
		if err != nil {
			found[f.Dir] = apiuse.Analysis{Err: err}
			continue
		}
		if members[module] == nil {
			modules = append(modules, module)
		}
		members[module] = append(members[module], f.Dir)
	}
	for _, module := range modules {
		for dir, a := range analyseModule(ctx, module, members[module]) {
			found[dir] = a
		}
	}
	return found
}

// moduleOf returns the folder of the go.mod that a function belongs to.
func moduleOf(dir string) (string, error) {
	if info, err := os.Stat(dir); err != nil {
		return "", err
	} else if !info.IsDir() {
		return "", fmt.Errorf("%s is no folder", dir)
	}
	for module := dir; ; {
		info, err := os.Stat(filepath.Join(module, "go.mod"))
		if err == nil && info.Mode().IsRegular() {
			return module, nil
		}
		parent := filepath.Dir(module)
		if parent == module {
			return "", fmt.Errorf("%s is in no Go module; run: go mod init NAME && go mod tidy", apiuse.ShortPath(dir))
		}
		module = parent
	}
}

// analyseModule analyses functions of one module.
func analyseModule(ctx context.Context, module string, dirs []string) map[string]apiuse.Analysis {
	found := make(map[string]apiuse.Analysis, len(dirs))
	p, err := loadProgram(ctx, module, dirs)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	for _, dir := range dirs {
		switch {
		case err != nil:
			found[dir] = apiuse.Analysis{Err: err}
		case p.failures[dir] != nil:
			found[dir] = apiuse.Analysis{Err: p.failures[dir]}
		default:
			found[dir] = p.analyse(p.mains[dir])
		}
	}
	return found
}

var errNoGo = errors.New("there is no go command, which Go functions need; install Go from https://go.dev/dl/")
