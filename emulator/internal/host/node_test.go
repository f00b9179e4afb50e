package host

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
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
	runtime, err := Node(runnerPath, Program{Dir: dir, Environ: map[string]string{"GREETING": "hello"}}, handler, "", Account{Namespace: "env-1", Region: "ap-shanghai"})
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
		"by default":   {files: map[string]string{"index.js": "exports.main = () => 1"}, want: "1"},
		"another file": {files: map[string]string{"lib/app.js": "exports.handle = () => 1"}, handler: "lib/app.handle", want: "1"},
		"no export": {files: map[string]string{"index.js": "exports.handler = () => 1"},
			want: "Error: index does not export a function main: write exports.main = async (event, context) => { … }"},
		"no function":  {files: map[string]string{"index.js": "exports.main = 1"}, want: "Error: index does not export a function main: write exports.main = async (event, context) => { … }"},
		"nothing":      {files: map[string]string{"index.js": "module.exports = null"}, want: "Error: index does not export a function main: write exports.main = async (event, context) => { … }"},
		"syntax error": {files: map[string]string{"index.js": "exports.main = () => {"}, want: "SyntaxError: Unexpected end of input"},
		"throws":       {files: map[string]string{"index.js": "throw new Error('no configuration')"}, want: "Error: no configuration"},
		"throws null":  {files: map[string]string{"index.js": "throw null"}, want: "null"},
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

// The platform requires index.js: neither main nor type of package.json makes it load another file, or an ES module.
func TestNodeEntry(t *testing.T) {
	t.Parallel()
	const refused = `Error: index.js is an ES module, and the cloud requires it as CommonJS; `
	for name, c := range map[string]struct {
		files map[string]string
		want  string // the start of the result or message
	}{
		"main of package.json":      {map[string]string{"index.js": "exports.main = () => 'index'", "app.js": "exports.main = () => 'app'", "package.json": `{"main": "app.js"}`}, `"index"`},
		"an ES module":              {map[string]string{"index.js": "export const main = async () => 1"}, refused},
		"an ES module by its type":  {map[string]string{"index.js": "export const main = async () => 1", "package.json": `{"type": "module"}`}, refused},
		"a default export":          {map[string]string{"index.js": "export default { main: () => 1 }", "package.json": `{"type": "module"}`}, refused},
		"an import":                 {map[string]string{"index.js": "import fs from 'fs'\nexports.main = () => 1"}, refused},
		"a top-level await":         {map[string]string{"index.js": "await 1\nexport const main = async () => 1", "package.json": `{"type": "module"}`}, refused},
		"a module behind an import": {map[string]string{"index.js": "exports.main = async (...args) => (await import('./entry.mjs')).main(...args)", "entry.mjs": "export const main = async event => event.n"}, "1"},
		"an ES module that index.js requires is not the entry": {map[string]string{"index.js": "require('./lib.mjs'); exports.main = () => 1", "lib.mjs": "await 1; export default 1"}, "Error"},
		"a type above the folder":                              {map[string]string{"../package.json": `{"type": "module"}`, "index.js": "exports.main = () => require('./lib')", "lib.js": "module.exports = 1"}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := files(t, prefixed("f/", c.files))
			got := invoke(newNode(t, filepath.Join(files, "f"), "", 20*time.Second), `{"n": 1}`)
			assert.True(t, strings.HasPrefix(got, c.want), got)
		})
	}
}

// prefixed puts a folder before the names of files.
func prefixed(folder string, files map[string]string) map[string]string {
	all := map[string]string{}
	for name, text := range files {
		all[path.Join(folder, name)] = text
	}
	return all
}

