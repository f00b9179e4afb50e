package statedir_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// plant makes files with their content; a name that ends in a slash makes a folder, and a content that begins with ->, a
// symbolic link.
func plant(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		switch {
		case name[len(name)-1] == '/':
			require.NoError(t, os.MkdirAll(path, 0o755))
		case len(content) > 2 && content[:2] == "->":
			if err := os.Symlink(content[2:], path); err != nil {
				t.Skip("symbolic links need a privilege here:", err)
			}
		default:
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		}
	}
}

// A folder is used for state only where nothing of another program's can be lost.
func TestOpen(t *testing.T) {
	t.Parallel()
	running := `{"url": "http://127.0.0.1:1", "token": "t"}`
	for name, test := range map[string]struct {
		dir   string
		files map[string]string
		want  string // the error, after the folder's path
	}{
		"a new folder":              {"new/state", nil, ""},
		"a folder with other files": {"mine", map[string]string{"notes.txt": "", "run-1/x": "", "runner.js": ""}, ""},
		"its own programs":          {"mine", map[string]string{"bin/tool": "x"}, "/bin is not wxfn's, and would be replaced; choose an empty folder, or a new one"},
		"its own dev.json":          {"mine", map[string]string{"dev.json": `{"port": 1}`}, "/dev.json is not wxfn's, and would be replaced; choose an empty folder, or a new one"},
		"another .gitignore":        {"mine", map[string]string{".gitignore": "*\n", "dev.json": "x"}, "/dev.json is not wxfn's, and would be replaced; choose an empty folder, or a new one"},
		"state of an older version": {"kept", map[string]string{".gitignore": "*\n", "bin/0123abcd/hello": "", "dev.json": running, "runner.js": "", "state.db": "", "run-123/x": ""}, ""},
		"the default folder":        {".wxfn", map[string]string{"dev.json": "half", "bin/other": ""}, ""},
		"a link for dev.json":       {".wxfn", map[string]string{"dev.json": "->/etc/passwd"}, "/dev.json is a symbolic link, which could lead anywhere; remove it"},
		"a link for the state":      {".wxfn", map[string]string{"state.db": "->nothing"}, "/state.db is a symbolic link, which could lead anywhere; remove it"},
		"a link for the programs":   {".wxfn", map[string]string{"bin": "->/tmp"}, "/bin is a symbolic link, which could lead anywhere; remove it"},
		"a link among the programs": {".wxfn", map[string]string{"bin/0123abcd/hello": "->/etc/passwd"}, "/bin/0123abcd/hello is a symbolic link, which could lead anywhere; remove it"},
		"a link for the folder":     {"in/.wxfn", map[string]string{"../../in/.wxfn": "->/tmp"}, " is a symbolic link, which could lead anywhere; remove it, or name its target with --state"},
		"a folder for the state":    {".wxfn", map[string]string{"state.db/": ""}, "/state.db is not a regular file; move it away"},
		"a file for the programs":   {".wxfn", map[string]string{"bin": ""}, "/bin is not a folder; move it away"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), test.dir)
			plant(t, dir, test.files)
			err := statedir.Open(dir)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, dir+filepath.FromSlash(test.want))
			}
			for name, content := range test.files {
				if content != "" && content[0] != '-' {
					text, err := os.ReadFile(filepath.Join(dir, name))
					require.NoError(t, err)
					assert.Equal(t, content, string(text))
				}
			}
		})
	}
}

// What Open has made is ours from then on, whatever comes into it; Tidy removes it only while it is empty.
func TestOpenMarksItsFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	require.NoError(t, statedir.Open(dir))
	statedir.Tidy(dir)
	assert.NoDirExists(t, dir)
	require.NoError(t, statedir.Open(dir))
	plant(t, dir, map[string]string{"dev.json": "half"})
	assert.NoError(t, statedir.Open(dir))
	statedir.Tidy(dir)
	assert.FileExists(t, filepath.Join(dir, "dev.json"))

	mine := t.TempDir()
	plant(t, mine, map[string]string{".gitignore": "*\n"})
	require.NoError(t, statedir.Open(mine))
	statedir.Tidy(mine)
	assert.FileExists(t, filepath.Join(mine, ".gitignore"))
}

