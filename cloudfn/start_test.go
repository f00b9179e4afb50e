package cloudfn

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// buffer is a stderr that many write to.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A function is a program that runs in a process of the test's making.
type function struct {
	asked   string // what it asked to listen on
	address string // what it got, a port of the test's own
	stderr  *buffer
	stop    func()   // the signal
	code    chan int // its exit code
}

// fakeProcess is a process with the given variables, in which the program may
// take its time to stop.
func fakeProcess(stderr *buffer, environ map[string]string) process {
	return process{
		getenv: func(key string) string { return environ[key] },
		environ: func() []string {
			var list []string
			for key, value := range environ {
				list = append(list, key+"="+value)
			}
			return list
		},
		listen: func(network, address string) (net.Listener, error) {
			return nil, errors.New("this test listens on nothing")
		},
		dial:      new(net.Dialer).DialContext,
		stderr:    stderr,
		setLog:    func(func(slog.Handler) slog.Handler) {},
		bodyTime:  time.Hour,
		drainTime: time.Hour,
		hookTime:  time.Hour,
	}
}

// run runs a program in p until the test ends.
func (f *function) run(t testing.TB, p process, program func(stop context.Context, p process) int) {
	stop, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	f.stop, f.code = cancel, make(chan int, 1)
	go func() {
		defer close(ended)
		f.code <- program(stop, p)
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

// events is the program of a handler of events.
func events(h Handler, opts ...Option) func(context.Context, process) int {
	return func(stop context.Context, p process) int { return run(stop, p, h, opts...) }
}

// start runs h in a process that listens. change, where there is one, has the last
// word on its process.
func start(t testing.TB, environ map[string]string, change func(*process), h Handler, opts ...Option) *function {
	t.Helper()
	return startProgram(t, environ, change, events(h, opts...))
}

// startWeb is start for a handler of requests.
func startWeb(t testing.TB, environ map[string]string, change func(*process), h http.Handler, opts ...Option) *function {
	t.Helper()
	return startProgram(t, environ, change, func(stop context.Context, p process) int { return runHTTP(stop, p, h, opts...) })
}

func startProgram(t testing.TB, environ map[string]string, change func(*process), program func(context.Context, process) int) *function {
	t.Helper()
	f := &function{stderr: &buffer{}}
	p := fakeProcess(f.stderr, environ)
	listening := make(chan struct{})
	p.listen = func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, "127.0.0.1:0")
		if err == nil {
			f.asked, f.address = address, l.Addr().String()
		}
		close(listening)
		return l, err
	}
	if change != nil {
		change(&p)
	}
	f.run(t, p, program)
	<-listening
	return f
}

func (f *function) client(t testing.TB) *go1.Client {
	t.Helper()
	conn, err := net.Dial("tcp", f.address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return go1.NewClient(conn, 1<<20)
}

var go1Environ = map[string]string{wxcloud.VarGo1Port: "9000"}

func TestAFunctionListensWhereItsCallerIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ map[string]string
		asks    string
	}{
		"everywhere in production":       {map[string]string{wxcloud.VarGo1Port: "28902"}, ":28902"},
		"on loopback under the emulator": {map[string]string{wxcloud.VarGo1Port: "28902", wxcloud.VarEmulatorURL: "http://127.0.0.1:7911"}, "127.0.0.1:28902"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, c.environ, nil, Func(same[any]))
			assert.Equal(t, c.asks, f.asked)
			assert.NoError(t, f.client(t).Ping(t.Context()))
		})
	}
}

func TestAFunctionThatCannotServeSaysWhyInOneLine(t *testing.T) {
	t.Parallel()
	badPort := func(port string) string {
		return "cloudfn: _LAMBDA_SERVER_PORT is " + port + ": it must be a port number, 1 to 65535\n"
	}
	for name, c := range map[string]struct {
		h       Handler
		environ map[string]string
		code    int
		say     string
	}{
		"no function":         {Func[any, any](nil), go1Environ, 1, errNoHandler.Error() + "\n"},
		"no handler":          {nil, go1Environ, 1, errNoHandler.Error() + "\n"},
		"a port of no number": {Func(same[any]), map[string]string{wxcloud.VarGo1Port: "http"}, 1, badPort(`"http"`)},
		"port 0":              {Func(same[any]), map[string]string{wxcloud.VarGo1Port: "0"}, 1, badPort(`"0"`)},
		"port 65536":          {Func(same[any]), map[string]string{wxcloud.VarGo1Port: "65536"}, 1, badPort(`"65536"`)},
		"a port in use":       {Func(same[any]), go1Environ, 1, "cloudfn: this test listens on nothing: set _LAMBDA_SERVER_PORT to a port that is free, and open to this user\n"},
		"a host of no port":   {Func(same[any]), map[string]string{wxcloud.VarRuntimeAPI: "127.0.0.1"}, 1, strings.Replace(badPort(`""`), wxcloud.VarGo1Port, wxcloud.VarRuntimeAPIPort, 1)},
		"started by hand":     {Func(same[any]), nil, 2, byHand},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr buffer
			code := run(t.Context(), fakeProcess(&stderr, c.environ), c.h, OnShutdown(func(context.Context) { t.Error("it never ran") }))
			assert.Equal(t, c.code, code)
			assert.Equal(t, c.say, stderr.String())
		})
	}
}

