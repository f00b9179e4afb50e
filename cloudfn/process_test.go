package cloudfn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// programs are the mains of the functions that tests run as processes. This test
// binary is each of them when the variable program names one.
var programs = map[string]func(){
	"echo":   func() { Start(same[any]) },
	"divide": func() { Start(func(_ context.Context, n int) (int, error) { return 1 / n, nil }) },
	"log": func() {
		Start(logTwice, OnShutdown(func(context.Context) { fmt.Fprintln(os.Stderr, "hooked") }))
	},
	"log JSON": func() {
		slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
		Start(logTwice)
	},
	"web": func() {
		StartHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inv, _ := FromContext(r.Context())
			slog.Info("web", "openid", inv.OpenID)
		}), OnShutdown(func(context.Context) { fmt.Fprintln(os.Stderr, "hooked") }))
	},
	"wait": func() {
		StartHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}))
	},
	"log elsewhere": func() {
		log.SetOutput(os.Stdout)
		Start(logTwice)
	},
}

func logTwice(context.Context, any) (any, error) {
	slog.Info("one", "k", 1)
	log.Print("two")
	return nil, nil
}

const program = "CLOUDFN_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(program); name != "" {
		go func() { // a test that is killed leaves no process behind
			io.Copy(io.Discard, os.Stdin)
			os.Exit(3)
		}()
		programs[name]()
	}
	os.Exit(m.Run())
}

// spawn starts a program with the given variables.
func spawn(t testing.TB, name string, environ ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd = exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), program+"="+name, wxcloud.VarEmulatorURL+"=http://127.0.0.1:7911",
		"GORACE=atexit_sleep_ms=0") // or each exit takes a second under -race
	cmd.Env = append(cmd.Env, environ...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	_, err = cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, stdout, stderr
}

// freePort returns a port that nothing listens on. It is below those that systems
// give to connections: one of them could take it, or dialUp connect to itself.
func freePort(t testing.TB) string {
	t.Helper()
	for {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
}

// dialUp makes a client of runtime Go1 as soon as there is something on a port.
func dialUp(t testing.TB, port string) *go1.Client {
	t.Helper()
	return go1.NewClient(dial(t, port), 1<<20)
}

// dial dials a port as soon as there is something on it.
func dial(t testing.TB, port string) net.Conn {
	t.Helper()
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return conn
		}
		require.NoError(t, t.Context().Err())
		runtime.Gosched()
	}
}

func TestAProcessServesUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM here")
	}
	for name, c := range map[string]struct {
		stdout, stderr string // patterns
	}{
		"log": {
			stdout: `^$`,
			stderr: `^time=\S+ level=INFO msg=one request_id=r-1 k=1\ntime=\S+ level=INFO msg=two request_id=r-1\nhooked\n$`,
		},
		"log JSON": {
			stdout: `^$`,
			stderr: `^{"time":"[^"]+","level":"INFO","msg":"one","request_id":"r-1","k":1}\n{"time":"[^"]+","level":"INFO","msg":"two","request_id":"r-1"}\n$`,
		},
		"log elsewhere": {
			stdout: `^time=\S+ level=INFO msg=one request_id=r-1 k=1\ntime=\S+ level=INFO msg=two request_id=r-1\n$`,
			stderr: `^$`,
		},
	} {
		for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
			t.Run(fmt.Sprint(name, ", ", signal), func(t *testing.T) {
				t.Parallel()
				port := freePort(t)
				cmd, stdout, stderr := spawn(t, name, wxcloud.VarGo1Port+"="+port)
				resp, err := dialUp(t, port).Invoke(t.Context(), &go1.InvokeRequest{RequestId: "r-1"})
				require.NoError(t, err)
				assert.Equal(t, &go1.InvokeResponse{Payload: []byte("null")}, resp)
				require.NoError(t, cmd.Process.Signal(signal))
				assert.NoError(t, cmd.Wait(), "exit code 0")
				assert.Regexp(t, c.stdout, stdout.String())
				assert.Regexp(t, c.stderr, stderr.String())
			})
		}
	}
}

func TestAProcessServesHTTPUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM here")
	}
	for name, c := range map[string]struct {
		environ string
		stderr  string // a pattern
	}{
		"log": {"TENCENTCLOUD_RUNENV=SCF", `^time=\S+ level=INFO msg=one request_id=r-1 k=1\ntime=\S+ level=INFO msg=two request_id=r-1\nhooked\n$`},
		"web": {wxcloud.VarCloudRun + "=env-1", `^time=\S+ level=INFO msg=web request_id=r-1 openid=o-1\nhooked\n$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			cmd, _, stderr := spawn(t, name, c.environ, wxcloud.VarPort+"="+port)
			dial(t, port).Close()
			f := &function{address: "127.0.0.1:" + port}
			resp, _ := f.get(t, "/", "X-Request-Id", "r-1", "X-WX-SOURCE", "wx_client", "X-WX-OPENID", "o-1")
			assert.Equal(t, 200, resp.StatusCode)
			require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
			assert.NoError(t, cmd.Wait(), "exit code 0")
			assert.Regexp(t, c.stderr, stderr.String())
		})
	}
}

func TestASecondSignalEndsAProcessAtOnce(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM here")
	}
	port := freePort(t)
	cmd, _, _ := spawn(t, "wait", wxcloud.VarPort+"="+port)
	conn := dial(t, port)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	_, err := conn.Read(make([]byte, 1)) // it is being answered
	require.NoError(t, err)
	f := &function{address: conn.RemoteAddr().String()}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	f.refusesConnections()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	assert.Equal(t, -1, exit.ExitCode(), "by the signal")
}

func TestAProcessFetchesEventsUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM here")
	}
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(fmt.Sprint(signal), func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, nil)
			cmd, _, stderr := spawn(t, "log", wxcloud.VarRuntimeAPI+"="+p.host, wxcloud.VarRuntimeAPIPort+"="+p.port)
			assert.Equal(t, post{pathReady, ""}, <-p.posts)
			assert.Equal(t, post{pathResponse, "null"}, p.call("{}", "Request_Id", "r-1", "Time_Limit_In_Ms", "60000"))
			p.events <- func(_ http.ResponseWriter, r *http.Request) {
				assert.NoError(t, cmd.Process.Signal(signal))
				<-r.Context().Done()
			}
			assert.NoError(t, cmd.Wait(), "exit code 0")
			assert.Regexp(t, `^time=\S+ level=INFO msg=one request_id=r-1 k=1\ntime=\S+ level=INFO msg=two request_id=r-1\nhooked\n$`, stderr.String())
		})
	}
}

func TestAProcessThatFetchesEventsEndsAfterAPanic(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, nil)
	cmd, _, stderr := spawn(t, "divide", wxcloud.VarRuntimeAPI+"="+p.host, wxcloud.VarRuntimeAPIPort+"="+p.port)
	assert.Equal(t, pathReady, (<-p.posts).path)
	assert.Equal(t, post{pathResponse, "1"}, p.call("1"))
	failure := p.call("0", "Request_Id", "r-2")
	assert.Equal(t, pathError, failure.path)
	assert.Regexp(t, `^{"message":"runtime error: integer divide by zero","stack":"\S+ \(\S+/process_test.go:\d+\)"}$`, failure.body)
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	assert.Equal(t, 1, exit.ExitCode())
	assert.Regexp(t, `(?s)^panic: runtime error: integer divide by zero \[request_id r-2\]\n.*\ncloudfn: `+errPanicked.Error()+`\n$`, stderr.String())
}

func TestAProcessThatCannotServeExits(t *testing.T) {
	t.Parallel()
	used, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { used.Close() }) // once the subtests are done
	_, usedPort, err := net.SplitHostPort(used.Addr().String())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		environ []string
		code    int
		say     string
	}{
		"by hand":       {nil, 2, byHand},
		"a bad port":    {[]string{wxcloud.VarGo1Port + "=http"}, 1, "cloudfn: _LAMBDA_SERVER_PORT is \"http\""},
		"a port in use": {[]string{wxcloud.VarGo1Port + "=" + usedPort}, 1, "cloudfn: listen tcp 127.0.0.1:" + usedPort + ": "},
		"no runtime API": {[]string{wxcloud.VarRuntimeAPI + "=127.0.0.1", wxcloud.VarRuntimeAPIPort + "=" + freePort(t)}, 1,
			"cloudfn: POST http://127.0.0.1:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd, _, stderr := spawn(t, "echo", c.environ...)
			var exit *exec.ExitError
			require.True(t, errors.As(cmd.Wait(), &exit))
			assert.Equal(t, c.code, exit.ExitCode())
			assert.True(t, strings.HasPrefix(stderr.String(), c.say), stderr.String())
			if c.code == 1 {
				assert.Equal(t, 1, strings.Count(stderr.String(), "\n"))
			}
		})
	}
}
