package cloudfn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// startCustom runs h in a custom runtime, and returns once it is ready for events.
// change, where there is one, has the last word on its process.
func startCustom(t testing.TB, on *platform, change func(*process), h Handler, opts ...Option) *function {
	t.Helper()
	f := &function{stderr: &buffer{}}
	p := fakeProcess(f.stderr, map[string]string{wxcloud.VarRuntimeAPI: on.host, wxcloud.VarRuntimeAPIPort: on.port, "SCF_FUNCTIONNAME": "code"})
	if change != nil {
		change(&p)
	}
	f.run(t, p, events(h, opts...))
	require.Equal(t, pathReady, (<-on.posts).path)
	return f
}

func TestAnEventIsWhatTheRuntimeAPISays(t *testing.T) {
	t.Parallel()
	process := process{environ: func() []string {
		return []string{"SCF_FUNCTIONNAME=code", "TCB_ENV=env-1", "EMPTY=", "A=b=c"}
	}}
	limits := http.Header{"Request_id": {"r-1"}, "Memory_limit_in_mb": {"256"}, "Time_limit_in_ms": {"3000"}}
	enveloped := http.Header{"Request_id": {"r-1"}, "Content-Type": {envelopeType + "; charset=utf-8"}}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		event  string
		want   Invocation
		vars   map[string]string
	}{
		"bare": {limits, `{"a":1}`, `{"a":1}`,
			Invocation{RequestID: "r-1", Function: "code", MemoryLimitMB: 256, Env: "env-1"},
			map[string]string{"TCB_ENV": "env-1", "EMPTY": "", "A": "b=c"}},
		"bare, of no known limits": {http.Header{"Content-Type": {"application/json"}}, `{"event":"{}","environ":{"WX_OPENID":"o"}}`,
			`{"event":"{}","environ":{"WX_OPENID":"o"}}`, Invocation{Function: "code", Env: "env-1"}, nil},
		"in an envelope": {enveloped, `{"event":"{\"a\":1}","environ":{"WX_OPENID":"o","TCB_ENV":"env-2"},"context":{"function_name":"qr","request_id":"r-1"}}`,
			`{"a":1}`, Invocation{RequestID: "r-1", Function: "qr", OpenID: "o", Env: "env-2"},
			map[string]string{"WX_OPENID": "o", "A": ""}},
		"in an envelope, without a sender": {enveloped, `{"event":"1"}`, `1`, Invocation{RequestID: "r-1"}, map[string]string{"TCB_ENV": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv, event, err := (&app{process: process}).readEvent(c.header, []byte(c.body))
			require.NoError(t, err)
			assert.Equal(t, c.event, string(event))
			for key, value := range c.vars {
				assert.Equal(t, value, inv.Getenv(key), key)
			}
			inv.getenv = nil
			assert.Equal(t, &c.want, inv)
		})
	}
	_, _, err := new(app).readEvent(enveloped, []byte(`{"environ":{"SECRET":1}}`))
	assert.ErrorContains(t, err, "an event of type "+envelopeType+": json: cannot unmarshal number")
}

func TestWhatAHandlerDoesIsPosted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do         func() ([]byte, error)
		path, body string // the body's pattern
		end        error
	}{
		"a result":  {func() ([]byte, error) { return []byte(`{"a":"<"}`), nil }, pathResponse, `^{"a":"<"}$`, nil},
		"no result": {func() ([]byte, error) { return nil, nil }, pathResponse, `^$`, nil},
		"an error":  {func() ([]byte, error) { return nil, errors.New(`"a" < b`) }, pathError, `^{"message":"\\"a\\" < b"}$`, nil},
		"Goexit":    {func() ([]byte, error) { runtime.Goexit(); return nil, nil }, pathError, `^{"message":"cloudfn: the handler ended its goroutine .*"}$`, nil},
		"a panic": {new(shop).panics, pathError,
			`^{"message":"sold out","stack":"\(\*shop\)\.panics \(github\.com/wxcloud-go/wxfn/cloudfn/runtime_custom_test\.go:\d+\)(\\n\S+ \(\S+:\d+\))+"}$`, errPanicked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, nil)
			a := &app{process: fakeProcess(&buffer{}, nil), handler: handlerFunc(func(context.Context, []byte) ([]byte, error) { return c.do() })}
			assert.Equal(t, c.end, a.invokeCustom(t.Context(), p.api(t), nil, nil))
			got := <-p.posts
			assert.Equal(t, c.path, got.path)
			assert.Regexp(t, c.body, got.body)
		})
	}
}

