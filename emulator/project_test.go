package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

const project = "../testdata/project"

// seen is what the functions of the project tell of their invocation.
type seen struct {
	Event                               json.RawMessage
	OpenID, AppID, UnionID, Env, Source string
	Function, Greeting                  string
	MemoryLimitMB                       int
	PID                                 int
}

// needsNode skips a test for want of Node; in CI there is no excuse.
func needsNode(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("node"); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("needs the program node")
	}
	t.Skip("needs the program node")
}

// files writes files into a new folder.
func files(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return dir
}

// writeFile writes a file.
func writeFile(t testing.TB, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

// invokeSeen calls a function that tells what it sees.
func invokeSeen(t testing.TB, c *Caller, name string, event any) (s seen) {
	t.Helper()
	result, err := c.Invoke(t.Context(), name, event)
	require.NoError(t, err)
	require.NoError(t, result.Decode(&s))
	return s
}

func TestAProjectIsServed(t *testing.T) {
	t.Parallel()
	needsNode(t)
	e := newEmulator(t, Config{Dir: project, MaxInstances: 2})
	require.Empty(t, e.Findings())
	require.Empty(t, e.Build(t.Context()))
	require.Empty(t, e.Build(t.Context()), "again")
	e.Handle("handler", cloudfn.Func(func(ctx context.Context, event json.RawMessage) (seen, error) {
		inv, _ := cloudfn.FromContext(ctx)
		return seen{event, inv.OpenID, inv.AppID, inv.UnionID, inv.Env, inv.Source, inv.Function, "", inv.MemoryLimitMB, 0}, nil
	}))
	memory := map[string]int{"echo": 128, "scf": 256, "node": 256, "handler": 256}
	for _, name := range []string{"echo", "scf", "node", "handler"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := invokeSeen(t, e.As("oAlice").WithUnionID("uAlice"), name, map[string]any{"text": "<你> & %"})
			if name != "handler" {
				assert.NotZero(t, s.PID)
				assert.Equal(t, "hello", s.Greeting)
			}
			assert.JSONEq(t, `{"text":"<你> & %","userInfo":{"appId":"wxproject000000001","openId":"oAlice"}}`, string(s.Event))
			s.Event, s.PID, s.Greeting = nil, 0, ""
			assert.Equal(t, seen{OpenID: "oAlice", AppID: "wxproject000000001", UnionID: "uAlice", Env: "project-env", Source: "wx_client",
				Function: name, MemoryLimitMB: memory[name]}, s)

			s = invokeSeen(t, e.As("oBob").Via(SourceHTTP), name, []int{1})
			assert.Equal(t, `[1]`, string(s.Event))
			assert.Equal(t, []string{"oBob", "wx_http"}, []string{s.OpenID, s.Source})
			if name != "scf" { // which has it from the first call, in its environment
				assert.Empty(t, s.UnionID)
			}

			var all sync.WaitGroup
			var mu sync.Mutex
			instances := map[int]bool{}
			for i := range 16 {
				all.Go(func() {
					s := invokeSeen(t, e.As(fmt.Sprint("o", i)), name, i)
					assert.Equal(t, fmt.Sprint("o", i), s.OpenID)
					assert.Equal(t, fmt.Sprint(i), string(s.Event))
					mu.Lock()
					defer mu.Unlock()
					instances[s.PID] = true
				})
			}
			all.Wait()
			assert.LessOrEqual(t, len(instances), 2)
		})
	}
	t.Run("qrcode", func(t *testing.T) {
		t.Parallel()
		result, err := e.As("oAlice").Invoke(t.Context(), "qrcode", map[string]string{"path": "page/index/index?id=7"})
		require.NoError(t, err)
		var image openapi.Image
		require.NoError(t, result.Decode(&image))
		picture, err := jpeg.Decode(bytes.NewReader(image.Buffer))
		require.NoError(t, err)
		bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
		require.NoError(t, err)
		content, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
		require.NoError(t, err)
		options, err := e.Scan(content.GetText())
		require.NoError(t, err)
		assert.Equal(t, &LaunchOptions{Path: "page/index/index", Query: map[string]string{"id": "7"}, Scene: 1011, AppID: "wxproject000000001"}, options)

		_, err = e.As("oAlice").Invoke(t.Context(), "qrcode", nil)
		assert.ErrorContains(t, err, "40159")
	})
	t.Run("output", func(t *testing.T) {
		t.Parallel()
		result, err := e.As("oAlice").Invoke(t.Context(), "scf", nil)
		require.NoError(t, err)
		output := e.journal.Find(result.RequestID).View().Output
		require.Len(t, output, 1)
		assert.Equal(t, "handling "+result.RequestID, output[0].Text)
	})
}

