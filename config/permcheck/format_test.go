package permcheck

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// reportBase is the folder that the reports here are about.
func reportBase(t *testing.T) string {
	t.Helper()
	base, err := filepath.Abs("testdata/report/project")
	require.NoError(t, err)
	return base
}

// fullReport has a finding of every kind that formats treat in a way of its own.
func fullReport(t *testing.T) *Report {
	base := reportBase(t)
	step := func(name, file string, line, column int) Step {
		return Step{Name: name, Position: Position{File: filepath.Join(base, filepath.FromSlash(file)), Line: line, Column: column}}
	}
	main, send := "cloudfunctions/send/main.go", "cloudfunctions/send/helper/send.go"
	way := []Step{step("main", main, 8, 13), step("helper.Send", main, 8, 34)}
	return &Report{
		Base: base,
		Functions: []Function{
			{Name: "hello", Dir: "cloudfunctions/hello", Kind: config.KindGo},
			{Name: "mini", Dir: "cloudfunctions/mini", Kind: config.KindNode, Declared: []string{"wxacode.get"}},
			{Name: "send", Dir: "cloudfunctions/send", Kind: config.KindGo, Used: []string{"wxacode.get"}, Declared: []string{"security.msgSecCheck", "wxacode.getUnlimited"}},
			{Name: "发送", Dir: "cloudfunctions/发送", Kind: config.KindNode},
		},
		Findings: []Finding{
			{Function: "away", Finding: config.Finding{File: "/elsewhere/a b:c#d/config.json", Line: 3, Column: 5, Code: "wrong-type", Severity: config.Error,
				Message: `permissions is "100%", not an object`, Advice: "write { … }"}},
			{Function: "mini", Path: []Step{step("", "cloudfunctions/mini/index.js", 1, 1636)}, Finding: config.Finding{
				File: "cloudfunctions/mini/index.js", Line: 1, Column: 1636, Code: codeUnresolvedAPI, Severity: config.Warning,
				Message: "cloud.openapi[n][m] cannot be followed", Advice: "write the name as a constant"}},
			{Function: "send", API: "security.msgSecCheck", Finding: config.Finding{
				File: "cloudfunctions/send/config.json", Line: 3, Column: 41, Code: codeUnusedPermission, Severity: config.Warning,
				Message: "send permits security.msgSecCheck, which its code never calls", Advice: "remove the entry"}},
			{Function: "send", API: "wxacode.getUnlimited", Finding: config.Finding{
				File: "cloudfunctions/send/config.json", Line: 3, Column: 17, Code: codeUnusedPermission, Severity: config.Warning,
				Message: "send permits wxacode.getUnlimited, which its code never calls", Advice: "remove the entry"}},
			{Function: "send", API: "wxacode.get", Path: append(way, step("openapi.Wxacode.Get", send, 13, 24)), Finding: config.Finding{
				File: send, Line: 13, Column: 24, Code: codeMissingPermission, Severity: config.Error,
				Message: "send calls wxacode.get, which its config.json does not permit", Advice: `add "wxacode.get" to permissions.openapi in cloudfunctions/send/config.json`}},
			{Function: "send", Path: append(way, step("openapi.Call", send, 15, 14)), Finding: config.Finding{
				File: send, Line: 15, Column: 14, Code: codeComputedAPI, Severity: config.Error,
				Message: "the name of an API is made up at run time, so that it cannot be checked", Advice: "name what it can be"}},
			{Function: "发送", API: "100% 安全", Finding: config.Finding{
				File: "cloudfunctions/发送/config.json", Line: 1, Column: 30, Code: "unknown-permission", Severity: config.Error,
				Message: "there is no API \"100% 安全\"\nto <permit> & 'use'\x1b[31m: none, at all", Advice: "did you mean \"security.msgSecCheck\"?"}},
			{Finding: config.Finding{File: "project.config.json", Line: 2, Column: 3, Code: "json-comment", Severity: config.Warning,
				Message: "a comment, which other tools may refuse", Advice: "remove it"}},
		},
		Failures: []Failure{
			{Function: "broken", Dir: "cloudfunctions/broken", Err: errors.New("main.go:3:1: expected '}', found 100%\n\nmain.go:4:2: undefined: \x00内容\r\n")},
		},
	}
}

