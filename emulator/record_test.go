package emulator

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// uses has a function of a folder call an API, as far as its permission goes.
func uses(t testing.TB, e *Emulator, name, api string) {
	t.Helper()
	f, ok := e.function(name)
	require.True(t, ok)
	permitted, advice := f.permitted(api)
	assert.True(t, permitted, "what is recorded is let pass")
	assert.Empty(t, advice)
}

// readFile returns a file's text.
func readFile(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

const index = "exports.main = () => 1"

func TestRecordedIsWhatWasUsedAndWhatLacked(t *testing.T) {
	t.Parallel()
	const before = `{
  // of the shop
  "permissions": {"openapi": ["wxacode.get"]}
}
`
	dir := files(t, map[string]string{
		"b/index.js": index, "b/config.json": before,
		"a/index.js": index,
		"c/index.js": index, "c/config.json": before,
		"unused/index.js": index,
	})
	e := newEmulator(t, Config{Dir: dir, Record: true})
	recorded, err := e.Recorded()
	require.NoError(t, err)
	assert.Empty(t, recorded)
	for range 2 {
		uses(t, e, "b", "wxacode.getUnlimited")
		uses(t, e, "b", "wxacode.get")
		uses(t, e, "b", "security.msgSecCheck")
		uses(t, e, "a", "wxacode.get")
		uses(t, e, "c", "wxacode.get")
	}
	e.Handle("handler", handler(sendAny)) // a handler has no config.json
	_, err = e.As("oAlice").Invoke(t.Context(), "handler", nil)
	require.ErrorContains(t, err, "-604101")

	recorded, err = e.Recorded()
	require.NoError(t, err)
	file := func(name string) string { return filepath.ToSlash(filepath.Join(dir, name, "config.json")) }
	const after = `{
  // of the shop
  "permissions": {"openapi": ["security.msgSecCheck", "wxacode.get", "wxacode.getUnlimited"]}
}
`
	assert.Equal(t, []Recording{
		{Function: "a", File: file("a"), Used: []string{"wxacode.get"}, Missing: []string{"wxacode.get"},
			After: []byte("{\n  \"permissions\": {\n    \"openapi\": [\n      \"wxacode.get\"\n    ]\n  }\n}\n")},
		{Function: "b", File: file("b"), Used: []string{"security.msgSecCheck", "wxacode.get", "wxacode.getUnlimited"},
			Missing: []string{"security.msgSecCheck", "wxacode.getUnlimited"}, Before: []byte(before), After: []byte(after)},
		{Function: "c", File: file("c"), Used: []string{"wxacode.get"}, Before: []byte(before), After: []byte(before)},
	}, recorded)
	assert.Empty(t, recorded[2].Diff())
	assert.NoFileExists(t, file("a"), "nothing is written")
	assert.Equal(t, before, readFile(t, file("b")))
}

func TestRecordedLinesSayWhatLacks(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"f/index.js": index})
	log := make(logged, 10)
	e := newEmulator(t, Config{Dir: dir, Record: true, Log: slog.New(log)})
	uses(t, e, "f", "wxacode.get")
	uses(t, e, "f", "wxacode.get")
	uses(t, e, "f", "wxacode.getUnlimited")
	file := filepath.ToSlash(filepath.Join(dir, "f", "config.json"))
	assert.Equal(t, "INFO uses wxacode.get, which "+file+" lacks", <-log)
	assert.Equal(t, "INFO uses wxacode.getUnlimited, which "+file+" lacks", <-log, "each once")
}

func TestWhatLacksIsAddedAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after string }{
		"no file":     {"", "{\n  \"permissions\": {\n    \"openapi\": [\n      \"security.msgSecCheck\",\n      \"wxacode.get\"\n    ]\n  }\n}\n"},
		"a blank one": {"\n", "{\n  \"permissions\": {\n    \"openapi\": [\n      \"security.msgSecCheck\",\n      \"wxacode.get\"\n    ]\n  }\n}\n"},
		"one without permissions, CRLF": {"{\r\n\t\"triggers\": [] // none\r\n}\r\n",
			"{\r\n\t\"permissions\": {\r\n\t\t\"openapi\": [\r\n\t\t\t\"security.msgSecCheck\",\r\n\t\t\t\"wxacode.get\"\r\n\t\t]\r\n\t},\r\n\t\"triggers\": [] // none\r\n}\r\n"},
		"between others": {"{\"permissions\":{\"openapi\":[\n  \"ocr.idcard\",\n  \"wxacode.getUnlimited\" // for posters\n]},\"x\":1}",
			"{\"permissions\":{\"openapi\":[\n  \"ocr.idcard\",\n  \"security.msgSecCheck\",\n  \"wxacode.get\",\n  \"wxacode.getUnlimited\" // for posters\n]},\"x\":1}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := files(t, map[string]string{"f/index.js": index})
			file := filepath.Join(dir, "f", "config.json")
			if c.before != "" {
				writeFile(t, file, c.before)
			}
			e := newEmulator(t, Config{Dir: dir, Record: true, RecordWrite: true})
			uses(t, e, "f", "wxacode.get")
			assert.Contains(t, readFile(t, file), "wxacode.get")
			uses(t, e, "f", "security.msgSecCheck")
			assert.Equal(t, c.after, readFile(t, file))
			ok, _ := e.permittedByFile(e.functions["f"], "security.msgSecCheck")
			assert.True(t, ok, "it counts from now on")
			stamp := stampOf(file)
			uses(t, e, "f", "wxacode.get")
			assert.Equal(t, stamp, stampOf(file), "the file is not written again")

			recorded, err := e.Recorded()
			require.NoError(t, err)
			require.Len(t, recorded, 1)
			assert.Equal(t, c.before, string(recorded[0].Before))
			assert.Equal(t, c.after, string(recorded[0].After))
			assert.Equal(t, []string{"security.msgSecCheck", "wxacode.get"}, recorded[0].Missing)
			assert.Equal(t, recorded[0].Missing, recorded[0].Added)
			entries, err := os.ReadDir(filepath.Dir(file))
			require.NoError(t, err)
			assert.Len(t, entries, 2, "no other file is left")
		})
	}
}

func TestABrokenConfigJSONIsLeft(t *testing.T) {
	t.Parallel()
	const broken = "{\n  \"permissions\": {\"openapi\": [\"wxacode.get\"\n"
	for _, write := range []bool{false, true} {
		dir := files(t, map[string]string{"f/index.js": index, "f/config.json": broken, "g/index.js": index})
		log := make(logged, 10)
		e := newEmulator(t, Config{Dir: dir, Record: true, RecordWrite: write, Log: slog.New(log)})
		uses(t, e, "f", "wxacode.get")
		uses(t, e, "g", "wxacode.get")
		file := filepath.ToSlash(filepath.Join(dir, "f", "config.json"))
		if write {
			assert.Contains(t, <-log, "ERROR wxacode.get could not be added to "+file+": config: line ")
		}
		recorded, err := e.Recorded()
		assert.ErrorContains(t, err, file+" cannot be changed: config: line ")
		assert.NotContains(t, err.Error(), "\n")
		require.Len(t, recorded, 2, "the others are there all the same")
		assert.Empty(t, recorded[0].Added)
		assert.Equal(t, write, len(recorded[1].Added) == 1)
		assert.Empty(t, recorded[0].Diff())
		assert.NotEmpty(t, recorded[1].Diff())
		assert.Equal(t, broken, readFile(t, file))
	}
}

func TestALinkedConfigJSONStaysALink(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"f/index.js": index, "shared/permissions.json": `{"permissions": {"openapi": []}}`})
	link := filepath.Join(dir, "f", "config.json")
	if err := os.Symlink(filepath.Join("..", "shared", "permissions.json"), link); err != nil {
		t.Skip(err)
	}
	e := newEmulator(t, Config{Dir: dir, Record: true, RecordWrite: true})
	uses(t, e, "f", "wxacode.get")
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.Equal(t, fs.ModeSymlink, info.Mode().Type())
	assert.Equal(t, `{"permissions": {"openapi": ["wxacode.get"]}}`, readFile(t, filepath.Join(dir, "shared", "permissions.json")))
}

func TestAConfigJSONKeepsItsMode(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no such modes")
	}
	for _, mode := range []os.FileMode{0o600, 0o664, 0o640} {
		dir := files(t, map[string]string{"f/index.js": index, "f/config.json": "{}"})
		file := filepath.Join(dir, "f", "config.json")
		require.NoError(t, os.Chmod(file, mode))
		e := newEmulator(t, Config{Dir: dir, Record: true, RecordWrite: true})
		uses(t, e, "f", "wxacode.get")
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm())
	}
}