const (
	goModule  = "module example.com/functions\n\ngo 1.21\n"
	goProgram = "package main\n\nimport \"os\"\n\nfunc main() { println(\"started\"); os.Exit(5) }\n"
)

func TestAFaultStaysWhereItIs(t *testing.T) {
	t.Parallel()
	needsNode(t)
	const good = "exports.main = () => 'good'\n"
	dir := files(t, map[string]string{
		"project.config.json": `{"appid": "wx1", "cloudfunctionRoot": "f"}`,
		"cloudbaserc.json": `{"functions": [{"name": "twin", "dir": "g/one"}, {"name": "twin", "dir": "g/two"}, 
			{"name": "good", "timeout": 60}, {"name": "config", "timeout": 60}]}`,
		"f/good/index.js":         good,
		"f/good/config.json":      `{"permissions": {"openapi": ["wxacode.createQRCode"]}}`,
		"f/config/index.js":       good,
		"f/config/config.json":    "permissions: wxacode.createQRCode",
		"f/nothing/README.md":     "No function.",
		"g/one/index.js":          good,
		"g/two/index.js":          good,
		"f/lacks/index.js":        "require('dep')",
		"f/lacks/package.json":    `{"dependencies": {"dep": "file:dep", "@a/b": "1"}}`,
		"f/manifest/index.js":     good,
		"f/manifest/package.json": `{"dependencies": `,
		"f/syntax/index.js":       "exports.main = () => {",
		"f/go.mod":                goModule,
		"f/broken/main.go":        "package main\n\nfunc main() { undefined() }\n",
		"f/exits/main.go":         goProgram,
		"h/lost/main.go":          goProgram,
	})
	e := newEmulator(t, Config{Dir: dir})
	wants := map[string]string{
		"twin":     "2 functions have the name \"twin\": " + filepath.Join(dir, "g/one") + " and " + filepath.Join(dir, "g/two") + "; give each a name of its own",
		"nothing":  filepath.Join(dir, "f/nothing") + ": the folder is no function; add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere",
		"lacks":    "not installed: @a/b, dep; run: npm install --prefix " + filepath.Join(dir, "f/lacks") + " (or start wxfn with --install)",
		"manifest": filepath.Join(dir, "f/manifest/package.json") + ": unexpected end of JSON input",
		"broken":   "go build failed:\n# example.com/functions/broken\nbroken/main.go:3:15: undefined: undefined",
	}
	broken := e.Build(t.Context())
	for name, want := range wants {
		assert.EqualError(t, broken[name], want, name)
		_, err := e.As("oAlice").Invoke(t.Context(), name, nil)
		assert.EqualError(t, err, "cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: "+want, name)
	}
	assert.Len(t, broken, len(wants))
	for _, name := range []string{"good", "config"} {
		result, err := e.As("oAlice").Invoke(t.Context(), name, nil)
		require.NoError(t, err, name)
		assert.Equal(t, `"good"`, string(result.JSON))
	}
	_, err := e.As("oAlice").Invoke(t.Context(), "syntax", nil)
	assert.ErrorContains(t, err, "SyntaxError: Unexpected end of input")
	_, err = e.As("oAlice").Invoke(t.Context(), "exits", nil)
	assert.EqualError(t, err, "cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: the function exited with code 5 before it listened on $_LAMBDA_SERVER_PORT\nlast output:\nstarted")

	f, _ := e.function("good")
	ok, _ := f.permitted("wxacode.createQRCode")
	assert.True(t, ok)
	f, _ = e.function("config")
	ok, advice := f.permitted("wxacode.createQRCode")
	assert.False(t, ok)
	assert.Contains(t, advice, "mend "+filepath.ToSlash(filepath.Join(dir, "f/config/config.json"))+":1:1: error: ")
	var found []string
	for _, finding := range e.Findings() {
		found = append(found, finding.File)
		assert.True(t, filepath.IsAbs(finding.File), "as seen from here")
	}
	for _, file := range []string{"cloudbaserc.json", "f/config/config.json", "f/nothing"} {
		assert.Contains(t, found, filepath.ToSlash(filepath.Join(dir, file)))
	}

	// What is mended works, without a new emulator.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f/manifest/package.json"), []byte("{}"), 0o644))
	result, err := e.As("oAlice").Invoke(t.Context(), "manifest", nil)
	require.NoError(t, err)
	assert.Equal(t, `"good"`, string(result.JSON))
}

