package emulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// newFolder returns the function of a folder.
func (e *Emulator) newFolder(dir config.FunctionDir) *function {
	f := &function{name: dir.Name, kind: string(dir.Kind), dir: dir.Dir, folder: dir}
	f.ctx, f.cancel = context.WithCancel(e.ctx)
	e.journal.Redact(secretValues(dir.Env)...)
	f.permitted = func(api string) (bool, string) {
		ok, advice := e.permittedByFile(f, api)
		if e.config.Record {
			e.record(f, e.nameOf(filepath.Join(dir.Dir, "config.json")), api, ok)
			return true, ""
		}
		return ok, advice
	}
	f.findings = func() []config.Finding {
		_, findings, err := e.project.Load().LoadFunction(dir)
		if err != nil {
			e.log.Error(err.Error(), "function", dir.Name)
		}
		return findings
	}
	if dir.Kind.ServesHTTP() {
		f.service = e.platform.AddService(dir.Name, f.permitted)
	}
	f.prepare = func(ctx context.Context, build buildFunc) (*host.Function, error) {
		if f.service != nil && len(dir.Duplicate) == 0 {
			return e.prepareService(ctx, f, build)
		}
		runtime, err := e.runtime(ctx, f, build)
		if err != nil {
			return nil, err
		}
		return host.New(dir.Name, runtime, dir.Timeout, dir.MemoryMB, e.config.MaxInstances), nil
	}
	return f
}

// permittedByFile reads a function's config.json anew, so that an edit counts at once; with Config.PermissionDelay, when
// what was read last is so old.
func (e *Emulator) permittedByFile(f *function, api string) (ok bool, advice string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := e.clock.Now()
	if now.Before(f.permissions.read) { // the clock was moved back
		f.permissions.read = now
	}
	if p := &f.permissions; p.read.IsZero() || now.Sub(p.read) >= e.config.PermissionDelay {
		c, findings, err := e.project.Load().LoadFunction(f.folder)
		if err != nil {
			return false, err.Error()
		}
		*p = permissions{now, c, findings}
	}
	c := f.permissions.config
	if c.Allows(api) {
		return true, ""
	}
	advice = e.howToPermit(c, f.permissions.findings, api)
	if place := e.calledAt(f.name, api); place != "" {
		advice += "; it is called at " + place
	}
	return false, advice
}

// howToPermit returns what to do about a config.json that does not permit an API.
func (e *Emulator) howToPermit(c *config.Function, findings []config.Finding, api string) string {
	file := e.fromHere(config.Finding{File: c.File}).File
	if !c.Exists {
		return fmt.Sprintf(`create %s with {"permissions": {"openapi": [%q]}}`, file, api)
	}
	for _, f := range findings {
		if f.Severity == config.Error {
			return "mend " + e.fromHere(f).String()
		}
	}
	return fmt.Sprintf("add %q to permissions.openapi in %s", api, file)
}

// runtime returns what runs the function of a folder, built and with its packages installed.
func (e *Emulator) runtime(ctx context.Context, f *function, build buildFunc) (host.Runtime, error) {
	dir := f.folder
	if len(dir.Duplicate) > 0 {
		return nil, fmt.Errorf("%d functions have the name %q: %s and %s; give each a name of its own",
			len(dir.Duplicate)+1, dir.Name, dir.Dir, strings.Join(dir.Duplicate, ", "))
	}
	environ, err := e.processEnviron(f)
	if err != nil {
		return nil, err
	}
	program := host.Program{Dir: dir.Dir, Environ: environ, Late: e.wayOut(f), Sandbox: e.sandbox}
	account := host.Account{Namespace: e.config.Env, Region: platform.Region, AppID: platform.AccountAppID, Uin: platform.AccountUin}
	switch dir.Kind {
	case config.KindGo:
		if program.Path, err = e.programOf(ctx, f, build); err != nil {
			return nil, err
		}
		return &host.Go1{Program: program, Account: account}, nil
	case config.KindNode:
		if err := e.installPackages(ctx, dir); err != nil {
			return nil, err
		}
		return e.nodeRuntime(ctx, f, program, account)
	case config.KindBootstrap:
		program.Path = filepath.Join(dir.Dir, filepath.FromSlash(dir.Entry))
		return &host.RuntimeAPI{Program: program, Handler: cmp.Or(dir.Handler, "index.main_handler"), Account: account}, nil
	case config.KindNone:
		return nil, fmt.Errorf("%s: %s", dir.Dir, dir.Missing)
	}
	return nil, fmt.Errorf("%s is a function of kind %s, which this version of wxfn does not run", dir.Dir, dir.Kind)
}

// nodeRuntime returns what runs a Node function.
func (e *Emulator) nodeRuntime(ctx context.Context, f *function, program host.Program, account host.Account) (host.Runtime, error) {
	dir := f.folder
	run, err := e.runDir()
	if err != nil {
		return nil, err
	}
	runner, err := host.WriteRunner(run)
	if err != nil {
		return nil, err
	}
	switch {
	case config.IsTypeScript(dir.Entry):
		if f.kept, err = e.compile(dir); err != nil {
			return nil, err
		}
	case f.renewal:
		if err := host.CheckNode(ctx, dir.Dir, dir.Entry); err != nil {
			return nil, err
		}
	}
	return host.Node(runner, program, nodeHandler(dir), f.kept, account)
}

