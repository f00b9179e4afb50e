package permcheck

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

// formats are the forms that a report can be written in.
var formats = []struct {
	name  string
	write func(*bytes.Buffer, *Report, writeOptions) error
}{
	{"text", writeText},
	{"json", writeJSON},
	{"sarif", writeSARIF},
	{"github", writeGitHub},
	{"junit", writeJUnit},
}

// Formats returns the names of the formats that [Report.Write] knows.
//   - text is for people: each finding with the source around it and the way to it; then a summary
//   - json is a [Document]
//   - sarif is SARIF 2.1.0, as code scanning services take it
//   - github are the workflow commands with which GitHub Actions annotates a change
//   - junit is the XML of test reports: a suite for each function, a test for each code
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// A WriteOption changes how [Report.Write] writes.
type WriteOption func(*writeOptions)

type writeOptions struct {
	strict bool
}

// Strict makes failures of warnings, in the format that tells failures from other output: junit.
func Strict(strict bool) WriteOption {
	return func(o *writeOptions) { o.strict = strict }
}

// Write writes the report in one of [Formats]; no format has colours. The error is about a format that is none of them,
// or about w.
func (r *Report) Write(w io.Writer, format string, options ...WriteOption) error {
	var o writeOptions
	for _, option := range options {
		option(&o)
	}
	for _, f := range formats {
		if f.name != format {
			continue
		}
		var b bytes.Buffer
		if err := f.write(&b, r, o); err != nil {
			return fmt.Errorf("writing the report as %s: %w", format, err)
		}
		if _, err := w.Write(b.Bytes()); err != nil {
			return fmt.Errorf("writing the report as %s: %w", format, err)
		}
		return nil
	}
	return fmt.Errorf("there is no format %q; write one of %s", format, strings.Join(Formats(), ", "))
}

// way returns the path of a finding, a step in a line; none where the path says no more than the finding's place.
func (r *Report) way(f Finding) []string {
	if len(f.Path) < 2 {
		return nil
	}
	var lines []string
	for i, s := range f.Path {
		line := fmt.Sprintf("%s  %s:%d:%d", s.Name, r.name(s.File), s.Line, s.Column)
		if i > 0 {
			line = "→ " + line
		}
		lines = append(lines, plain(line))
	}
	return lines
}

// count returns how many findings have a severity.
func (r *Report) count(s config.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// text is the message of a finding and what to do.
func (f Finding) text() string {
	if f.Advice == "" {
		return f.Message
	}
	return f.Message + "; " + f.Advice
}

// lines are those of the error's text that say something.
func (f Failure) lines() []string {
	var lines []string
	for line := range strings.Lines(f.message()) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func (f Failure) message() string {
	if f.Err == nil {
		return ""
	}
	return f.Err.Error()
}

// plain returns a text as one line that a terminal shows as it is.
func plain(s string) string { return breaks.Replace(printable(s)) }

var breaks = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ")

// printable returns a text without what changes how a terminal shows others: a name or a message may hold anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strings.ContainsRune("\n\r\t", r) && !strconv.IsGraphic(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// total returns how many functions the report is about.
func (r *Report) total() int {
	var dirs []string
	for _, f := range r.Functions {
		dirs = append(dirs, f.Dir)
	}
	for _, f := range r.Failures {
		dirs = append(dirs, f.Dir)
	}
	slices.Sort(dirs)
	return len(slices.Compact(dirs))
}
