package host

import (
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
)

// stubbornWeb returns the runtime of a web server that listens on a port of its own, whatever PORT says.
func stubbornWeb(t testing.TB, name string, port int) *HTTP {
	p := program(t, "web of a port")
	p.Environ[portVariable] = strconv.Itoa(port)
	return &HTTP{Name: name, Program: p, Port: port}
}

// ownPort returns a port that no other test gets.
func ownPort(t testing.TB) int {
	port, release, err := freePort()
	require.NoError(t, err)
	t.Cleanup(release)
	return port
}

// listenOn listens on a port as soon as it is free: a process that is being started has what this one has open, until it is
// another program.
func listenOn(t testing.TB, port int) (l net.Listener) {
	eventually(t, "the port is free", func() bool {
		var err error
		l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		return err == nil
	})
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestAWebServerOfAFixedPortIsServedOneInstanceAtATime(t *testing.T) {
	t.Parallel()
	port := ownPort(t)
	f := New("web", stubbornWeb(t, "web", port), time.Minute, 0, 10)
	t.Cleanup(f.Close)
	rec := newRecord()
	pids := make(chan string, 20)
	for range cap(pids) {
		go func() {
			w := httptest.NewRecorder()
			_, err := f.Invoke(t.Context(), &Call{Record: rec, Request: httptest.NewRequest(http.MethodGet, "/pid", nil), Answer: w})
			assert.NoError(t, err)
			pids <- w.Body.String()
		}()
	}
	first := <-pids
	for range cap(pids) - 1 {
		assert.Equal(t, first, <-pids)
	}
	told := 0
	for _, line := range printed(rec, "stderr") {
		if strings.HasPrefix(line, "wxfn: ") {
			told++
			assert.Contains(t, line, "web listens on port "+strconv.Itoa(port)+" and not on $PORT: one instance at a time")
		}
	}
	assert.Equal(t, 1, told)
}

func TestFunctionsGiveAFixedPortToEachOther(t *testing.T) {
	t.Parallel()
	port := ownPort(t)
	one, oneServer, _ := serveHTTP(t, stubbornWeb(t, "one", port), time.Minute, 10)
	_, twoServer, _ := serveHTTP(t, stubbornWeb(t, "two", port), time.Minute, 10)
	for range 2 {
		for _, server := range []*httptest.Server{oneServer, twoServer} {
			status, text := get(t, server.URL+"/pid")
			assert.Equal(t, http.StatusOK, status, text)
		}
	}

	status, _ := get(t, oneServer.URL+"/pid")
	require.Equal(t, http.StatusOK, status)
	resp, err := http.Get(oneServer.URL + "/stay?file=" + t.TempDir() + "/left")
	require.NoError(t, err)
	defer resp.Body.Close()
	status, text := get(t, twoServer.URL+"/pid")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, text, "and function one is busy there; have the program listen on $PORT")
	one.Close()
	status, text = get(t, twoServer.URL+"/pid")
	assert.Equal(t, http.StatusOK, status, text)
}

func TestANewVersionWaitsForTheFixedPortOfTheOldOne(t *testing.T) {
	t.Parallel()
	port := ownPort(t)
	old := stubbornWeb(t, "web", port)
	f, server, _ := serveHTTP(t, old, time.Minute, 10)
	status, pid := get(t, server.URL+"/pid")
	require.Equal(t, http.StatusOK, status)
	renewed := &HTTP{Name: "web", Program: old.Program, Port: port}
	_, newServer, _ := serveHTTP(t, renewed, time.Minute, 10)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		f.Close()
	}()
	status, newPid := get(t, newServer.URL+"/pid")
	assert.Equal(t, http.StatusOK, status, newPid)
	assert.NotEqual(t, pid, newPid)
	<-closed
}

func TestVersionsThatAreStartedAtOnceTakeTurnsOnTheFixedPort(t *testing.T) {
	t.Parallel()
	port := ownPort(t)
	program := stubbornWeb(t, "web", port).Program
	var versions sync.WaitGroup
	for range 8 {
		f := New("web", &HTTP{Name: "web", Program: program, Port: port}, time.Minute, 0, 10)
		t.Cleanup(f.Close)
		versions.Go(func() {
			_, err := f.Invoke(t.Context(), &Call{Record: newRecord(), Request: httptest.NewRequest(http.MethodGet, "/pid", nil), Answer: httptest.NewRecorder()})
			assert.NoError(t, err)
			f.Close()
		})
	}
	versions.Wait()
}

func TestWhoListensIsNoStrangerBecauseItsStartIsNotOverYet(t *testing.T) {
	t.Parallel()
	port := ownPort(t)
	l := listenOn(t, port)
	r := &HTTP{Name: "web", Program: Program{Dir: t.TempDir()}, Port: port}
	old := &httpInstance{process: &process{done: make(chan struct{})}}
	time.AfterFunc(portPatience/10, func() { claims.take(port, r.Name, r.Program.Dir, old) }) // when it is waited for already
	time.AfterFunc(portPatience*3/2, func() {                                                 // it has been answering until now
		_ = l.Close()
		close(old.done)
	})
	require.NoError(t, r.vacate(t.Context()))
	assert.True(t, ended(old))
}

func TestNobodyTalksToAStrangerOnTheFixedPort(t *testing.T) {
	t.Parallel()
	port := ownPort(t)
	stranger := listenOn(t, port)
	go func() {
		_ = http.Serve(stranger, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the stranger was asked") }))
	}()
	_, server, _ := serveHTTP(t, stubbornWeb(t, "web", port), time.Minute, 1)
	status, text := get(t, server.URL)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, text, "the function listens on port "+strconv.Itoa(port)+" and not on $PORT, and another program is there; end that, or have the program listen on $PORT")

	quiet := program(t, "never listens")
	quiet.StartTimeout = 200 * time.Millisecond
	_, server, _ = serveHTTP(t, &HTTP{Name: "web", Program: quiet, Port: port}, time.Minute, 1)
	_, text = get(t, server.URL)
	assert.Contains(t, text, "the function did not listen on $PORT")
}

func TestAProcessOwnsThePortsOfWhatItHasStarted(t *testing.T) {
	t.Parallel()
	if !canTellOwners {
		t.Skip("this system does not tell who listens on a port")
	}
	port := ownPort(t)
	for name, command := range map[string]string{"itself": "exec \"$0\"", "a child": "\"$0\"; exit"} {
		p := program(t, "web")
		p.Args, p.Path = []string{"-c", command, p.Path}, "/bin/sh"
		proc, err := p.start(newRecord(), map[string]string{"PORT": strconv.Itoa(port)})
		require.NoError(t, err)
		eventually(t, name, func() bool { return proc.owns(port) })
		proc.Kill()
	}
	listenOn(t, port)
	p := program(t, "never listens")
	proc, err := p.start(newRecord(), nil)
	require.NoError(t, err)
	defer proc.Kill()
	assert.False(t, proc.owns(port), "another process listens")
}

func TestAProgramThatMindsPORTHasAsManyInstancesAsItNeeds(t *testing.T) {
	t.Parallel()
	f, server, _ := serveHTTP(t, &HTTP{Name: "web", Program: program(t, "web"), Port: ownPort(t)}, time.Minute, 2)
	for n := range 2 {
		resp, err := http.Get(server.URL + "/stay?file=" + t.TempDir() + "/left")
		require.NoError(t, err)
		defer resp.Body.Close()
		f.mu.Lock()
		assert.Len(t, f.slots, n+1)
		f.mu.Unlock()
	}
}
