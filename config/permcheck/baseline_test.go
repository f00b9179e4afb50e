package permcheck

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
)

// call is a finding about a call of an API.
func call(function, api string, line int) Finding {
	return Finding{Function: function, API: api, Finding: config.Finding{File: function + "/main.go", Line: line, Column: 2,
		Code: codeMissingPermission, Severity: config.Error, Message: function + " calls " + api, Advice: "permit it"}}
}

// about is a finding about no API.
func about(function, message string) Finding {
	return Finding{Function: function, Finding: config.Finding{File: function + "/config.json", Line: 1, Column: 1,
		Code: "trigger-cron", Severity: config.Error, Message: message, Advice: "mend it"}}
}

func baselineOf(t *testing.T, findings ...Finding) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, (&Report{Findings: findings}).WriteBaseline(&b))
	return b.Bytes()
}

func TestBaselineIsAsRecorded(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, fullReport(t).WriteBaseline(&b))
	golden(t, "baseline.json", b.String())
	golden(t, "baseline-empty.json", string(baselineOf(t)))
}

func TestBaselineDoesNotDependOnTheOrderOfFindings(t *testing.T) {
	t.Parallel()
	r, turned := fullReport(t), fullReport(t)
	slices.Reverse(turned.Findings)
	assert.Equal(t, string(baselineOf(t, r.Findings...)), string(baselineOf(t, turned.Findings...)))
}

func TestSubtractLeavesWhatIsNew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		old, now   []Finding
		left       []Finding
		stale      []string
		failed     string
		gone, away bool // the function a does not exist any more, or is not in this report
	}{
		{name: "all is known", old: []Finding{call("a", "wxacode.get", 3)}, now: []Finding{call("a", "wxacode.get", 3)}},
		{name: "lines that move do not matter", old: []Finding{call("a", "wxacode.get", 3)}, now: []Finding{call("a", "wxacode.get", 30)}},
		{name: "lines in messages do not matter", old: []Finding{about("a", "takes all of line 3")}, now: []Finding{about("a", "takes all of line 4")}},
		{name: "another API is new", old: []Finding{call("a", "wxacode.get", 3)}, now: []Finding{call("a", "wxacode.get", 3), call("a", "ocr.idcard", 4)}, left: []Finding{call("a", "ocr.idcard", 4)}},
		{name: "another function is new", old: []Finding{call("a", "wxacode.get", 3)}, now: []Finding{call("a", "wxacode.get", 3), call("b", "wxacode.get", 3)}, left: []Finding{call("b", "wxacode.get", 3)}},
		{name: "another message is new where there is no API", old: []Finding{about("a", "x")}, now: []Finding{about("a", "x"), about("a", "y")}, left: []Finding{about("a", "y")}},
		{name: "the same once more is new", old: []Finding{call("a", "wxacode.get", 3), call("a", "wxacode.get", 4)},
			now: []Finding{call("a", "wxacode.get", 1), call("a", "wxacode.get", 2), call("a", "wxacode.get", 3)}, left: []Finding{call("a", "wxacode.get", 3)}},
		{name: "what occurs no longer is stale", old: []Finding{call("a", "wxacode.get", 3), about("a", "x")}, stale: []string{"a/config.json: x (trigger-cron)", "a/main.go: a calls wxacode.get (missing-permission)"}},
		{name: "what occurs less often is stale", old: []Finding{call("a", "wxacode.get", 3), call("a", "wxacode.get", 4), call("a", "wxacode.get", 5)}, now: []Finding{call("a", "wxacode.get", 3)},
			stale: []string{"a/main.go: a calls wxacode.get (missing-permission), 2 of 3"}},
		{name: "nothing is known of a function that could not be analysed", old: []Finding{call("a", "wxacode.get", 3)}, failed: "a"},
		{name: "a function that is gone is stale", old: []Finding{call("a", "wxacode.get", 3)}, gone: true, stale: []string{"a/main.go: a calls wxacode.get (missing-permission)"}},
		{name: "a function that was not checked is not stale", old: []Finding{{Function: "send", Finding: config.Finding{File: "cloudfunctions/send/main.go", Code: "x"}}}, away: true},
		{name: "an empty baseline knows nothing", now: []Finding{call("a", "wxacode.get", 3)}, left: []Finding{call("a", "wxacode.get", 3)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := &Report{Base: reportBase(t), Findings: c.now}
			switch {
			case c.failed != "":
				r.Failures = []Failure{{Function: c.failed, Dir: c.failed, Err: errors.New("no")}}
			case !c.gone && !c.away:
				r.Functions = []Function{{Name: "a", Dir: "a"}}
			}
			stale, err := r.Subtract(baselineOf(t, c.old...))
			require.NoError(t, err)
			assert.Equal(t, c.left, r.Findings)
			assert.Equal(t, c.stale, stale)
		})
	}
}

func TestBaselineFromAMergeCountsEntriesTwice(t *testing.T) {
	t.Parallel()
	e := `{"fingerprint": "` + call("a", "wxacode.get", 3).fingerprint() + `", "count": 1}`
	r := &Report{Findings: []Finding{call("a", "wxacode.get", 3), call("a", "wxacode.get", 4)}}
	stale, err := r.Subtract([]byte(`{"version": 1, "findings": [` + e + `, ` + e + `]}`))
	require.NoError(t, err)
	assert.Empty(t, stale)
	assert.Empty(t, r.Findings)
}

func TestBrokenBaselineNamesItsLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"empty", "\n", `line 1 of the baseline: it is empty; correct it, or write the baseline anew`},
		{"no JSON", "{\n  \"version\": 1,\n<<<<<<< HEAD\n", `line 3 of the baseline: invalid character '<' looking for beginning of object key string; correct it, or write the baseline anew`},
		{"cut", "{\n\"version\": 1,\n\"findings\": [\n", `line 3 of the baseline: unexpected end of JSON input; correct it, or write the baseline anew`},
		{"no object", "\n[]", `line 2 of the baseline: it is no JSON object but array; correct it, or write the baseline anew`},
		{"a wrong type", "{\"version\": 1,\n\"findings\": [\n{\"fingerprint\": \"a\",\n\"count\": \"1\"}]}", `line 4 of the baseline: findings.count cannot be string; correct it, or write the baseline anew`},
		{"another version", "{\n\"version\": 2}", `line 2 of the baseline: its version is 2, not 1; correct it, or write the baseline anew`},
		{"no version", "{}", `line 1 of the baseline: its version is 0, not 1; correct it, or write the baseline anew`},
		{"no fingerprint", "{\"version\": 1, \"findings\": [\n{\"fingerprint\": \"a\", \"count\": 1},\n{\"count\": 1}]}", `line 3 of the baseline: findings[1] has no fingerprint; correct it, or write the baseline anew`},
		{"no count", "{\"version\": 1, \"findings\": [\n{\"fingerprint\": \"a\",\n\"count\": 0}]}", `line 3 of the baseline: the count of findings[0] is 0, not 1 or more; correct it, or write the baseline anew`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := &Report{Findings: []Finding{call("a", "wxacode.get", 3)}}
			_, err := r.Subtract([]byte(c.text))
			assert.EqualError(t, err, c.want)
			assert.Len(t, r.Findings, 1, "the report is as it was")
		})
	}
}