func TestManyFunctionsAreRecordedAtOnce(t *testing.T) {
	t.Parallel()
	apis := []string{"customerServiceMessage.send", "ocr.idcard", "security.msgSecCheck", "urllink.generate", "wxacode.get", "wxacode.getUnlimited"}
	sources := map[string]string{}
	for i := range 4 {
		sources[fmt.Sprintf("f%d/index.js", i)] = index
	}
	dir := files(t, sources)
	e := newEmulator(t, Config{Dir: dir, Record: true, RecordWrite: true})
	var all sync.WaitGroup
	for i := range 4 {
		for j := range apis {
			all.Go(func() { uses(t, e, fmt.Sprint("f", i), apis[(i+j)%len(apis)]) })
			all.Go(func() { _, _ = e.Recorded() })
		}
	}
	all.Wait()
	recorded, err := e.Recorded()
	require.NoError(t, err)
	require.Len(t, recorded, 4)
	for i, r := range recorded {
		assert.Equal(t, apis, r.Used)
		assert.Equal(t, apis, r.Missing)
		assert.Equal(t, string(r.After), readFile(t, filepath.Join(dir, fmt.Sprint("f", i), "config.json")))
	}
}

func TestWhatIsRecordedStaysAsItWas(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"f/index.js": index})
	e := newEmulator(t, Config{Dir: dir, Record: true})
	for _, api := range []string{"wxacode.getUnlimited", "security.msgSecCheck", "ocr.idcard"} {
		uses(t, e, "f", api)
	}
	before, err := e.Recorded()
	require.NoError(t, err)
	uses(t, e, "f", "customerServiceMessage.send")
	assert.Equal(t, []string{"ocr.idcard", "security.msgSecCheck", "wxacode.getUnlimited"}, before[0].Used)
	assert.Equal(t, before[0].Used, before[0].Missing)
	before[0].Used[0] = "x"
	after, err := e.Recorded()
	require.NoError(t, err)
	assert.Len(t, after[0].Used, 4)
	assert.NotContains(t, after[0].Used, "x")
}

func TestADiffIsWhatGitApplies(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("needs the program git")
		}
		t.Skip("needs the program git")
	}
	const before = "{\n  \"permissions\": {\n    \"openapi\": [\n      \"wxacode.get\"\n    ]\n  }\n}" // no line end
	for name, dir := range map[string]string{"as it is": ".", "a part of it": "functions"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := files(t, map[string]string{
				"project.config.json":  `{"cloudfunctionRoot": "functions/"}`,
				"functions/f/index.js": index, "functions/f/config.json": before,
				"functions/g/index.js": index,
				"functions/h/index.js": index, "functions/h/config.json": strings.ReplaceAll(before, "\n", "\r\n") + "\r\n",
				"functions/名 字/index.js": index, "functions/名 字/config.json": "{}",
			})
			e := newEmulator(t, Config{Dir: filepath.Join(root, dir), Record: true})
			e.config.Dir = dir // as if this process were in root
			uses(t, e, "f", "wxacode.getUnlimited")
			uses(t, e, "g", "wxacode.get")
			uses(t, e, "h", "wxacode.getUnlimited")
			uses(t, e, "名 字", "wxacode.get")
			recorded, err := e.Recorded()
			require.NoError(t, err)
			require.Len(t, recorded, 4)
			var patch strings.Builder
			for _, r := range recorded {
				patch.WriteString(r.Diff())
			}
			apply := exec.Command("git", "apply", "-")
			apply.Dir, apply.Stdin = root, strings.NewReader(patch.String())
			output, err := apply.CombinedOutput()
			require.NoError(t, err, "%s\n%s", output, patch.String())
			for _, r := range recorded {
				assert.Equal(t, string(r.After), readFile(t, filepath.Join(root, "functions", r.Function, "config.json")))
			}
		})
	}
}

func TestRecordWriteNeedsRecord(t *testing.T) {
	t.Parallel()
	_, err := New(Config{RecordWrite: true})
	assert.EqualError(t, err, "emulator: RecordWrite has no effect without Record; set both")
}

func TestAFolderThatCannotBeWrittenIsReported(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"f/index.js": index, "f/config.json/x": ""})
	log := make(logged, 10)
	e := newEmulator(t, Config{Dir: dir, Record: true, RecordWrite: true, Log: slog.New(log)})
	for len(log) > 0 {
		<-log
	}
	f := e.functions["f"]
	ok, _ := f.permitted("wxacode.get")
	assert.True(t, ok)
	select {
	case message := <-log:
		assert.Contains(t, message, "ERROR wxacode.get could not be added to ")
	case <-time.After(20 * time.Second):
		t.Error("nothing was logged")
	}
}
