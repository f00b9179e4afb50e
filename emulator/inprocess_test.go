package emulator

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// newEmulator is emulatortest.New, which tests of this package cannot import. Where a test says nothing, handlers have
// more time than by default: the machine may be busy.
func newEmulator(t testing.TB, c Config) *Emulator {
	t.Helper()
	c.Timeout = cmp.Or(c.Timeout, time.Minute)
	e, err := New(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// handler makes a Handler of a function that needs no types.
func handler(f func(context.Context) (any, error)) cloudfn.Handler {
	return cloudfn.Func(func(ctx context.Context, _ any) (any, error) { return f(ctx) })
}

// bytesHandler is a Handler of its own making, which may return anything.
type bytesHandler func(context.Context, []byte) ([]byte, error)

func (f bytesHandler) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

// echo returns its event.
var echo = bytesHandler(func(_ context.Context, event []byte) ([]byte, error) { return event, nil })

func createQRCode(ctx context.Context) (any, error) {
	return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: "page/index/index", Width: new(280)})
}

func TestHandlersInThisProcessOpenNoSocket(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("qrcode", handler(createQRCode), "wxacode.createQRCode")
	e.Handle("outer", handler(func(ctx context.Context) (any, error) {
		var result any
		return result, openapi.CallFunction(ctx, "qrcode", nil, &result)
	}))
	for range 20 {
		for _, name := range []string{"qrcode", "outer"} {
			_, err := e.As("oAlice").Invoke(t.Context(), name, nil)
			require.NoError(t, err)
		}
	}
	assert.Nil(t, e.listener)
	assert.Empty(t, e.state, "and no folder")
}

func TestEachInvocationKnowsItsOwnCaller(t *testing.T) {
	t.Parallel()
	const callers = 64
	e := newEmulator(t, Config{AppID: "wxapp", Env: "env-1"})
	inside := make(chan struct{}, callers)
	all := make(chan struct{})
	e.Handle("who", handler(func(ctx context.Context) (any, error) {
		inside <- struct{}{}
		<-all // nobody returns before everybody is there
		inv, _ := cloudfn.FromContext(ctx)
		return []string{inv.OpenID, inv.UnionID, inv.AppID, inv.Env, inv.Source, inv.Function, inv.RequestID, inv.Getenv("WX_API_TOKEN")}, nil
	}))
	var wait sync.WaitGroup
	var mu sync.Mutex
	tokens := map[string]bool{}
	for i := range callers {
		wait.Go(func() {
			openID := fmt.Sprint("o", i)
			result, err := e.As(openID).WithUnionID("u"+openID).Invoke(t.Context(), "who", nil)
			if !assert.NoError(t, err) {
				return
			}
			var got []string
			assert.NoError(t, result.Decode(&got))
			assert.Equal(t, []string{openID, "u" + openID, "wxapp", "env-1", "wx_client", "who", result.RequestID}, got[:7])
			mu.Lock()
			defer mu.Unlock()
			tokens[got[7]] = true
		})
	}
	for range callers {
		<-inside
	}
	close(all)
	wait.Wait()
	assert.Len(t, tokens, callers)
}

func TestAHandlerThatFailsSaysHow(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	for name, c := range map[string]struct {
		handler cloudfn.Handler
		code    openapi.Code
		text    string
		more    string
	}{
		"an error": {handler(func(context.Context) (any, error) { return nil, errors.New("no good: 100%") }), -504002,
			"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: no good: 100%", ""},
		"a panic": {handler(func(context.Context) (any, error) { panic("boom") }), -504002,
			"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: panic: boom\n", "emulator/inprocess_test.go:"},
		"a panic of the runtime": {handler(func(context.Context) (any, error) { return []int{}[len("x")], nil }), -504002,
			"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: panic: runtime error: index out of range [1] with length 0\n", "emulator/inprocess_test.go:"},
		"an error that panics": {handler(func(context.Context) (any, error) { return nil, (*badError)(nil) }), -504002,
			"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: <nil>", ""},
		"Goexit": {handler(func(context.Context) (any, error) { runtime.Goexit(); return nil, nil }), -504002,
			"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: the handler called runtime.Goexit, as a failing test does", ""},
		"no handler": {nil, -504002, "cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: panic: runtime error: invalid memory address", ""},
		"a result over 1 MB": {handler(func(context.Context) (any, error) { return strings.Repeat("x", 1<<20-1), nil }), -604001,
			"cloud.callFunction:fail errCode: -604001 cloudfunction result size exceed limit (1MB) | errMsg: the result is 1048577 bytes; at most 1 MB (1048576 bytes) reach the caller", ""},
		"a result that is no JSON": {handler(func(context.Context) (any, error) { return make(chan int), nil }), -504002,
			"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: the function's result, a chan int, cannot be JSON: json: unsupported type: chan int", ""},
		"an event that does not fit": {cloudfn.Func(func(_ context.Context, in struct{ UserInfo int }) (any, error) { return nil, nil }), -504002,
			"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: event.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e.Handle(name, c.handler)
			_, err := e.As("oAlice").Invoke(t.Context(), name, nil)
			var failure *Error
			require.ErrorAs(t, err, &failure)
			assert.ErrorIs(t, err, c.code)
			assert.Equal(t, c.code, failure.ErrCode)
			assert.NotEmpty(t, failure.RequestID)
			assert.True(t, strings.HasPrefix(err.Error(), c.text), err)
			assert.Contains(t, err.Error(), c.more)
			assert.NotContains(t, err.Error(), "debug.Stack")
			view := e.journal.Find(failure.RequestID).View()
			assert.Equal(t, "cloud.callFunction:fail "+view.Error, err.Error())
			assert.False(t, view.Running)
			_, err = e.As("oAlice").Invoke(t.Context(), name, nil)
			assert.ErrorIs(t, err, c.code, "and does so again")
		})
	}
}