func (s *shop) panics() ([]byte, error) { panic("sold out") }

func TestAnAnswerThatIsRefused(t *testing.T) {
	t.Parallel()
	refuse := status(413, "6 MB are allowed")
	t.Run("is an error for the caller", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, map[string]http.HandlerFunc{pathResponse: refuse})
		stderr := &buffer{}
		a := &app{process: fakeProcess(stderr, nil), handler: Func(same[any])}
		require.NoError(t, a.invokeCustom(t.Context(), p.api(t), nil, []byte("12345")))
		assert.Equal(t, pathResponse, (<-p.posts).path)
		say := "the platform refuses the result, of 5 bytes: POST " + p.URL + "/runtime/invocation/response: 413 Request Entity Too Large: 6 MB are allowed"
		assert.Equal(t, post{pathError, `{"message":"` + say + `"}`}, <-p.posts)
		assert.Equal(t, "cloudfn: "+say+"\n", stderr.String())
	})
	t.Run("unless that is refused too", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, map[string]http.HandlerFunc{pathResponse: refuse, pathError: status(409, "too late")})
		a := &app{process: fakeProcess(&buffer{}, nil), handler: Func(same[any])}
		assert.EqualError(t, a.invokeCustom(t.Context(), p.api(t), nil, nil),
			"POST "+p.URL+"/runtime/invocation/error: 409 Conflict: too late")
	})
	t.Run("by silence, is not given again", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, map[string]http.HandlerFunc{pathResponse: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }})
		a := &app{process: fakeProcess(&buffer{}, nil), handler: Func(same[any])}
		assert.ErrorContains(t, a.invokeCustom(t.Context(), p.api(t), nil, nil), "EOF")
		assert.Equal(t, pathResponse, (<-p.posts).path)
		assert.Empty(t, p.posts)
	})
}

func TestAFetchedEventHasItsTime(t *testing.T) {
	t.Parallel()
	for limit, hours := range map[string]float64{"3600000": 1, "": 0, "x": 0, "-1": 0} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, nil)
			var inside context.Context
			a := &app{process: fakeProcess(&buffer{}, nil), handler: handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
				inside = ctx
				assert.NoError(t, ctx.Err())
				end, bounded := ctx.Deadline()
				assert.Equal(t, hours > 0, bounded)
				if bounded {
					assert.InDelta(t, hours, time.Until(end).Hours(), 0.1)
				}
				return nil, nil
			})}
			require.NoError(t, a.invokeCustom(t.Context(), p.api(t), http.Header{"Time_limit_in_ms": {limit}}, nil))
			assert.Equal(t, context.Canceled, inside.Err(), "and no longer than the invocation")
		})
	}
}

func TestEventsAreFetchedOneAfterAnother(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, nil)
	var running sync.Mutex
	startCustom(t, p, nil, Func(func(ctx context.Context, n int) (string, error) {
		assert.True(t, running.TryLock())
		defer running.Unlock()
		inv, _ := FromContext(ctx)
		switch n {
		case 1:
			return "", errors.New("one")
		case 2:
			runtime.Goexit()
		}
		return fmt.Sprint(inv.RequestID, inv.Function, inv.MemoryLimitMB), nil
	}))
	assert.Equal(t, post{pathResponse, `"r-0code128"`}, p.call("0", "request_id", "r-0", "MEMORY_LIMIT_IN_MB", "128"))
	assert.Equal(t, post{pathError, `{"message":"one"}`}, p.call("1"))
	assert.Equal(t, post{pathError, `{"message":"` + errGoexit.Error() + `"}`}, p.call("2"))
	assert.Equal(t, post{pathResponse, `"r-3code256"`}, p.call("3", "Request_Id", "r-3", "Memory_Limit_In_Mb", "256"))
}

