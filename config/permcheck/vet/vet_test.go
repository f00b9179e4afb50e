package vet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/wxcloud-go/wxfn/config/permcheck"
)

// TestAnalyzer runs on all packages at once, as they share what they import.
func TestAnalyzer(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/src/*/*.go")
	require.NoError(t, err)
	var packages []string
	for _, file := range files {
		if name := filepath.Base(filepath.Dir(file)); !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	assert.Greater(t, len(packages), 10)
	analysistest.Run(t, analysistest.TestData(), Analyzer, packages...)
}

func TestCategoriesAreCodesOfTheCheck(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, r := range permcheck.Rules() {
		codes = append(codes, r.Code)
	}
	assert.Subset(t, codes, []string{missingPermission, computedAPI, unknownCall})
}

func TestGoVetStartsTheTool(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want bool
	}{
		{"-V=full", true},
		{"-flags", true},
		{"/tmp/go-build1/b001/vet.cfg", true},
		{"-wxfn -json /tmp/go-build1/b001/vet.cfg", true},
		{"", false},
		{"--version", false},
		{"-V", false},
		{"check", false},
		{"check some.cfg", false},
		{"check -flags", false},
		{"-flags x", false},
	} {
		assert.Equal(t, c.want, Wanted(strings.Fields(c.args)), c.args)
	}
}

// TestGoVet runs the real go vet on a module of its own, with the real package openapi.
func TestGoVet(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("go vet reads the standard library")
	}
	dir := module(t, map[string]string{
		"good/config.json": `{"permissions": {"openapi": ["wxacode.get"]}}`,
		"good/main.go":     program("send.Get(ctx)"),
		"good/main_test.go": `package main_test

import "testing"

func TestNothing(t *testing.T) {}
`,
		"bad/config.json": `{"permissions": {"openapi": ["wxacode.get"]}}`,
		"bad/main.go":     program("send.Get(ctx)\n\tsend.Check(ctx)\n\topenapi.Wxacode.CreateQRCode(ctx, nil)"),
		"bad/main_test.go": `package main

import "testing"

func TestNothing(t *testing.T) { main() }
`,
		"send/send.go": `package send

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func Get(ctx context.Context) { openapi.Wxacode.Get(ctx, nil) }

func Check(ctx context.Context) { openapi.Security.MsgSecCheck(ctx, nil) }
`,
	})
	tool := filepath.Join(t.TempDir(), "tool.exe")
	// The test itself would do as the tool, but not where it looks for races: it reads all of the standard library.
	out, err := exec.Command("go", "build", "-o", tool, "./testdata/tool").CombinedOutput()
	require.NoError(t, err, "%s", out)

	bad := []string{
		`bad/main.go:12:7: send.Check calls security.msgSecCheck, by openapi.Security.MsgSecCheck (send.go:11:52), which config.json does not permit; add "security.msgSecCheck" to permissions.openapi`,
		`bad/main.go:13:18: this calls wxacode.createQRCode, which config.json does not permit; add "wxacode.createQRCode" to permissions.openapi`,
	}
	assert.Equal(t, bad, govet(t, tool, dir))

	// The outcome follows config.json, though go vet keeps what it once found good.
	write(t, dir, "bad/config.json", `{"permissions": {"openapi": ["security.msgSecCheck", "wxacode.createQRCode", "wxacode.get"]}}`)
	assert.Empty(t, govet(t, tool, dir))
	write(t, dir, "good/config.json", `{}`)
	assert.Equal(t, []string{
		`good/main.go:11:7: send.Get calls wxacode.get, by openapi.Wxacode.Get (send.go:9:49), which config.json does not permit; add "wxacode.get" to permissions.openapi`,
	}, govet(t, tool, dir))
}

func program(body string) string {
	return `package main

import (
	"context"
	"example.com/app/send"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() { ctx := context.Background(); _ = openapi.Wxacode
	` + body + `
}
`
}

// module makes a module that uses this repository.
func module(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	text := regexp.MustCompile(`(?m)^module (.*)$`).ReplaceAllString(string(mod), "module example.com/app\n\nrequire $1 v0.0.0")
	write(t, dir, "go.mod", text+fmt.Sprintf("\nreplace github.com/wxcloud-go/wxfn => %q\n", root))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	write(t, dir, "go.sum", string(sum))
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// govet returns what go vet reports.
func govet(t *testing.T, tool, dir string) []string {
	t.Helper()
	cmd := exec.Command("go", "vet", "-vettool="+tool, "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	var found []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			found = append(found, filepath.ToSlash(line))
		}
	}
	assert.Equal(t, err == nil, len(found) == 0, "go vet: %v\n%s", err, out)
	return found
}
