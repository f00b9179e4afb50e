package config

import (
	"cmp"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
)

// Severity says whether a finding breaks something.
type Severity string

const (
	Error   Severity = "error"   // the setting is not used, or the cloud would refuse it
	Warning Severity = "warning" // the setting is used, and likely not what was meant
)

// Level returns the level at which a finding is logged.
func (s Severity) Level() slog.Level {
	if s == Error {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// A Finding is one thing wrong with a project, at the place where to mend it.
type Finding struct {
	File     string   // relative to the folder that was loaded where it lies inside of it or of its project, else absolute; always with forward slashes
	Line     int      // counted from 1; 1 where the finding is about a whole file or folder
	Column   int      // counted from 1, in characters (Unicode code points, a tab is one); 1 where the finding is about a whole file or folder
	Code     string   // one of the codes of [Rules]
	Severity Severity // the severity of that rule
	Message  string   // what is wrong, one line
	Advice   string   // what to do, one line
}

// String returns the finding as one line, in the form that editors and CI systems make clickable.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s (%s); %s", oneLine(f.File), f.Line, f.Column, f.Severity, f.Message, f.Code, f.Advice)
}

// Text is String without the severity, for where that stands already.
func (f Finding) Text() string {
	return fmt.Sprintf("%s:%d:%d: %s (%s); %s", oneLine(f.File), f.Line, f.Column, f.Message, f.Code, f.Advice)
}

// oneLine escapes line ends, which the name of a folder can have.
var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace

// Compare orders findings by place, then by code and text. All findings that this package returns are in this order;
// use it with [slices.SortFunc] to bring the findings of several calls together.
func (f Finding) Compare(g Finding) int {
	return cmp.Or(
		cmp.Compare(f.File, g.File),
		cmp.Compare(f.Line, g.Line),
		cmp.Compare(f.Column, g.Column),
		cmp.Compare(f.Code, g.Code),
		cmp.Compare(f.Message, g.Message),
		cmp.Compare(f.Advice, g.Advice),
	)
}

// A report collects the findings of one load.
type report struct {
	base     string // the folder that was loaded, absolute
	root     string // the folder of its project, absolute, where that is above base; "" elsewhere
	findings []Finding

	mode   string                                    // as in Loader
	lookup func(name string) (value string, ok bool) // likewise

	suggested map[string]string // by unknown name: see suggest
}

// add records a finding about the file or folder at path.
func (r *report) add(path string, line, column int, code, message, advice string) {
	r.findings = append(r.findings, Finding{
		File: r.name(path), Line: line, Column: column,
		Code: code, Severity: severity(code), Message: message, Advice: advice,
	})
}

// name returns path as findings show it.
func (r *report) name(path string) string {
	return nameFrom(r.base, r.root, path)
}

// nameFrom returns a path as seen from base, where it lies in there or in the project around it; else as it is.
func nameFrom(base, project, path string) string {
	if rel, err := filepath.Rel(base, path); err == nil && (filepath.IsLocal(rel) || project != "" && within(project, path)) {
		path = rel
	}
	return filepath.ToSlash(path)
}

// sorted returns the findings in order. A fault met twice, as when two settings are looked up in a value that should
// have been an object, is one finding.
func (r *report) sorted() []Finding {
	slices.SortFunc(r.findings, Finding.Compare)
	r.findings = slices.Compact(r.findings)
	return r.findings
}
