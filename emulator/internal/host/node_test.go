package host

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// newNode returns the Node function in dir.
func newNode(t testing.TB, dir, handler string, timeout time.Duration) *Function {
	if _, err := exec.LookPath("node"); err != nil {
		needs(t, "node")
	}
	runnerPath, err := WriteRunner(t.TempDir())
	require.NoError(t, err)
	runtime, err := Node(runnerPath, dir, handler, map[string]string{"GREETING": "hello"}, Account{Namespace: "env-1", Region: "ap-shanghai"})
	require.NoError(t, err)
	f := New("hello", runtime, timeout, 0, 1)
	t.Cleanup(f.Close)
	return f
}

const nodeFunction = `
const actions = {
  echo: event => event,
  nothing: () => {},
  text: () => '你好 </script>',
  buffer: () => ({ contentType: 'image/jpeg', buffer: Buffer.from([255, 216]) }),
  throw: () => { throw new Error('boom') },
  'throw text': () => { throw 'just text' },
  'throw nothing': () => { throw undefined },
  'throw object': () => { throw { errCode: 1 } },
  reject: async () => { null.x },
  circular: () => { const a = {}; a.a = a; return a },
  BigInt: () => 1n,
  'a function': () => () => {},
  exit: () => process.exit(7),
  uncaught: () => new Promise(() => setImmediate(() => { throw new Error('elsewhere') })),
  unhandled: () => new Promise(() => { Promise.reject(new Error('nobody looks')) }),
  'never settles': () => new Promise(() => {}),
  'busy for ever': () => { for (;;); },
  print: ({ n }) => { for (let i = 0; i < n; i++) { console.log('out ' + i); console.error('err ' + i) }; process.stdout.write('end') },
  environ: () => [process.env.A, process.env.B, process.env.GREETING],
  context: (event, context) => context,
  size: ({ n }) => 'x'.repeat(n - 2)
}
exports.main = (event, context) => actions[event.do](event, context)
`

func TestANodeFunctionReturnsAndFails(t *testing.T) {
	t.Parallel()
	f := newNode(t, files(t, map[string]string{"index.js": nodeFunction}), "", 20*time.Second)
	for _, c := range []struct{ event, want string }{
		{`{"do": "echo", "n": 1.50, "text": "\u4f60 & <"}`, `{"do":"echo","n":1.5,"text":"你 & <"}`},
		{`{"do": "text"}`, `"你好 </script>"`},
		{`{"do": "buffer"}`, `{"contentType":"image/jpeg","buffer":{"type":"Buffer","data":[255,216]}}`},
		{`{"do": "throw"}`, `Error: boom`},
		{`{"do": "throw text"}`, `just text`},
		{`{"do": "throw nothing"}`, `undefined`},
		{`{"do": "throw object"}`, `{"errCode":1}`},
		{`{"do": "reject"}`, `TypeError: Cannot read properties of null (reading 'x')`},
		{`{"do": "circular"}`, `TypeError: Converting circular structure to JSON`},
		{`{"do": "BigInt"}`, `TypeError: Do not know how to serialize a BigInt`},
		{`{"do": "a function"}`, `Error: the result is a function, which JSON cannot hold`},
		{`{"do": "exit"}`, `the function exited with code 7`},
		{`{"do": "uncaught"}`, `the function exited with code 1`},
		{`{"do": "unhandled"}`, `the function exited with code 1`},
		{`{"do": "size", "n": 1048577}`, `the result is 1048577 bytes; at most 1 MB (1048576 bytes) reach the caller`},
		{`{"do": "size", "n": 17000000}`, `the result is larger than 16 MB; at most 1 MB reaches the caller`},
		{`{"do": "echo"}`, `{"do":"echo"}`},
	} {
		got := invoke(f, c.event)
		assert.Equal(t, c.want, strings.SplitN(got, "\n", 2)[0], c.event)
	}
	settled(t, f)
}

