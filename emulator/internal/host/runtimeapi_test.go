package host

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// bare is an instance without a process: the test itself speaks to its runtime API.
type bare struct{ *runtimeInstance }

func bareInstance() bare {
	return bare{&runtimeInstance{process: &process{done: make(chan struct{})}, ready: make(chan error, 1), arrived: make(chan struct{})}}
}

func (i bare) request(ctx context.Context, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	i.routes().ServeHTTP(w, httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body)))
	return w
}

func (i bare) next() *httptest.ResponseRecorder {
	return i.request(context.Background(), http.MethodGet, "/runtime/invocation/next", "")
}

func (i bare) post(path, body string) *httptest.ResponseRecorder {
	return i.request(context.Background(), http.MethodPost, "/runtime/"+path, body)
}

// begin starts an invocation in the background.
func (i bare) begin(requestID, event string) *outcome {
	o := &outcome{}
	go func() {
		result, err := i.Invoke(context.Background(), &Call{RequestID: requestID, Event: []byte(event), Record: newRecord(),
			timeout: 3 * time.Second, memoryMB: 256})
		o.text = string(result)
		if err != nil {
			o.text = err.Error()
		}
	}()
	synctest.Wait()
	return o
}

func TestARuntimeFetchesEventsAndAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := bareInstance()
		polled := make(chan *httptest.ResponseRecorder, 1)
		go func() { polled <- i.next() }()
		synctest.Wait()
		require.Empty(t, polled, "it waits for an event")
		assert.NoError(t, <-i.ready, "who asks for an event is ready")

		first := i.begin("r-1", `{"n": 1}`)
		w := <-polled
		assert.Equal(t, `{"n": 1}`, w.Body.String())
		assert.Equal(t, http.Header{"Content-Type": {"application/json"}, "Request_Id": {"r-1"}, "Memory_Limit_In_Mb": {"256"},
			"Time_Limit_In_Ms": {"3000"}}, w.Header(), "the names to the letter")
		again := i.next()
		assert.Equal(t, w.Body.String(), again.Body.String(), "asked again, it gives the same event")
		assert.Equal(t, w.Header(), again.Header())

		assert.Equal(t, http.StatusOK, i.post("invocation/response", `"one"`).Code)
		synctest.Wait()
		assert.Equal(t, `"one"`, first.text)
		assert.Equal(t, http.StatusConflict, i.post("invocation/response", `"twice"`).Code)
		assert.Equal(t, http.StatusConflict, i.post("invocation/error", `"twice"`).Code)

		second := i.begin("r-2", `{"n": 2}`)
		late := i.post("invocation/response", `"one, once more"`)
		assert.Equal(t, http.StatusConflict, late.Code, "it cannot be about an event that nobody has fetched")
		assert.Equal(t, "no invocation is running: it has been answered already, or its time is over\n", late.Body.String())
		assert.Equal(t, []string{"r-2"}, map[string][]string(i.next().Header())["Request_Id"], "to the letter")
		assert.Equal(t, http.StatusOK, i.post("invocation/response", `"two"`).Code)
		synctest.Wait()
		assert.Equal(t, `"two"`, second.text)
	})
}

func TestAPollThatIsGivenUpLosesNoEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := bareInstance()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan *httptest.ResponseRecorder)
		go func() { done <- i.request(ctx, http.MethodGet, "/runtime/invocation/next", "") }()
		synctest.Wait()
		cancel()
		assert.Empty(t, (<-done).Body.String())
		o := i.begin("r-1", "{}")
		assert.Equal(t, "{}", i.next().Body.String())
		i.post("invocation/response", "1")
		synctest.Wait()
		assert.Equal(t, "1", o.text)
	})
}

func TestAnErrorOfARuntimeIsToldWhateverItsForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want, stack string }{
		"text":                {body: "no such thing\n", want: "no such thing"},
		"message and stack":   {body: `{"message": "boom", "stack": "at line 1"}`, want: "boom", stack: "at line 1"},
		"JSON of its own":     {body: `{"errorMessage": "boom"}`, want: `{"errorMessage": "boom"}`},
		"JSON of other types": {body: `{"message": 1}`, want: `{"message": 1}`},
		"broken JSON":         {body: `{"message": `, want: `{"message":`},
		"nothing":             {body: "", want: "the function reported an error, and did not say which"},
		"percent signs":       {body: "100% %s %d", want: "100% %s %d"},
		"much":                {body: strings.Repeat("x", 100<<10), want: strings.Repeat("x", 100<<10)},
		"too much":            {body: strings.Repeat("x", 200<<10), want: strings.Repeat("x", 128<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			assert.Equal(t, &Failure{Code: wxcloud.FunctionExecute, Message: c.want, Stack: c.stack}, readFailure(w))
		})
	}
}

func TestAResultFarTooLargeIsRefusedByTheRuntimeAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := bareInstance()
		o := i.begin("r-1", "{}")
		i.next()
		i.post("invocation/response", strings.Repeat("1", maxWireAnswer+1))
		synctest.Wait()
		assert.Equal(t, "the result is larger than 16 MB; at most 1 MB reaches the caller", o.text)
	})
}

func TestTheRuntimeAPIIsTheFunctionsAlone(t *testing.T) {
	t.Parallel()
	served := onlyFor("127.0.0.1:1234", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, c := range map[string]struct {
		host, origin string
		status       int
	}{
		"the function":    {host: "127.0.0.1:1234", status: http.StatusOK},
		"DNS rebinding":   {host: "evil.example:1234", status: http.StatusForbidden},
		"a page":          {host: "127.0.0.1:1234", origin: "http://evil.example", status: http.StatusForbidden},
		"a page, no name": {host: "127.0.0.1:1234", origin: "null", status: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/runtime/invocation/next", nil)
			r.Host = c.host
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			w := httptest.NewRecorder()
			served.ServeHTTP(w, r)
			assert.Equal(t, c.status, w.Code)
		})
	}
}

