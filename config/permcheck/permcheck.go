// Package permcheck finds the APIs that the code of cloud functions can call, and compares them with what the functions'
// config.json permits: a missing entry is found before the upload, and not by -604101 after it.
package permcheck

import "cmp"

// Position is a place in a source file.
type Position struct {
	File string // absolute
	Line int    // counted from 1
	// Column is counted from 1, in characters.
	Column int
}

// Step is one step from a function's start to a call.
type Step struct {
	// Name is what is entered or called here: "main", "helper.Send", "openapi.Wxacode.Get".
	Name string
	Position
}

// Use is a place from which an API can be called.
type Use struct {
	// API is the name of the API; empty where the code makes it up at run time.
	API string
	// Declared are the APIs that a directive at the call names, in the place of one made up at run time.
	Declared []string
	// Path leads from the function's start to the call, which is its last step.
	Path []Step
}

// analysis is what an analyser finds in one function.
type analysis struct {
	// uses are sorted by API and place; of the paths to one API from one place, the shortest.
	uses []Use
	// doubts are places that the analyser cannot follow: what is called there may be missing from uses.
	doubts []doubt
	err    error // the function could not be analysed
}

// doubt is a place that an analyser cannot follow.
type doubt struct {
	Position
	message string
}

// where returns the place of a use: its last step.
func (u Use) where() Position { return u.Path[len(u.Path)-1].Position }

// compareUses orders uses by API, then place, then by the length of the path.
func compareUses(a, b Use) int {
	p, q := a.where(), b.where()
	return cmp.Or(cmp.Compare(a.API, b.API), cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column), cmp.Compare(len(a.Path), len(b.Path)))
}
