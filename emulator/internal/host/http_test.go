package host

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// newHTTP returns a function that runs a web server, and a server in front of it.
func newHTTP(t testing.TB, p Program, timeout time.Duration, max int) (*Function, *httptest.Server, <-chan error) {
	return serveHTTP(t, &HTTP{Name: "web", Program: p}, timeout, max)
}

func serveHTTP(t testing.TB, r *HTTP, timeout time.Duration, max int) (*Function, *httptest.Server, <-chan error) {
	f := New(r.Name, r, timeout, 0, max)
	errs := make(chan error, 100)
	server := httptest.NewServer(&front{f, errs})
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	t.Cleanup(f.Close)
	return f, server, errs
}

// get returns the text of an answer.
func get(t testing.TB, url string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func TestAWebServerGetsTheRequestAsItIs(t *testing.T) {
	t.Parallel()
	_, server, errs := newHTTP(t, program(t, "web"), time.Minute, 1)
	r, err := http.NewRequest(http.MethodPut, server.URL+"/a%2Fb/c?x=%20&&y=100%&a;b", strings.NewReader("body"))
	require.NoError(t, err)
	r.Host, r.Header = "example.com", http.Header{"X-Echo": {"echo"}, "User-Agent": {"test"}, "Connection": {"X-Hop"}, "X-Hop": {"1"}, "X-Forwarded-For": {"1.2.3.4"}}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, resp.StatusCode)
	assert.Equal(t, "PUT /a%2Fb/c?x=%20&&y=100%&a;b body", string(body))
	assert.Equal(t, []string{"echo", "example.com", "test", "1.2.3.4, 127.0.0.1"},
		[]string{resp.Header.Get("X-Echo"), resp.Header.Get("X-Host"), resp.Header.Get("X-Agent"), resp.Header.Get("X-Forwarded")})
	assert.NoError(t, <-errs)
}

func TestPiecesAreOnTheirWayAtOnceInBothDirections(t *testing.T) {
	t.Parallel()
	_, server, errs := newHTTP(t, program(t, "web"), time.Minute, 1)
	body, send := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/pieces", body)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	events := bufio.NewScanner(resp.Body)
	for _, line := range []string{"one", "two", "three"} { // each is sent when the one before has come back
		_, err := fmt.Fprintln(send, line)
		require.NoError(t, err)
		require.True(t, events.Scan())
		assert.Equal(t, "data: "+line, events.Text())
		require.True(t, events.Scan())
	}
	require.NoError(t, send.Close())
	assert.False(t, events.Scan())
	assert.NoError(t, events.Err())
	assert.Equal(t, "3", resp.Trailer.Get("X-Lines"))
	assert.NoError(t, <-errs)
}

// upgrade opens a connection that is no HTTP any more.
func upgrade(t *testing.T, server *httptest.Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	require.Equal(t, "websocket", resp.Header.Get("Upgrade"))
	return conn, in
}

func TestAnUpgradedConnectionIsPassedThrough(t *testing.T) {
	t.Parallel()
	_, server, errs := newHTTP(t, program(t, "web"), time.Minute, 1)
	conn, in := upgrade(t, server)
	for range 3 {
		fmt.Fprintln(conn, "hello")
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "HELLO\n", line)
	}
	require.NoError(t, conn.Close())
	assert.NoError(t, <-errs)
}

func TestStreamsEndWithTheFunction(t *testing.T) {
	t.Parallel()
	f, server, errs := newHTTP(t, program(t, "web"), time.Minute, 2)
	_, in := upgrade(t, server)
	resp, err := http.Get(server.URL + "/stay?file=" + filepath.Join(t.TempDir(), "left"))
	require.NoError(t, err)
	defer resp.Body.Close()
	f.Close()
	_, err = in.ReadByte()
	assert.Error(t, err)
	_, err = io.ReadAll(resp.Body)
	assert.Error(t, err, "it is cut")
	assert.ErrorIs(t, <-errs, errStopped)
	assert.ErrorIs(t, <-errs, errStopped)
}

func TestAStreamEndsWithItsTime(t *testing.T) {
	t.Parallel()
	f, server, errs := newHTTP(t, program(t, "web"), 500*time.Millisecond, 1)
	resp, err := http.Get(server.URL + "/stay?file=" + filepath.Join(t.TempDir(), "left"))
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	assert.Error(t, err)
	assert.Equal(t, "staying\n", string(text))
	assert.Equal(t, &Failure{Code: wxcloud.FunctionTimeout, Message: "Invoking task timed out after 0.5 seconds"}, <-errs)
	f.Timeout = time.Minute
	status, _ := get(t, server.URL+"/pid")
	assert.Equal(t, http.StatusOK, status, "another instance")
}

func TestTheProgramLearnsThatTheCallerHasGone(t *testing.T) {
	t.Parallel()
	_, server, errs := newHTTP(t, program(t, "web"), time.Minute, 1)
	ctx, leave := context.WithCancel(t.Context())
	left := filepath.Join(t.TempDir(), "left")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/stay?file="+left, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	leave()
	assert.ErrorIs(t, <-errs, ErrCallerGone)
	eventually(t, "the program knows", func() bool { _, err := os.Stat(left); return err == nil })
}

