package emulator

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
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

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/openapi"
)

// webProject returns a project whose HTTP function web and whose Cloud Run service run are the web server.
func webProject(t testing.TB, more map[string]string) string {
	if runtime.GOOS == "windows" {
		t.Skip("an executable has no name of Windows")
	}
	all := map[string]string{
		"cloudbaserc.json": `{"envId": "env-1", "functionRoot": ".", "functions": [
			{"name": "web", "type": "HTTP", "timeout": 60, "envVariables": {"` + webVariable + `": "1", "MODE": "test"}},
			{"name": "hasty", "dir": "web2", "type": "HTTP", "timeout": 1, "envVariables": {"` + webVariable + `": "1"}},
			{"name": "run", "envVariables": {"` + webVariable + `": "1"}}]}`,
		"run/container.config.json": `{"containerPort": 80}`,
		"web/config.json":           `{"permissions": {"openapi": ["security.msgSecCheck"]}}`,
		"run/config.json":           `{"permissions": {"openapi": ["security.msgSecCheck"]}}`,
		"web2/config.json":          `{}`,
	}
	for name, text := range more {
		all[name] = text
	}
	dir := files(t, all)
	self, err := os.Executable()
	require.NoError(t, err)
	for _, name := range []string{"web", "web2", "run"} {
		require.NoError(t, os.Symlink(self, filepath.Join(dir, name, "main")))
	}
	return dir
}

// fetch sends a request to a function over a socket, and returns the answer with its text.
func fetch(t testing.TB, e *Emulator, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	base, err := e.Listen()
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header[http.CanonicalHeaderKey(headers[i])] = []string{headers[i+1]}
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(text)
}

// look returns what a function sees of a request.
func look(t testing.TB, e *Emulator, method, path, body string, headers ...string) (s sight) {
	t.Helper()
	resp, text := fetch(t, e, method, path, body, headers...)
	require.Equal(t, http.StatusOK, resp.StatusCode, text)
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	return s
}

// wx returns the X-WX headers that a function sees, but for tokens.
func (s sight) wx() map[string]string {
	found := map[string]string{}
	for name, values := range s.Header {
		if strings.HasPrefix(name, "X-Wx-") && name != "X-Wx-Cloudbase-Access-Token" {
			found[name] = strings.Join(values, ",")
		}
	}
	return found
}

// lastRecord returns the newest record of a function.
func lastRecord(t testing.TB, e *Emulator, function string) journal.View {
	t.Helper()
	all := e.journal.All()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Function == function {
			require.Eventually(t, func() bool { return !all[i].View().Running }, 10*time.Second, time.Millisecond)
			return all[i].View()
		}
	}
	t.Fatal("there is no record of ", function)
	return journal.View{}
}

func TestARequestReachesTheFunctionAsItIs(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	for path, want := range map[string]string{
		"/fn/web":                   "/",
		"/fn/web/":                  "/",
		"/fn/web?x=1":               "/?x=1",
		"/fn/web/b%2Fc?x=1&y=%20&&": "/b%2Fc?x=1&y=%20&&",
		"/fn/run/%E4%BD%A0/.hidden": "/%E4%BD%A0/.hidden",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, "QUERY"} {
			s := look(t, e, method, path, "body")
			assert.Equal(t, []string{method, want, "body"}, []string{s.Method, s.URI, s.Body}, path)
		}
	}
	look(t, e, http.MethodPatch, "/fn/web/b%2Fc?x=1", "")
	assert.Equal(t, &journal.Exchange{Method: "PATCH", Path: "/b%2Fc?x=1", Status: 200}, lastRecord(t, e, "web").HTTP)
}