var reportCases = []struct {
	name   string
	report func(t *testing.T) *Report
}{
	{"full", fullReport},
	{"well", func(t *testing.T) *Report {
		return &Report{Base: reportBase(t), Functions: []Function{{Name: "hello", Dir: "cloudfunctions/hello", Kind: config.KindGo}, {Name: "send", Dir: "cloudfunctions/send", Kind: config.KindNode}}}
	}},
	{"empty", func(t *testing.T) *Report { return &Report{Base: reportBase(t)} }},
}

func write(t *testing.T, r *Report, format string, options ...WriteOption) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Write(&b, format, options...))
	return b.String()
}

func TestEachFormatIsAsRecorded(t *testing.T) {
	t.Parallel()
	for _, c := range reportCases {
		for _, format := range Formats() {
			t.Run(c.name+" "+format, func(t *testing.T) {
				t.Parallel()
				if format == "sarif" {
					return // it has the version and the folder in it
				}
				golden(t, c.name+"."+format, write(t, c.report(t), format))
			})
		}
	}
	t.Run("sarif", func(t *testing.T) {
		t.Parallel()
		for _, c := range reportCases {
			r := c.report(t)
			var b bytes.Buffer
			require.NoError(t, encode(&b, r.sarif("1.2.3")))
			golden(t, c.name+".sarif", strings.ReplaceAll(b.String(), fileURI(filepath.ToSlash(r.Base)), "file:///BASE"))
		}
	})
	t.Run("strict junit", func(t *testing.T) {
		t.Parallel()
		golden(t, "strict.junit", write(t, fullReport(t), "junit", Strict(true)))
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "report", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestUnknownFormatNamesTheKnownOnes(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := new(Report).Write(&b, "xml")
	assert.EqualError(t, err, `there is no format "xml"; write one of text, json, sarif, github, junit`)
	assert.Empty(t, b.String())
}

func TestFailureOfTheWriterIsReported(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		if format == "github" {
			continue // it writes nothing of an empty report
		}
		assert.ErrorIs(t, new(Report).Write(fullDisk{}, format), errFull, format)
	}
	assert.ErrorIs(t, new(Report).WriteBaseline(fullDisk{}), errFull)
}

var errFull = errors.New("no space left")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestSummaryCounts(t *testing.T) {
	t.Parallel()
	finding := func(s config.Severity) Finding { return Finding{Finding: config.Finding{Severity: s}} }
	one := []Function{{Name: "a", Dir: "a"}}
	for _, c := range []struct {
		want   string
		report Report
	}{
		{"no functions", Report{}},
		{"no functions: 1 warning", Report{Findings: []Finding{finding(config.Warning)}}},
		{"1 function, all well", Report{Functions: one}},
		{"2 functions, all well", Report{Functions: []Function{{Dir: "a"}, {Dir: "b"}}}},
		{"1 function: 1 error", Report{Functions: one, Findings: []Finding{finding(config.Error)}}},
		{"1 function: 2 errors, 1 warning", Report{Functions: one, Findings: []Finding{finding(config.Error), finding(config.Warning), finding(config.Error)}}},
		{"2 functions: 1 could not be analysed", Report{Functions: one, Failures: []Failure{{Dir: "b"}}}},
		{"1 function: 1 could not be analysed", Report{Functions: one, Failures: []Failure{{Dir: "a"}}}},
	} {
		assert.Equal(t, c.want, c.report.summary())
	}
}

func TestJSONIsADocument(t *testing.T) {
	t.Parallel()
	for _, c := range reportCases {
		text := write(t, c.report(t), "json")
		assert.NotContains(t, text, "null", c.name)
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		var got Document
		require.NoError(t, d.Decode(&got), c.name)
		assert.Equal(t, 1, got.Version)
		assert.Len(t, got.Findings, len(c.report(t).Findings))
	}
}

func TestSARIFIsWhatCodeScanningAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range reportCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.report(t)
			var log sarifLog
			d := json.NewDecoder(strings.NewReader(write(t, r, "sarif")))
			d.DisallowUnknownFields()
			require.NoError(t, d.Decode(&log))
			require.Len(t, log.Runs, 1)
			run := log.Runs[0]
			assert.NotNil(t, run.Tool.Driver.Rules, "an array, even if empty")
			assert.NotNil(t, run.Results, "an array, even if empty")
			require.Len(t, run.Invocations, 1)
			assert.Equal(t, len(r.Failures) == 0, run.Invocations[0].Successful)
			assert.Len(t, run.Invocations[0].Notifications, len(r.Failures))
			base, err := url.Parse(run.Bases[sarifRoot].URI)
			require.NoError(t, err)
			assert.Equal(t, "file", base.Scheme)
			assert.True(t, strings.HasSuffix(base.Path, "/"), "else the last folder is replaced")
			for _, rule := range run.Tool.Driver.Rules {
				for _, text := range []string{rule.ID, rule.Short.Text, rule.Full.Text, rule.HelpURI, rule.Help.Text, string(rule.Default.Level)} {
					assert.NotEmpty(t, text, rule.ID)
				}
				assert.Less(t, len(rule.Short.Text), 1024, rule.ID)
			}
			require.Len(t, run.Results, len(r.Findings))
			for i, result := range run.Results {
				require.NotNil(t, result.RuleIndex)
				assert.Equal(t, result.RuleID, run.Tool.Driver.Rules[*result.RuleIndex].ID)
				assert.NotEmpty(t, result.Message.Text)
				assert.NotEmpty(t, result.Fingerprints)
				require.Len(t, result.Locations, 1)
				place := result.Locations[0].Physical
				assert.GreaterOrEqual(t, place.Region.Line, 1)
				assert.GreaterOrEqual(t, place.Region.Column, 1)
				uri, err := base.Parse(place.Artifact.URI)
				require.NoError(t, err)
				assert.Equal(t, filepath.ToSlash(r.path(r.Findings[i].File)), uri.Path, "the URI leads to the file")
			}
		})
	}
}