// A handler that returns nothing and takes a callback is waited for, however it takes it.
func TestNodeCallback(t *testing.T) {
	t.Parallel()
	const later = "setTimeout(() => callback(null, 1), 5)"
	for name, c := range map[string]struct{ main, want string }{
		"a parameter":              {"(event, context, callback) => { " + later + " }", "1"},
		"at once":                  {"(event, context, callback) => { callback(null, 1) }", "1"},
		"its error":                {"(event, context, callback) => { setTimeout(() => callback(new TypeError('invalid')), 5) }", "TypeError: invalid"},
		"a default value":          {"(event, context, callback = () => {}) => { " + later + " }", "1"},
		"behind default values":    {"(event = {}, { request_id: id = [1, 2] } = {}, callback = null) => { " + later + " }", "1"},
		"arguments":                {"function () { const callback = arguments[2]; " + later + " }", "1"},
		"a rest":                   {"(...args) => { const callback = args[2]; " + later + " }", "1"},
		"a rest behind a call":     {"(event = Object.create(null), ...args) => { const callback = args[1]; " + later + " }", "1"},
		"a method":                 {"({ main (event, context, callback = null) { " + later + " } }).main", "1"},
		"beside a result":          {"(event, context, callback) => 1", "1"},
		"beside a promise":         {"async (event, context, callback) => { await 0; return 1 }", "1"},
		"never called":             {"(event, context, callback) => { setTimeout(() => {}, 5) }", "null"},
		"none":                     {"event => { setInterval(() => {}, 1000); Math.max(1, 2, 3) }", "null"},
		"none, and a second value": {"(event, { a, b, c }) => { setInterval(() => {}, 1000) }", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newNode(t, files(t, map[string]string{"index.js": "exports.main = " + c.main}), "", 20*time.Second)
			assert.Equal(t, c.want, invoke(f, "{}"))
			assert.Equal(t, c.want, invoke(f, "{}"), "the second time")
		})
	}
}