func TestWhoCallsIsWhatThePlatformKnows(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil), OpenID: "oMe"})
	lies := []string{"X-WX-FROM-OPENID", "oLiar", "X_WX_OPENID", "oLiar", "x-wx-env", "liar", "X-WX-Anything", "1", "X-Original-Forwarded-For", "6.6.6.6", "X-Request-Id", "liar", "X-Scf-Timeout", "1", "X-Scf-Memory", "1", "x_scf_name", "liar"}
	for name, c := range map[string]struct {
		headers []string
		want    map[string]string
	}{
		"the user of --openid": {nil, map[string]string{"X-Wx-Openid": "oMe", "X-Wx-Appid": DefaultAppID, "X-Wx-Env": "env-1", "X-Wx-Source": "wx_client"}},
		"a user": {[]string{"X-WX-OPENID", "oAlice", "X-WX-UNIONID", "uAlice", "X-WX-SOURCE", "wx_devtools"},
			map[string]string{"X-Wx-Openid": "oAlice", "X-Wx-Unionid": "uAlice", "X-Wx-Appid": DefaultAppID, "X-Wx-Env": "env-1", "X-Wx-Source": "wx_devtools"}},
		"nobody, by a timer": {[]string{"X-WX-SOURCE", "wx_trigger"}, map[string]string{"X-Wx-Appid": DefaultAppID, "X-Wx-Env": "env-1", "X-Wx-Source": "wx_trigger"}},
		"from outside":       {[]string{"X-WX-SOURCE", "", "X-WX-OPENID", "oAlice"}, map[string]string{}},
	} {
		s := look(t, e, http.MethodGet, "/fn/web/x", "", append(append([]string{}, lies...), c.headers...)...)
		assert.Equal(t, c.want, s.wx(), name)
		assert.Equal(t, len(c.want) > 0, s.Header.Get("X-Wx-Cloudbase-Access-Token") != "", name)
		assert.NotContains(t, s.Header, "X_wx_openid")
		assert.NotContains(t, s.Header, "X_scf_name")
		assert.Equal(t, []string{"web", "256", "60000", s.Header.Get("X-Request-Id")},
			[]string{s.Header.Get("X-Scf-Name"), s.Header.Get("X-Scf-Memory"), s.Header.Get("X-Scf-Timeout"), s.Header.Get("X-Scf-Request-Id")})
		assert.Equal(t, "127.0.0.1", s.Header.Get("X-Original-Forwarded-For"))
		record := e.journal.Find(s.Header.Get("X-Request-Id"))
		require.NotNil(t, record, name)
		assert.Equal(t, c.want["X-Wx-Openid"], record.OpenID, name)
	}
	for header := range look(t, e, http.MethodGet, "/fn/run/x", "", lies...).Header {
		assert.NotContains(t, strings.ToLower(header), "scf", "a container is no function")
	}
	resp, text := fetch(t, e, http.MethodGet, "/fn/web/x", "", "X-WX-SOURCE", "the moon")
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Contains(t, text, `there is no source \"the moon\"`)

	client := &http.Client{Transport: e.As("oBob").WithUnionID("uBob")}
	resp, err := client.Get("http://web/a%2Fb?x=1")
	require.NoError(t, err)
	defer resp.Body.Close()
	var s sight
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&s))
	assert.Equal(t, "/a%2Fb?x=1", s.URI)
	assert.Equal(t, map[string]string{"X-Wx-Openid": "oBob", "X-Wx-Unionid": "uBob", "X-Wx-Appid": DefaultAppID, "X-Wx-Env": "env-1", "X-Wx-Source": "wx_client"}, s.wx())
}

func TestAProcessHasTheVariablesOfItsHome(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	base, err := e.Listen()
	require.NoError(t, err)
	for name, want := range map[string][]string{
		"web": {"TENCENTCLOUD_RUNENV=SCF", "TCB_ENV=env-1", "SCF_FUNCTIONNAME=web", "MODE=test", "WXFN_URL=" + base},
		"run": {"CBR_ENV_ID=env-1", "WXFN_URL=" + base},
	} {
		environ := look(t, e, http.MethodGet, "/fn/"+name+"/x", "").Environ
		assert.Subset(t, environ, want)
		for _, v := range environ {
			assert.NotRegexp(t, "SECRET|SESSIONTOKEN|TCB_CONTEXT|WX_API_TOKEN", v)
			if file, ok := strings.CutPrefix(v, "WX_CLOUDBASE_ACCESS_TOKEN_FILE="); ok {
				info, err := os.Stat(file)
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o600), info.Mode())
			}
			if name == "run" {
				assert.NotContains(t, v, "RUNENV")
			}
		}
	}
}

