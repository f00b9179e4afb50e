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

	ctx    context.Context // ends when the function is closed
	cancel context.CancelFunc
	calls  sync.WaitGroup // the invocations that found this function by its name

	mu          sync.Mutex
	preparation *preparation // nil until the first call, and after a failure
}

// buildFunc returns the program of the Go main package in dir.
type buildFunc func(ctx context.Context, dir string) (program string, err error)

// preparation is the making ready of a function.
type preparation struct {
	done   chan struct{} // closed when the fields below are set
	hosted *host.Function
	err    error
}

var errStopping = errors.New("the emulator is stopping, or has replaced the function")

// ready returns the host of the function, prepared. That goes on when ctx ends, for the sake of the next caller.
func (f *function) ready(ctx context.Context, build buildFunc) (*host.Function, error) {
	f.mu.Lock()
	if f.ctx.Err() != nil {
		f.mu.Unlock()
		return nil, errStopping
	}
	p := f.preparation
	if p == nil {
		p = &preparation{done: make(chan struct{})}
		f.preparation = p
		go f.run(p, build)
	}
	f.mu.Unlock()
	select {
	case <-p.done:
		return p.hosted, p.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the caller went away while the function was made ready: %w", ctx.Err())
	}
}

func (f *function) run(p *preparation, build buildFunc) {
	defer close(p.done)
	if p.hosted, p.err = f.prepare(f.ctx, build); p.err != nil {
		f.mu.Lock()
		f.preparation = nil
		f.mu.Unlock()
	}
}

// close ends the function with all that it runs, or prepares to run. Calls that are running fail.
func (f *function) close() {
	f.mu.Lock()
	f.cancel()
	p := f.preparation
	f.mu.Unlock()
	if p == nil {
		return
	}
	<-p.done
	if p.hosted != nil {
		p.hosted.Close()
	}
}

// newHandler returns a function in this process.
func (e *Emulator) newHandler(name string, h cloudfn.Handler, permissions []string) *function {
	f := &function{name: name, kind: "handler"}
	f.ctx, f.cancel = context.WithCancel(e.ctx)
	f.permitted = func(api string) (bool, string) {
		return slices.Contains(permissions, api), fmt.Sprintf("add %q to the permissions that Handle(%q, …) is given", api, name)
	}
	f.prepare = func(context.Context, buildFunc) (*host.Function, error) {
		return host.New(name, &host.InProcess{Handler: h, Transport: direct{e.platform}}, e.config.Timeout, 0, 0), nil
	}
	return f
}

// newFolder returns the function of a folder.
func (e *Emulator) newFolder(dir config.FunctionDir) *function {
	f := &function{name: dir.Name, kind: string(dir.Kind), dir: dir.Dir}
	f.ctx, f.cancel = context.WithCancel(e.ctx)
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
	until, cancel := context.WithCancel(e.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	return e.builder.Build(until, filepath.Join(state, "bin"), dirs)
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

// enter returns a function that is there, though another may take its name, until leave is called.
func (e *Emulator) enter(name string) (f *function, leave func(), ok bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if f, ok = e.functions[name]; !ok {
		return nil, nil, false
	}
	f.calls.Add(1)
	return f, f.calls.Done, true
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

// Call implements platform.Functions.
func (fs *functions) Call(ctx context.Context, caller platform.Caller, name string, event []byte) (*tcb.InvokeResult, error) {
	result, err := (*Emulator)(fs).invoke(ctx, caller, name, event)
	if err != nil {
		return nil, &tcb.Error{Code: err.cloudBaseCode(), Message: err.text(), RequestID: err.RequestID}
	}
	return &tcb.InvokeResult{RequestID: result.RequestID, Data: string(result.JSON)}, nil
}
