// Package apiuse describes the APIs that the code of a function can call, and where: what the analysers of each language find.
// See packages golang and javascript.
package apiuse

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
)

// Directive is what a comment starts with that says which APIs the call at it can be of, where the code does not tell:
// in the line of the call, or the one above.
const Directive = "wxfn:permissions"

// Position is a place in a source file.
type Position struct {
	File string // absolute
	Line int    // counted from 1
	// Column is counted from 1, in characters.
	Column int
}

// Compare orders positions by file, line and column.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Step is one step from a function's start to a call.
type Step struct {
	// Name is what is entered or called here: "main", "helper.Send", "openapi.Wxacode.Get".
	Name string
	Position
}

// Use is a place from which an API can be called.
type Use struct {
	// API is the name of the API, or the path of one that the catalogue does not have; empty where the code makes it up at
	// run time.
	API string
	// Declared are the APIs that a directive at the call names, in the place of one made up at run time.
	Declared []string
	// OwnToken is set where the call can only be one over HTTPS with an access token of the program's own: config.json has no
	// say in it.
	OwnToken bool
	// Path leads from the function's start to the call, which is its last step.
	Path []Step
}

// Where returns the place of a use: its last step.
func (u Use) Where() Position { return u.Path[len(u.Path)-1].Position }

// Compare orders uses by API, then place, then by the length of the path.
func (u Use) Compare(v Use) int {
	return cmp.Or(cmp.Compare(u.API, v.API), u.Where().Compare(v.Where()), cmp.Compare(len(u.Path), len(v.Path)))
}

// Doubt is a place that an analyser cannot follow.
type Doubt struct {
	Position
	Message string // what cannot be told, in a few words
}

// The codes of faults.
const (
	OutsideFolder = "outside-folder" // a file or package that is not uploaded with the function
	ModuleEntry   = "module-entry"   // an entry file that is an ES module
)

// Fault is a place in the code that fails in the cloud, whatever it calls.
type Fault struct {
	Position
	Code    string // such as OutsideFolder
	Message string
	Advice  string
}

// Analysis is what an analyser finds in one function.
type Analysis struct {
	// Uses are sorted as by [Use.Compare]; of the paths to one API from one place, the shortest.
	Uses []Use
	// Doubts are sorted by place: what is called there may be missing from Uses.
	Doubts []Doubt
	// Faults are sorted by place.
	Faults []Fault
	// Err is why the function could not be analysed. It may have several lines: a compiler's messages.
	Err error
}

// Sort brings an analysis into its fixed order, each doubt once.
func (a *Analysis) Sort() {
	slices.SortStableFunc(a.Uses, Use.Compare)
	slices.SortFunc(a.Doubts, func(x, y Doubt) int {
		return cmp.Or(x.Position.Compare(y.Position), cmp.Compare(x.Message, y.Message))
	})
	a.Doubts = slices.Compact(a.Doubts)
	slices.SortFunc(a.Faults, func(x, y Fault) int { return x.Position.Compare(y.Position) })
}

// ShortPath returns a path relative to the working folder where that is shorter, for messages.
func ShortPath(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, path); err == nil && len(rel) < len(path) {
			return rel
		}
	}
	return path
}
