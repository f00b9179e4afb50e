package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// programs are the mains of the functions that tests run as processes. This test binary is each of them when the
// variable programVariable names one.
var programs = map[string]func(){
	"scf":           serveSCF,
	"stubborn":      func() { signal.Ignore(syscall.SIGTERM); serveSCF() },
	"never listens": func() { select {} },
	"exits":         func() { fmt.Println("no configuration"); os.Exit(4) },
	"port taken":    func() { fmt.Fprintln(os.Stderr, "listen tcp: bind: address already in use"); os.Exit(1) },
	"silent":        func() { var all []net.Conn; serveConns(func(c net.Conn) { all = append(all, c) }) },
	"hangs up":      func() { serveConns(func(c net.Conn) { c.Close() }) },
	"garbage": func() {
		serveConns(func(c net.Conn) { fmt.Fprint(c, strings.Repeat("HTTP/1.1 400 Bad Request\r\n", 10)) })
	},
	"garbage later": func() { serveConns(serveOnce) },
	"emulator":      emulatorProgram,
	"web":           func() { serveWeb(os.Getenv("PORT")) },
	"own":           func() { cloudfn.Start(func(context.Context, any) (surroundings, error) { return seen(), nil }) },
	"own web": func() {
		cloudfn.StartHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"seen": seen(), "header": r.Header})
		}))
	},
	"web of a port": func() { serveWeb(os.Getenv(portVariable)) },
}

// surroundings are what an attacker may know of an instance.
type surroundings struct{ Go1, HTTP, RuntimeAPI, KeyFile string }

func seen() surroundings {
	return surroundings{os.Getenv("_LAMBDA_SERVER_PORT"), os.Getenv("PORT"), os.Getenv("SCF_RUNTIME_API_PORT"), os.Getenv(keyVariable)}
}

const programVariable = "WXFN_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if run := programs[os.Getenv(programVariable)]; run != nil {
		run()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program returns this test binary as one of the programs.
func program(t testing.TB, name string) Program {
	self, err := os.Executable()
	require.NoError(t, err)
	return Program{Path: self, Dir: t.TempDir(), Environ: map[string]string{
		programVariable: name,
		"GORACE":        "atexit_sleep_ms=0", // or each exit takes a second under -race
	}}
}

// The messages of the protocol, as in Tencent's scf-go-lib: what a function on the bare protocol has.
type (
	PingRequest   struct{}
	PingResponse  struct{}
	InvokeRequest struct {
		Payload               []byte
		RequestId             string
		TraceId               string
		Deadline              struct{ Seconds, Nanos int64 }
		InvokedFunctionUnique string
		ClientContext         []byte
		Namespace             string
		FunctionName          string
		FunctionVersion       string
		MemoryLimitInMb       int32
		TimeLimitInMs         int32
		Environment           string
		TencentcloudRegion    string
		TencentcloudAppID     string
		TencentcloudUin       string
		FunctionTrace         string
	}
	InvokeResponse struct {
		Payload []byte
		Error   *InvokeError
	}
	InvokeError struct {
		Message    string
		Type       string
		StackTrace []*InvokeFrame
		ShouldExit bool
	}
	InvokeFrame struct {
		Path  string
		Line  int32
		Label string
	}
)

// scf is a function as scf-go-lib makes one: served by net/rpc, with the variables of an invocation in the environment
// of the process. What it does is what the event says.
type scf struct{ conn func() net.Conn }

// order is the event of scf.
type order struct {
	Do   string
	N    int
	Text string
}

func (s *scf) Ping(*PingRequest, *PingResponse) error { return nil }

func (s *scf) Invoke(request *InvokeRequest, response *InvokeResponse) error {
	var environ map[string]string
	if err := json.Unmarshal([]byte(request.Environment), &environ); err != nil {
		return err
	}
	for name, value := range environ {
		os.Setenv(name, value)
	}
	var o order
	if err := json.Unmarshal(request.Payload, &o); err != nil {
		return err
	}
	var result any = "done"
	switch o.Do {
	case "pid":
		result = os.Getpid()
	case "meet":
		if err := os.WriteFile(filepath.Join(o.Text, strconv.Itoa(os.Getpid())), nil, 0o600); err != nil {
			return err
		}
		for {
			if there, _ := os.ReadDir(o.Text); len(there) == o.N {
				break
			}
			<-time.After(time.Millisecond)
		}
		result = os.Getpid()
	case "request":
		result = request
	case "getenv":
		result = os.Getenv(o.Text)
	case "print":
		for i := range o.N {
			fmt.Printf("%s out %d\n", o.Text, i)
			fmt.Fprintf(os.Stderr, "%s err %d\n", o.Text, i)
		}
		fmt.Print(o.Text, " end")
	case "long line":
		io.WriteString(os.Stdout, strings.Repeat(o.Text, o.N))
	case "flood":
		for {
			os.Stdout.WriteString(o.Text)
		}
	case "exit":
		fmt.Println("about to exit")
		os.Exit(o.N)
	case "signal":
		fmt.Fprintln(os.Stderr, "about to end")
		p, _ := os.FindProcess(os.Getpid())
		p.Signal(syscall.Signal(o.N))
		select {}
	case "panic elsewhere":
		go panic("boom elsewhere")
		select {}
	case "hang":
		select {}
	case "child":
		child := exec.Command("sleep", "1000")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr // which it holds open
		if err := child.Start(); err != nil {
			return err
		}
		fmt.Println(child.Process.Pid)
		select {}
	case "hang up":
		s.conn().Close()
		select {}
	case "size":
		response.Payload = []byte(strings.Repeat("1", o.N))
		return nil
	case "refuse":
		return errors.New(o.Text)
	case "panic":
		response.Error = &InvokeError{Message: o.Text, Type: "string", ShouldExit: true, StackTrace: []*InvokeFrame{
			{Path: "example/main.go", Line: 7, Label: "handle"}, {Path: "example/main.go", Line: 3, Label: "main"}}}
		return nil
	case "error":
		response.Error = &InvokeError{Message: o.Text, Type: "errorString"}
		return nil
	}
	var err error
	response.Payload, err = json.Marshal(result)
	return err
}

