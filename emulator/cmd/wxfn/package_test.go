package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
)

// packaged makes a package by the command line, and returns its path.
func packaged(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := process{
		getenv: os.Getenv, stdout: &stdout, stderr: &stderr,
		untilSignal: func() (context.Context, func()) { return t.Context(), func() {} },
	}
	require.Zero(t, run(p, append([]string{"package"}, args...)), stderr.String())
	path := string(bytes.TrimSpace(stdout.Bytes()))
	require.FileExists(t, path)
	return path
}

// unzip unpacks a package into a folder, with the modes that it gives.
func unzip(t *testing.T, file, dir string) {
	t.Helper()
	z, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer z.Close()
	for _, f := range z.File {
		assert.Empty(t, f.Extra, f.Name)
		r, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, f.Mode().Perm()))
	}
}

// modes returns the files of a folder with their modes.
func modes(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		rel, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(rel)] = info.Mode().Perm()
		return err
	}))
	return found
}

// A package runs as what it was made for, by nothing but what is in it.
func TestPackagesRun(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("packages are for linux/amd64, and this is " + runtime.GOOS + "/" + runtime.GOARCH)
	}
	own := map[string]map[string]fs.FileMode{
		"go1":      {},
		"http":     {"scf_bootstrap": 0o755},
		"custom":   {"bootstrap": 0o755},
		"cloudrun": {".dockerignore": 0o644, "Dockerfile": 0o644, "container.config.json": 0o644},
	}
	for target, want := range own {
		want["main"], want["config.json"] = 0o755, 0o644
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			file := packaged(t, "createqrcode", "--dir", "../../../examples", "--target", target, "--out", filepath.Join(t.TempDir(), "f.zip"))
			dir := filepath.Join(root, "createqrcode")
			unzip(t, file, dir)
			assert.Equal(t, want, modes(t, dir))

			emu := emulatortest.New(t, emulator.Config{Dir: root})
			result := calledWith(t, emu, target, `{"path":"page/index/index"}`)
			assert.Equal(t, "image/jpeg", gjson.Get(result, "contentType").String(), "%.200s", result)
			assert.Len(t, emu.Calls("wxacode.createQRCode"), 1)
		})
	}
}

// calledWith returns the result of the function createqrcode, which the door of its target gives.
func calledWith(t *testing.T, emu *emulator.Emulator, target, event string) string {
	t.Helper()
	if target == "go1" || target == "custom" {
		result, err := emu.As("oAlice").Invoke(t.Context(), "createqrcode", json.RawMessage(event))
		require.NoError(t, err)
		return string(result.JSON)
	}
	url, err := emu.Listen()
	require.NoError(t, err)
	answer, err := http.Post(url+"/fn/createqrcode", "application/json", strings.NewReader(event))
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", body)
	return string(body)
}

// Where a function lies, and when it is packaged, is not in its package.
func TestPackagesAreReproducible(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	module, err := functionsModule(root)
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	for _, target := range []string{"http", "cloudrun"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			var packages [][sha256.Size]byte
			for i := range 2 {
				dir := t.TempDir()
				function := filepath.Join(dir, "createqrcode")
				require.NoError(t, os.CopyFS(function, os.DirFS(filepath.Join(root, "examples/cloudfunctions/createqrcode"))))
				require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), module, 0o644))
				require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644))
				changed := time.Unix(1e9, 0).AddDate(i, 0, 0)
				require.NoError(t, os.Chtimes(filepath.Join(function, "config.json"), changed, changed))
				content, err := os.ReadFile(packaged(t, "createqrcode", "--dir", dir, "--target", target, "--out", filepath.Join(t.TempDir(), "f.zip")))
				require.NoError(t, err)
				packages = append(packages, sha256.Sum256(content))
			}
			assert.Equal(t, packages[0], packages[1])
		})
	}
}