// What require and import find is what they find in the cloud: files and packages of the function's own folder.
func TestNodeModules(t *testing.T) {
	t.Parallel()
	onUnix(t) // links
	const outside = " is outside the function's folder, and the cloud has only that folder; "
	for name, c := range map[string]struct {
		entry string
		want  string
	}{
		"a file above":                  {"require('../../shared/util')", "Error: Cannot find module '../../shared/util': ROOT/shared/util.js" + outside + "move the file into ROOT/fn/f"},
		"later, a file above":           {"require('../../shared/util')", "Error: Cannot find module '../../shared/util': ROOT/shared/util.js" + outside + "move the file into ROOT/fn/f"},
		"later, not installed":          {"require('wx-server-sdk')", "Cannot find module 'wx-server-sdk'; run: npm install --prefix ROOT/fn/f wx-server-sdk"},
		"an absolute path":              {"require(require('path').join(__dirname, '../../shared/util'))", "Error: Cannot find module 'ROOT/shared/util': ROOT/shared/util.js" + outside + "move the file into ROOT/fn/f"},
		"a package above":               {"require('hoisted')", "Error: Cannot find module 'hoisted': ROOT/node_modules/hoisted/index.js" + outside + "run: npm install --prefix ROOT/fn/f hoisted"},
		"a scoped package above":        {"require('@team/hoisted/index.js')", "Error: Cannot find module '@team/hoisted': ROOT/node_modules/@team/hoisted/index.js" + outside + "run: npm install --prefix ROOT/fn/f @team/hoisted"},
		"one that is optional":          {"(() => { try { return require('hoisted') } catch (err) { return err.code } })()", `"MODULE_NOT_FOUND"`},
		"one's place":                   {"require.resolve('hoisted')", "Error: Cannot find module 'hoisted': ROOT/node_modules/hoisted/index.js" + outside + "run: npm install --prefix ROOT/fn/f hoisted"},
		"a package above of a file":     {"require('./lib/inner')", "Error: Cannot find module 'hoisted': ROOT/node_modules/hoisted/index.js" + outside + "run: npm install --prefix ROOT/fn/f hoisted"},
		"an own file":                   {"require('./lib/own')", `"own"`},
		"an own package":                {"require('installed')", `"installed"`},
		"a linked package":              {"require('linked')", `"linked of hoisted"`},
		"a linked folder":               {"require('./link/util')", `"shared"`},
		"a bare file":                   {"require('util2.js')", `"util2"`},
		"a bare name":                   {"require('util2')", `"util2"`},
		"a bare folder":                 {"require('lib/own')", `"own"`},
		"Node's own before a bare file": {"typeof require('util').inspect", `"function"`},
		"a file that it wrote":          {"(require('fs').writeFileSync(FILE, 'module.exports = 2'), require(FILE))", "2"},
		"not installed":                 {"require('wx-server-sdk')", "Cannot find module 'wx-server-sdk'; run: npm install --prefix ROOT/fn/f wx-server-sdk"},
		"of a scope, not installed":     {"require('@cloudbase/node-sdk/lib/x')", "Cannot find module '@cloudbase/node-sdk'; run: npm install --prefix ROOT/fn/f @cloudbase/node-sdk"},
		"not there":                     {"require('./nowhere')", "Error: Cannot find module './nowhere'"},
		"a package without its own packages": {"require('half')",
			"Cannot find module 'request': the package half is not completely installed; run: rm -r ROOT/fn/f/node_modules && npm install --prefix ROOT/fn/f"},
		"a package without its main": {"require('headless')",
			"Cannot find module 'ROOT/fn/f/node_modules/headless/lib/main.js': the package headless is not completely installed; run: rm -r ROOT/fn/f/node_modules && npm install --prefix ROOT/fn/f"},
		"a package without another one": {"require('peer')", "Cannot find module 'mysql'; run: npm install --prefix ROOT/fn/f mysql"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := files(t, map[string]string{
				"shared/util.js":                          "module.exports = 'shared'",
				"packages/linked/index.js":                "module.exports = 'linked of ' + require('hoisted')",
				"packages/linked/package.json":            "{}",
				"node_modules/hoisted/index.js":           "module.exports = 'hoisted'",
				"node_modules/@team/hoisted/index.js":     "module.exports = 'hoisted'",
				"fn/f/lib/own.js":                         "module.exports = 'own'",
				"fn/f/lib/inner.js":                       "module.exports = require('hoisted')",
				"fn/f/util.js":                            "",
				"fn/f/util2.js":                           "module.exports = 'util2'",
				"fn/f/node_modules/installed/index.js":    "module.exports = 'installed'",
				"fn/f/node_modules/half/index.js":         "require('request')",
				"fn/f/node_modules/half/package.json":     `{"dependencies": {"request": "1"}}`,
				"fn/f/node_modules/headless/package.json": `{"main": "lib/main.js"}`,
				"fn/f/node_modules/peer/index.js":         "require('mysql')",
				"fn/f/node_modules/peer/package.json":     `{"peerDependencies": {"mysql": "1"}}`,
			})
			root, err := filepath.EvalSymlinks(root)
			require.NoError(t, err)
			written := filepath.Join(os.TempDir(), "written-"+rand.Text()+".js")
			t.Cleanup(func() { _ = os.Remove(written) })
			dir := filepath.Join(root, "fn", "f")
			entry := strings.ReplaceAll("const x = "+c.entry+"; exports.main = () => x", "FILE", "'"+written+"'")
			if strings.HasPrefix(name, "later, ") {
				entry = "exports.main = () => " + c.entry
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, "index.js"), []byte(entry), 0o644))
			require.NoError(t, os.Symlink(filepath.Join(root, "packages", "linked"), filepath.Join(dir, "node_modules", "linked")))
			require.NoError(t, os.Symlink(filepath.Join(root, "shared"), filepath.Join(dir, "link")))
			got := invoke(newNode(t, dir, "", 20*time.Second), "{}")
			assert.Equal(t, strings.ReplaceAll(c.want, "ROOT", root), strings.SplitN(got, "\n", 2)[0])
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
		"marked/package.json":                  "\ufeff{\"dependencies\": {\"missing\": \"1\"}}",
	})
	for name, want := range map[string]string{
		"none": "", "no dependencies": "", "some": "@a/b above missing", "marked": "missing",
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

func TestPackagesThatLackOthersAreFound(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"f/package.json":                                       `{"dependencies": {"whole": "1", "sdk": "1", "@a/b": "1"}}`,
		"f/node_modules/whole/package.json":                    `{"dependencies": {"inner": "1", "flat": "1", "more": "1"}, "optionalDependencies": {"more": "1"}}`,
		"f/node_modules/whole/node_modules/inner/package.json": `{"dependencies": {"flat": "1", "whole": "1"}}`,
		"f/node_modules/flat/package.json":                     `{"peerDependencies": {"peer": "1"}, "devDependencies": {"dev": "1"}}`,
		"f/node_modules/sdk/package.json":                      `{"dependencies": {"above": "1"}}`,
		"f/node_modules/@a/b/package.json":                     `{"dependencies": {"deep": "1"}}`,
		"f/node_modules/deep/package.json":                     `{"dependencies": {"gone": "1"}}`,
		"f/node_modules/gone/index.js":                         "",
		"node_modules/above/package.json":                      "{}",
	})
	assert.Equal(t, []string{"deep", "sdk"}, LackingPackages(filepath.Join(dir, "f")))
	assert.Empty(t, LackingPackages(dir))
}

