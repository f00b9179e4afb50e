package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// The scripts in testdata/script drive the command line as its users do. Beyond what testscript has, they know the
// program wxfn-to and the commands in scriptCommands.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wxfn": main, "wxfn-to": mainTo})
}

// mainTo is "wxfn-to FILE ARGS…": wxfn with a copy of its standard output in a file, which can be read while it runs.
func mainTo() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	p := process{os.Getenv, os.Stdin, io.MultiWriter(os.Stdout, file), os.Stderr, os.Getpid(), untilSignal}
	code := run(p, os.Args[2:])
	fmt.Fprintln(file, "exited with code", code)
	os.Exit(code)
}

func TestScripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the scripts send signals and run shell scripts")
	}
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	module, err := functionsModule(root)
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	goEnv, err := goEnviron()
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Condition:          condition,
		Cmds:               scriptCommands,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, goEnv...)
			env.Setenv("ROOT", root)
			env.Setenv("HOME", os.Getenv("HOME"))
			if env.Getenv("GORACE") == "" {
				env.Setenv("GORACE", "atexit_sleep_ms=10") // of one second
			}
			return errors.Join(
				os.WriteFile(filepath.Join(env.WorkDir, "go.mod"), module, 0o644),
				os.WriteFile(filepath.Join(env.WorkDir, "go.sum"), sums, 0o644))
		},
	})
}

// functionsModule returns the go.mod of a module beside this one, for the functions in scripts: it builds offline.
func functionsModule(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, err
	}
	own := f.Module.Mod.Path
	if err := errors.Join(f.AddModuleStmt("functions"), f.AddRequire(own, "v0.0.0"), f.AddReplace(own, "", root, "")); err != nil {
		return nil, err
	}
	return f.Format()
}

// goEnviron returns the variables that make builds in scripts use the caches of this user, and nothing but them.
func goEnviron() ([]string, error) {
	text, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	var values map[string]string
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	environ := []string{"GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS="}
	for name, value := range values {
		environ = append(environ, name+"="+value)
	}
	return environ, nil
}

// condition knows [node], whether there is Node, and [loose], whether scripts run outside of any Go module but their own.
func condition(name string) (bool, error) {
	switch name {
	case "node":
		_, err := exec.LookPath("node")
		if err != nil && os.Getenv("CI") != "" {
			return false, fmt.Errorf("CI is set, and Node functions cannot be tested: %w", err)
		}
		return err == nil, nil
	case "loose":
		for dir := os.TempDir(); ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				return false, nil
			}
			if dir == filepath.Dir(dir) {
				return true, nil
			}
		}
	}
	return false, errors.New("unknown condition")
}

// patience is how long a script waits for what must happen.
const patience = 20 * time.Second