func TestAnEditOfConfigJSONCountsAtOnce(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"f/index.js": "exports.main = () => 1"})
	e := newEmulator(t, Config{Dir: dir})
	f, _ := e.function("f")
	file := filepath.Join(dir, "f", "config.json")
	for _, c := range []struct{ text, advice string }{
		{"", `create ` + file + ` with {"permissions": {"openapi": ["wxacode.createQRCode"]}}`},
		{`{}`, `add "wxacode.createQRCode" to permissions.openapi in ` + file},
		{`{"permissions": {"openapi": ["wxacode.getUnlimited"]}}`, `add "wxacode.createQRCode" to permissions.openapi in ` + file},
		{`{"permissions": {"openapi": ["wxacode.createQRCode"]}}`, ""},
		{`{"permissions": {"openapi": ["wxacode.createQRCode"]`, `mend ` + file + `:1:53: error: `},
	} {
		if c.text != "" {
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o644))
		}
		ok, advice := f.permitted("wxacode.createQRCode")
		assert.Equal(t, c.advice == "", ok)
		assert.Contains(t, advice, c.advice)
	}
	require.NoError(t, os.RemoveAll(filepath.Dir(file)))
	ok, advice := f.permitted("wxacode.createQRCode")
	assert.False(t, ok)
	assert.Contains(t, advice, filepath.Dir(file))
}

// gone reports whether a process is no more.
func gone(pid int) bool {
	p, err := os.FindProcess(pid)
	return err != nil || p.Signal(syscall.Signal(0)) != nil
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	needsNode(t)
	dir := files(t, map[string]string{
		"cloudbaserc.json": `{"functionRoot": ".", "functions": [{"name": "f", "timeout": 60}]}`,
		"f/index.js":       "process.on('SIGTERM', () => {})\nexports.main = e => e.wait ? new Promise(() => console.log('waiting')) : process.pid",
	})
	for _, state := range []string{"", filepath.Join(t.TempDir(), "state")} {
		e := newEmulator(t, Config{Dir: dir, State: state})
		base, err := e.Listen()
		require.NoError(t, err)
		result, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
		require.NoError(t, err)
		var pid int
		require.NoError(t, result.Decode(&pid))

		hanging := make(chan string)
		go func() {
			resp, err := http.Post(base+"/invoke/f", "application/json", strings.NewReader(`{"wait":true}`))
			if err != nil {
				hanging <- err.Error()
				return
			}
			defer resp.Body.Close()
			var answer struct{ ErrMsg string }
			_ = json.NewDecoder(resp.Body).Decode(&answer)
			hanging <- answer.ErrMsg
		}()
		waiting := func() bool { // which the function must be, or Close finds nothing to stop
			records := e.journal.All()
			return len(records) == 2 && len(records[1].View().Output) == 1
		}
		require.Eventually(t, waiting, 10*time.Second, time.Millisecond)

		require.NoError(t, e.Close())
		assert.Contains(t, <-hanging, "the function was stopped: the emulator is closing, or has replaced the function")
		assert.True(t, gone(pid))
		if state == "" {
			assert.NoDirExists(t, e.state)
		} else {
			assert.DirExists(t, state)
		}
	}
}

func TestAProcessEndsWhenItsFunctionIsReplaced(t *testing.T) {
	t.Parallel()
	needsNode(t)
	dir := files(t, map[string]string{"f/index.js": "exports.main = () => process.pid"})
	e := newEmulator(t, Config{Dir: dir})
	result, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	var pid int
	require.NoError(t, result.Decode(&pid))
	e.Handle("f", echo)
	e.replaced.Wait()
	assert.True(t, gone(pid))
	result, err = e.As("oAlice").Via(SourceHTTP).Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	assert.Equal(t, "{}", string(result.JSON))
}