func TestEachKindOfFunctionHasItsDoor(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, map[string]string{"nothing/README.md": "", "image/container.config.json": "{}", "image/Dockerfile": "FROM scratch"})})
	e.Handle("event", echo)
	for name, c := range map[string]struct {
		method, path string
		status       int
		want         string
	}{
		"an event for a web server":       {http.MethodPost, "/invoke/web", 400, "web serves HTTP, and takes no events; send it requests at /fn/web/"},
		"a request for an event function": {http.MethodGet, "/fn/event/x", 400, "event takes events, and serves no HTTP; call it with POST /invoke/event"},
		"a folder without a function":     {http.MethodGet, "/fn/nothing/x", 500, "nothing: the folder is no function"},
		"a container without a program":   {http.MethodGet, "/fn/image/x", 500, "nothing in the folder of the Cloud Run service can be started without a container; add a Go main package"},
		"a function that there is not":    {http.MethodGet, "/fn/nobody/x", 404, `there is no function \"nobody\"; there are: event, hasty, image, nothing, run, web`},
		"a page elsewhere":                {http.MethodGet, "/fn/web/x?origin", 403, "foreign"},
	} {
		headers := []string{"Content-Type", "application/json"}
		if strings.HasSuffix(c.path, "?origin") {
			headers = append(headers, "Origin", "http://example.com")
		}
		resp, text := fetch(t, e, c.method, c.path, "{}", headers...)
		assert.Equal(t, c.status, resp.StatusCode, name)
		assert.Contains(t, text, c.want, name)
	}
	e.Handle("caller", handler(func(ctx context.Context) (any, error) { return nil, openapi.CallFunction(ctx, "web", nil, nil) }))
	_, err := e.As("oAlice").Invoke(t.Context(), "caller", nil)
	assert.ErrorContains(t, err, "send it requests at /fn/web/")
}

func TestFailuresOfAWebServerAreToldAsThePlatformDoes(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	for path, c := range map[string]struct {
		status, code int
		want         string
	}{
		"/fn/hasty/hang": {http.StatusGatewayTimeout, -504003, "Invoking task timed out after 1 seconds"},
		"/fn/web/crash":  {http.StatusBadGateway, -504002, "the function exited with code 7 before its answer was complete\nlast output:\nabout to crash"},
	} {
		resp, text := fetch(t, e, http.MethodGet, path, "")
		assert.Equal(t, c.status, resp.StatusCode)
		assert.Equal(t, int64(c.code), gjson.Get(text, "errCode").Int())
		assert.Contains(t, gjson.Get(text, "errMsg").String(), c.want)
		record := e.journal.Find(gjson.Get(text, "requestID").String())
		require.NotNil(t, record)
		assert.Contains(t, record.View().Error, c.want)
		assert.Equal(t, resp.Header.Get("X-Request-Id"), record.RequestID)
	}
	base, err := e.Listen()
	require.NoError(t, err)
	for path, want := range map[string]string{
		"/fn/web/crash-later": "the function exited with code 7 before its answer was complete",
		"/fn/hasty/events":    "Invoking task timed out after 1 seconds",
	} {
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		assert.Error(t, err, "the connection is broken")
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "/fn/"), "/")
		v := lastRecord(t, e, name)
		assert.Contains(t, v.Error, want)
		assert.Equal(t, http.StatusOK, v.HTTP.Status, "it had begun")
	}
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	for name, c := range map[string]struct {
		path, source string
		size, code   int
	}{
		"a container, from a Mini Program": {"/fn/run/x", "wx_client", 100<<10 + 1, -606001},
		"the most from a Mini Program":     {"/fn/run/x", "wx_client", 100 << 10, 0},
		"a container, from elsewhere":      {"/fn/run/x", "", 100<<10 + 1, 0},
		"an HTTP function":                 {"/fn/web/x", "wx_client", 6<<20 + 1, -501007},
		"the most for an HTTP function":    {"/fn/web/x", "wx_client", 6 << 20, 0},
	} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = strings.NewReader(strings.Repeat("x", c.size))
			if chunked {
				body = io.MultiReader(body)
			}
			base, err := e.Listen()
			require.NoError(t, err)
			r, err := http.NewRequest(http.MethodPost, base+c.path, body)
			require.NoError(t, err)
			r.Header["X-Wx-Source"] = []string{c.source}
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err, name)
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			resp.Body.Close()
			if c.code == 0 {
				assert.Equal(t, http.StatusOK, resp.StatusCode, name)
				continue
			}
			assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode, name)
			assert.Equal(t, int64(c.code), gjson.GetBytes(text, "errCode").Int(), name)
		}
	}
	resp, text := fetch(t, e, http.MethodPost, "/fn/web/ignore", strings.Repeat("x", 1<<20))
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "without a look at the body", text)
}