// compile returns the file with what is made of a function's TypeScript.
func (e *Emulator) compile(dir config.FunctionDir) (string, error) {
	script, err := host.CompileTypeScript(dir.Dir, dir.Entry)
	if err != nil {
		return "", err
	}
	run, err := e.runDir()
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(run, "compiled-*.js")
	if err != nil {
		return "", fmt.Errorf("the state folder: %w", err)
	}
	_, err = file.Write(script)
	return file.Name(), errors.Join(err, file.Close())
}

// newSandbox returns the sandbox of a project's functions.
func newSandbox(p *config.Project) *host.Sandbox {
	dirs := []string{p.Root, p.Dir}
	for _, f := range p.Functions {
		dirs = append(dirs, f.Dir)
	}
	return host.NewSandbox(dirs...)
}

// WriteGap returns what functions can write here and not in the cloud, and why; "" if there is nothing, as on Linux with a
// kernel that can refuse it.
func (e *Emulator) WriteGap() string { return e.sandbox.Gap() }

// programOf returns the program that a function's folder holds, or that is built from it.
func (e *Emulator) programOf(ctx context.Context, f *function, build buildFunc) (string, error) {
	if !f.folder.BuildsGo() {
		return filepath.Join(f.dir, filepath.FromSlash(f.folder.Entry)), nil
	}
	program, err := build(ctx, f.dir)
	if err != nil {
		return "", err
	}
	f.program = stampOf(program)
	f.kept, err = e.keepProgram(program)
	return f.kept, err
}

// nodeHandler returns "<file>.<export>".
func nodeHandler(dir config.FunctionDir) string {
	if dir.Handler != "" && strings.Contains(dir.Handler, ".") {
		return dir.Handler
	}
	return strings.TrimSuffix(dir.Entry, filepath.Ext(dir.Entry)) + ".main"
}

// processEnviron returns the variables that an instance has from its start.
func (e *Emulator) processEnviron(f *function) (map[string]string, error) {
	url, err := e.Listen()
	if err != nil {
		return nil, err
	}
	environ := e.platform.ProcessEnviron()
	maps.Copy(environ, f.variables())
	environ[wxcloud.VarEmulatorURL] = url
	environ[wxcloud.VarBaseURL] = url // an HTTPS call does not leave this machine either
	environ[wxcloud.VarFunctionName] = f.name
	return environ, nil
}

// installPackages has the packages of a function installed in its folder, or returns which are missing there.
func (e *Emulator) installPackages(ctx context.Context, dir config.FunctionDir) error {
	missing, err := host.MissingPackages(dir.Dir)
	if dir.Kind == config.KindCloudRun { // whose image has the packages that its Dockerfile installs
		missing = slices.DeleteFunc(missing, func(name string) bool { return host.InstalledAbove(dir.Dir, name) != "" })
	}
	if err == nil && e.config.Install && len(missing) == 0 {
		missing = host.LackingPackages(dir.Dir)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	if !e.config.Install {
		var names []string
		for _, name := range missing {
			if above := host.InstalledAbove(dir.Dir, name); above != "" {
				name += " (the one in " + filepath.Join(above, "node_modules") + " is not uploaded)"
			}
			names = append(names, name)
		}
		return fmt.Errorf("not installed: %s; run: npm install --prefix %s (or start wxfn with --install)", strings.Join(names, ", "), dir.Dir)
	}
	e.log.Info("installing "+strings.Join(missing, ", "), "dir", dir.Dir)
	lockErr, err := host.InstallPackages(ctx, dir.Dir)
	if lockErr != nil {
		e.log.Warn("installed without package-lock.json, by npm install, because its versions cannot be installed: "+lockErr.Error(), "dir", dir.Dir)
	}
	return err
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
	return e.builder.Build(until, filepath.Join(state, statedir.ProgramsName), dirs)
}

func (e *Emulator) buildOne(ctx context.Context, dir string) (string, error) {
	programs, failures := e.build(ctx, dir)
	return programs[dir], failures[dir]
}

// Build makes all functions of Dir ready to be called, those of one Go module by one build. It returns why each of the
// others is not, by name; they answer calls with that error, and a call tries anew.
func (e *Emulator) Build(ctx context.Context) map[string]error {
	folders := e.project.Load().Functions
	built := e.buildTogether(ctx, folders)
	broken := map[string]error{}
	for _, dir := range folders {
		if f, ok := e.function(dir.Name); ok {
			_, err := f.ready(ctx, built)
			if e.faults.built(dir.Name, err); err != nil {
				broken[dir.Name] = err
			}
		}
	}
	return broken
}

// buildTogether builds the Go functions among folders, and returns what gives out the outcome.
func (e *Emulator) buildTogether(ctx context.Context, folders []config.FunctionDir) buildFunc {
	var dirs []string
	for _, dir := range folders {
		if dir.BuildsGo() && len(dir.Duplicate) == 0 {
			dirs = append(dirs, dir.Dir)
		}
	}
	programs, failures := e.build(ctx, dirs...)
	return func(_ context.Context, dir string) (string, error) { return programs[dir], failures[dir] }
}
