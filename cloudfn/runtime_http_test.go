package cloudfn

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

var httpEnviron = map[string]string{wxcloud.VarPort: "9000", wxcloud.VarCloudRun: "env-1"}

// http returns a client of its own connections, which end with the test.
func (f *function) http(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get gets a path, and its answer whole.
func (f *function) get(t testing.TB, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+f.address+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := f.http(t).Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

// refusesConnections returns once the function takes no more connections.
func (f *function) refusesConnections() {
	for conn, err := net.Dial("tcp", f.address); err == nil; conn, err = net.Dial("tcp", f.address) {
		conn.Close()
	}
}

func TestRequestsAtOnceDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	const callers = 8
	var all sync.WaitGroup // each request waits for the others
	all.Add(callers)
	f := start(t, httpEnviron, nil, Func(func(ctx context.Context, event map[string]string) (string, error) {
		all.Done()
		all.Wait()
		inv, _ := FromContext(ctx)
		return inv.OpenID + inv.RequestID + event["n"], nil
	}))
	client := f.http(t)
	var calls sync.WaitGroup
	for n := range callers {
		calls.Go(func() {
			r := request("GET", "http://"+f.address+"/?n="+strconv.Itoa(n), "", "X-WX-SOURCE", "wx_client",
				"X-WX-OPENID", fmt.Sprint("o", n), "X-Request-Id", fmt.Sprint("r", n))
			r.RequestURI = ""
			resp, err := client.Do(r)
			if assert.NoError(t, err) {
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				assert.NoError(t, err)
				assert.Equal(t, fmt.Sprintf(`"o%dr%d%d"`, n, n, n), string(body))
			}
		})
	}
	calls.Wait()
}

func TestAStoppedServerEndsWhatRunsThenCallsItsHooks(t *testing.T) {
	t.Parallel()
	in, release := make(chan struct{}), make(chan struct{})
	var steps []string
	f := start(t, httpEnviron, nil, Func(func(ctx context.Context, _ any) (string, error) {
		close(in)
		<-release
		steps = append(steps, "invocation")
		return "done", ctx.Err()
	}), OnShutdown(func(context.Context) { steps = append(steps, "hook") }))
	answered := make(chan string, 1)
	go func() {
		_, body := f.get(t, "/")
		answered <- body
	}()
	<-in
	f.stop()
	f.refusesConnections()
	close(release)
	assert.Equal(t, `"done"`, <-answered)
	assert.Equal(t, 0, <-f.code)
	assert.Equal(t, []string{"invocation", "hook"}, steps)
	assert.Empty(t, f.stderr.String())
}

// An acceptor tells of each connection that it accepts.
type acceptor struct {
	net.Listener
	accepted chan struct{}
}

func (a acceptor) Accept() (net.Conn, error) {
	conn, err := a.Listener.Accept()
	if err == nil {
		a.accepted <- struct{}{}
	}
	return conn, err
}

func TestAStoppedServerAnswersWhatItHasAcceptedAndNotRead(t *testing.T) {
	t.Parallel()
	accepted := make(chan struct{}, 16)
	f := start(t, httpEnviron, func(p *process) {
		listen := p.listen
		p.listen = func(network, address string) (net.Listener, error) {
			l, err := listen(network, address)
			return acceptor{l, accepted}, err
		}
	}, Func(same[any]))
	answers := map[string]int{"/?a=1": http.StatusOK, "/_health": http.StatusServiceUnavailable}
	conns := map[string]net.Conn{}
	for path := range answers {
		conn, err := net.Dial("tcp", f.address)
		require.NoError(t, err)
		defer conn.Close()
		<-accepted
		conns[path] = conn
	}
	f.stop()
	f.refusesConnections()
	for path, status := range answers {
		io.WriteString(conns[path], "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conns[path]), nil)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, status, resp.StatusCode)
		assert.True(t, resp.Close, "and is the last of its connection")
	}
	assert.Equal(t, 0, <-f.code)
	assert.Empty(t, f.stderr.String())
}

func TestAStoppedServerDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	hooked, ended := false, make(chan error, 1)
	f := startWeb(t, httpEnviron, func(p *process) { p.drainTime = time.Nanosecond },
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "data: 1\n\n")
			assert.NoError(t, http.NewResponseController(w).Flush())
			<-r.Context().Done()
			ended <- context.Cause(r.Context())
		}), OnShutdown(func(context.Context) { hooked = true }))
	resp, err := f.http(t).Get("http://" + f.address)
	require.NoError(t, err)
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "data: 1\n", line, "a part of an answer arrives before the next is there")
	f.stop()
	assert.Equal(t, 0, <-f.code)
	assert.Equal(t, context.Canceled, <-ended)
	assert.True(t, hooked)
	assert.Equal(t, "cloudfn: stopping, though invocations still run 1ns after the signal\n", f.stderr.String())
}

func TestAConnectionThatIsTakenOverIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	f := startWeb(t, httpEnviron, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
		io.Copy(conn, rw)
	}))
	conn, err := net.Dial("tcp", f.address)
	require.NoError(t, err)
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	assert.Equal(t, 101, resp.StatusCode)
	io.WriteString(conn, "ping\n")
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "ping\n", line)
	f.stop()
	assert.Equal(t, 0, <-f.code)
	assert.Empty(t, f.stderr.String())
}

func TestAServerWhoseListenerFailsEnds(t *testing.T) {
	t.Parallel()
	f := start(t, httpEnviron, func(p *process) {
		listen := p.listen
		p.listen = func(network, address string) (net.Listener, error) {
			l, err := listen(network, address)
			l.Close()
			return l, err
		}
	}, Func(same[any]))
	assert.Equal(t, 1, <-f.code)
	assert.Regexp(t, "^cloudfn: accept .*\n$", f.stderr.String())
}