// A private file is only read where nobody else can have written it.
func TestReadPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	for name, test := range map[string]struct {
		change func(dir, file string) error
		want   string
	}{
		"as it is written":     {func(string, string) error { return nil }, ""},
		"readable by all":      {func(_, file string) error { return os.Chmod(file, 0o644) }, ""},
		"writable by a group":  {func(_, file string) error { return os.Chmod(file, 0o620) }, "FILE can be written by other users; it is not used; remove it, or run: chmod 600 FILE"},
		"writable by all":      {func(_, file string) error { return os.Chmod(file, 0o602) }, "FILE can be written by other users; it is not used; remove it, or run: chmod 600 FILE"},
		"in a shared folder":   {func(dir, _ string) error { return os.Chmod(dir, 0o777) }, "DIR can be written by other users; run: chmod go-w DIR"},
		"of another user":      {func(_, file string) error { return os.Chown(file, 65534, -1) }, "FILE belongs to another user; it is not used; remove it, or name the emulator with --emulator"},
		"in another's folder":  {func(dir, _ string) error { return os.Chown(dir, 65534, -1) }, "DIR belongs to another user; it is not used; remove it, or name the emulator with --emulator"},
		"a link to such a one": {func(_, file string) error { return errors.Join(os.Rename(file, file+"2"), os.Symlink(file+"2", file)) }, "FILE is a symbolic link; it is not used; remove it"},
		"a pipe":               {mkfifo, "FILE is not a regular file; it is not used; remove it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "d")
			file := filepath.Join(dir, "f")
			require.NoError(t, os.Mkdir(dir, 0o755))
			require.NoError(t, statedir.WritePrivate(file, []byte("secret")))
			if err := test.change(dir, file); os.IsPermission(err) {
				t.Skip("changing owners needs a privilege:", err)
			} else {
				require.NoError(t, err)
			}
			text, err := statedir.ReadPrivate(file)
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, "secret", string(text))
				return
			}
			var unsafe *statedir.UnsafeError
			require.ErrorAs(t, err, &unsafe)
			assert.Equal(t, test.want, strings.NewReplacer(file, "FILE", dir, "DIR").Replace(err.Error()))
		})
	}
}

// WritePrivate replaces a link, and leaves what it led to alone. It removes what killed writers have left, and only that.
func TestWritePrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"target": "precious", "f-12": "half", "f-12x": "mine", "f-": "mine"})
	if os.Symlink(filepath.Join(dir, "target"), filepath.Join(dir, "f")) != nil {
		t.Skip("symbolic links need a privilege here")
	}
	require.NoError(t, statedir.WritePrivate(filepath.Join(dir, "f"), []byte("new")))
	text, err := os.ReadFile(filepath.Join(dir, "target"))
	require.NoError(t, err)
	assert.Equal(t, "precious", string(text))
	assert.Equal(t, []string{"f", "f-", "f-12x", "target"}, names(t, dir))
	info, err := os.Lstat(filepath.Join(dir, "f"))
	require.NoError(t, err)
	assert.True(t, info.Mode().IsRegular())
	if runtime.GOOS != "windows" {
		assert.EqualValues(t, 0o600, info.Mode().Perm())
	}
}

// Temporary folders of killed processes are removed, and no others: those in use, those without our lock, and those of a
// similar name stay.
func TestTempDirs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := time.Now().Add(-48 * time.Hour)
	plant(t, dir, map[string]string{
		"run-1/.wxfn-lock": "", "run-1/program": "left by a killed process",
		"run-2/data": "the user's", "run-3/": "", "run-notes/.wxfn-lock": "", "run-4": "a file", "run-6/": "",
		"target/.wxfn-lock": "",
	})
	require.NoError(t, os.Chtimes(filepath.Join(dir, "run-6"), old, old))
	links := os.Symlink(filepath.Join(dir, "target"), filepath.Join(dir, "run-5")) == nil
	first, err := statedir.NewTempDir(dir, "run")
	require.NoError(t, err)
	second, err := statedir.NewTempDir(dir, "run")
	require.NoError(t, err)
	want := []string{"run-2", "run-3", "run-4", "run-notes", "target", filepath.Base(first.Path), filepath.Base(second.Path)}
	if links {
		want = append(want, "run-5")
	}
	assert.ElementsMatch(t, want, names(t, dir))
	assert.FileExists(t, filepath.Join(dir, "target", ".wxfn-lock"))
	require.NoError(t, first.Remove())
	assert.NoDirExists(t, first.Path)
	assert.DirExists(t, second.Path)
	require.NoError(t, second.Remove())
}

func names(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
