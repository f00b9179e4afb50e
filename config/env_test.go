package config

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The files, their order and the forms are those of @cloudbase/toolbox 0.7.20, with which the CloudBase CLI reads them.
func TestTemplatesAreFilled(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"cloudbaserc.json": `{"version": "2.0", "envId": "{{env.ENV_ID}}", "functionRoot": "{{env.ROOT}}", "functionDefaultConfig": {"timeout": 7, "envVariables": {"DEFAULT": "yes", "PLAIN": "overridden"}}, "functions": [
			{"name": "a", "envVariables": {
				"PLAIN": "plain", "BASE": "{{env.BASE}}", "LOCAL": "{{ env.LOCAL }}", "MODE": "{{{env.MODE}}}", "PROCESS": "{{&env.PROCESS}}",
				"TWO": "<{{env.BASE}}-{{env.LOCAL}}>", "ENV": "{{tcb.envId}}", "NOTE": "{{! nothing }}x", "EMPTY": "{{env.EMPTY}}",
				"QUOTED": "{{env.QUOTED}}", "HASH": "{{env.HASH}}", "ESCAPED": "{{env.ESCAPED}}", "BACKSLASH": "{{env.BACKSLASH}}", "DOTTED": "{{env.vars.A}}"}},
			{"name": "b", "timeout": 9, "envVariables": "{{env.vars}}"},
			{"name": "c", "envVariables": {"UID": "{{util.uid}}"}}
		]}`,
		".env":                  "\ufeffENV_ID=e-1\r\nROOT=fn\r\nBASE=base\r\nLOCAL=base\r\nMODE=base\r\nPROCESS=base\r\nEMPTY=\r\nvars.A=1\r\nvars.B.C=2",
		".env.local":            "LOCAL=local\nMODE=local\nPROCESS=local\nQUOTED=' quoted '\nHASH = a # b \nESCAPED=\"a\\nb\"\nBACKSLASH=a\\qb",
		".env.test":             "MODE=test\nPROCESS=test\nvars.A=3",
		"fn/a/index.js":         "",
		"fn/b/index.js":         "",
		"fn/b/cloudbaserc.json": `{"functions": [{"name": "b", "memorySize": 512, "envVariables": {"OWN": "{{env.OWN}}"}}]}`,
		"fn/b/.env":             "OWN=own",
		"fn/c/index.js":         "",
	})
	load := func(mode string) (*Project, []Finding) {
		p, findings, err := Loader{Mode: mode, LookupEnv: func(name string) (string, bool) { return "process", name == "PROCESS" }}.Load(dir)
		require.NoError(t, err)
		require.Len(t, p.Functions, 3)
		return p, findings
	}
	p, findings := load("test")
	assert.Equal(t, []string{
		"cloudbaserc.json:6:48: error: functions[1].envVariables.B is an object, not a string (wrong-type); put it into double quotes",
	}, lines(findings))
	assert.Equal(t, "e-1", p.EnvID)
	assert.Equal(t, filepath.Join(dir, "fn"), p.FunctionRoot)
	a, b, c := p.Functions[0], p.Functions[1], p.Functions[2]
	assert.Equal(t, map[string]string{
		"DEFAULT": "yes", "PLAIN": "plain", "BASE": "base", "LOCAL": "local", "MODE": "test", "PROCESS": "process",
		"TWO": "<base-local>", "ENV": "e-1", "NOTE": "x", "EMPTY": "", "QUOTED": " quoted ", "HASH": "a # b", "ESCAPED": "a\nb", "BACKSLASH": `a\qb`, "DOTTED": "3",
	}, a.Env)
	assert.Equal(t, []string{"BACKSLASH", "BASE", "DOTTED", "EMPTY", "ENV", "ESCAPED", "HASH", "LOCAL", "MODE", "NOTE", "PROCESS", "QUOTED", "TWO"}, a.Secret)
	assert.Equal(t, map[string]string{"DEFAULT": "yes", "PLAIN": "overridden", "A": "3", "OWN": "own"}, b.Env)
	assert.Equal(t, []string{"A", "OWN"}, b.Secret)
	assert.Equal(t, 512, b.MemoryMB)
	assert.Equal(t, "7s 9s 7s", a.Timeout.String()+" "+b.Timeout.String()+" "+c.Timeout.String())
	assert.Len(t, c.Env["UID"], 24)

	p, _ = load("")
	assert.Equal(t, "local", p.Functions[0].Env["MODE"])
	assert.Equal(t, c.Env["UID"], p.Functions[2].Env["UID"], "it is no reason to reload")
}

// A .env may be for other tools.
func TestEnvFileIsReadOnlyForATemplate(t *testing.T) {
	t.Parallel()
	_, findings, err := LoadProject(tree(t, map[string]string{
		"cloudbaserc.json":     `{"functions": [{"name": "a"}]}`,
		"functions/a/index.js": "",
		".env":                 "export A=b",
	}))
	require.NoError(t, err)
	assert.Empty(t, findings)
}

func TestSeveralProjectsAreNamed(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"tools/index.js":                     "",
		"one/project.config.json":            "{}",
		"one/cloudfunctions/a/index.js":      "",
		"deep/two/cloudbaserc.json":          "{}",
		"deep/two/functions/a/index.js":      "",
		"none/project.config.json":           "{}",
		"cloudfunctions/c/index.js":          "",
		"cloudfunctions/c/cloudbaserc.json":  "{}",
		"shared/project.config.json":         `{"cloudfunctionRoot": "../cloudfunctions"}`,
		"shared/project.private.config.json": `{"cloudfunctionRoot": "../cloudfunctions/"}`,
	})
	_, _, err := LoadProject(dir)
	var several *SeveralProjectsError
	require.ErrorAs(t, err, &several)
	assert.Equal(t, []string{filepath.Join(dir, "deep", "two"), filepath.Join(dir, "one"), filepath.Join(dir, "shared")}, several.Projects)
	assert.EqualError(t, err, "config: "+dir+" holds 3 projects; name one of them: deep/two, one, shared")
}