func newSCF(conn func() net.Conn) *rpc.Server {
	server := rpc.NewServer()
	if err := server.RegisterName("Function", &scf{conn}); err != nil {
		log.Fatal(err)
	}
	return server
}

func serveSCF() {
	var last net.Conn
	server := newSCF(func() net.Conn { return last })
	serveConns(func(c net.Conn) { last = c; go server.ServeConn(c) })
}

// serveConns listens as scf-go-lib does: on all interfaces.
func serveConns(serve func(net.Conn)) {
	log.SetOutput(io.Discard) // of net/rpc, about connections that end
	l, err := net.Listen("tcp", "0.0.0.0:"+os.Getenv("_LAMBDA_SERVER_PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		serve(c)
	}
}

// serveOnce answers the first call, which is Ping, and then nothing but garbage.
func serveOnce(c net.Conn) {
	var calls int
	go newSCF(nil).ServeConn(struct {
		io.Reader
		io.Writer
		io.Closer
	}{c, writerFunc(func(b []byte) (int, error) {
		if calls++; calls > 1 {
			_, err := io.WriteString(c, "\x07garbage")
			return len(b), err
		}
		return c.Write(b)
	}), c})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// emulatorProgram runs a function with an instance, prints the instance's process id, and stays.
func emulatorProgram() {
	self, _ := os.Executable()
	f := New("f", &Go1{Program: Program{Path: self, Environ: map[string]string{programVariable: "stubborn"}}}, 0, 0, 1)
	fmt.Println(invoke(f, `{"do": "pid"}`))
	select {}
}

// newGo1 returns a function that runs a program.
func newGo1(t testing.TB, p Program, timeout time.Duration, max int) *Function {
	f := New("hello", &Go1{Program: p, Account: Account{Namespace: "env-1", Region: "ap-shanghai", AppID: "1250000000", Uin: "100000000001"}}, timeout, 128, max)
	t.Cleanup(f.Close)
	return f
}

// call has f handle an order, and returns the record with the outcome.
func call(t testing.TB, f *Function, o order) (rec *journal.Record, result []byte, failure *Failure) {
	rec = newRecord()
	result, err := f.Invoke(t.Context(), &Call{RequestID: "r-1", Event: o.event(t), Record: rec})
	if err != nil {
		require.ErrorAs(t, err, &failure)
	}
	return rec, result, failure
}

func (o order) event(t testing.TB) []byte {
	event, err := json.Marshal(o)
	require.NoError(t, err)
	return event
}

// pidOf returns the process id of the instance that f would use next.
func pidOf(t testing.TB, f *Function) int {
	_, result, failure := call(t, f, order{Do: "pid"})
	require.Nil(t, failure)
	pid, err := strconv.Atoi(string(result))
	require.NoError(t, err)
	return pid
}

// printed returns the texts that a stream of a record has.
func printed(rec *journal.Record, stream string) (texts []string) {
	for _, l := range rec.View().Output {
		if l.Stream == stream {
			texts = append(texts, l.Text)
		}
	}
	return texts
}

// eventually waits until a condition holds, which is a matter of moments.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, 10*time.Second, time.Millisecond, what)
}

// onUnix skips a test of what only Unix has.
func onUnix(t testing.TB) {
	if runtime.GOOS == "windows" {
		t.Skip("needs the signals and process groups of Unix")
	}
}

// gone reports whether a process is no more, or nothing but an entry that its parent has not taken notice of.
func gone(pid int) bool {
	if p, err := os.FindProcess(pid); err != nil || p.Signal(syscall.Signal(0)) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false // no /proc, or a moment too early to tell
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}