func TestAListenerThatFailsEndsTheFunction(t *testing.T) {
	t.Parallel()
	f := start(t, go1Environ, func(p *process) {
		listen := p.listen
		p.listen = func(network, address string) (net.Listener, error) {
			l, err := listen(network, address)
			l.Close()
			return l, err
		}
	}, Func(same[any]))
	assert.Equal(t, 1, <-f.code)
	assert.Regexp(t, "^cloudfn: go1: accept .*\n$", f.stderr.String())
}

func TestAStoppedFunctionEndsWhatRunsThenCallsItsHooks(t *testing.T) {
	t.Parallel()
	in, release := make(chan struct{}), make(chan struct{})
	var steps []string
	step := func(s string) Option {
		return OnShutdown(func(ctx context.Context) {
			assert.NoError(t, ctx.Err())
			_, bounded := ctx.Deadline()
			assert.True(t, bounded)
			steps = append(steps, s)
		})
	}
	f := start(t, go1Environ, nil, Func(func(ctx context.Context, _ any) (string, error) {
		close(in)
		<-release
		steps = append(steps, "invocation")
		return "done", ctx.Err()
	}), step("first hook"), OnShutdown(func(context.Context) { panic("flush failed") }), step("last hook"))
	c := f.client(t)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		resp, err := c.Invoke(context.Background(), &go1.InvokeRequest{})
		if assert.NoError(t, err) {
			assert.Equal(t, &go1.InvokeResponse{Payload: []byte(`"done"`)}, resp)
		}
	}()
	<-in
	f.stop()
	for conn, err := net.Dial("tcp", f.address); err == nil; conn, err = net.Dial("tcp", f.address) {
		conn.Close() // until it takes no more connections
	}
	close(release)
	<-answered
	assert.Equal(t, 0, <-f.code)
	assert.Equal(t, []string{"invocation", "first hook", "last hook"}, steps)
	assert.Contains(t, f.stderr.String(), "panic: flush failed\n")
}

func TestAStoppedFunctionDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	in, hooked := make(chan struct{}), false
	f := start(t, go1Environ, func(p *process) { p.drainTime = time.Nanosecond },
		Func(func(ctx context.Context, _ any) (any, error) {
			close(in)
			<-t.Context().Done()
			return nil, nil
		}), OnShutdown(func(context.Context) { hooked = true }))
	c := f.client(t)
	var call sync.WaitGroup
	call.Go(func() {
		_, err := c.Invoke(context.Background(), &go1.InvokeRequest{})
		assert.Error(t, err)
	})
	<-in
	f.stop()
	assert.Equal(t, 0, <-f.code)
	call.Wait()
	assert.True(t, hooked)
	assert.Equal(t, "cloudfn: stopping, though invocations still run 1ns after the signal\n", f.stderr.String())
}

func TestStartGivesTheProgramsLogTheRequestID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var l *slog.Logger
	f := start(t, go1Environ, func(p *process) {
		p.setLog = func(wrap func(slog.Handler) slog.Handler) {
			l = slog.New(wrap(withoutTime(&out, slog.LevelInfo)))
		}
	}, Func(func(context.Context, any) (any, error) {
		l.Info("without a context")
		return nil, nil
	}))
	resp, err := f.client(t).Invoke(t.Context(), &go1.InvokeRequest{RequestId: "r-1"})
	require.NoError(t, err)
	assert.Nil(t, resp.Error)
	assert.Equal(t, `{"level":"INFO","msg":"without a context","request_id":"r-1"}`+"\n", out.String())
}
