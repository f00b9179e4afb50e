package emulator

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// function is a function that is served, or known not to be.
type function struct {
	name string
	kind string
	dir  string // of a function folder
	// permitted tells whether the function may call an API, and if not, what to do.
	permitted func(api string) (ok bool, advice string)
	// findings returns what is wrong in the function's own files.
	findings func() []config.Finding
	// prepare makes the function ready to be run. After an error, the next call tries again.
	prepare func(context.Context, buildFunc) (*host.Function, error)

	mu     sync.Mutex
	hosted *host.Function
	closed bool
}

// buildFunc returns the program of the Go main package in dir.
type buildFunc func(ctx context.Context, dir string) (program string, err error)

// ready returns the host of the function, prepared.
func (f *function) ready(ctx context.Context, build buildFunc) (*host.Function, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errors.New("the emulator is stopping")
	}
	if f.hosted == nil {
		hosted, err := f.prepare(ctx, build)
		if err != nil {
			return nil, err
		}
		f.hosted = hosted
	}
	return f.hosted, nil
}

func (f *function) close() {
	f.mu.Lock()
	hosted := f.hosted
	f.closed = true
	f.mu.Unlock()
	if hosted != nil {
		hosted.Close()
	}
}

// newHandler returns a function in this process.
func (e *Emulator) newHandler(name string, h cloudfn.Handler, permissions []string) *function {
	runtime := &host.InProcess{Handler: h, Transport: direct{e.platform}}
	hosted := host.New(name, runtime, e.config.Timeout, 0, 0)
	return &function{
		name: name, kind: "handler", hosted: hosted,
		permitted: func(api string) (bool, string) {
			return slices.Contains(permissions, api), fmt.Sprintf("add %q to the permissions that Handle(%q, …) is given", api, name)
		},
	}
}

// newFolder returns the function of a folder.
func (e *Emulator) newFolder(dir config.FunctionDir) *function {
	f := &function{name: dir.Name, kind: string(dir.Kind), dir: dir.Dir}
	f.permitted = func(api string) (bool, string) { return e.permittedByFile(dir, api) }
	f.findings = func() []config.Finding {
		_, findings, err := e.project.LoadFunction(dir)
		if err != nil {
			e.log.Error(err.Error(), "function", dir.Name)
		}
		return findings
	}
	f.prepare = func(ctx context.Context, build buildFunc) (*host.Function, error) {
		runtime, err := e.runtime(ctx, dir, build)
		if err != nil {
			return nil, err
		}
		return host.New(dir.Name, runtime, dir.Timeout, dir.MemoryMB, e.config.MaxInstances), nil
	}
	return f
}

// permittedByFile reads a function's config.json anew, so that an edit counts at once.
func (e *Emulator) permittedByFile(dir config.FunctionDir, api string) (ok bool, advice string) {
	c, findings, err := e.project.LoadFunction(dir)
	if err != nil {
		return false, err.Error()
	}
	file := e.fromHere(config.Finding{File: c.File}).File
	switch {
	case c.Allows(api):
		return true, ""
	case !c.Exists:
		return false, fmt.Sprintf(`create %s with {"permissions": {"openapi": [%q]}}`, file, api)
	}
	for _, f := range findings {
		if f.Severity == config.Error {
			return false, "mend " + e.fromHere(f).String()
		}
	}
	return false, fmt.Sprintf("add %q to permissions.openapi in %s", api, file)
}

// runtime returns what runs the function of a folder, built and with its packages installed.
func (e *Emulator) runtime(ctx context.Context, dir config.FunctionDir, build buildFunc) (host.Runtime, error) {
	if len(dir.Duplicate) > 0 {
		return nil, fmt.Errorf("%d functions have the name %q: %s and %s; give each a name of its own",
			len(dir.Duplicate)+1, dir.Name, dir.Dir, strings.Join(dir.Duplicate, ", "))
	}
	environ, err := e.processEnviron(dir)
	if err != nil {
		return nil, err
	}
	account := host.Account{Namespace: e.config.Env, Region: platform.Region, AppID: platform.AccountAppID, Uin: platform.AccountUin}
	switch dir.Kind {
	case config.KindGo:
		program, err := build(ctx, dir.Dir)
		if err != nil {
			return nil, err
		}
		return &host.Go1{Program: host.Program{Path: program, Dir: dir.Dir, Environ: environ}, Account: account}, nil
	case config.KindNode:
		if err := e.installPackages(ctx, dir.Dir); err != nil {
			return nil, err
		}
		state, err := e.stateDir()
		if err != nil {
			return nil, err
		}
		runner, err := host.WriteRunner(state)
		if err != nil {
			return nil, err
		}
		return host.Node(runner, dir.Dir, nodeHandler(dir), environ, account)
	case config.KindNone:
		return nil, fmt.Errorf("%s is no function: it needs a Go main package, or an index.js that exports main", dir.Dir)
	}
	return nil, fmt.Errorf("%s is a function of kind %s, which this version of wxfn does not run", dir.Dir, dir.Kind)
}

