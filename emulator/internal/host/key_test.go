package host

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// own returns this test binary as a function on package cloudfn, under an emulator.
func own(t testing.TB, name string) Program {
	p := program(t, name)
	p.Environ["WXFN_URL"] = "http://127.0.0.1:7911"
	return p
}

// attack sends a request as another program of this machine does.
func attack(t testing.TB, method, url, body string, headers ...string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	resp, err := new(http.Transport).RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}

// Another program cannot call a function of package cloudfn at its own port; the function does not know the key.
func TestGo1InstanceIsLocked(t *testing.T) {
	t.Parallel()
	f := newGo1(t, own(t, "own"), 20*time.Second, 1)
	_, result, failure := call(t, f, order{})
	require.Nil(t, failure)
	var at surroundings
	require.NoError(t, json.Unmarshal(result, &at))
	assert.Empty(t, at.KeyFile)

	for range 2 {
		client, err := rpc.Dial("tcp", "127.0.0.1:"+at.Go1)
		require.NoError(t, err)
		var response InvokeResponse
		assert.ErrorContains(t, client.Call("Function.Invoke", &InvokeRequest{Payload: []byte("{}")}, &response), "its emulator's alone")
		assert.Error(t, client.Call("Function.Ping", &PingRequest{}, &PingResponse{}), "the connection is closed")
		assert.Empty(t, response.Payload)
		_ = client.Close()
	}
	_, again, failure := call(t, f, order{})
	require.Nil(t, failure)
	assert.Equal(t, string(result), string(again), "the same instance goes on")
}

// A web server of package cloudfn answers its emulator only, and sees no key.
func TestHTTPInstanceIsLocked(t *testing.T) {
	t.Parallel()
	_, server, errs := newHTTP(t, own(t, "own web"), time.Minute, 1)
	status, text := get(t, server.URL)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, <-errs)
	assert.NotContains(t, text, "Instance-Key")
	assert.Empty(t, gjson.Get(text, "seen.KeyFile").String())
	at := "http://127.0.0.1:" + gjson.Get(text, "seen.HTTP").String()
	for _, path := range []string{"/", "/_health", "/any"} {
		status, text := attack(t, http.MethodGet, at+path, "", keyHeader, "guessed")
		assert.Equal(t, http.StatusForbidden, status)
		assert.Contains(t, text, "this instance is its emulator's alone: call the function at http://127.0.0.1:7911")
	}
}

// Nobody but the function fetches its events, or answers them: by its key, or, on Linux, by whose the connection is.
func TestRuntimeAPIIsLocked(t *testing.T) {
	t.Parallel()
	onUnix(t)
	for name, start := range map[string]func(t *testing.T) *Function{
		"cloudfn": func(t *testing.T) *Function {
			f := New("hello", &RuntimeAPI{Program: own(t, "own")}, 20*time.Second, 0, 1)
			t.Cleanup(f.Close)
			return f
		},
		"bash": func(t *testing.T) *Function {
			if !canTellOwners {
				t.Skip("only Linux tells whose a connection is")
			}
			return newBootstrap(t, strings.ReplaceAll(bootstrap, `{\"event\": $event}`, `{\"RuntimeAPI\": \"$SCF_RUNTIME_API_PORT\", \"KeyFile\": \"\"}`), 20*time.Second)
		},
		"node": func(t *testing.T) *Function {
			return newNode(t, files(t, map[string]string{"index.js": `exports.main = () => ({ RuntimeAPI: process.env.SCF_RUNTIME_API_PORT, KeyFile: process.env.WXFN_INSTANCE_KEY_FILE || '' })`}), "", 20*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			var at surroundings
			first := invoke(f, "{}")
			require.NoError(t, json.Unmarshal([]byte(first), &at), first)
			assert.Empty(t, at.KeyFile)
			api := "http://127.0.0.1:" + at.RuntimeAPI + "/runtime/"
			for _, headers := range [][]string{nil, {keyHeader, "guessed"}, {"Accept", envelopeType}, {"Origin", "http://127.0.0.1:" + at.RuntimeAPI}, {"Sec-Fetch-Site", "none"}, {"Host", "evil.example"}} {
				for _, c := range []struct{ method, path string }{
					{http.MethodGet, "invocation/next"}, {http.MethodPost, "invocation/response"}, {http.MethodPost, "invocation/error"}, {http.MethodPost, "init/error"}, {http.MethodPost, "init/ready"},
				} {
					status, text := attack(t, c.method, api+c.path, `"stolen"`, headers...)
					assert.Equal(t, http.StatusForbidden, status)
					assert.Equal(t, "the runtime API is the function's alone\n", text)
				}
			}
			again := surroundings{}
			require.NoError(t, json.Unmarshal([]byte(invoke(f, "{}")), &again))
			assert.Equal(t, at, again, "the same instance goes on")
		})
	}
}

// What a bootstrap starts in a session of its own is still the bootstrap's.
func TestRuntimeAPIServesChildren(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil || !canTellOwners {
		t.Skip("needs the program setsid, and Linux")
	}
	f := newBootstrap(t, strings.ReplaceAll(bootstrap, "curl -s", "setsid curl -s"), 20*time.Second)
	assert.Equal(t, `{"event": 1}`, invoke(f, "1"))
}

func TestKeyIsSettledOnce(t *testing.T) {
	t.Parallel()
	taken, err := newKey()
	require.NoError(t, err)
	assert.False(t, taken.required())
	info, err := os.Stat(taken.file)
	require.NoError(t, err)
	if canTellOwners {
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	require.NoError(t, os.Remove(taken.file))
	assert.True(t, taken.required())
	taken.discard()
	assert.True(t, taken.required())

	left, err := newKey()
	require.NoError(t, err)
	left.discard()
	assert.False(t, left.required())
	assert.NoFileExists(t, left.file)
	assert.False(t, left.required())
}

// Whoever listens on an instance's port before it does sees no event.
func TestForeignListenerSeesNoEvent(t *testing.T) {
	t.Parallel()
	if !canTellOwners {
		t.Skip("only Linux tells who listens on a port")
	}
	p := program(t, "never listens")
	proc, err := p.start(newRecord(), nil)
	require.NoError(t, err)
	defer proc.Kill()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	got := make(chan []byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		text, _ := io.ReadAll(conn)
		got <- text
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err = new(Go1).connect(ctx, proc, l.Addr().(*net.TCPAddr).Port)
	assert.Error(t, err)
	assert.Empty(t, <-got)
}