func TestAFunctionOfACustomRuntimeEndsWhenItCannotGoOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		instead map[string]http.HandlerFunc
		then    func(*platform)
		say     string // a pattern for its last line
	}{
		"it must not be ready": {map[string]http.HandlerFunc{pathReady: status(500, "no")}, nil,
			`POST \S+/runtime/init/ready: 500 Internal Server Error: no`},
		"there is no next event": {nil, func(p *platform) { p.events <- status(404, "") },
			`GET \S+/runtime/invocation/next: 404 Not Found`},
		"the runtime API goes away": {nil, func(p *platform) {
			p.events <- func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		},
			`GET \S+/runtime/invocation/next: (unexpected )?EOF`},
		"its answer is refused": {map[string]http.HandlerFunc{pathError: status(400, "")}, func(p *platform) { p.call(`"x"`) },
			`POST \S+/runtime/invocation/error: 400 Bad Request`},
		"an event is none": {nil, func(p *platform) { p.events <- bare("[]", "Content-Type", envelopeType) },
			`an event of type \S+: json: cannot unmarshal array into Go value of type .*`},
		"the handler panics": {nil, func(p *platform) { p.call("0") }, errPanicked.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, c.instead)
			f := startCustom(t, p, nil, Func(func(_ context.Context, n int) (int, error) { return 1 / n, nil }),
				OnShutdown(func(context.Context) { t.Error("nobody has stopped it") }))
			if c.then != nil {
				c.then(p)
			}
			assert.Equal(t, 1, <-f.code)
			assert.Regexp(t, `(^|\n)cloudfn: `+c.say+`\n$`, f.stderr.String())
		})
	}
}

func TestAFunctionThatWaitsForAnEventStopsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, nil)
	hooked := false
	f := startCustom(t, p, nil, Func(same[any]), OnShutdown(func(context.Context) { hooked = true }))
	p.events <- func(_ http.ResponseWriter, r *http.Request) {
		f.stop()
		<-r.Context().Done()
	}
	assert.Equal(t, 0, <-f.code)
	assert.True(t, hooked)
	assert.Empty(t, f.stderr.String())
}

func TestAFunctionThatHasAnEventAnswersItFirst(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, nil)
	var f *function
	var steps []string
	f = startCustom(t, p, nil, Func(func(ctx context.Context, _ any) (string, error) {
		f.stop()
		steps = append(steps, "invocation")
		return "done", ctx.Err()
	}), OnShutdown(func(context.Context) { steps = append(steps, (<-p.posts).body, "hook") }))
	p.events <- bare("")
	assert.Equal(t, 0, <-f.code)
	assert.Equal(t, []string{"invocation", `"done"`, "hook"}, steps)
	assert.Empty(t, f.stderr.String())
}

func TestAFunctionOfACustomRuntimeDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, nil)
	var f *function
	ended := make(chan struct{})
	f = startCustom(t, p, func(p *process) { p.drainTime = time.Nanosecond },
		Func(func(ctx context.Context, _ any) (any, error) {
			defer close(ended)
			f.stop()
			<-ctx.Done()
			return nil, nil
		}))
	p.events <- bare("")
	assert.Equal(t, 0, <-f.code)
	assert.Equal(t, "cloudfn: stopping, though invocations still run 1ns after the signal\n", f.stderr.String())
	<-ended // its context has
}

func TestAPortToListenOnComesBeforeARuntimeAPI(t *testing.T) {
	t.Parallel()
	f := start(t, map[string]string{wxcloud.VarGo1Port: "9000", wxcloud.VarRuntimeAPI: "127.0.0.1", wxcloud.VarRuntimeAPIPort: "9001"}, func(p *process) {
		p.dial = func(context.Context, string, string) (net.Conn, error) {
			t.Error("it was not to")
			return nil, errors.New("no")
		}
	}, Func(same[any]))
	assert.NoError(t, f.client(t).Ping(t.Context()))
}
