package emulator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/wxcloud-go/wxfn/config"
)

// Recording is what a function of the project was seen to call while [Config].Record let it.
type Recording struct {
	Function string
	// File is its config.json.
	File string
	// Used are the APIs that it called, Missing those of them that its config.json lacked, and Added those of these that
	// [Config].RecordWrite has added to it, all sorted.
	Used, Missing, Added []string
	// Before and After are the text of the config.json as it was at the first such call, nil where there was none, and as
	// it is to be.
	Before, After []byte
}

// Diff returns the change of the config.json, in the unified form that git apply takes in the folder that File is
// relative to; empty where there is none.
func (r Recording) Diff() string {
	before, after := r.File, r.File
	if filepath.IsLocal(r.File) {
		before, after = "a/"+r.File, "b/"+r.File
	}
	if r.Before == nil {
		before = "/dev/null"
	}
	text := string(diff.Diff(before, r.Before, after, r.After))
	_, text, _ = strings.Cut(text, "\n")
	return text
}

// Recorded returns what was recorded, of the functions that called something, by name. A config.json that cannot be
// changed has an error of its own; the others are there all the same.
func (e *Emulator) Recorded() ([]Recording, error) {
	e.recording.Lock()
	defer e.recording.Unlock()
	var all []Recording
	var failures []error
	for _, name := range sortedNames(e.recorded) {
		r := e.recorded[name]
		if err := r.change(); err != nil {
			failures = append(failures, err)
		}
		one := *r
		for _, list := range []*[]string{&one.Used, &one.Missing, &one.Added} {
			*list = slices.Clone(*list) // what is recorded later changes r's
		}
		all = append(all, one)
	}
	return all, errors.Join(failures...)
}

// change works out what the config.json is to be.
func (r *Recording) change() (err error) {
	if len(r.Missing) == 0 {
		r.After = r.Before
		return nil
	}
	if r.After, err = config.AddPermissions(r.Before, r.Missing...); err != nil {
		r.After = r.Before
		return fmt.Errorf("%s cannot be changed: %w", r.File, err)
	}
	return nil
}

// record notes that a function of a folder calls an API, which its config.json permits or not.
func (e *Emulator) record(f *function, file, api string, permitted bool) {
	e.recording.Lock()
	defer e.recording.Unlock()
	r := e.recorded[f.name]
	if r == nil {
		r = &Recording{Function: f.name, File: file}
		r.Before, _ = os.ReadFile(filepath.Join(f.dir, "config.json")) // one that cannot be read cannot be changed either
		e.recorded[f.name] = r
	}
	r.Used = insert(r.Used, api)
	if permitted || slices.Contains(r.Missing, api) {
		return
	}
	r.Missing = insert(r.Missing, api)
	if !e.config.RecordWrite {
		e.log.Info(fmt.Sprintf("uses %s, which %s lacks", api, file), "function", f.name)
		return
	}
	if _, err := config.EditPermissions(f.dir, config.PermissionEdit{Add: []string{api}}); err != nil {
		e.log.Error(fmt.Sprintf("%s could not be added to %s: %v", api, file, err), "function", f.name)
		return
	}
	r.Added = insert(r.Added, api)
	e.log.Info(fmt.Sprintf("%s was added to %s", api, file), "function", f.name)
}

// insert adds a name to a sorted list, once.
func insert(list []string, name string) []string {
	i, there := slices.BinarySearch(list, name)
	if there {
		return list
	}
	return slices.Insert(list, i, name)
}