func TestStreamsAndUpgradesPassTheFrontDoor(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	base, err := e.Listen()
	require.NoError(t, err)
	resp, err := http.Get(base + "/fn/web/events")
	require.NoError(t, err)
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "data: first\n", line, "while the answer goes on")

	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprint(conn, "GET /fn/run/upgrade HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	in := bufio.NewReader(conn)
	switched, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusSwitchingProtocols, switched.StatusCode)
	fmt.Fprintln(conn, "hello")
	line, err = in.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "hello\n", line)

	require.NoError(t, e.Close())
	_, err = in.ReadByte()
	assert.Error(t, err)
	_, err = io.ReadAll(resp.Body)
	assert.Error(t, err)
	for _, name := range []string{"web", "run"} {
		v := lastRecord(t, e, name)
		assert.Contains(t, v.Error, "the emulator is closing")
		assert.NotZero(t, v.HTTP.Status)
	}
}

func TestAStreamThatItsReaderLeavesIsNoFailure(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	base, err := e.Listen()
	require.NoError(t, err)
	resp, err := http.Get(base + "/fn/run/events")
	require.NoError(t, err)
	_, err = bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	resp.Body.Close()
	assert.Empty(t, lastRecord(t, e, "run").Error)
}

func TestAGoWebServerIsBuiltAndANodeOneIsStarted(t *testing.T) {
	t.Parallel()
	needsNode(t)
	dir := files(t, map[string]string{
		"f/go.mod":             goModule,
		"f/web/main.go":        "package main\n\nimport (\n\t\"net/http\"\n\t\"os\"\n)\n\nfunc main() {\n\thttp.HandleFunc(\"/\", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(\"go \" + r.RequestURI)) })\n\thttp.ListenAndServe(\":\"+os.Getenv(\"PORT\"), nil)\n}\n",
		"f/web/scf_bootstrap":  "#!/bin/bash\nexport PORT=9000\n./main\n",
		"f/node/scf_bootstrap": "#!/bin/sh\nexport PORT=${PORT:-9000}\n/var/lang/node18/bin/node server.js\n",
		"f/node/server.js":     "require('http').createServer((q, s) => s.end('node ' + q.url)).listen(process.env.PORT)",
		"f/plain/index.js":     "require('http').createServer((q, s) => s.end('plain ' + q.url)).listen(process.env.PORT)",
		"cloudbaserc.json":     `{"functionRoot": "f", "functions": [{"name": "plain", "type": "HTTP", "timeout": 60}, {"name": "node", "timeout": 60}]}`,
	})
	for _, name := range []string{"web", "node"} {
		require.NoError(t, os.Chmod(filepath.Join(dir, "f", name, "scf_bootstrap"), 0o755))
	}
	e := newEmulator(t, Config{Dir: dir})
	for name, err := range e.Build(t.Context()) {
		t.Error(name, err)
	}
	for path, want := range map[string]string{"/fn/web/x": "go /x", "/fn/node/x?y": "node /x?y", "/fn/plain": "plain /"} {
		resp, text := fetch(t, e, http.MethodGet, path, "")
		assert.Equal(t, http.StatusOK, resp.StatusCode, text)
		assert.Equal(t, want, text)
	}
	for _, f := range e.describe() {
		assert.Equal(t, "http", f.Kind)
	}
}
