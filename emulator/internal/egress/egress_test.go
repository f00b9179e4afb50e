package egress

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// say answers with its name, the Host, and the body.
func say(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s%s %s", name, r.Method, r.Host, r.URL.Path, body)
	})
}

func newEgress(t *testing.T, change ...func(*Config)) *Egress {
	t.Helper()
	dir := t.TempDir()
	c := Config{
		Dir:      func() (string, error) { return dir, nil },
		Admin:    say("admin"),
		Upstream: http.ProxyURL(nil),
	}
	for _, f := range change {
		f(&c)
	}
	e := New(c)
	t.Cleanup(e.Close)
	return e
}

func caller(name string) Caller {
	return Caller{Name: name, Server: say("server"), Plain: say("sidecar")}
}

func newGate(t *testing.T, e *Egress) *Gate {
	t.Helper()
	g := e.Gate(caller("function poster"))
	require.NoError(t, g.open())
	return g
}

// needs skips a test without a program, and fails it in CI.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing", program)
		}
		t.Skipf("%s is missing", program)
	}
}

// run runs a program with the variables of a gate, and returns its output.
func run(t *testing.T, variables func(options string) (map[string]string, error), options, name string, args ...string) string {
	t.Helper()
	needs(t, name)
	environ, err := variables(options)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}
	for name, value := range environ {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// nodeProgram posts to URLs in every way that Node has, and prints what comes back.
const nodeProgram = `
const http = require('node:http')
const https = require('https')
const { execFileSync } = require('child_process')
const { Worker } = require('worker_threads')

const of = u => String(u).startsWith('https') ? https : http
const post = request => new Promise((resolve, reject) => {
  const r = request(res => {
    let text = ''
    res.on('data', c => { text += c }).on('end', () => resolve(text)).on('error', reject)
  })
  r.on('error', reject)
  r.end('body')
})
const options = u => ({ method: 'POST', path: u.pathname, port: u.port || undefined })
const ways = {
  string: u => post(f => of(u).request(u, { method: 'POST' }, f)),
  URL: u => post(f => of(u).request(new URL(u), { method: 'POST' }, f)),
  host: u => post(f => of(u).request({ ...options(new URL(u)), host: new URL(u).hostname }, f)),
  hostname: u => post(f => of(u).request({ ...options(new URL(u)), hostname: new URL(u).hostname, host: 'ignored.example' }, f)),
  'no agent': u => post(f => of(u).request(u, { method: 'POST', agent: false }, f)),
  'own agent': u => post(f => of(u).request(u, { method: 'POST', agent: new (of(u).Agent)() }, f)),
  get: u => post(f => { const r = of(u).get(u, { headers: { connection: 'close' } }, f); return { on: (e, f) => r.on(e, f), end () {} } }),
  module: async u => { const m = await import(u.split(':')[0]); return post(f => m.request(u, { method: 'POST' }, f)) },
  fetch: async u => (await fetch(u, { method: 'POST', body: 'body' })).text(),
  'trailing dot and capitals': u => post(f => of(u).request({ ...options(new URL(u)), host: new URL(u).hostname.toUpperCase() + '.', headers: { host: new URL(u).hostname } }, f)),
  'child process': async u => execFileSync(process.execPath, ['-e', 'fetch(process.argv[1], { method: "POST", body: "body" }).then(async r => process.stdout.write(await r.text()))', u]).toString(),
  worker: u => new Promise((resolve, reject) => new Worker(
    'const { parentPort, workerData } = require("worker_threads"); fetch(workerData, { method: "POST", body: "body" }).then(async r => parentPort.postMessage(await r.text()))',
    { eval: true, workerData: u }).on('message', resolve).on('error', reject))
}

const main = async () => {
  for (const u of process.argv.slice(1)) {
    for (const [name, way] of Object.entries(ways)) {
      if (/child|worker/.test(name) && !u.includes('/wxa/')) continue // which take their time
      const said = await way(u).catch(err => 'error: ' + ((err.cause || err).message))
      console.log([name, u, said].join('|'))
    }
  }
}
main()
`

// Every way of Node to send a request to a host of the platform leads to what stands for it, in plain HTTP and TLS.
func TestNodeHook(t *testing.T) {
	t.Parallel()
	g := newGate(t, newEgress(t))
	want := map[string]string{
		"http://tcb-admin.tencentyun.com/admin":                               "admin POST tcb-admin.tencentyun.com/admin body",
		"http://tcb-open.tencentyun.com/admin":                                "admin POST tcb-open.tencentyun.com/admin body",
		"https://tcb-open.tencentcloudapi.com/admin":                          "admin POST tcb-open.tencentcloudapi.com/admin body",
		"https://tcb-admin.tencentcloudapi.com/admin":                         "admin POST tcb-admin.tencentcloudapi.com/admin body",
		"https://env-1.ap-shanghai.tcb-api.tencentcloudapi.com/admin":         "admin POST env-1.ap-shanghai.tcb-api.tencentcloudapi.com/admin body",
		"http://env-1.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin": "admin POST env-1.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin body",
		"https://env-1.ap-shanghai.tcb-api.tencentcloudapi.com/web":           `{"errcode":-1,"errmsg":"wxfn: /web of env-1.ap-shanghai.tcb-api.tencentcloudapi.com is not emulated: only /admin is, the admin endpoint"}`,
		"https://api.weixin.qq.com/wxa/getwxacode":                            "server POST api.weixin.qq.com/wxa/getwxacode body",
		"http://api.weixin.qq.com/wxa/getwxacode":                             "sidecar POST api.weixin.qq.com/wxa/getwxacode body",
		"https://api.mch.weixin.qq.com/v3/pay":                                "error: " + Find("api.mch.weixin.qq.com").refusal("api.mch.weixin.qq.com", "function poster"),
		"http://sms.tencentcloudapi.com/":                                     "error: " + Find("sms.tencentcloudapi.com").refusal("sms.tencentcloudapi.com", "function poster"),
	}
	args := []string{"-e", nodeProgram}
	for u := range want {
		args = append(args, u)
	}
	seen := 0
	for line := range strings.Lines(run(t, g.NodeEnviron, "", "node", args...)) {
		part := strings.SplitN(strings.TrimSpace(line), "|", 3)
		require.Len(t, part, 3, line)
		expected := want[part[1]]
		if part[0] == "get" { // has no body
			expected = strings.TrimSuffix(strings.Replace(expected, " POST ", " GET ", 1), " body")
		}
		assert.Equal(t, expected, part[2], line)
		seen++
	}
	assert.Equal(t, 10*len(want)+2*2, seen)
}

// NODE_OPTIONS that a program has anyway still count, and the hook's path may have spaces and quotes.
func TestNodeOptions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), `a "b' c`)
	require.NoError(t, os.Mkdir(dir, 0o700))
	g := newGate(t, newEgress(t, func(c *Config) { c.Dir = func() (string, error) { return dir, nil } }))
	out := run(t, g.NodeEnviron, "--title=mine", "node", "-e", `
		fetch("https://api.weixin.qq.com/a").then(async r => console.log(process.title, await r.text()))`)
	assert.Equal(t, "mine server GET api.weixin.qq.com/a \n", out)
}