func TestANodeErrorSaysWhere(t *testing.T) {
	t.Parallel()
	f := newNode(t, files(t, map[string]string{"index.js": nodeFunction}), "", 20*time.Second)
	for event, where := range map[string]string{`{"do": "throw"}`: "index.js:7:", `{"do": "reject"}`: "index.js:11:"} {
		_, err := f.Invoke(t.Context(), newCall(event))
		var failure *Failure
		require.ErrorAs(t, err, &failure)
		assert.Contains(t, failure.Stack, where)
		assert.True(t, strings.HasPrefix(failure.Stack, "    at "), failure.Stack)
	}
	c := newCall(`{"do": "uncaught"}`)
	_, err := f.Invoke(t.Context(), c)
	require.Error(t, err)
	assert.Contains(t, strings.Join(printed(c.Record, "stderr"), "\n"), "Error: elsewhere")
}

func TestANodeFunctionThatNeverAnswersTimesOut(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"never settles", "busy for ever"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newNode(t, files(t, map[string]string{"index.js": nodeFunction}), "", time.Second)
			assert.Equal(t, "Invoking task timed out after 1 seconds", invoke(f, `{"do": "`+what+`"}`))
			assert.Equal(t, "null", invoke(f, `{"do": "nothing"}`))
		})
	}
}

func TestVariablesOfAnInvocationAreGoneInTheNext(t *testing.T) {
	t.Parallel()
	f := newNode(t, files(t, map[string]string{"index.js": nodeFunction}), "", 20*time.Second)
	for _, c := range []struct {
		environ map[string]string
		want    string
	}{
		{map[string]string{"A": "1", "B": "2"}, `["1","2","hello"]`},
		{map[string]string{"B": "3"}, `[null,"3","hello"]`},
		{map[string]string{}, `[null,null,"hello"]`},
	} {
		result, err := f.Invoke(t.Context(), &Call{Event: []byte(`{"do": "environ"}`), Environ: c.environ, Record: newRecord()})
		require.NoError(t, err)
		assert.Equal(t, c.want, string(result))
	}
}

func TestNodeOutputIsCompleteWhenTheResultIsThere(t *testing.T) {
	t.Parallel()
	f := newNode(t, files(t, map[string]string{"index.js": nodeFunction}), "", 20*time.Second)
	for range 50 {
		c := newCall(`{"do": "print", "n": 20}`)
		_, err := f.Invoke(t.Context(), c)
		require.NoError(t, err)
		out := printed(c.Record, "stdout")
		require.Len(t, out, 21)
		require.Equal(t, []string{"out 0", "out 19", "end"}, []string{out[0], out[19], out[20]})
		require.Len(t, printed(c.Record, "stderr"), 20)
	}
}

func TestANodeFunctionIsFoundByItsHandler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files   map[string]string
		handler string
		want    string
	}{
		"by default":               {files: map[string]string{"index.js": "exports.main = () => 1"}, want: "1"},
		"another file":             {files: map[string]string{"lib/app.js": "exports.handle = () => 1"}, handler: "lib/app.handle", want: "1"},
		"a module by its name":     {files: map[string]string{"index.mjs": "export const main = async () => 1"}, want: "1"},
		"a module by package.json": {files: map[string]string{"index.js": "export const main = async () => 1", "package.json": `{"type": "module"}`}, want: "1"},
		"a module's default":       {files: map[string]string{"index.mjs": "export default { main: () => 1 }"}, want: "1"},
		"a callback":               {files: map[string]string{"index.js": "exports.main = (event, context, callback) => { setImmediate(() => callback(null, 1)) }"}, want: "1"},
		"a callback's error":       {files: map[string]string{"index.js": "exports.main = (event, context, callback) => { callback(new TypeError('no good')) }"}, want: "TypeError: no good"},
		"no export": {files: map[string]string{"index.js": "exports.handler = () => 1"},
			want: "Error: index does not export a function main: write exports.main = async (event, context) => { … }"},
		"no function":  {files: map[string]string{"index.js": "exports.main = 1"}, want: "Error: index does not export a function main: write exports.main = async (event, context) => { … }"},
		"syntax error": {files: map[string]string{"index.js": "exports.main = () => {"}, want: "SyntaxError: Unexpected end of input"},
		"throws":       {files: map[string]string{"index.js": "throw new Error('no configuration')"}, want: "Error: no configuration"},
		"missing package": {files: map[string]string{"index.js": "require('wx-server-sdk')"},
			want: "Cannot find module 'wx-server-sdk'; run: npm install --prefix DIR wx-server-sdk"},
		"missing package of a scope": {files: map[string]string{"index.js": "require('@cloudbase/node-sdk/lib/x')"},
			want: "Cannot find module '@cloudbase/node-sdk'; run: npm install --prefix DIR @cloudbase/node-sdk"},
		"missing package of a module": {files: map[string]string{"index.mjs": "import x from 'wx-server-sdk'; export const main = x"},
			want: "Cannot find module 'wx-server-sdk'; run: npm install --prefix DIR wx-server-sdk"},
		"missing file": {files: map[string]string{"index.js": "require('./lib')"}, want: "Error: Cannot find module './lib'"},
		"exits":        {files: map[string]string{"index.js": "process.exit(9)"}, want: "the function exited with code 9 before it was ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := files(t, c.files)
			got := invoke(newNode(t, dir, c.handler, 20*time.Second), "{}")
			assert.Equal(t, strings.ReplaceAll(c.want, "DIR", dir), strings.SplitN(got, "\n", 2)[0])
		})
	}
}

