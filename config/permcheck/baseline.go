package permcheck

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// baseline is the file of findings that are known. Only fingerprints and counts are read back; the rest tells people what
// they stand for.
type baseline struct {
	Version  int             `json:"version"`
	Findings []baselineEntry `json:"findings"`
}

type baselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Count       int    `json:"count"`
	Function    string `json:"function,omitempty"`
	Code        string `json:"code"`
	API         string `json:"api,omitempty"`
	File        string `json:"file"`
	Message     string `json:"message"`
}

const baselineVersion = 1

// lineNumbers are parts of messages that change when lines move.
var lineNumbers = regexp.MustCompile(`\b(line|column) \d+`)

// fingerprint tells a finding from others, and stays the same when lines move.
func (f Finding) fingerprint() string {
	about := f.API
	if about == "" {
		about = lineNumbers.ReplaceAllString(f.Message, "$1")
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Function, f.Code, about, f.File}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// WriteBaseline writes the findings of the report as a baseline for [Report.Subtract]: a JSON file to be kept with the
// project, in which a finding is told by function, code, API (or message) and file, not by its line. Files are relative to
// Base, so that a baseline belongs to it. What could not be analysed is not in it.
func (r *Report) WriteBaseline(w io.Writer) error {
	entries := map[string]*baselineEntry{}
	for _, f := range r.Findings {
		fingerprint := f.fingerprint()
		if entries[fingerprint] == nil {
			entries[fingerprint] = &baselineEntry{Fingerprint: fingerprint, Function: f.Function, Code: f.Code, API: f.API, File: f.File, Message: f.Message}
		}
		entries[fingerprint].Count++
	}
	b := baseline{Version: baselineVersion, Findings: []baselineEntry{}}
	for _, e := range entries {
		b.Findings = append(b.Findings, *e)
	}
	slices.SortFunc(b.Findings, func(a, b baselineEntry) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Function, b.Function), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.API, b.API), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	var text bytes.Buffer
	if err := encode(&text, b); err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	if _, err := w.Write(text.Bytes()); err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	return nil
}

// Subtract removes the findings that a baseline has from the report: of one that it has n times, the first n. stale are
// its entries that occur no longer, or not so often, a line each; entries about functions that are not in this report are
// left alone, unless their files are gone. The error names the line of the baseline that is wrong; the report is then as it was.
func (r *Report) Subtract(text []byte) (stale []string, err error) {
	entries, err := parseBaseline(text)
	if err != nil {
		return nil, err
	}
	left := map[string]int{}
	for _, e := range entries {
		left[e.Fingerprint] += e.Count
	}
	var rest []Finding
	for _, f := range r.Findings {
		if fingerprint := f.fingerprint(); left[fingerprint] > 0 {
			left[fingerprint]--
			continue
		}
		rest = append(rest, f)
	}
	for _, e := range entries {
		n := left[e.Fingerprint]
		left[e.Fingerprint] = 0 // one line for an entry that stands there twice
		if n > 0 && r.tells(e) {
			stale = append(stale, e.staleLine(n))
		}
	}
	r.Findings = rest
	return stale, nil
}

// tells reports whether the report can tell that an entry is stale.
func (r *Report) tells(e baselineEntry) bool {
	if slices.ContainsFunc(r.Failures, func(f Failure) bool { return f.Function == e.Function }) {
		return false
	}
	if e.Function == "" || slices.ContainsFunc(r.Functions, func(f Function) bool { return f.Name == e.Function }) {
		return true
	}
	_, err := os.Stat(r.path(e.File))
	return errors.Is(err, os.ErrNotExist)
}

// staleLine says that an entry occurs n times less than it should.
func (e baselineEntry) staleLine(n int) string {
	line := fmt.Sprintf("%s: %s (%s)", e.File, e.Message, e.Code)
	if n < e.Count {
		line += fmt.Sprintf(", %d of %d", n, e.Count)
	}
	return plain(line)
}

// parseBaseline reads a baseline.
func parseBaseline(text []byte) ([]baselineEntry, error) {
	fault := func(offset int, what string) error {
		line := 1 + bytes.Count(text[:min(max(offset, 0), len(text))], []byte("\n"))
		return fmt.Errorf("line %d of the baseline: %s; correct it, or write the baseline anew", line, what)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fault(0, "it is empty")
	}
	var b baseline
	if err := json.Unmarshal(text, &b); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			return nil, fault(int(syntax.Offset)-1, syntax.Error())
		case errors.As(err, &kind) && kind.Field == "":
			return nil, fault(int(kind.Offset)-1, "it is no JSON object but "+kind.Value)
		case errors.As(err, &kind):
			return nil, fault(int(kind.Offset)-1, kind.Field+" cannot be "+kind.Value)
		}
		return nil, fault(0, err.Error())
	}
	if b.Version != baselineVersion {
		return nil, fault(gjson.GetBytes(text, "version").Index, fmt.Sprintf("its version is %d, not %d", b.Version, baselineVersion))
	}
	for i, e := range b.Findings {
		place := func(member string) int {
			entry := gjson.GetBytes(text, fmt.Sprintf("findings.%d", i))
			return cmp.Or(entry.Get(member).Index, entry.Index)
		}
		switch {
		case e.Fingerprint == "":
			return nil, fault(place("fingerprint"), fmt.Sprintf("findings[%d] has no fingerprint", i))
		case e.Count < 1:
			return nil, fault(place("count"), fmt.Sprintf("the count of findings[%d] is %d, not 1 or more", i, e.Count))
		}
	}
	return b.Findings, nil
}
