package permcheck

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

// Report is the outcome of a check.
type Report struct {
	// Base is the folder that the names of files are relative to, absolute. Files outside of it, and of the project that
	// it is a part of, have absolute names.
	Base string
	// Functions are those that were checked, by folder.
	Functions []Function
	// Findings are in a fixed order: by place, then by code and text.
	Findings []Finding
	// Failures are the functions that could not be analysed, by folder; the others were.
	Failures []Failure

	around   string    // the folder of the project that Base is a part of; "" where there is none
	unsorted []Finding // about lists that are not sorted, which is a matter of taste
}

// Function is one function that was checked.
type Function struct {
	Name string
	Dir  string // named as in findings
	Kind config.Kind
	// Used are the APIs that its code can call, and Declared those that its config.json permits, both sorted.
	Used, Declared []string
}

// Finding is one thing wrong with a function.
type Finding struct {
	config.Finding
	// Function is the name of the function, API that of the API that the finding is about; either may be empty.
	Function, API string
	// Path leads from the function's start to the call that the finding is about; empty for a finding about config.json.
	Path []Step

	dir    string // of the function, named as in findings
	unused bool   // whether the finding is about an entry of config.json that the code never uses
}

// Failure is why a function could not be analysed.
type Failure struct {
	Function string
	Dir      string // named as in findings
	// Err may have several lines: a compiler's messages.
	Err error
}

// Failed reports whether something is wrong: an error or, where strict, a warning.
func (r *Report) Failed(strict bool) bool {
	for _, f := range r.Findings {
		if strict || f.Severity == config.Error {
			return true
		}
	}
	return false
}

// AddUnsorted adds a finding for each config.json whose permissions are not sorted. Without it, their order is nobody's
// business.
func (r *Report) AddUnsorted() {
	r.Findings = append(r.Findings, r.unsorted...)
	r.unsorted = nil
	r.sort()
}

// name returns a file as findings name it, whether it is absolute or named so already.
func (r *Report) name(file string) string {
	if filepath.IsAbs(file) {
		if rel, err := filepath.Rel(r.Base, file); err == nil && (filepath.IsLocal(rel) || r.around != "" && inside(r.around, file)) {
			file = rel
		}
	}
	return filepath.ToSlash(file)
}

// machineName returns a file that findings name so in a form for tools that take no path upwards.
func (r *Report) machineName(name string) string {
	if strings.HasPrefix(name, "../") {
		name = filepath.ToSlash(r.path(name))
	}
	return name
}

// inside reports whether a path is a folder or in it.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// path returns the file or folder that findings name so.
func (r *Report) path(name string) string {
	file := filepath.FromSlash(name)
	if !filepath.IsAbs(file) {
		file = filepath.Join(r.Base, file)
	}
	return file
}

// sort brings a report into its fixed order.
func (r *Report) sort() {
	slices.SortFunc(r.Functions, func(a, b Function) int { return cmp.Compare(a.Dir, b.Dir) })
	slices.SortFunc(r.Failures, func(a, b Failure) int { return cmp.Compare(a.Dir, b.Dir) })
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(a.Finding.Compare(b.Finding), cmp.Compare(a.Function, b.Function), cmp.Compare(a.API, b.API))
	})
	r.Findings = slices.CompactFunc(r.Findings, func(a, b Finding) bool {
		return a.Finding == b.Finding && a.Function == b.Function && a.API == b.API
	})
}

func sortedKeys[V any](m map[string]V) []string {
	names := slices.Sorted(maps.Keys(m))
	if names == nil {
		names = []string{}
	}
	return names
}