func TestASyntaxErrorSaysWhere(t *testing.T) {
	t.Parallel()
	f := newNode(t, files(t, map[string]string{"index.js": "\nexports.main = () => {\n  let a = ;\n}"}), "", 20*time.Second)
	_, err := f.Invoke(t.Context(), newCall("{}"))
	var failure *Failure
	require.ErrorAs(t, err, &failure)
	assert.Contains(t, failure.Message+failure.Stack, "index.js:3")
}

func TestMissingPackagesAreFound(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"none/index.js":                        "",
		"no dependencies/package.json":         `{"name": "x"}`,
		"some/package.json":                    `{"dependencies": {"there": "1", "@a/b": "1", "above": "1", "missing": "1"}}`,
		"some/node_modules/there/package.json": "{}",
		"some/node_modules/missing/index.js":   "", // half installed
		"node_modules/above/package.json":      "{}",
		"no JSON/package.json":                 "{",
		"a list/package.json":                  `{"dependencies": []}`,
	})
	for name, want := range map[string]string{
		"none": "", "no dependencies": "", "some": "@a/b missing",
		"no JSON": "package.json: unexpected end of JSON input", "a list": "package.json: json: cannot unmarshal array",
	} {
		missing, err := MissingPackages(filepath.Join(dir, name))
		if err != nil {
			assert.Contains(t, err.Error(), want, name)
			continue
		}
		assert.Equal(t, want, strings.Join(missing, " "), name)
	}
}

func TestPackagesAreInstalled(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		needs(t, "npm")
	}
	dir := files(t, map[string]string{
		"package.json":     `{"dependencies": {"dep": "file:dep"}}`,
		"dep/package.json": `{"name": "dep", "version": "1.0.0"}`,
	})
	missing, err := MissingPackages(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"dep"}, missing)
	require.NoError(t, InstallPackages(t.Context(), dir))
	missing, err = MissingPackages(dir)
	require.NoError(t, err)
	assert.Empty(t, missing)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte("{"), 0o644))
	err = InstallPackages(t.Context(), dir)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "npm ci in "+dir+": exit status 1\nnpm ")
}

func TestAToolIsKilledWithWhatItStartedWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	onUnix(t)
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	started := filepath.Join(dir, "started")
	go func() {
		defer cancel()
		eventually(t, "the tool runs", func() bool { _, err := os.Stat(started); return err == nil })
	}()
	begin := time.Now()
	_, err := runTool(ctx, dir, nil, "sh", "-c", "sh -c 'sleep 1000 & touch started; wait'; touch over")
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, time.Since(begin), stopTimeout+10*time.Second)
	assert.NoFileExists(t, filepath.Join(dir, "over"))
}

func TestTheRunnerIsWrittenWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			path, err := WriteRunner(dir)
			if assert.NoError(t, err) {
				text, err := os.ReadFile(path)
				assert.NoError(t, err)
				assert.Equal(t, string(runner), string(text))
			}
		})
	}
	all.Wait()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	_, err = WriteRunner(filepath.Join(dir, "missing"))
	assert.ErrorContains(t, err, "the runner of Node functions: ")
}
