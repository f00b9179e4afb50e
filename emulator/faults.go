package emulator

import (
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/wxcloud-go/wxfn/config"
)

// faults are the findings about a project's files at the last load: those that are new are logged, and what has been
// fixed is said to be well again. The zero value is ready to use.
type faults struct {
	mu        sync.Mutex
	project   []config.Finding
	functions map[string][]config.Finding // about the config.json of each function
	broken    map[string]bool             // the functions that cannot be built or started
	ill       map[string]bool             // the functions that had something wrong since they were last well
}

func (f *faults) init() {
	if f.functions == nil {
		f.functions, f.broken, f.ill = map[string][]config.Finding{}, map[string]bool{}, map[string]bool{}
	}
}

// ofProject sets the findings about the project's own files, and returns the former ones.
func (f *faults) ofProject(now []config.Finding) (before []config.Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, f.project = f.project, slices.Clone(now)
	return before
}

// ofFunction is ofProject for the files of a function.
func (f *faults) ofFunction(name string, now []config.Finding) (before []config.Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.init()
	before, f.functions[name] = f.functions[name], now
	if len(now) > 0 {
		f.ill[name] = true
	}
	return before
}

// built notes whether a function could be built.
func (f *faults) built(name string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.init()
	if f.broken[name] = err != nil; err != nil {
		f.ill[name] = true
	}
}

// recovered returns the functions that are well again, sorted: those that had something wrong, and are not among the ones
// that a check finds something wrong with now.
func (f *faults) recovered(wrong map[string]bool) (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.init()
	for _, name := range slices.Sorted(maps.Keys(f.ill)) {
		if !wrong[name] && !f.broken[name] && len(f.functions[name]) == 0 {
			names = append(names, name)
			delete(f.ill, name)
		}
	}
	for name := range wrong {
		f.ill[name] = true
	}
	return names
}

// logNew logs the findings that were not there before, and those in files that have changed.
func (e *Emulator) logNew(before, now []config.Finding, paths []string) {
	for _, f := range now {
		if !slices.Contains(before, f) || slices.Contains(paths, e.fromProject(f.File)) {
			e.logFinding(e.fromHere(f))
		}
	}
}

// logFaults is logNew for the project's own files. One that has no findings any more is well again.
func (e *Emulator) logFaults(before, now []config.Finding, paths []string) {
	e.logNew(before, now, paths)
	for _, file := range filesOf(before) {
		if _, err := os.Stat(e.fromProject(file)); err == nil && !slices.Contains(filesOf(now), file) {
			e.log.Info(e.fromHere(config.Finding{File: file}).File + " is well again")
		}
	}
}

// filesOf returns the files that findings are about, sorted.
func filesOf(findings []config.Finding) (files []string) {
	for _, f := range findings {
		files = append(files, f.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// reloadFindings brings the findings about functions up to date after changes of these files.
func (e *Emulator) reloadFindings(paths []string) {
	for _, dir := range e.project.Load().Functions {
		f, known := e.function(dir.Name)
		changed := slices.ContainsFunc(paths, func(path string) bool { return within(dir.Dir, path) })
		if known && (f.dir == "" || !changed) {
			continue
		}
		_, now, err := e.project.Load().LoadFunction(dir)
		if err != nil {
			continue // the folder is gone again
		}
		e.logNew(e.faults.ofFunction(dir.Name, now), now, paths)
	}
}

// logRecovered logs which functions are well again. wrong are those that a check finds something wrong with.
func (e *Emulator) logRecovered(wrong map[string]bool) {
	for _, name := range e.faults.recovered(wrong) {
		if _, ok := e.function(name); ok {
			e.log.Info("well again", "function", name)
		}
	}
}
