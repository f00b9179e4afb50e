package host

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

func TestABareFunctionGetsWhatThePlatformSends(t *testing.T) {
	t.Parallel()
	f := newGo1(t, program(t, "scf"), 7*time.Second, 1)
	before := time.Now()
	result, err := f.Invoke(t.Context(), &Call{
		RequestID: "r-7", Event: order{Do: "request"}.event(t), Environ: map[string]string{"WX_OPENID": "oAlice"}, Record: newRecord(),
	})
	require.NoError(t, err)
	var got InvokeRequest
	require.NoError(t, json.Unmarshal(result, &got))
	deadline := time.Unix(got.Deadline.Seconds, got.Deadline.Nanos)
	assert.WithinRange(t, deadline, before.Add(7*time.Second), time.Now().Add(7*time.Second))
	got.Deadline.Seconds, got.Deadline.Nanos = 0, 0
	assert.Equal(t, InvokeRequest{
		Payload: order{Do: "request"}.event(t), RequestId: "r-7", TraceId: "r-7", Namespace: "env-1",
		FunctionName: "hello", FunctionVersion: "$LATEST", MemoryLimitInMb: 128, TimeLimitInMs: 7000, Environment: `{"WX_OPENID":"oAlice"}`,
		TencentcloudRegion: "ap-shanghai", TencentcloudAppID: "1250000000", TencentcloudUin: "100000000001",
	}, got)
}

func TestInstancesHandleOneEventEach(t *testing.T) {
	t.Parallel()
	f := newGo1(t, program(t, "scf"), 20*time.Second, 3)
	pids := make(chan int, 12)
	var all sync.WaitGroup
	for range cap(pids) {
		all.Go(func() { pids <- pidOf(t, f) })
	}
	all.Wait()
	close(pids)
	seen := map[int]bool{}
	for pid := range pids {
		seen[pid] = true
	}
	assert.LessOrEqual(t, len(seen), 3)
	settled(t, f)
	assert.Equal(t, pidOf(t, f), pidOf(t, f), "an idle instance is used again")
}

func TestCallsThatOverlapRunSideBySide(t *testing.T) {
	t.Parallel()
	f := newGo1(t, program(t, "scf"), time.Minute, 3)
	meet := order{Do: "meet", N: 3, Text: t.TempDir()} // none returns before all are there
	pids := make(chan string, 3)
	for range cap(pids) {
		go func() { pids <- invoke(f, string(meet.event(t))) }()
	}
	assert.NotEqual(t, <-pids, <-pids)
	_, err := strconv.Atoi(<-pids)
	assert.NoError(t, err)
	settled(t, f)
}

func TestAProcessThatFailsFailsOnlyItsOwnInvocation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do      order
		message string
		output  string // of stdout and stderr together
		stack   string
		lives   bool
		unix    bool
	}{
		"exit":                {do: order{Do: "exit", N: 3}, message: "the function exited with code 3", output: "about to exit"},
		"exit with 0":         {do: order{Do: "exit"}, message: "the function exited with code 0", output: "about to exit"},
		"SIGKILL":             {do: order{Do: "signal", N: 9}, message: "the function was ended by signal: killed", output: "about to end", unix: true},
		"SIGTERM":             {do: order{Do: "signal", N: 15}, message: "the function was ended by signal: terminated", output: "about to end", unix: true},
		"panic elsewhere":     {do: order{Do: "panic elsewhere"}, message: "the function exited with code 2", output: "panic: boom elsewhere"},
		"connection closed":   {do: order{Do: "hang up"}, message: "the function broke off the connection: go1: calling Function.Invoke: unexpected EOF"},
		"panic that it tells": {do: order{Do: "panic", Text: "boom"}, message: "boom", stack: "handle (example/main.go:7)\nmain (example/main.go:3)"},
		"error":               {do: order{Do: "error", Text: "no such order"}, message: "no such order", lives: true},
		"refusal":             {do: order{Do: "refuse", Text: "not now"}, message: "go1: the function refused the call: not now", lives: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.unix {
				onUnix(t)
			}
			f := newGo1(t, program(t, "scf"), 20*time.Second, 1)
			pid := pidOf(t, f)
			rec, _, failure := call(t, f, c.do)
			assert.Equal(t, &Failure{Code: wxcloud.FunctionExecute, Message: c.message, Stack: c.stack}, failure)
			assert.Contains(t, strings.Join(rec.LastLines(100), "\n"), c.output)
			assert.Equal(t, c.lives, pid == pidOf(t, f), "and the next call is served")
			settled(t, f)
		})
	}
}

func TestAProgramThatIsNoFunctionSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ message, output string }{
		"never listens": {message: "the function did not listen on $_LAMBDA_SERVER_PORT within 0.5 seconds"},
		"exits":         {message: "the function exited with code 4 before it listened on $_LAMBDA_SERVER_PORT", output: "no configuration"},
		"silent":        {message: "the function listens on $_LAMBDA_SERVER_PORT, but did not answer Function.Ping within 5 seconds"},
		"hangs up":      {message: "the function listens on $_LAMBDA_SERVER_PORT, but does not speak the Go1 protocol: go1: calling Function.Ping: "},
		"garbage":       {message: "the function listens on $_LAMBDA_SERVER_PORT, but does not speak the Go1 protocol: go1: calling Function.Ping: "},
		"garbage later": {message: "the function broke off the connection: go1: calling Function.Invoke: "},
		"port taken":    {message: "the port was taken", output: "listen tcp: bind: address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := program(t, name)
			switch p.StartTimeout = 20 * time.Second; {
			case strings.HasSuffix(c.message, "within 0.5 seconds"):
				p.StartTimeout = 500 * time.Millisecond
			case strings.HasSuffix(c.message, "within 5 seconds"): // in which it has to come to listen
				p.StartTimeout = 5 * time.Second
			}
			f := newGo1(t, p, 20*time.Second, 1)
			rec, _, failure := call(t, f, order{})
			require.NotNil(t, failure)
			assert.Equal(t, wxcloud.FunctionExecute, failure.Code)
			assert.Contains(t, failure.Message, c.message)
			assert.Contains(t, strings.Join(rec.LastLines(100), "\n"), c.output)
			settled(t, f)
		})
	}
}

func TestAProgramThatCannotBeStartedSaysWhy(t *testing.T) {
	t.Parallel()
	f := newGo1(t, Program{Path: "/no/such/program"}, 0, 1)
	_, _, failure := call(t, f, order{})
	require.NotNil(t, failure)
	assert.Equal(t, "starting /no/such/program: no such file or directory", failure.Message)
	settled(t, f)
}

func TestAScriptThatCannotBeStartedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	onUnix(t)
	for name, c := range map[string]struct {
		text    string
		mode    os.FileMode
		message string
	}{
		"no first line":  {"exec ./main\n", 0o755, "exec format error; begin a script with a line such as #!/bin/bash, and build a program for this system"},
		"not executable": {"#!/bin/sh\n", 0o644, "permission denied; run chmod +x on it"},
		"CR LF":          {"#!/bin/sh\r\n", 0o755, "no such file or directory; what its first line names after #! is not there, or that line ends with CR LF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "bootstrap")
			require.NoError(t, os.WriteFile(path, []byte(c.text), c.mode))
			_, _, failure := call(t, newGo1(t, Script(path, t.TempDir()), 0, 1), order{})
			require.NotNil(t, failure)
			assert.Equal(t, "starting "+path+": "+c.message, failure.Message)
		})
	}
}

func TestATimeoutEndsTheWholeProcessGroup(t *testing.T) {
	t.Parallel()
	onUnix(t)
	f := newGo1(t, program(t, "scf"), 2*time.Second, 1)
	pid := pidOf(t, f)
	rec, _, failure := call(t, f, order{Do: "child"})
	assert.Equal(t, &Failure{Code: wxcloud.FunctionTimeout, Message: "Invoking task timed out after 2 seconds"}, failure)
	require.Len(t, printed(rec, "stdout"), 1)
	child, err := strconv.Atoi(printed(rec, "stdout")[0])
	require.NoError(t, err)
	assert.True(t, gone(pid))
	eventually(t, "the child ends, too", func() bool { return gone(child) })
	assert.NotEqual(t, pid, pidOf(t, f))
}

func TestAResultFarTooLargeIsNotTakenIn(t *testing.T) {
	t.Parallel()
	f := newGo1(t, program(t, "scf"), 20*time.Second, 1)
	for size, message := range map[int]string{
		1<<20 + 1:         "the result is 1048577 bytes; at most 1 MB (1048576 bytes) reach the caller",
		maxWireAnswer + 1: "the result is larger than 1 MB, by far",
	} {
		_, _, failure := call(t, f, order{Do: "size", N: size})
		assert.Equal(t, &Failure{Code: wxcloud.ResultSize, Message: message}, failure)
	}
	_, result, failure := call(t, f, order{Do: "size", N: 1 << 20})
	assert.Nil(t, failure)
	assert.Len(t, result, 1<<20)
}