var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// exits CODE PROGRAM ARGS… runs a program that must exit with a code.
	"exits": func(ts *testscript.TestScript, _ bool, args []string) { exits(ts, args[0], args[1:]) },

	// fails CODE MESSAGE PROGRAM ARGS… is exits, for a program that must write nothing but that one line, to stderr.
	// $WORK in it is the script's folder.
	"fails": func(ts *testscript.TestScript, _ bool, args []string) {
		exits(ts, args[0], args[2:])
		want := "wxfn: " + strings.ReplaceAll(args[1], "$WORK", ts.Getenv("WORK")) + "\n"
		if got := ts.ReadFile("stderr"); got != want {
			ts.Fatalf("stderr is %q, not %q", got, want)
		}
		if got := ts.ReadFile("stdout"); got != "" {
			ts.Fatalf("stdout is %q", got)
		}
	},

	// ready FILE VAR waits until the dev started by "wxfn-to FILE dev" is ready, and sets VAR to its URL.
	"ready": func(ts *testscript.TestScript, _ bool, args []string) {
		file := ts.MkAbs(args[0])
		until(ts, "ready in "+args[0], func() bool {
			text, _ := os.ReadFile(file) // it may not be there yet
			for line := range strings.Lines(string(text)) {
				if url, ok := strings.CutPrefix(line, "ready "); ok && strings.HasSuffix(url, "\n") {
					ts.Setenv(args[1], strings.TrimSuffix(url, "\n"))
					return true
				}
				if strings.HasPrefix(line, "exited ") {
					ts.Fatalf("%s: dev has ended: %s", args[0], line)
				}
			}
			return false
		})
	},

	// devjson FILE checks a dev.json, and sets URL, TOKEN and PID as in it.
	"devjson": func(ts *testscript.TestScript, _ bool, args []string) {
		info, err := os.Stat(ts.MkAbs(args[0]))
		ts.Check(err)
		if info.Mode().Perm() != 0o600 {
			ts.Fatalf("%s has mode %o", args[0], info.Mode().Perm())
		}
		var r running
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
		if r.URL == "" || r.Token == "" || r.PID == 0 {
			ts.Fatalf("%s lacks something: %+v", args[0], r)
		}
		ts.Setenv("URL", r.URL)
		ts.Setenv("TOKEN", r.Token)
		ts.Setenv("PID", strconv.Itoa(r.PID))
	},

	// terminate PID asks a process to end.
	"terminate": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(processOf(ts, args[0]).Signal(syscall.SIGTERM))
	},

	// alive PID checks that there is a process; stdout, or a file, may stand for the PID in it.
	"alive": func(ts *testscript.TestScript, _ bool, args []string) {
		if !alive(processOf(ts, args[0])) {
			ts.Fatalf("process %s has ended", args[0])
		}
	},

	// gone PID waits until there is no such process.
	"gone": func(ts *testscript.TestScript, _ bool, args []string) {
		p := processOf(ts, args[0])
		until(ts, "the end of process "+args[0], func() bool { return !alive(p) })
	},

	// appears FILE waits until a file exists.
	// eventually PATTERN PROGRAM ARGS… runs a program again and again, until its stdout matches.
	"eventually": func(ts *testscript.TestScript, _ bool, args []string) { eventually(ts, "stdout", args) },

	// told is eventually for stderr.
	"told": func(ts *testscript.TestScript, _ bool, args []string) { eventually(ts, "stderr", args) },

	"appears": func(ts *testscript.TestScript, _ bool, args []string) {
		file := ts.MkAbs(args[0])
		until(ts, args[0], func() bool {
			_, err := os.Stat(file)
			return err == nil
		})
	},

	// jsonlines FILE checks that each line is JSON.
	"jsonlines": func(ts *testscript.TestScript, _ bool, args []string) {
		for line := range strings.Lines(ts.ReadFile(args[0])) {
			if !json.Valid([]byte(line)) {
				ts.Fatalf("no JSON: %s", line)
			}
		}
	},

	// request FILE METHOD URL BODY sends a request, and writes the answer's status and body into a file.
	"request": func(ts *testscript.TestScript, _ bool, args []string) {
		r, err := http.NewRequest(args[1], args[2], strings.NewReader(args[3]))
		ts.Check(err)
		resp, err := http.DefaultClient.Do(r)
		ts.Check(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), fmt.Appendf(nil, "%d %s", resp.StatusCode, body), 0o644))
	},

	// website VAR STATUS BODY starts a web server with one answer, and sets VAR to its HOST:PORT.
	"website": func(ts *testscript.TestScript, _ bool, args []string) {
		status, err := strconv.Atoi(args[1])
		ts.Check(err)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, args[2])
		}))
		ts.Defer(server.Close)
		ts.Setenv(args[0], server.Listener.Addr().String())
	},
}

func exits(ts *testscript.TestScript, want string, command []string) {
	code := 0
	if err := ts.Exec(command[0], command[1:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != want {
		ts.Fatalf("%s exited with code %d, not %s", command[0], code, want)
	}
}

// until waits until something is so.
func eventually(ts *testscript.TestScript, stream string, args []string) {
	pattern := regexp.MustCompile("(?m)" + args[0])
	until(ts, args[0], func() bool {
		_ = ts.Exec(args[1], args[2:]...)
		return pattern.MatchString(ts.ReadFile(stream))
	})
}

func until(ts *testscript.TestScript, what string, so func() bool) {
	for deadline := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// processOf returns the process of a PID, or of the PID in a file.
func processOf(ts *testscript.TestScript, pid string) *os.Process {
	n, err := strconv.Atoi(pid)
	if err != nil {
		n, err = strconv.Atoi(strings.TrimSpace(ts.ReadFile(pid)))
	}
	ts.Check(err)
	p, err := os.FindProcess(n)
	ts.Check(err)
	return p
}

func alive(p *os.Process) bool {
	if p.Signal(syscall.Signal(0)) != nil {
		return false
	}
	// One that has ended stays in the table until its parent looks; an init may never do that.
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
	return !strings.Contains(string(stat), ") Z ")
}