// nodeHandler returns "<file>.<export>".
func nodeHandler(dir config.FunctionDir) string {
	if dir.Handler != "" && strings.Contains(dir.Handler, ".") {
		return dir.Handler
	}
	return strings.TrimSuffix(dir.Entry, filepath.Ext(dir.Entry)) + ".main"
}

// processEnviron returns the variables that an instance has from its start.
func (e *Emulator) processEnviron(dir config.FunctionDir) (map[string]string, error) {
	url, err := e.Listen()
	if err != nil {
		return nil, err
	}
	environ := e.platform.ProcessEnviron()
	for name, value := range dir.Env {
		environ[name] = value
	}
	environ["WXFN_URL"] = url
	environ["SCF_FUNCTIONNAME"] = dir.Name
	return environ, nil
}

func (e *Emulator) installPackages(ctx context.Context, dir string) error {
	missing, err := host.MissingPackages(dir)
	if err != nil || len(missing) == 0 {
		return err
	}
	if !e.config.Install {
		return fmt.Errorf("not installed: %s; run: npm install --prefix %s (or start wxfn with --install)", strings.Join(missing, ", "), dir)
	}
	e.log.Info("installing "+strings.Join(missing, ", "), "dir", dir)
	return host.InstallPackages(ctx, dir)
}

// build builds the Go main packages in dirs, those of one module together.
func (e *Emulator) build(ctx context.Context, dirs ...string) (programs map[string]string, failures map[string]error) {
	state, err := e.stateDir()
	if err != nil {
		failures = map[string]error{}
		for _, dir := range dirs {
			failures[dir] = err
		}
		return nil, failures
	}
	return e.builder.Build(ctx, filepath.Join(state, "bin"), dirs)
}

func (e *Emulator) buildOne(ctx context.Context, dir string) (string, error) {
	programs, failures := e.build(ctx, dir)
	return programs[dir], failures[dir]
}

// Build makes all functions of Dir ready to be called, those of one Go module by one build. It returns why each of the
// others is not, by name; they answer calls with that error, and a call tries anew.
func (e *Emulator) Build(ctx context.Context) map[string]error {
	var dirs []string
	for _, dir := range e.project.Functions {
		if dir.Kind == config.KindGo && len(dir.Duplicate) == 0 {
			dirs = append(dirs, dir.Dir)
		}
	}
	programs, failures := e.build(ctx, dirs...)
	broken := map[string]error{}
	for _, dir := range e.project.Functions {
		f, ok := e.function(dir.Name)
		if !ok {
			continue
		}
		_, err := f.ready(ctx, func(_ context.Context, dir string) (string, error) { return programs[dir], failures[dir] })
		if err != nil {
			broken[dir.Name] = err
		}
	}
	return broken
}

func (e *Emulator) function(name string) (*function, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	f, ok := e.functions[name]
	return f, ok
}

// names returns the names of all functions, sorted.
func (e *Emulator) names() []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var names []string
	for name := range e.functions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// functions is what the platform sees of the emulator.
type functions Emulator

// Permitted implements platform.Functions.
func (fs *functions) Permitted(name, api string) (bool, string) {
	f, ok := (*Emulator)(fs).function(name)
	if !ok {
		return false, fmt.Sprintf("the function %s is gone", name)
	}
	return f.permitted(api)
}

// Call implements platform.Functions.
func (fs *functions) Call(ctx context.Context, caller platform.Caller, name string, event []byte) (*tcb.InvokeResult, error) {
	result, err := (*Emulator)(fs).invoke(ctx, caller, name, event)
	if err != nil {
		return nil, &tcb.Error{Code: err.cloudBaseCode(), Message: err.text(), RequestID: err.RequestID}
	}
	return &tcb.InvokeResult{RequestID: result.RequestID, Data: string(result.JSON)}, nil
}
