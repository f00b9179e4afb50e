package emulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
	"github.com/wxcloud-go/wxfn/emulator/internal/watch"
)

// stamp tells one build of a program from the next.
type stamp struct {
	modified time.Time
	size     int64
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// Watch reloads functions of Dir when their files change, until the emulator is closed. A function that has been built
// anew takes the place of the old one, which first ends its invocations. One that cannot be built does not: the old one
// goes on, and the answers of its calls tell why. Functions come and go with their folders. Only the first call has an
// effect, and none where there is no Dir.
func (e *Emulator) Watch() {
	if e.config.Dir != "" {
		e.watchOnce.Do(e.watch)
	}
}

func (e *Emulator) watch() {
	check := e.keepChecking()
	var w *watch.Watcher
	created := make(chan struct{})
	packages := map[string]bool{} // that functions are built from, or were: one that does not compile may import nothing
	w = watch.New(watch.Config{
		Log: e.log,
		OnChange: func(paths []string) {
			<-created
			if e.reloadProject(paths) {
				// Before anything is built: what changes while it is must be seen.
				e.addPackages(packages)
				w.Set(e.watched(packages))
				e.reloadFunctions(paths)
				if e.config.Check {
					check() // which then says who is well again
				} else {
					e.logRecovered(nil)
				}
			}
		},
	})
	w.Set(e.watched(packages))
	check()
	context.AfterFunc(e.ctx, w.Close)
	// Which packages functions are built from takes the go command a while to tell.
	go func() {
		defer close(created)
		e.addPackages(packages)
		w.Set(e.watched(packages))
	}()
}

// addPackages adds to packages the folders that the Go functions are built from.
func (e *Emulator) addPackages(packages map[string]bool) {
	var dirs []string
	for _, f := range e.project.Load().Functions {
		if f.BuildsGo() {
			dirs = append(dirs, f.Dir)
		}
	}
	found, err := host.PackageDirs(e.ctx, dirs)
	if err != nil && e.ctx.Err() == nil {
		e.log.Warn("changes outside of the functions' own folders will not be seen: " + err.Error())
	}
	for _, dir := range found {
		packages[dir] = true
	}
}

// watched returns the folders whose files make up the project, with those of Go packages: those that are true with all
// below them.
func (e *Emulator) watched(packages map[string]bool) map[string]bool {
	project := e.project.Load()
	dirs := map[string]bool{project.Root: false, project.Dir: false}
	if project.Pages != nil {
		dirs[filepath.Dir(e.fromProject(project.Pages.File))] = false
	}
	for _, f := range project.Functions {
		dirs[filepath.Dir(f.Dir)] = false
	}
	for dir := range packages {
		dirs[dir] = false
	}
	for _, f := range project.Functions {
		dirs[f.Dir] = true
	}
	return dirs
}

// fromProject returns the path of a file that is named as in findings.
func (e *Emulator) fromProject(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(e.project.Load().Dir, filepath.FromSlash(file))
}

// reloadProject brings the project's settings up to date after changes of these files, and closes functions that are
// gone. It reports whether there still is a project.
func (e *Emulator) reloadProject(paths []string) bool {
	project, findings, err := e.load()
	if err != nil {
		e.log.Error("reloading: " + err.Error())
		return false
	}
	old := e.project.Load()
	_, statErr := os.Stat(project.StubsFile)
	broken := statErr == nil && project.Stubs == nil // it is no JSON at the moment
	if broken {
		project.Stubs = old.Stubs
	}
	e.project.Store(project)
	switch changed := slices.Contains(paths, project.StubsFile) || !reflect.DeepEqual(old.Stubs, project.Stubs); {
	case changed && broken:
		e.log.Warn(e.nameOf(project.StubsFile) + " cannot be read; the stubs stay as they were")
	case changed:
		e.setStubsFile()
		e.log.Info("stubs are reloaded")
	}
	e.logFaults(e.faults.ofProject(findings), findings, paths)
	for _, name := range e.names() {
		there := slices.ContainsFunc(project.Functions, func(dir config.FunctionDir) bool { return dir.Name == name })
		if f, ok := e.function(name); ok && f.dir != "" && !there {
			e.drop(name)
			e.log.Info("is gone", "function", name)
		}
	}
	return true
}

// reloadFunctions brings the functions up to date after changes of these files.
func (e *Emulator) reloadFunctions(paths []string) {
	begin := time.Now()
	stubs := e.project.Load().StubsFile
	e.reloadFindings(paths)
	paths = slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return path == stubs }) // no function is built from it
	var changed []config.FunctionDir
	for _, dir := range e.project.Load().Functions {
		if e.mayHaveChanged(dir, paths) {
			changed = append(changed, dir)
		}
	}
	if len(changed) == 0 {
		return
	}
	// Those that need no build do not wait for it.
	for _, dir := range changed {
		if !dir.BuildsGo() {
			e.renew(dir, paths, nil, begin)
		}
	}
	built := e.buildTogether(e.ctx, changed)
	for _, dir := range changed {
		if dir.BuildsGo() {
			e.renew(dir, paths, built, begin)
		}
	}
}