func TestThePathOfHealth(t *testing.T) {
	t.Parallel()
	own := http.NewServeMux()
	coded := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", "9")
		w.WriteHeader(http.StatusNotFound)
		w.WriteHeader(http.StatusOK)
		io.WriteString(w, "not found")
		w.(http.Flusher).Flush()
	})
	own.HandleFunc("GET /_health", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
		w.(http.Flusher).Flush()
	})
	for name, c := range map[string]struct {
		a      *app
		status int
	}{
		"is no event":                        {&app{handler: handlerFunc(func(context.Context, []byte) ([]byte, error) { panic("called") })}, 200},
		"is there beside a handler's own":    {&app{web: http.NewServeMux()}, 200},
		"is there beside one that says no":   {&app{web: coded}, 200},
		"is the handler's, where it has one": {&app{web: own}, http.StatusTeapot},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.a.process = fakeProcess(&buffer{}, httpEnviron)
			f := newFront(c.a, 0)
			for _, health := range []int{c.status, http.StatusServiceUnavailable} {
				w := httptest.NewRecorder()
				f.ServeHTTP(w, request("GET", "/_health", ""))
				assert.Equal(t, health, w.Code)
				if health == 200 {
					assert.Equal(t, "ok\n", w.Body.String())
					w.Header().Del("X-Request-Id")
					assert.Equal(t, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, w.Header())
				}
				f.stopping.Store(true)
			}
		})
	}
}

func TestAPanicOfAnHTTPHandlerBreaksItsAnswerOff(t *testing.T) {
	t.Parallel()
	f := startWeb(t, httpEnviron, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panics":
			panic("sold out")
		case "/aborts":
			panic(http.ErrAbortHandler)
		}
	}))
	client := f.http(t)
	for _, path := range []string{"/aborts", "/panics"} {
		assert.Empty(t, f.stderr.String())
		r := request("GET", "http://"+f.address+path, "", "X-Request-Id", "r-1")
		r.RequestURI = ""
		_, err := client.Do(r)
		assert.ErrorIs(t, err, io.EOF)
	}
	assert.Regexp(t, `^panic: sold out \[request_id r-1\]\n\ngoroutine `, f.stderr.String())
	resp, _ := f.get(t, "/")
	assert.Equal(t, 200, resp.StatusCode, "and the next is answered")
}

func TestAnEventEndsWhenItsCallerGoesAway(t *testing.T) {
	t.Parallel()
	in, ended := make(chan struct{}), make(chan error)
	f := start(t, httpEnviron, nil, Func(func(ctx context.Context, _ any) (any, error) {
		close(in)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, nil
	}))
	conn, err := net.Dial("tcp", f.address)
	require.NoError(t, err)
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	<-in
	conn.Close()
	assert.Equal(t, context.Canceled, <-ended)
}

func TestABodyIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	f := start(t, httpEnviron, func(p *process) { p.bodyTime = time.Millisecond }, Func(same[any]))
	conn, err := net.Dial("tcp", f.address)
	require.NoError(t, err)
	defer conn.Close()
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nX-Request-Id: r-1\r\nContent-Length: 9\r\n\r\n{")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, 408, resp.StatusCode)
	assert.Equal(t, `{"errCode":-501007,"errMsg":"the event did not arrive within 1ms","requestID":"r-1"}`, string(body))
}

func TestABodyThatEndsTooSoonIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t, httpEnviron, nil, Func(same[any]))
	conn, err := net.Dial("tcp", f.address)
	require.NoError(t, err)
	defer conn.Close()
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nX-Request-Id: r-1\r\nContent-Length: 9\r\n\r\n{}")
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, 400, resp.StatusCode)
	assert.Equal(t, `{"errCode":-501007,"errMsg":"the event did not arrive whole: unexpected EOF","requestID":"r-1"}`, string(body))
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t, httpEnviron, nil, Func(same[any]), MaxEventBytes(8))
	for _, head := range []string{"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n9\r\n\"1234567\"\r\n"} {
		conn, err := net.Dial("tcp", f.address)
		require.NoError(t, err)
		defer conn.Close()
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\n"+head)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 413, resp.StatusCode)
	}
}

func TestHeadIsAnsweredAsGetIs(t *testing.T) {
	t.Parallel()
	f := start(t, httpEnviron, nil, Func(same[any]))
	resp, err := f.http(t).Head("http://" + f.address + "/?a=1")
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, int64(len(`{"a":"1"}`)), resp.ContentLength)
}

func TestALineOfARequestHasItsID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var l *slog.Logger
	f := startWeb(t, httpEnviron, func(p *process) {
		p.setLog = func(wrap func(slog.Handler) slog.Handler) { l = slog.New(wrap(withoutTime(&out, slog.LevelInfo))) }
	}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.InfoContext(r.Context(), "with a context")
		l.Info("without one")
	}))
	f.get(t, "/", "X-Request-Id", "r-1")
	assert.Equal(t, `{"level":"INFO","msg":"with a context","request_id":"r-1"}`+"\n"+
		`{"level":"INFO","msg":"without one","request_id":"r-1"}`+"\n", out.String())
}

func TestHeadersThatAreTooLargeAreRefused(t *testing.T) {
	t.Parallel()
	f := start(t, httpEnviron, nil, Func(same[any]))
	resp, _ := f.get(t, "/", "Cookie", strings.Repeat("c", 2*maxHeaderBytes))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
}
