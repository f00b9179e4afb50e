package cloudfn

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// serve answers one request as the function does, in a process of the given
// variables.
func serve(t testing.TB, environ map[string]string, h Handler, r *http.Request, opts ...Option) (*http.Response, string) {
	t.Helper()
	return serveIn(t, &app{process: fakeProcess(&buffer{}, environ), options: optionsOf(opts), handler: h}, r)
}

func serveIn(t testing.TB, a *app, r *http.Request) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	newFront(a, wechatTime).ServeHTTP(w, r)
	resp := w.Result()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

// request makes a request of a body. header is names and values.
func request(method, target, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

var echo = handlerFunc(func(_ context.Context, event []byte) ([]byte, error) { return event, nil })

func TestARequestIsAnEvent(t *testing.T) {
	t.Parallel()
	const asJSON = "application/json"
	for name, c := range map[string]struct {
		r     *http.Request
		event string
	}{
		"its body":                         {request("POST", "/any/path", `{"a": "<&>"}`, "Content-Type", asJSON), `{"a": "<&>"}`},
		"its body, and not its query":      {request("PUT", "/?a=1", `[1]`, "Content-Type", asJSON+"; charset=UTF-8"), `[1]`},
		"a body of a type above JSON":      {request("PATCH", "/", `1`, "Content-Type", "application/merge-patch+json"), `1`},
		"a body of a charset's other name": {request("PUT", "/", `1`, "Content-Type", asJSON+";charset=UTF8"), `1`},
		"a body of no coding":              {request("PUT", "/", `1`, "Content-Encoding", "Identity"), `1`},
		"a body of no type":                {request("DELETE", "/", `null`), `null`},
		"a body of a GET":                  {request("GET", "/?a=1", `"x"`), `"x"`},
		"its query":                        {request("GET", "/?b=2&a=%E5%B0%8F%3C&c", ""), `{"a":"小<","b":"2","c":""}`},
		"its query, of repeated names":     {request("GET", "/?a=2&a=1&b=3", ""), `{"a":["2","1"],"b":"3"}`},
		"the query of a POST":              {request("POST", "/?a=1", "", "Content-Type", asJSON), `{"a":"1"}`},
		"neither":                          {request("GET", "/", ""), `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, body := serve(t, nil, echo, c.r)
			assert.Equal(t, 200, resp.StatusCode)
			assert.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
			assert.Equal(t, c.event, body)
		})
	}
}

func TestARequestThatIsNoEventIsRefused(t *testing.T) {
	t.Parallel()
	never := handlerFunc(func(context.Context, []byte) ([]byte, error) { panic("called") })
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		say    string
	}{
		"a form": {request("POST", "/", "a=1", "Content-Type", "application/x-www-form-urlencoded"), 415,
			`the event is of type "application/x-www-form-urlencoded": send JSON, as application/json`},
		"JSON as text":          {request("POST", "/", "{}", "Content-Type", "text/plain"), 415, `the event is of type "text/plain": send JSON, as application/json`},
		"a charset":             {request("POST", "/", "{}", "Content-Type", "application/json; charset=gbk"), 415, `the event is of type "application/json; charset=gbk": send JSON, as application/json`},
		"a coding":              {request("POST", "/", "{}", "Content-Encoding", "gzip"), 415, `the event is encoded as "gzip": send it as it is`},
		"no JSON":               {request("POST", "/", `{"a":}`), 400, `event: not JSON: invalid character '}' looking for beginning of value (at byte 6)`},
		"a broken query":        {request("GET", "/?a=%zz", ""), 400, `the query is no event: invalid URL escape "%zz"`},
		"too large":             {request("POST", "/", `"1234567890"`), 413, "the event is too large: at most 10 bytes"},
		"a method without them": {request("TRACE", "/", ""), 405, "TRACE is no method for an event: use POST, or GET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.r.Header.Set("X-Request-Id", "r-1")
			resp, body := serve(t, nil, never, c.r, MaxEventBytes(10))
			assert.Equal(t, c.status, resp.StatusCode)
			say, err := encodeJSON(c.say)
			require.NoError(t, err)
			assert.Equal(t, `{"errCode":-501007,"errMsg":`+string(say)+`,"requestID":"r-1"}`, body)
		})
	}
}

func TestARequestIsAnsweredWithWhatTheHandlerDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h      Handler
		status int
		body   string
	}{
		"an error":      {handlerFunc(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("<no>") }), 500, `{"errCode":-504002,"errMsg":"<no>","requestID":"r-1"}`},
		"a panic":       {handlerFunc(func(context.Context, []byte) ([]byte, error) { panic("sold out") }), 500, `{"errCode":-504002,"errMsg":"sold out","requestID":"r-1"}`},
		"Goexit":        {handlerFunc(func(context.Context, []byte) ([]byte, error) { runtime.Goexit(); return nil, nil }), 500, `{"errCode":-504002,"errMsg":"` + errGoexit.Error() + `","requestID":"r-1"}`},
		"a misfit":      {Func(same[int]), 400, `{"errCode":-501007,"errMsg":"event: cannot use object as int","requestID":"r-1"}`},
		"a late answer": {handlerFunc(func(context.Context, []byte) ([]byte, error) { return nil, context.DeadlineExceeded }), 500, `{"errCode":-504002,"errMsg":"context deadline exceeded","requestID":"r-1"}`},
		"no result":     {handlerFunc(func(context.Context, []byte) ([]byte, error) { return nil, nil }), 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, body := serve(t, nil, c.h, request("GET", "/", "", "X-Request-Id", "r-1"))
			assert.Equal(t, c.status, resp.StatusCode)
			assert.Equal(t, c.body, body)
			assert.Equal(t, "r-1", resp.Header.Get("X-Request-Id"))
		})
	}
}

func TestOptionsNamesTheMethodsAndIsNoEvent(t *testing.T) {
	t.Parallel()
	resp, body := serve(t, nil, Func(func(context.Context, any) (any, error) { panic("called") }), request("OPTIONS", "/", ""))
	assert.Equal(t, 204, resp.StatusCode)
	assert.Equal(t, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", resp.Header.Get("Allow"))
	assert.Empty(t, body)
}

func TestAnEventOverHTTPHasItsTime(t *testing.T) {
	t.Parallel()
	const none = time.Duration(0)
	scf := map[string]string{"TENCENTCLOUD_RUNENV": "SCF"}
	cloudRun := map[string]string{wxcloud.VarCloudRun: "env-1"}
	for name, c := range map[string]struct {
		environ map[string]string
		header  []string
		limit   time.Duration
	}{
		"what the platform says":             {scf, []string{"X-Scf-Timeout", "3600000"}, time.Hour},
		"nothing":                            {scf, nil, none},
		"nonsense":                           {scf, []string{"X-Scf-Timeout", "-1"}, none},
		"what a caller says":                 {cloudRun, []string{"X-Scf-Timeout", "3600000"}, none},
		"a Mini Program's call of Cloud Run": {cloudRun, []string{"X-WX-SOURCE", "wx_client"}, wechatTime},
		"a call of the same from elsewhere":  {cloudRun, nil, none},
		"a timer in the same":                {cloudRun, []string{"X-WX-SOURCE", "wx_trigger"}, none},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, _ := serve(t, c.environ, handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
				end, bounded := ctx.Deadline()
				assert.Equal(t, c.limit > 0, bounded)
				if bounded {
					assert.InDelta(t, c.limit.Hours(), time.Until(end).Hours(), 0.01)
				}
				return nil, nil
			}), request("GET", "/", "", c.header...))
			assert.Equal(t, 204, resp.StatusCode)
		})
	}
}

func TestAnEventThatRunsOutOfTimeIsATimeout(t *testing.T) {
	t.Parallel()
	resp, body := serve(t, map[string]string{"TENCENTCLOUD_RUNENV": "SCF"}, handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}), request("GET", "/", "", "X-Scf-Timeout", "1", "X-Request-Id", "r-1"))
	assert.Equal(t, 504, resp.StatusCode)
	assert.Equal(t, `{"errCode":-504003,"errMsg":"context deadline exceeded","requestID":"r-1"}`, body)
}
