package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// says returns a program that prints a text.
func says(text string) string {
	return fmt.Sprintf("package main\n\nfunc main() { print(%q) }\n", text)
}

// saysWhat runs a program, and returns what it prints.
func saysWhat(t *testing.T, program string) string {
	t.Helper()
	out, err := exec.Command(program).CombinedOutput()
	require.NoError(t, err)
	return string(out)
}

func inDir(dir string, names ...string) (dirs []string) {
	for _, name := range names {
		dirs = append(dirs, filepath.Join(dir, filepath.FromSlash(name)))
	}
	return dirs
}

func TestEachFolderGetsItsOwnProgram(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"a/go.mod":         "module example.com/a\n\ngo 1.21\n",
		"a/hello/main.go":  says("a/hello"),
		"a/v2/main.go":     says("a/v2"),
		"a/x/same/main.go": says("a/x/same"),
		"a/y/same/main.go": says("a/y/same"),
		"b/go.mod":         "module example.com/b/v3\n\ngo 1.21\n",
		"b/main.go":        says("b"),
		"b/hello/main.go":  says("b/hello"),
		"v2/go.mod":        "module v2\n\ngo 1.21\n",
		"v2/main.go":       says("v2"),
		"nested/go.mod":    "module example.com/nested\n\ngo 1.21\n",
		"nested/f/go.mod":  "module example.com/nested/f\n\ngo 1.21\n",
		"nested/f/main.go": says("nested/f"),
	})
	names := []string{"a/hello", "a/v2", "a/x/same", "a/y/same", "b", "b/hello", "v2", "nested/f"}
	var b Builder
	bin := t.TempDir()
	for range 2 { // the second time over what is there
		programs, failures := b.Build(t.Context(), bin, inDir(dir, names...))
		assert.Empty(t, failures)
		for i, d := range inDir(dir, names...) {
			assert.Equal(t, names[i], saysWhat(t, programs[d]))
		}
	}
}

func TestWhatDoesNotCompileKeepsNothingElseBack(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"a/go.mod":           "module example.com/a\n\ngo 1.21\n",
		"a/good/main.go":     says("good"),
		"a/bad/main.go":      "package main\n\nfunc main() {\n\tundefined()\n\tvar unused int\n}\n",
		"a/library/x.go":     "package library\n",
		"no module/main.go":  says(""),
		"bad module/go.mod":  "modul example.com/c\n",
		"bad module/main.go": says(""),
		"needs/go.mod":       "module example.com/needs\n\ngo 1.21\n",
		"needs/main.go":      "package main\n\nimport _ \"example.com/missing\"\n\nfunc main() {}\n",
	})
	dirs := inDir(dir, "a/good", "a/bad", "no module", "bad module", "needs")
	var b Builder
	programs, failures := b.Build(t.Context(), t.TempDir(), dirs)
	require.Len(t, programs, 1)
	assert.Equal(t, "good", saysWhat(t, programs[dirs[0]]))
	assert.EqualError(t, failures[dirs[1]], "go build failed:\n# example.com/a/bad\nbad/main.go:4:2: undefined: undefined\nbad/main.go:5:6: declared and not used: unused")
	assert.EqualError(t, failures[dirs[2]], dirs[2]+" is in no Go module; run: go mod init NAME && go mod tidy")
	assert.ErrorContains(t, failures[dirs[3]], "go.mod:1: unknown directive: modul")
	assert.ErrorContains(t, failures[dirs[4]], "example.com/missing")
	assert.Len(t, failures, 4)

	require.NoError(t, os.WriteFile(filepath.Join(dirs[1], "main.go"), []byte(says("mended")), 0o644))
	programs, failures = b.Build(t.Context(), t.TempDir(), dirs[:2])
	assert.Empty(t, failures)
	assert.Equal(t, "mended", saysWhat(t, programs[dirs[1]]))
}

func TestABuildEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"go.mod": "module example.com/a\n\ngo 1.21\n", "main.go": says("")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b Builder
	programs, failures := b.Build(ctx, filepath.Join(dir, "bin"), []string{dir})
	assert.Empty(t, programs)
	assert.ErrorIs(t, failures[dir], context.Canceled)
	assert.NoDirExists(t, filepath.Join(dir, "bin"))
	b.Wait()
}

func TestAModuleIsBuiltByOneCommandForThisMachine(t *testing.T) {
	onUnix(t)
	realGo, err := exec.LookPath("go")
	require.NoError(t, err)
	dir := files(t, map[string]string{
		"path/go":         fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s/log\nexec %s \"$@\"\n", "$WXFN_TEST_LOG", realGo),
		"a/go.mod":        "module example.com/a\n\ngo 1.21\n",
		"a/one/main.go":   says("one"),
		"a/two/main.go":   says("two"),
		"a/three/main.go": says("three"),
		"b/go.mod":        "module example.com/b\n\ngo 1.21\n",
		"b/four/main.go":  says("four"),
	})
	require.NoError(t, os.Chmod(filepath.Join(dir, "path/go"), 0o755))
	// The shell is set to build for elsewhere, as that of somebody who uploads functions from a Mac.
	t.Setenv("GOOS", "plan9")
	t.Setenv("GOARCH", "arm")
	t.Setenv("WXFN_TEST_LOG", dir)
	t.Setenv("PATH", filepath.Join(dir, "path")+":"+os.Getenv("PATH"))
	var b Builder
	dirs := inDir(dir, "a/one", "a/two", "a/three", "b/four")
	programs, failures := b.Build(t.Context(), t.TempDir(), dirs)
	require.Empty(t, failures)
	assert.Equal(t, "one", saysWhat(t, programs[dirs[0]]))
	assert.Equal(t, "four", saysWhat(t, programs[dirs[3]]))
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(log), "\n"), "%s", log)

	t.Setenv("PATH", dir)
	_, failures = b.Build(t.Context(), t.TempDir(), dirs[:1])
	assert.EqualError(t, failures[dirs[0]], "Go functions need the go command; install Go from https://go.dev/dl/")
}