func TestURIsAreEncoded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, want string }{
		{"a/b.go", "a/b.go"},
		{"a b/100%.go", "a%20b/100%25.go"},
		{"发送/a.go", "%E5%8F%91%E9%80%81/a.go"},
		{"c:d/e#f?g.go", "c%3Ad/e%23f%3Fg.go"},
		{"[a]/b.go", "%5Ba%5D/b.go"},
	} {
		assert.Equal(t, c.want, relativeURI(c.path))
	}
	for _, c := range []struct{ path, want string }{
		{"/a b/c", "file:///a%20b/c"},
		{"/", "file:///"},
		{"C:/a/b", "file:///C:/a/b"},
		{"//host/share/a b", "file://host/share/a%20b"},
	} {
		assert.Equal(t, c.want, fileURI(c.path))
	}
}

func TestGitHubCommandIsOneLineEach(t *testing.T) {
	t.Parallel()
	r := &Report{Base: reportBase(t),
		Findings: []Finding{{Finding: config.Finding{File: "a,b:c%.js", Line: 2, Column: 3, Code: "some-code", Severity: config.Warning, Message: "100%:\r\nx, y", Advice: "mend"}}},
		Failures: []Failure{{Function: "f,g", Dir: "f:g", Err: errors.New("one\ntwo: 3%")}},
	}
	assert.Equal(t, "::warning file=a%2Cb%3Ac%25.js,line=2,col=3,title=some-code::100%25:%0D%0Ax, y; mend\n"+
		"::error file=f%3Ag,title=f%2Cg could not be analysed::one%0Atwo: 3%25\n", write(t, r, "github"))
}

func TestJUnitCountsAreThoseOfItsTests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		strict                  bool
		tests, failures, errors int
	}{
		{false, 9, 4, 1},
		{true, 9, 7, 1},
	} {
		var got junitReport
		require.NoError(t, xml.Unmarshal([]byte(write(t, fullReport(t), "junit", Strict(c.strict))), &got))
		assert.Equal(t, c.tests, got.Tests)
		assert.Equal(t, c.failures, got.Failures)
		assert.Equal(t, c.errors, got.Errors)
		var tests, failures, errors int
		for _, s := range got.Suites {
			assert.Len(t, s.Cases, s.Tests, s.Name)
			tests, failures, errors = tests+s.Tests, failures+s.Failures, errors+s.Errors
		}
		assert.Equal(t, []int{got.Tests, got.Failures, got.Errors}, []int{tests, failures, errors})
	}
}