type badError struct{ text string }

func (e *badError) Error() string { return e.text }

func TestAResultOfBytesIsPassedOn(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	for result, want := range map[string]string{"": "null", "{ \"a\" : 1.0 }": "{ \"a\" : 1.0 }", "plain": `"plain"`} {
		e.Handle("f", bytesHandler(func(context.Context, []byte) ([]byte, error) { return []byte(result), nil }))
		got, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
		require.NoError(t, err)
		assert.Equal(t, want, string(got.JSON))
	}
}

func TestAnInvocationTimesOut(t *testing.T) {
	t.Parallel()
	for timeout, text := range map[time.Duration]string{0: "3 seconds", time.Second: "1 seconds", 20 * time.Second: "20 seconds"} {
		synctest.Test(t, func(t *testing.T) {
			e, err := New(Config{Timeout: timeout})
			require.NoError(t, err)
			defer e.Close()
			over := make(chan error, 2)
			for name, wait := range map[string]func(context.Context){
				"obedient": func(ctx context.Context) { <-ctx.Done() },
				"stubborn": func(context.Context) { time.Sleep(time.Hour) },
			} {
				e.Handle(name, handler(func(ctx context.Context) (any, error) {
					wait(ctx)
					over <- ctx.Err()
					return "too late", ctx.Err()
				}))
				begin := time.Now()
				_, err := e.As("oAlice").Invoke(t.Context(), name, nil)
				assert.EqualError(t, err, "cloud.callFunction:fail errCode: -504003 | errMsg: Invoking task timed out after "+text)
				assert.ErrorIs(t, err, openapi.CodeFunctionTimeout)
				if timeout == 0 {
					timeout = 3 * time.Second
				}
				assert.Equal(t, timeout, time.Since(begin))
			}
			for range 2 { // the stubborn one, too, learns that its time is over
				assert.ErrorIs(t, <-over, context.DeadlineExceeded)
			}
		})
	}
}

func TestACallAfterTheInvocationIsOfAnIllegalSource(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	var after context.Context
	e.Handle("f", handler(func(ctx context.Context) (any, error) {
		after = context.WithoutCancel(ctx) // as a goroutine would use it that the handler does not wait for
		return nil, nil
	}), "wxacode.createQRCode")
	_, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	_, err = createQRCode(after)
	require.ErrorIs(t, err, openapi.CodeSource)
	var failure *openapi.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "the invocation that this call belongs to is over; await every call before the handler returns", failure.Advice)
	assert.ErrorContains(t, openapi.CallFunction(after, "f", nil, nil), "the invocation that this call belongs to is over")
}

func TestPermissionsAreThoseGivenToHandle(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("may", handler(createQRCode), "security.msgSecCheck", "wxacode.createQRCode")
	e.Handle("may not", handler(createQRCode), "wxacode.getUnlimited")
	_, err := e.As("oAlice").Invoke(t.Context(), "may", nil)
	require.NoError(t, err)

	_, err = e.As("oAlice").Invoke(t.Context(), "may not", nil)
	assert.ErrorIs(t, err, openapi.CodeFunctionExecute)
	assert.EqualError(t, err, "cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: errCode: -604101 function has no permission to call this API | errMsg: system error: error code: -604101\n"+
		`advice: wxacode.createQRCode: add "wxacode.createQRCode" to the permissions that Handle("may not", …) is given`)
	var failure *Error
	require.ErrorAs(t, err, &failure)
	calls := e.journal.Find(failure.RequestID).View().Calls
	require.Len(t, calls, 1)
	assert.Equal(t, `add "wxacode.createQRCode" to the permissions that Handle("may not", …) is given`, calls[0].Advice)
}