// A lock file that names a server which is gone is followed all the same, as to versions.
func TestPackagesAreInstalledFromTheRegistryOfThisMachine(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		needs(t, "npm")
	}
	var pack bytes.Buffer
	zipped := gzip.NewWriter(&pack)
	tarred := tar.NewWriter(zipped)
	const manifest = `{"name": "dep", "version": "1.2.3"}`
	require.NoError(t, tarred.WriteHeader(&tar.Header{Name: "package/package.json", Mode: 0o644, Size: int64(len(manifest))}))
	_, err := io.WriteString(tarred, manifest)
	require.NoError(t, errors.Join(err, tarred.Close(), zipped.Close()))
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/dep/-/dep-1.2.3.tgz" {
			_, _ = w.Write(pack.Bytes())
			return
		}
		http.NotFound(w, r)
	}))
	defer registry.Close()
	dir := files(t, map[string]string{
		".npmrc":            "registry=" + registry.URL,
		"package.json":      `{"dependencies": {"dep": "^1.0.0"}}`,
		"package-lock.json": `{"lockfileVersion": 3, "packages": {"": {"dependencies": {"dep": "^1.0.0"}}, "node_modules/dep": {"version": "1.2.3", "resolved": "http://127.0.0.1:1/dep/-/dep-1.2.3.tgz"}}}`,
	})
	lockErr, err := InstallPackages(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, lockErr)
	missing, err := MissingPackages(dir)
	require.NoError(t, err)
	assert.Empty(t, missing)
}

func TestPackagesAreInstalled(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		needs(t, "npm")
	}
	dir := filepath.Join(files(t, map[string]string{
		"package.json":       `{"workspaces": ["f"]}`,
		"f/package.json":     `{"name": "f", "version": "1.0.0", "dependencies": {"dep": "file:dep"}}`,
		"f/dep/package.json": `{"name": "dep", "version": "1.0.0"}`,
	}), "f")
	missing, err := MissingPackages(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"dep"}, missing)
	lockErr, err := InstallPackages(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, lockErr)
	missing, err = MissingPackages(dir)
	require.NoError(t, err)
	assert.Empty(t, missing)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte("{"), 0o644))
	_, err = InstallPackages(t.Context(), dir)
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
	_, err := runTool(ctx, dir, nil, "sh", "-c", "sh -c 'sleep 1000 & touch started; wait'; touch over")
	assert.ErrorIs(t, err, context.Canceled)
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
				want, _ := runnerFiles.ReadFile("runner.js")
				assert.Equal(t, string(want), string(text))
			}
		})
	}
	all.Wait()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2)
	_, err = WriteRunner(filepath.Join(dir, "missing"))
	assert.ErrorContains(t, err, "the runner of Node functions: ")
}
