package pack

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/config"
)

// folder makes a folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

// planned returns the names of the files in a package.
func planned(t *testing.T, f config.FunctionDir, target Target) (names []string) {
	t.Helper()
	p, err := New(f, target)
	require.NoError(t, err)
	for _, file := range p.files {
		names = append(names, file.name)
	}
	return names
}

func TestFilesThatTheProgramReadsArePackaged(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"main.go": "", "text/text.go": "", "main_test.go": "", "testdata/a.json": "", "text/testdata/b.json": "",
		"go.mod": "", "go.sum": "", "vendor/modules.txt": "", ".env": "", ".git/HEAD": "", "node_modules/x/index.js": "",
		"wxfn.stubs.json": "", "cloudbaserc.json": "", "project.config.json": "", "main": "of yesterday",
		"config.json": "", "text/a.txt": "", "pages/index.html": "", "pages/draft/index.html": "", "tmp/log": "", "pages/b.tmp": "",
	})
	f := config.FunctionDir{Name: "f", Dir: dir, Ignore: []string{"**/draft", "./tmp/**", "pages/*.tmp"}}
	own := []string{"config.json", "main", "pages/index.html", "text/a.txt"}
	assert.Equal(t, own, planned(t, f, Go1))
	assert.Equal(t, append([]string{"bootstrap"}, own...), planned(t, f, Custom))
	assert.Equal(t, []string{"config.json", "main", "pages/index.html", "scf_bootstrap", "text/a.txt"}, planned(t, f, HTTP))
	assert.Equal(t, []string{".dockerignore", "Dockerfile", "config.json", "container.config.json", "main", "pages/index.html", "text/a.txt"}, planned(t, f, CloudRun))
}

// A folder may have the files of several homes; a package has those of its own.
func TestPackagesAreOfOneHome(t *testing.T) {
	t.Parallel()
	f := config.FunctionDir{Name: "f", Dir: folder(t, map[string]string{
		"main.go": "", "bootstrap": "", "scf_bootstrap": "", "container.config.json": "", "Dockerfile": "", "data/bootstrap": "",
	})}
	for target, want := range map[Target][]string{
		Go1:      {"Dockerfile", "data/bootstrap", "main"},
		Custom:   {"Dockerfile", "bootstrap", "data/bootstrap", "main"},
		HTTP:     {"Dockerfile", "bootstrap", "data/bootstrap", "main", "scf_bootstrap"},
		CloudRun: {".dockerignore", "Dockerfile", "bootstrap", "container.config.json", "data/bootstrap", "main", "scf_bootstrap"},
	} {
		assert.Equal(t, want, planned(t, f, target), target)
	}
}

func TestPatternsIgnoreFilesAndFolders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"draft.txt", "draft.txt", true},
		{"draft.txt", "a/draft.txt", false},
		{"**/draft.txt", "a/b/draft.txt", true},
		{"**/draft.txt", "draft.txt", true},
		{"*.txt", "draft.txt", true},
		{"*.txt", "a/draft.txt", false},
		{"a/**", "a/b/c", true},
		{"a/**/c", "a/c", true},
		{"a/**/c", "a/b/d/c", true},
		{"./a", "a", true},
		{"/a/", "a", true},
		{"[", "[", false},
		{"", "a", false},
	} {
		assert.Equal(t, c.want, ignored(c.name, []string{c.pattern}), "%q %q", c.pattern, c.name)
	}
}

func TestFilesThatCannotBePackagedAreNamed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links and modes are those of Unix")
	}
	dir := folder(t, map[string]string{"main.go": ""})
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "link")))
	_, err := New(config.FunctionDir{Dir: dir}, Go1)
	assert.ErrorContains(t, err, filepath.Join(dir, "link")+" is a symbolic link")

	_, err = New(config.FunctionDir{Dir: dir, Ignore: []string{"link"}}, Go1)
	require.NoError(t, err)

	taken := folder(t, map[string]string{"main.go": "", "main/text.txt": ""})
	_, err = New(config.FunctionDir{Dir: taken}, Go1)
	assert.EqualError(t, err, filepath.Join(taken, "main")+" is a folder, and the package needs a file of that name; rename it, or name it in ignore of cloudbaserc.json")

	if os.Getuid() == 0 {
		return // who may read everything
	}
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, nil, 0))
	_, err = New(config.FunctionDir{Dir: dir, Ignore: []string{"link"}}, Go1)
	assert.EqualError(t, err, secret+" cannot be read: permission denied; correct its permissions, or name it in ignore of cloudbaserc.json")
}

func TestFilesThatAreTooLargeAreNamed(t *testing.T) {
	t.Parallel()
	f := config.FunctionDir{Name: "f", Dir: folder(t, map[string]string{"main.go": "", "film.mp4": ""})}
	require.NoError(t, os.Truncate(filepath.Join(f.Dir, "film.mp4"), MaxUnpacked+1<<20)) // it takes no space
	_, err := New(f, Go1)
	assert.EqualError(t, err, "the files of f are 501 MiB, film.mp4 alone 501 MiB, and the cloud takes 500; name what the function does not read in ignore of cloudbaserc.json")

	_, err = New(f, CloudRun)
	require.NoError(t, err, "an image has no such limit")
}