func TestRequestsShareAnInstanceOrHaveOneEach(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		share, max int
		same       bool
	}{
		"several at once": {Unbounded, 1, true},
		"one at a time":   {1, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, server, _ := newHTTP(t, program(t, "web"), time.Minute, c.max)
			f.Share(c.share)
			path := "/meet" // where one waits for the other
			if !c.same {
				path = "/stay?file=" + filepath.Join(t.TempDir(), "left")
				resp, err := http.Get(server.URL + path)
				require.NoError(t, err)
				defer resp.Body.Close()
				status, _ := get(t, server.URL+"/pid")
				assert.Equal(t, http.StatusOK, status)
				f.mu.Lock()
				defer f.mu.Unlock()
				assert.Len(t, f.slots, 2)
				return
			}
			pids := make(chan string, 2)
			for range 2 {
				go func() {
					resp, err := http.Get(server.URL + path)
					if !assert.NoError(t, err) {
						pids <- ""
						return
					}
					defer resp.Body.Close()
					pid, _ := io.ReadAll(resp.Body)
					pids <- string(pid)
				}()
			}
			assert.Equal(t, <-pids, <-pids)
		})
	}
}

func TestAnAnswerThatIsNotWholeIsExplained(t *testing.T) {
	t.Parallel()
	for path, c := range map[string]struct{ begins, want string }{
		"/exit":       {"", "the function exited with code 3 before its answer was complete"},
		"/exit-later": {"half ", "the function exited with code 3 before its answer was complete"},
		"/break":      {"half ", "the function broke off its answer: the answer is not complete"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			_, server, errs := newHTTP(t, program(t, "web"), time.Minute, 1)
			resp, err := http.Get(server.URL + path)
			require.NoError(t, err)
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if c.begins == "" {
				assert.Equal(t, c.want+"\n", string(text))
			} else {
				assert.Error(t, err, "the caller sees a broken connection")
				assert.Equal(t, c.begins, string(text))
			}
			assert.EqualError(t, <-errs, c.want)
			status, _ := get(t, server.URL+"/pid")
			assert.Equal(t, http.StatusOK, status, "the next request is answered")
		})
	}
}

func TestAProgramThatExitsBetweenRequestsLosesNone(t *testing.T) {
	t.Parallel()
	f, server, _ := newHTTP(t, program(t, "web"), time.Minute, 1)
	seen := map[string]bool{}
	for range 5 {
		status, pid := get(t, server.URL+"/bye")
		require.Equal(t, http.StatusOK, status, pid)
		f.mu.Lock()
		for s := range f.slots {
			<-s.instance.Done()
		}
		f.mu.Unlock()
		seen[pid] = true
	}
	assert.Len(t, seen, 5)
}

func TestAProgramThatDoesNotListenIsExplained(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"exits":         "the function exited with code 4 before it listened on $PORT",
		"never listens": "within 0.1 seconds",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := program(t, name)
			if name == "never listens" {
				p.StartTimeout = 100 * time.Millisecond
			}
			f, server, _ := newHTTP(t, p, 0, 1)
			status, text := get(t, server.URL)
			assert.Equal(t, http.StatusBadGateway, status)
			assert.Contains(t, text, want)
			assert.Empty(t, f.slots)
		})
	}
}

func TestAScriptWithoutItsProgramSaysSo(t *testing.T) {
	t.Parallel()
	onUnix(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "scf_bootstrap")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\nexport PORT=9000\n./main\n"), 0o755))
	f := New("web", &HTTP{Name: "web", Program: Script(script, dir)}, 0, 0, 1)
	defer f.Close()
	rec := newRecord()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	_, err := f.Invoke(t.Context(), &Call{Record: rec, Request: r, Answer: httptest.NewRecorder()})
	assert.EqualError(t, err, "the function exited with code 127 before it listened on $PORT")
	assert.Contains(t, strings.Join(printed(rec, "stderr"), "\n"), "./main")
}

func TestAScriptFindsTheCloudsProgramsHere(t *testing.T) {
	t.Parallel()
	onUnix(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "scf_bootstrap")
	for name, c := range map[string]struct{ text, want string }{
		"a program of the cloud":     {"#!/bin/sh\n/var/lang/sh9/bin/sh -c 'echo $0' $0\n", "sh -c 'echo $0' $0"},
		"one with a version":         {"#!/bin/sh\n/var/lang/sh9/bin/sh.3 x\n", "\nsh x\n"},
		"one that is not here":       {"#!/bin/sh\n/var/lang/node18/bin/nosuchprogram x\n", ""},
		"no script":                  {"\x7fELF /var/lang/sh9/bin/sh", ""},
		"a script of something else": {"#!/usr/bin/env python3\n/var/lang/sh9/bin/sh\n", ""},
	} {
		require.NoError(t, os.WriteFile(script, []byte(c.text), 0o755))
		p := Script(script, dir)
		if c.want == "" {
			assert.Equal(t, Program{Path: script, Dir: dir}, p, name)
			continue
		}
		require.Len(t, p.Args, 3, name)
		assert.Equal(t, []string{"/bin/sh", "-c", dir, script}, []string{p.Path, p.Args[0], p.Dir, p.Args[2]}, name)
		assert.Contains(t, p.Args[1], c.want, name)
	}
}

func BenchmarkExchange(b *testing.B) {
	_, server, errs := newHTTP(b, program(b, "web"), time.Minute, 10)
	go func() {
		for range errs {
		}
	}()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10}}
	b.SetParallelism(5)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Post(server.URL+"/echo", "text/plain", bytes.NewReader([]byte("hello")))
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}
