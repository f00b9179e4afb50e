package permcheck

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

// The XML of test reports, as far as Jenkins and GitLab read it: of several failures in a test only the last would be
// shown, so that a test has one, with the text of them all.
type (
	junitReport struct {
		XMLName  xml.Name      `xml:"testsuites"`
		Name     string        `xml:"name,attr"`
		Tests    int           `xml:"tests,attr"`
		Failures int           `xml:"failures,attr"`
		Errors   int           `xml:"errors,attr"`
		Suites   []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// What tests are called that no code gives a name.
const (
	junitProject  = "project"     // a suite: findings about no function
	junitAnalysis = "analysis"    // a test: whether a function could be analysed
	junitAllWell  = "permissions" // a test: of a function without findings
)

func writeJUnit(b *bytes.Buffer, r *Report, o writeOptions) error {
	report := junitReport{Name: "wxfn check"}
	for _, name := range r.suites() {
		s := r.suite(name, o)
		report.Tests += s.Tests
		report.Failures += s.Failures
		report.Errors += s.Errors
		report.Suites = append(report.Suites, s)
	}
	text, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "%s%s\n", xml.Header, text)
	return nil
}

// suites returns the names of the functions that the report is about, the project's own, which is empty, first.
func (r *Report) suites() []string {
	var names []string
	for _, f := range r.Functions {
		names = append(names, f.Name)
	}
	for _, f := range r.Failures {
		names = append(names, f.Function)
	}
	for _, f := range r.Findings {
		names = append(names, f.Function)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *Report) suite(function string, o writeOptions) *junitSuite {
	s := &junitSuite{Name: function}
	if function == "" {
		s.Name = junitProject
	}
	byCode := map[string][]Finding{}
	for _, f := range r.Findings {
		if f.Function == function {
			byCode[f.Code] = append(byCode[f.Code], f)
		}
	}
	for _, code := range sortedKeys(byCode) {
		s.Cases = append(s.Cases, r.junitCase(s.Name, code, byCode[code], o))
	}
	for _, f := range r.Failures {
		if f.Function == function {
			lines := append(f.lines(), "")
			s.Cases = append(s.Cases, junitCase{Class: s.Name, Name: junitAnalysis, File: f.Dir,
				Error: &junitProblem{Message: lines[0], Type: junitAnalysis, Text: strings.Join(lines, "\n")}})
		}
	}
	if len(s.Cases) == 0 {
		s.Cases = append(s.Cases, junitCase{Class: s.Name, Name: junitAllWell})
	}
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		}
	}
	return s
}

// junitCase is the test of a function for one code, with findings.
func (r *Report) junitCase(suite, code string, findings []Finding, o writeOptions) junitCase {
	c := junitCase{Class: suite, Name: code, File: findings[0].File}
	var text strings.Builder
	for _, f := range findings {
		fmt.Fprintln(&text, f.Finding.String())
		for _, step := range r.way(f) {
			fmt.Fprintf(&text, "    %s\n", step)
		}
	}
	if !o.strict && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == config.Error }) {
		c.Output = text.String()
		return c
	}
	message := findings[0].Message
	if n := len(findings) - 1; n > 0 {
		message += fmt.Sprintf(" (and %d more)", n)
	}
	c.Failure = &junitProblem{Message: message, Type: code, Text: text.String()}
	return c
}
