package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	for target, want := range map[string]map[string]fs.FileMode{
		"custom": {"main": 0o755, "config.json": 0o644, "bootstrap": 0o755},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			file := packaged(t, "createqrcode", "--dir", "../../../examples", "--target", target, "--out", filepath.Join(t.TempDir(), "f.zip"))
			dir := filepath.Join(root, "createqrcode")
			unzip(t, file, dir)
			assert.Equal(t, want, modes(t, dir))

			emu := emulatortest.New(t, emulator.Config{Dir: root})
			result, err := emu.As("oAlice").Invoke(t.Context(), "createqrcode", map[string]any{"path": "page/index/index"})
			require.NoError(t, err)
			var image struct{ ContentType string }
			require.NoError(t, result.Decode(&image))
			assert.Equal(t, "image/jpeg", image.ContentType)
			calls := emu.Calls("wxacode.createQRCode")
			assert.Len(t, calls, 1)
		})
	}
}

func sumOf(t *testing.T, file string) [sha256.Size]byte {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return sha256.Sum256(content)
}