// mayHaveChanged reports whether a function has to be made anew, as far as can be told before it is built.
func (e *Emulator) mayHaveChanged(dir config.FunctionDir, paths []string) bool {
	old, ok := e.function(dir.Name)
	switch {
	case ok && old.dir == "":
		return false // a handler of this process has the name
	case !ok, !reflect.DeepEqual(old.folder, dir):
		return true
	}
	if slices.ContainsFunc(paths, func(path string) bool { return ownFile(dir, path) }) {
		return true
	}
	// A Go function may be built from files anywhere. What has changed it is left to the go command, which is quick where
	// it is nothing.
	return dir.BuildsGo() && slices.ContainsFunc(paths, func(path string) bool {
		return !withinAny(e.project.Load().Functions, path)
	})
}

// ownFile reports whether a file belongs to a function. Its config.json is read when it is needed.
func ownFile(dir config.FunctionDir, path string) bool {
	return within(dir.Dir, path) && path != filepath.Join(dir.Dir, "config.json")
}

func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}

func withinAny(folders []config.FunctionDir, path string) bool {
	return slices.ContainsFunc(folders, func(dir config.FunctionDir) bool { return within(dir.Dir, path) })
}

// renew puts a new function in the place of the old one, if it is another one, and one that works.
func (e *Emulator) renew(dir config.FunctionDir, paths []string, built buildFunc, begin time.Time) {
	f := e.newFolder(dir)
	f.renewal = true
	old, ok := e.function(dir.Name)
	_, err := f.ready(e.ctx, built)
	e.faults.built(dir.Name, err)
	switch {
	case e.ctx.Err() != nil:
		f.close()
	case err != nil && ok && old.works():
		f.close()
		why := err.Error()
		old.outdated.Store(&why)
		e.log.Error(why, "function", dir.Name)
	case err == nil && ok && e.same(old, f, paths):
		f.close()
		if old.outdated.Swap(nil) != nil {
			e.log.Info("is as before", "function", dir.Name)
		}
	default:
		e.put(f)
		if err != nil {
			e.log.Error(err.Error(), "function", dir.Name)
			return
		}
		e.log.Info("reloaded", "function", dir.Name, "duration", time.Since(begin).Round(time.Millisecond))
	}
}

// same reports whether a function that has been built anew is what it was before.
func (e *Emulator) same(old, f *function, paths []string) bool {
	if !f.folder.BuildsGo() || old.program != f.program || !reflect.DeepEqual(old.folder, f.folder) {
		return false
	}
	// A file that the function reads when it runs counts, a source file that changed nothing does not.
	return !slices.ContainsFunc(paths, func(path string) bool { return ownFile(f.folder, path) && filepath.Ext(path) != ".go" })
}

// keepProgram returns a program's file that the next build leaves alone, so that what runs stays what it is.
func (e *Emulator) keepProgram(program string) (string, error) {
	dir, err := e.runDir()
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(dir, filepath.Base(program)+"-*")
	if err != nil {
		return "", fmt.Errorf("the state folder: %w", err)
	}
	kept := file.Name() + filepath.Ext(program)
	err = errors.Join(file.Close(), os.Remove(file.Name()))
	if err == nil {
		if err = os.Link(program, kept); err != nil { // not every file system has links
			err = copyProgram(program, kept)
		}
	}
	if err != nil {
		return "", fmt.Errorf("the state folder: %w", err)
	}
	return kept, nil
}

// runDir returns the folder for what this emulator alone reads and runs, which goes with it.
func (e *Emulator) runDir() (string, error) {
	state, err := e.stateDir()
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running == nil {
		if e.running, err = statedir.NewTempDir(state, "run"); err == nil {
			// Or a package.json of the project would decide how Node reads the scripts there.
			err = os.WriteFile(filepath.Join(e.running.Path, "package.json"), []byte(`{"type": "commonjs"}`), 0o600)
		}
		if err != nil {
			return "", fmt.Errorf("the state folder: %w", err)
		}
	}
	return e.running.Path, nil
}

func copyProgram(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}

// outdatedBy returns why a function is not the newest; "" where it is.
func (f *function) outdatedBy() string {
	return *cmp.Or(f.outdated.Load(), new(""))
}