func TestContainersHaveTheSizeOfTheFunction(t *testing.T) {
	t.Parallel()
	for memory, want := range map[int][2]float64{0: {0.25, 0.5}, 512: {0.25, 0.5}, 513: {0.5, 1}, 2048: {1, 2}, 3072: {2, 4}, 1 << 20: {16, 32}} {
		text := container(config.FunctionDir{MemoryMB: memory, Env: map[string]string{"LEVEL": "<debug>", "KEY": "s3cret"}, Secret: []string{"KEY"}}, 8080)
		assert.NotContains(t, string(text), "KEY", "a value from .env stays there")
		got := gjson.GetManyBytes(text, "cpu", "mem", "containerPort", "envParams.LEVEL")
		assert.Equal(t, want, [2]float64{got[0].Float(), got[1].Float()}, "%d MB", memory)
		assert.Equal(t, int64(8080), got[2].Int())
		assert.Equal(t, "<debug>", got[3].String())
	}
	assert.JSONEq(t, `{}`, gjson.GetBytes(container(config.FunctionDir{}, 80), "envParams").Raw, "an object, although it is empty")
}

func TestProgramsThatWouldNotServeAreRefused(t *testing.T) {
	t.Parallel()
	const (
		event = "\x00github.com/wxcloud-go/wxfn/cloudfn.StartHandler\x00"
		web   = "\x00github.com/wxcloud-go/wxfn/cloudfn.StartHTTP\x00"
		scf   = "\x00github.com/tencentyun/scf-go-lib/cloudfunction.Start\x00"
	)
	for _, c := range []struct {
		program string
		serves  []Target
	}{
		{event, Targets()},
		{web, []Target{HTTP, CloudRun}},
		{event + web, Targets()}, // it chooses
		{scf, []Target{Go1}},
		{"\x00main.main\x00", Targets()}, // nobody knows
		{"a text about github.com/wxcloud-go/wxfn/cloudfn.StartHTTP", Targets()},
	} {
		var serves []Target
		for _, target := range Targets() {
			if target.checkStart("f", []byte(c.program)) == nil {
				serves = append(serves, target)
			}
		}
		assert.Equal(t, c.serves, serves, "%q", c.program)
	}
	assert.EqualError(t, HTTP.checkStart("f", []byte(scf)),
		"f calls cloudfunction.Start of scf-go-lib, which does not serve as http; package it with --target go1, or call cloudfn.Start")
}

// built is a package whose program has been built.
func built(t *testing.T) *Package {
	t.Helper()
	p, err := New(config.FunctionDir{Name: "f", Dir: folder(t, map[string]string{"main.go": "", "data/图.txt": "1"})}, HTTP)
	require.NoError(t, err)
	p.find(program).text = []byte("\x7fELF")
	return p
}

func TestZipHasFixedTimesAndModes(t *testing.T) {
	t.Parallel()
	p := built(t)
	var first, second bytes.Buffer
	require.NoError(t, p.zip(&first))
	require.NoError(t, p.zip(&second))
	assert.Equal(t, first.Bytes(), second.Bytes())

	z, err := zip.NewReader(bytes.NewReader(first.Bytes()), int64(first.Len()))
	require.NoError(t, err)
	var got []string
	for _, f := range z.File {
		got = append(got, fmt.Sprint(f.Name, " ", f.Mode(), " ", f.Modified.Format("2006-01-02 15:04"), " ", len(f.Extra)))
	}
	assert.Equal(t, []string{
		"data/图.txt -rw-r--r-- 1980-01-01 00:00 0",
		"main -rwxr-xr-x 1980-01-01 00:00 0",
		"scf_bootstrap -rwxr-xr-x 1980-01-01 00:00 0",
	}, got)
}

func TestPackageTakesThePlaceOfItsLikeOnly(t *testing.T) {
	t.Parallel()
	p := built(t)
	for _, name := range []string{"f.zip", "f", "f/"} {
		parent := t.TempDir()
		path := parent + "/" + name
		_, err := p.Write(path)
		require.NoError(t, err)
		_, err = p.Write(path)
		require.NoError(t, err, "it is replaced")
		left, err := os.ReadDir(parent)
		require.NoError(t, err)
		assert.Len(t, left, 1, "nothing passing stays")
	}

	path := filepath.Join(t.TempDir(), "f.zip")
	_, err := p.Write(path)
	require.NoError(t, err)
	p.files = slices.DeleteFunc(p.files, func(f file) bool { return f.name == "data/图.txt" })
	_, err = p.Write(path)
	require.NoError(t, err, "a zip of ours is replaced, although the function has one file less")
	var other bytes.Buffer
	w := zip.NewWriter(&other)
	_, err = w.CreateHeader(&zip.FileHeader{Name: "main", Modified: time.Now()})
	require.NoError(t, errors.Join(err, w.Close(), os.WriteFile(path, other.Bytes(), 0o644)))
	_, err = p.Write(path)
	assert.EqualError(t, err, path+" is there already, and is no package; remove it, or choose another place with --out")

	p = built(t)
	dir := folder(t, map[string]string{"main": "", "mine.txt": "keep"})
	_, err = p.Write(dir)
	assert.EqualError(t, err, dir+" is there already, and holds mine.txt, which this package does not have; remove it, or choose another place with --out")
	assert.FileExists(t, filepath.Join(dir, "mine.txt"))

	empty := t.TempDir()
	_, err = p.Write(empty)
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(empty, "data", "图.txt"))
}

func TestVariablesThatAContainerWillNotHaveAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		container string
		unset     []string
	}{
		"none of its own":       {"", nil},
		"one of its own":        {`{"envParams": {"A": "1"} /* ours */}`, []string{"B"}},
		"one without variables": {`{"containerPort": 80}`, []string{"A", "B"}},
	} {
		files := map[string]string{"main.go": ""}
		if c.container != "" {
			files["container.config.json"] = c.container
		}
		p, err := New(config.FunctionDir{Name: "f", Dir: folder(t, files), Env: map[string]string{"A": "1", "B": "2"}}, CloudRun)
		require.NoError(t, err)
		assert.ElementsMatch(t, c.unset, p.Unset(), name)
	}
}