func TestTheEndOfAProgramDoesNotHideWhatItSaid(t *testing.T) {
	t.Parallel()
	for range 100 { // both are there at the same time, and it is chance which is seen first
		synctest.Test(t, func(t *testing.T) {
			i := bareInstance()
			i.post("init/error", `{"message": "cannot load"}`)
			close(i.done)
			require.EqualError(t, i.awaitReady(t.Context(), time.Minute), "cannot load")

			i = bareInstance()
			o := i.begin("r-1", "{}")
			i.next()
			i.post("invocation/response", "1")
			close(i.done)
			synctest.Wait()
			require.Equal(t, "1", o.text)
		})
	}
}

// bootstrap is a custom runtime as the platform's document has it, in bash and curl.
const bootstrap = `#!/bin/bash
set -euo pipefail
api="http://$SCF_RUNTIME_API:$SCF_RUNTIME_API_PORT/runtime"
echo "starting $_HANDLER"
curl -s -d " " -X POST "$api/init/ready"
while true; do
  headers="$(mktemp)"
  event=$(curl -sS -D "$headers" -X GET "$api/invocation/next")
  id=$(grep -F "Request_Id:" "$headers" | tr -d '\r' | cut -d' ' -f2)
  rm "$headers"
  echo "event of $id"
  case "$event" in
    *fail*) curl -s -X POST "$api/invocation/error" -d "cannot do $event" ;;
    *last*) curl -s -X POST "$api/invocation/response" -d "last words"; exit 0 ;;
    *) curl -s -X POST "$api/invocation/response" -d "{\"event\": $event}" ;;
  esac
done
`

// newBootstrap returns a function that runs a bootstrap in bash.
func newBootstrap(t *testing.T, script string, timeout time.Duration) *Function {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			needs(t, tool)
		}
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bootstrap"), []byte(script), 0o755))
	f := New("hello", &RuntimeAPI{Program: Program{Path: filepath.Join(dir, "bootstrap"), Dir: dir}, Handler: "index.main"}, timeout, 0, 1)
	t.Cleanup(f.Close)
	return f
}

// needs skips a test for want of a program; in CI there is no excuse.
func needs(t testing.TB, tool string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("needs the program %s", tool)
	}
	t.Skipf("needs the program %s", tool)
}

func TestABootstrapInBashRunsUnchanged(t *testing.T) {
	t.Parallel()
	f := newBootstrap(t, bootstrap, 20*time.Second)
	rec := newRecord()
	result, err := f.Invoke(t.Context(), &Call{RequestID: "r-1", Event: []byte(`{"n": 1}`), Record: rec})
	require.NoError(t, err)
	assert.Equal(t, `{"event": {"n": 1}}`, string(result))
	assert.Equal(t, []string{"starting index.main", "event of r-1"}, printed(rec, "stdout"))
	assert.Equal(t, `cannot do "fail"`, invoke(f, `"fail"`))
	assert.Equal(t, `{"event": 2}`, invoke(f, `2`))
	assert.Equal(t, `"last words"`, invoke(f, `"last"`), "text that is no JSON is a string")
	assert.Equal(t, `{"event": 3}`, invoke(f, `3`), "the process has ended, and another one serves")
}

func TestABootstrapThatIsNotReadySaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"exits":       {"#!/bin/sh\necho out of luck\nexit 5\n", "the function exited with code 5 before it was ready"},
		"never ready": {"#!/bin/sh\nexec sleep 1000\n", "the function was not ready within 0.3 seconds"},
		"cannot run":  {"#!/no/such/shell\n", "starting "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newBootstrap(t, c.script, 0)
			f.runtime.(*RuntimeAPI).Program.StartTimeout = 20 * time.Second
			if strings.Contains(c.want, "within") {
				f.runtime.(*RuntimeAPI).Program.StartTimeout = 300 * time.Millisecond
			}
			assert.Contains(t, invoke(f, "{}"), c.want)
			settled(t, f)
		})
	}
}

func TestTheOwnRunnerGetsTheWholeInvocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := bareInstance()
		i.account = Account{Namespace: "env-1", Region: "ap-shanghai", AppID: "1250000000", Uin: "100000000001"}
		go i.Invoke(t.Context(), &Call{RequestID: "r-1", Function: "hello", Event: []byte(`{"n":1}`), Environ: map[string]string{"WX_OPENID": "oAlice"},
			Record: newRecord(), timeout: 3 * time.Second, memoryMB: 256})
		synctest.Wait()
		r := httptest.NewRequest(http.MethodGet, "/runtime/invocation/next", nil)
		r.Header.Set("Accept", envelopeType)
		w := httptest.NewRecorder()
		i.routes().ServeHTTP(w, r)
		assert.Equal(t, envelopeType, w.Header().Get("Content-Type"))
		var got any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
		assert.Equal(t, map[string]any{
			"event":   `{"n":1}`,
			"environ": map[string]any{"WX_OPENID": "oAlice"},
			"context": map[string]any{
				"request_id": "r-1", "function_name": "hello", "function_version": "$LATEST", "namespace": "env-1",
				"memory_limit_in_mb": 256.0, "time_limit_in_ms": 3000.0, "tencentcloud_region": "ap-shanghai",
				"tencentcloud_appid": "1250000000", "tencentcloud_uin": "100000000001",
			},
		}, got)
		i.post("invocation/response", "1")
	})
}
