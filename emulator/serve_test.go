package emulator

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/openapi"
)

// A body that does not arrive holds no door open, and is refused in the door's own form.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.bodyTime = 200 * time.Millisecond
	e.handler = e.routes()
	e.Handle("f", echo)
	base, err := e.Listen()
	require.NoError(t, err)
	const late = "the body did not arrive within 200ms"
	for line, want := range map[string]string{
		"POST /invoke/f\r\nContent-Type: application/json":                         "errMsg",
		"POST /admin\r\nContent-Type: application/json":                            "message",
		"POST /admin\r\nContent-Type: multipart/form-data; boundary=b":             "message",
		"POST /cgi-bin/stable_token\r\nContent-Type: application/json":             "advice",
		"PUT /_wxfn/stubs\r\nAuthorization: Bearer " + e.Token():                   "errMsg",
		"POST /_sidecar/" + "x/wxa/getwxacode\r\nContent-Type: application/json":   "", // refused before
		"POST /invoke/f\r\nContent-Type: application/json\r\nExpect: 100-continue": "errMsg",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, strings.Replace(line, "\r\n", " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n", 1)+"\r\n\r\n{")
			require.NoError(t, err)
			in := bufio.NewReader(conn)
			resp, err := http.ReadResponse(in, nil)
			if err == nil && resp.StatusCode == http.StatusContinue {
				resp, err = http.ReadResponse(in, nil)
			}
			require.NoError(t, err)
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			if want != "" {
				assert.Contains(t, gjson.GetBytes(text, want).String(), late, string(text))
			}
		})
	}
}

// A call may take longer than its body: the connection lives on.
func TestSlowFunction(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.bodyTime = 100 * time.Millisecond
	e.handler = e.routes()
	e.Handle("slow", handler(func(ctx context.Context) (any, error) {
		select {
		case <-ctx.Done():
		case <-time.After(3 * e.bodyTime):
		}
		return "done", ctx.Err()
	}))
	base, err := e.Listen()
	require.NoError(t, err)
	for range 2 {
		resp, err := http.Post(base+"/invoke/slow", "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		assert.Contains(t, string(text), `{"result":"done"`)
	}
}

func TestHeadersTooLarge(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	status, _ := raw(t, e, "POST /admin", "Host: localhost", "X-Large: "+strings.Repeat("x", 100<<10))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)
}

// A panic of the emulator itself ends one invocation, and is its error in the journal.
func TestPanicOfTheEmulator(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", echo)
	e.HandleHTTP("web", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served") }))
	for _, name := range []string{"f", "web"} {
		f, _ := e.function(name)
		f.prepare = func(context.Context, buildFunc) (*host.Function, error) { panic("out of order") }
	}
	_, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.ErrorIs(t, err, openapi.Code(-504002))
	assert.ErrorContains(t, err, "wxfn itself failed: panic: out of order")
	w := askJSON(e, "f", "{}")
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	w = ask(e, http.MethodGet, "/fn/web/", "")
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "wxfn itself failed")
	for _, r := range e.journal.All() {
		v := r.View()
		assert.False(t, v.Running)
		assert.Contains(t, v.Error, "panic: out of order")
	}
}