func TestVariablesOfTheShellStayOut(t *testing.T) {
	t.Setenv("WXFN_TEST_SECRET", "of the shell") // so not parallel
	f := newGo1(t, program(t, "scf"), 20*time.Second, 1)
	_, result, failure := call(t, f, order{Do: "getenv", Text: "WXFN_TEST_SECRET"})
	assert.Nil(t, failure)
	assert.Equal(t, `""`, string(result))
	_, result, _ = call(t, f, order{Do: "getenv", Text: "PATH"})
	assert.NotEqual(t, `""`, string(result))
}

func TestCloseLeavesNoProcess(t *testing.T) {
	t.Parallel()
	onUnix(t)
	f := newGo1(t, program(t, "stubborn"), time.Minute, 0)
	idle := pidOf(t, f)
	rec := newRecord()
	busy := make(chan error, 1)
	go func() {
		_, err := f.Invoke(t.Context(), &Call{Event: order{Do: "child"}.event(t), Record: rec})
		busy <- err
	}()
	eventually(t, "the function has a child", func() bool { return len(printed(rec, "stdout")) == 1 })
	child, err := strconv.Atoi(printed(rec, "stdout")[0])
	require.NoError(t, err)

	f.Close()
	assert.True(t, gone(idle))
	eventually(t, "the child ends, too", func() bool { return gone(child) })
	assert.EqualError(t, <-busy, errStopped.Message)
}

func TestCloseEndsAFunctionThatIsStarting(t *testing.T) {
	t.Parallel()
	f := newGo1(t, program(t, "never listens"), 0, 1)
	failed := make(chan string)
	go func() { failed <- invoke(f, "{}") }()
	eventually(t, "the function is starting", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return len(f.slots) == 1 })
	f.Close()
	assert.Equal(t, errStopped.Message, <-failed)
}

func TestAnEmulatorThatIsKilledLeavesNoInstance(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ties a process to the one that started it")
	}
	p := program(t, "emulator")
	cmd := exec.Command(p.Path)
	var err error
	cmd.Env, err = p.environ(nil)
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	assert.False(t, gone(pid))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	eventually(t, "the instance ends with it", func() bool { return gone(pid) })
}

func TestOutputIsCompleteWhenTheResultIsThere(t *testing.T) {
	t.Parallel()
	f := newGo1(t, program(t, "scf"), 20*time.Second, 1)
	const lines = 50
	for i := range 200 {
		text := fmt.Sprint("call ", i)
		rec, _, failure := call(t, f, order{Do: "print", N: lines, Text: text})
		require.Nil(t, failure)
		var out, err []string
		for n := range lines {
			out = append(out, fmt.Sprintf("%s out %d", text, n))
			err = append(err, fmt.Sprintf("%s err %d", text, n))
		}
		require.Equal(t, append(out, text+" end"), printed(rec, "stdout"), "a last line without a newline with them")
		require.Equal(t, err, printed(rec, "stderr"))
	}
}

func TestOutputWithoutEndFillsNoMemory(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"short lines":     "y\n",
		"blocks of lines": strings.Repeat("a line of some length\n", 1000),
		"no newline":      strings.Repeat("x", 32<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newGo1(t, program(t, "scf"), time.Second, 1)
			pidOf(t, f)
			rec, _, failure := call(t, f, order{Do: "flood", Text: text})
			assert.Equal(t, &Failure{Code: wxcloud.FunctionTimeout, Message: "Invoking task timed out after 1 seconds"}, failure)
			size := 0
			for _, l := range rec.View().Output {
				size += len(l.Text)
			}
			assert.Positive(t, size)
			assert.Positive(t, rec.View().Dropped)
			assert.LessOrEqual(t, size, 256<<10)
		})
	}
}

func TestALongLineComesInPieces(t *testing.T) {
	t.Parallel()
	f := newGo1(t, program(t, "scf"), 20*time.Second, 1)
	for _, text := range []string{"x", "长"} {
		rec, _, failure := call(t, f, order{Do: "long line", N: 40_000, Text: text})
		require.Nil(t, failure)
		pieces := printed(rec, "stdout")
		assert.Greater(t, len(pieces), 1)
		assert.Equal(t, strings.Repeat(text, 40_000), strings.Join(pieces, ""))
	}
}
