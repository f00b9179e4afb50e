package cloudfn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A platform is a runtime API: it gives out events and records what comes back.
type platform struct {
	*httptest.Server
	host, port string
	events     chan http.HandlerFunc // each answers one request for an event
	posts      chan post             // all that was posted
}

type post struct{ path, body string }

// newPlatform returns a platform that lasts until the test ends. A path in instead
// is served by that, once it is recorded.
func newPlatform(t testing.TB, instead map[string]http.HandlerFunc) *platform {
	t.Helper()
	p := &platform{events: make(chan http.HandlerFunc), posts: make(chan post, 16)}
	routes := http.NewServeMux()
	routes.HandleFunc("GET "+pathNext, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, envelopeType, r.Header.Get("Accept"))
		select {
		case give := <-p.events:
			give(w, r)
		case <-r.Context().Done():
		}
	})
	for _, path := range []string{pathReady, pathResponse, pathError} {
		routes.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			if serve := instead[path]; serve != nil {
				p.posts <- post{path, "?"}
				serve(w, r)
				return
			}
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			p.posts <- post{path, string(body)}
		})
	}
	p.Server = httptest.NewServer(routes)
	t.Cleanup(p.Close)
	var err error
	p.host, p.port, err = net.SplitHostPort(p.Listener.Addr().String())
	require.NoError(t, err)
	return p
}

// api returns a function's end of the connection.
func (p *platform) api(t testing.TB) *runtimeAPI {
	c := &runtimeAPI{dial: new(net.Dialer).DialContext, address: p.Listener.Addr().String()}
	t.Cleanup(c.close)
	return c
}

// call gives out an event and returns what is posted next.
func (p *platform) call(event string, header ...string) post {
	p.events <- bare(event, header...)
	return <-p.posts
}

// bare gives out an event as the platform does. header is names and values, which go
// out as they are spelt.
func bare(event string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header()[header[i]] = header[i+1 : i+2]
		}
		io.WriteString(w, event)
	}
}

func status(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
}

func TestAConnectionIsUsedAgainUnlessItHasRested(t *testing.T) {
	t.Parallel()
	remotes := make(chan string, 1)
	p := newPlatform(t, map[string]http.HandlerFunc{
		pathReady: func(_ http.ResponseWriter, r *http.Request) { remotes <- r.RemoteAddr },
		pathError: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			remotes <- r.RemoteAddr
		},
	})
	c := p.api(t)
	ask := func(path string) string {
		require.NoError(t, c.post(t.Context(), path, nil))
		return <-remotes
	}
	first := ask(pathReady)
	assert.Equal(t, first, ask(pathReady))
	c.used = time.Now().Add(-2 * maxIdle)
	second := ask(pathReady)
	assert.NotEqual(t, first, second)
	assert.Equal(t, second, ask(pathError))
	assert.NotEqual(t, second, ask(pathReady), "the other end has said that it closes it")
}

func TestAnAnswerOtherThan200IsOneLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code      int
		text, say string
	}{
		"with a reason":         {409, "no invocation\n is running\n", "409 Conflict: no invocation is running"},
		"without one":           {503, "", "503 Service Unavailable"},
		"with a lengthy one":    {400, strings.Repeat("x", 1000), "400 Bad Request: " + strings.Repeat("x", 200)},
		"of success, of a sort": {202, "later", "202 Accepted: later"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, map[string]http.HandlerFunc{pathReady: status(c.code, c.text)})
			api := p.api(t)
			err := api.post(t.Context(), pathReady, nil)
			assert.EqualError(t, err, "POST "+p.URL+"/runtime/init/ready: "+c.say)
			assert.NotNil(t, api.conn, "an answer nevertheless")
		})
	}
}

// The platform need not read all of what it refuses.
func TestARefusalHalfwayIsHeard(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, map[string]http.HandlerFunc{pathResponse: status(413, "too large")})
	err := p.api(t).post(t.Context(), pathResponse, make([]byte, 64<<20))
	var refused *statusError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "413 Request Entity Too Large: too large", refused.Error())
}

func TestAnAnswerMayBeOfAnyLength(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, nil)
	c := p.api(t)
	large := bytes.Repeat([]byte("0123456789"), 1<<17)
	go func() {
		p.events <- bare("", "Request_Id", "r-1")
		p.events <- func(w http.ResponseWriter, _ *http.Request) {
			for chunk := range slices.Chunk(large, 10_000) {
				w.Write(chunk)
				w.(http.Flusher).Flush()
			}
		}
	}()
	header, body, err := c.next(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "r-1", header.Get("Request_Id"))
	assert.Empty(t, body)
	_, body, err = c.next(t.Context())
	require.NoError(t, err)
	assert.True(t, bytes.Equal(large, body))
	require.NoError(t, c.post(t.Context(), pathResponse, large))
	assert.True(t, (<-p.posts).body == string(large))
}

func TestAWaitIsCutShort(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, nil)
	c := p.api(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		p.events <- func(_ http.ResponseWriter, r *http.Request) {
			cancel() // once the function waits
			<-r.Context().Done()
		}
	}()
	_, _, err := c.next(ctx)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, c.conn)

	require.NoError(t, c.post(t.Context(), pathReady, nil), "with another connection")
	<-p.posts
	assert.ErrorIs(t, c.post(ctx, pathReady, nil), context.Canceled)
	assert.Empty(t, p.posts, "nothing is sent when it is too late")
}

func TestARuntimeAPIThatIsGoneIsAnErrorAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*platform, *runtimeAPI)
		say    string // a pattern, after the request's name
	}{
		"nothing listens": {func(_ *platform, c *runtimeAPI) {
			c.dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
		}, "connection refused"},
		"it hangs up": {func(p *platform, _ *runtimeAPI) {
			go func() { p.events <- func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) } }()
		}, "(unexpected )?EOF"},
		"it hangs up within an event": {func(p *platform, _ *runtimeAPI) {
			go func() {
				p.events <- func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", "10")
					io.WriteString(w, "12345")
				}
			}()
		}, "unexpected EOF"},
		"no HTTP": {func(_ *platform, c *runtimeAPI) {
			c.dial = func(context.Context, string, string) (net.Conn, error) {
				here, there := net.Pipe()
				go io.Copy(io.Discard, there)
				go io.WriteString(there, "SSH-2.0-x\r\n")
				return here, nil
			}
		}, `malformed HTTP response "SSH-2.0-x"`},
		"no host": {func(_ *platform, c *runtimeAPI) { c.address = "a b:1" }, "parse .*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, nil)
			api := p.api(t)
			c.change(p, api)
			_, _, err := api.next(t.Context())
			require.Error(t, err)
			assert.Regexp(t, "^GET http://"+api.address+"/runtime/invocation/next: "+c.say+"$", err.Error())
			assert.Nil(t, api.conn)
		})
	}
}
