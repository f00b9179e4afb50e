package permcheck

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

func writeText(b *bytes.Buffer, r *Report, _ writeOptions) error {
	sources := sources{}
	for _, f := range r.Findings {
		fmt.Fprintln(b, plain(f.Finding.String()))
		for _, line := range sources.frame(r.path(f.File), f.Line, f.Column) {
			fmt.Fprintln(b, line)
		}
		for _, step := range r.way(f) {
			fmt.Fprintf(b, "    %s\n", step)
		}
		fmt.Fprintln(b)
	}
	for _, f := range r.Failures {
		fmt.Fprintf(b, "%s: %s could not be analysed:\n", plain(f.Dir), plain(f.Function))
		for _, line := range f.lines() {
			fmt.Fprintf(b, "    %s\n", plain(line))
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintln(b, r.summary())
	return nil
}

// summary is the outcome in one line.
func (r *Report) summary() string {
	functions := "no functions"
	if n := r.total(); n > 0 {
		functions = counted(n, "function")
	}
	var parts []string
	if n := r.count(config.Error); n > 0 {
		parts = append(parts, counted(n, "error"))
	}
	if n := r.count(config.Warning); n > 0 {
		parts = append(parts, counted(n, "warning"))
	}
	if n := len(r.Failures); n > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be analysed", n))
	}
	switch {
	case len(parts) > 0:
		return functions + ": " + strings.Join(parts, ", ")
	case r.total() > 0:
		return functions + ", all well"
	}
	return functions
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
