package config

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryRuleIsTestedAndExplained(t *testing.T) {
	t.Parallel()
	seen := map[string]Severity{codeNotExecutable: Warning} // its test needs a system with such a mode
	parts := regexp.MustCompile(`: (error|warning): .* \(([a-z-]+)\); `)
	note := func(findings []string) {
		for _, line := range findings {
			m := parts.FindStringSubmatch(line)
			seen[m[2]] = Severity(m[1])
		}
	}
	for _, c := range functionCases {
		note(c.findings)
	}
	for _, c := range projectCases {
		note(c.findings)
	}
	for _, c := range stubCases {
		note(c.findings)
	}
	for _, c := range sdkCases {
		note(c.findings)
	}
	rows := map[string]Severity{}
	for _, r := range Rules() {
		assert.NotContains(t, rows, r.Code, "one row each")
		rows[r.Code] = r.Severity
		assert.NotEmpty(t, r.Meaning, r.Code)
		assert.NotEmpty(t, r.Fix, r.Code)
	}
	assert.Equal(t, rows, seen)
}

func TestFindingIsOneLine(t *testing.T) {
	t.Parallel()
	f := Finding{File: "a/config.json", Line: 2, Column: 3, Code: "some-code", Severity: Error, Message: "it is wrong", Advice: "mend it"}
	assert.Equal(t, "a/config.json:2:3: error: it is wrong (some-code); mend it", f.String())
	f.File = "a\nready http://b/config.json"
	assert.Equal(t, `a\nready http://b/config.json:2:3: error: it is wrong (some-code); mend it`, f.String())
	assert.Equal(t, `a\nready http://b/config.json:2:3: it is wrong (some-code); mend it`, f.Text())
}

func TestFindingsAreOrderedByPlace(t *testing.T) {
	t.Parallel()
	want := []Finding{
		{File: "a", Line: 2, Column: 9, Code: "z"},
		{File: "a", Line: 10, Column: 1, Code: "b"},
		{File: "a", Line: 10, Column: 2, Code: "a", Message: "m"},
		{File: "a", Line: 10, Column: 2, Code: "a", Message: "n"},
		{File: "a", Line: 10, Column: 2, Code: "b"},
		{File: "b", Line: 1, Column: 1, Code: "a"},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Finding.Compare)
	assert.Equal(t, want, got)
}
