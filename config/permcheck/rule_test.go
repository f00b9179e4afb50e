package permcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
)

func TestEveryRuleIsExplainedByAnExample(t *testing.T) {
	t.Parallel()
	codes := map[string]bool{}
	for _, r := range Rules() {
		assert.False(t, codes[r.Code], "%s has one row", r.Code)
		codes[r.Code] = true
		assert.NotEmpty(t, r.Meaning, r.Code)
		assert.NotEmpty(t, r.Fix, r.Code)
		assert.Contains(t, examples, r.Code)
		text, err := Explain(r.Code)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(text, r.Code+" ("+string(r.Severity)+")\n"), text)
	}
	for code := range examples {
		assert.True(t, codes[code], "%s is a rule", code)
	}
	for _, r := range ownRules {
		assert.Equal(t, r.Severity, severity(r.Code))
	}
}

func TestExplainIsAsRecorded(t *testing.T) {
	t.Parallel()
	text, err := Explain(codeMissingPermission)
	require.NoError(t, err)
	golden(t, "explain", text)
}

// The examples are files of a project like this one.
var exampleProject = map[string]string{
	"project.config.json":              `{"cloudfunctionRoot": "cloudfunctions"}`,
	"cloudfunctions/hello/index.js":    "",
	"cloudfunctions/hello/config.json": `{}`,
	"cloudfunctions/hello/code.jpg":    "",
	"cloudfunctions/send/index.js":     "",
	"functions/.gitkeep":               "",
}

func TestExamplesHaveTheFindingAndAreMended(t *testing.T) {
	t.Parallel()
	own := map[string]bool{}
	for _, r := range ownRules {
		own[r.Code] = true
	}
	for code, e := range examples {
		name, _, _ := strings.Cut(e.file, " of ")
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			if !own[code] {
				assert.Contains(t, codesOf(t, name, e.before), code)
			}
			assert.Empty(t, codesOf(t, name, e.after))
		})
	}
}

// codesOf returns the codes of the findings of a project with a file.
func codesOf(t *testing.T, name, text string) []string {
	t.Helper()
	top := t.TempDir()
	put := func(name, text string) {
		file := filepath.Join(top, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	for name, text := range exampleProject {
		put(name, text)
	}
	if name == inConfig || name == inContainer || name == inPackage {
		name = "cloudfunctions/hello/" + name
	}
	if name == inCloudBase { // its functionRoot is to be found
		require.NoError(t, os.Remove(filepath.Join(top, inProject)))
	}
	put(name, text)
	p, findings, err := config.LoadProject(top)
	require.NoError(t, err)
	for _, f := range p.Functions {
		_, more, err := p.LoadFunction(f)
		require.NoError(t, err)
		findings = append(findings, more...)
	}
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	return codes
}

func TestUnknownCodeNamesThoseNear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, want string }{
		{"missing-permision", `there is no code "missing-permision"; did you mean missing-permission?`},
		{"Missing_Permission", `there is no code "Missing_Permission"; did you mean missing-permission?`},
		{"unknown", `there is no code "unknown"; did you mean unknown-call or unknown-permission or unknown-key?`},
		{"xyz", `there is no code "xyz"; write one that stands in brackets in a finding, such as missing-permission`},
		{"", `there is no code ""; write one that stands in brackets in a finding, such as missing-permission`},
	} {
		_, err := Explain(c.code)
		assert.EqualError(t, err, c.want)
	}
}