func TestAnEventIsWhatTheCallerGives(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{AppID: "wxapp"})
	e.Handle("echo", echo)
	const info = `"userInfo":{"appId":"wxapp","openId":"oAlice"}`
	for name, c := range map[string]struct {
		event any
		want  string
		fails string
	}{
		"nothing":                 {nil, `{` + info + `}`, ""},
		"a struct":                {struct{ A int }{1}, `{"A":1,` + info + `}`, ""},
		"JSON":                    {[]byte(" { \"a\" : 1.0 }\n"), `{"a":1.0,` + info + `}`, ""},
		"raw JSON":                {json.RawMessage(`{"a":1}`), `{"a":1,` + info + `}`, ""},
		"a list":                  {[]int{1, 2}, `[1,2]`, ""},
		"a list as JSON":          {[]byte(" [ 1 ]"), `[ 1 ]`, ""},
		"a text":                  {"hello", `"hello"`, ""},
		"null":                    {[]byte("null"), `null`, ""},
		"no JSON":                 {[]byte("{"), "", "-501007 invalid parameters | errMsg: the event is not JSON: unexpected end of JSON input"},
		"no JSON at all":          {[]byte{}, "", "-501007 invalid parameters | errMsg: the event is not JSON: unexpected end of JSON input"},
		"what has no JSON":        {make(chan int), "", "-501007 invalid parameters | errMsg: the event: json: unsupported type: chan int"},
		"as much as there may be": {[]byte(`"` + strings.Repeat("x", 100<<10-2) + `"`), `"` + strings.Repeat("x", 100<<10-2) + `"`, ""},
		"too much":                {[]byte(`"` + strings.Repeat("x", 100<<10-1) + `"`), "", "-501007 invalid parameters | errMsg: the event is too large: 102401 bytes; at most 100 KB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := e.As("oAlice").Invoke(t.Context(), "echo", c.event)
			if c.fails != "" {
				assert.EqualError(t, err, "cloud.callFunction:fail errCode: "+c.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, string(result.JSON))
		})
	}
}

func TestOnlyUsersAreAddedToAnEvent(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{AppID: "wxapp"})
	e.Handle("echo", echo)
	for source, want := range map[string]string{
		SourceClient: `{"userInfo":{"appId":"wxapp","openId":"oAlice"}}`, SourceDevTools: `{"userInfo":{"appId":"wxapp","openId":"oAlice"}}`,
		SourceHTTP: `{}`, SourceTrigger: `{}`, "wx_client,scf": `{}`,
	} {
		result, err := e.As("oAlice").Via(source).Invoke(t.Context(), "echo", nil)
		require.NoError(t, err)
		assert.Equal(t, want, string(result.JSON), source)
	}
	_, err := e.As("oAlice").Via(SourceHTTP).Invoke(t.Context(), "echo", []byte(`"`+strings.Repeat("x", 1<<20-2)+`"`))
	require.NoError(t, err, "and only theirs are bounded to 100 KB")
	_, err = e.As("oAlice").Via(SourceHTTP).Invoke(t.Context(), "echo", []byte(`"`+strings.Repeat("x", 6<<20)+`"`))
	assert.ErrorContains(t, err, "the event is too large: 6291458 bytes; at most 6144 KB")
}

// A source that the platform does not have is a slip of the test, and never taken for one that it has.
func TestUnknownSource(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("echo", echo)
	e.HandleHTTP("web", http.NotFoundHandler())
	for source, name := range map[string]string{"wx_clinet": "wx_clinet", "wx_client,scff": "scff", "wx_client,": "", "": ""} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			_, err := e.As("oAlice").Via(source).Invoke(t.Context(), "echo", nil)
			assert.ErrorIs(t, err, openapi.CodeInvalidParam)
			assert.ErrorContains(t, err, fmt.Sprintf("Via: there is no source %q; there are: wx_client, wx_devtools, wx_http, wx_trigger, ", name))
			resp, err := (&http.Client{Transport: e.As("oAlice").Via(source)}).Get("http://web/")
			if source == "" {
				require.NoError(t, err, "a request from outside of WeChat has none")
				resp.Body.Close()
			} else {
				assert.ErrorContains(t, err, fmt.Sprintf("Via: there is no source %q", name))
			}
		})
	}
}

func TestAHandlerCannotReachTheCallersEvent(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", bytesHandler(func(_ context.Context, event []byte) ([]byte, error) {
		clear(event)
		return nil, nil
	}))
	event := []byte("[1, 2]")
	_, err := e.As("oAlice").Invoke(t.Context(), "f", event)
	require.NoError(t, err)
	assert.Equal(t, "[1, 2]", string(event))
}

func TestAResultThatDoesNotFitSaysSo(t *testing.T) {
	t.Parallel()
	r := &Result{JSON: json.RawMessage(`{"a": "x"}`)}
	var v struct{ A int }
	assert.ErrorContains(t, r.Decode(&v), `the result does not fit *struct { A int }: json: cannot unmarshal string`)
	require.NoError(t, r.Decode(&map[string]string{}))
}

func TestACodeIsScanned(t *testing.T) {
	t.Parallel()
	e, other := newEmulator(t, Config{}), newEmulator(t, Config{})
	_, err := e.Scan("wxfn://code/AAAAAAAAAAAAAAAA")
	assert.ErrorIs(t, err, ErrUnknownCode)
	_, err = other.Scan("")
	assert.ErrorIs(t, err, ErrUnknownCode)
}
