//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// reloading is a kind of function whose folder an editor saves again and again.
type reloading struct {
	// good saves version n, which a call of the function returns; broken saves something that cannot be made ready, for
	// a reason with this word in it.
	good   func(e *editor, n int)
	broken func(e *editor, word string)
	// mended, if not nil, undoes broken; else good does.
	mended func(e *editor)
	// lateSource: an instance takes its source from the folder when it starts, so that one which the old function starts
	// after the save has the new source already. The editor then saves only while no instance is about to start.
	lateSource bool
	// inPlace: an editor may also write into the file that is there, which for a moment is empty then. A Go function is
	// built when that is over; a Node function that happens to start right then finds nothing.
	inPlace bool
}

const reloadingMain = `package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn"
)

const version = %d

var instance = rand.Text()

func main() {
	cloudfn.Start(func(context.Context, any) (map[string]any, error) {
		time.Sleep(20 * time.Millisecond) // so that calls are running when another version takes over
		%s
		return map[string]any{"version": version, "instance": instance}, nil
	})
}
`

const reloadingIndex = `const version = %d
const instance = require('crypto').randomUUID()
exports.main = async () => {
	await new Promise(resolve => setTimeout(resolve, 20)) // so that calls are running when another version takes over
	return {version, instance}
}
`

func TestReloadsUnderLoadLoseNoGoCall(t *testing.T) {
	t.Parallel()
	testReloads(t, reloading{
		good:    func(e *editor, n int) { e.save("main.go", fmt.Sprintf(reloadingMain, n, "")) },
		broken:  func(e *editor, word string) { e.save("main.go", fmt.Sprintf(reloadingMain, 0, word+"()")) },
		inPlace: true,
	})
}

func TestReloadsUnderLoadLoseNoNodeCall(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI is set, and Node functions cannot be tested: %v", err)
		}
		t.Skip("Node is not installed")
	}
	// A script that does not parse is found when it runs; what a Node function can lack before that is a package.
	testReloads(t, reloading{
		good:       func(e *editor, n int) { e.save("index.js", fmt.Sprintf(reloadingIndex, n)) },
		broken:     func(e *editor, word string) { e.save("package.json", fmt.Sprintf(`{"dependencies": {%q: "1"}}`, word)) },
		mended:     func(e *editor) { e.save("package.json", `{}`) },
		lateSource: true,
	})
}

// editor saves the files of a function, as people's editors do it.
type editor struct {
	t       testing.TB
	dir     string
	random  *rand.Rand
	inPlace bool
}

func (e *editor) save(name, text string) {
	e.t.Helper()
	file := filepath.Join(e.dir, name)
	if e.inPlace && e.random.IntN(2) == 0 {
		require.NoError(e.t, os.WriteFile(file, []byte(text), 0o644))
		return
	}
	require.NoError(e.t, os.WriteFile(file+"~", []byte(text), 0o644))
	require.NoError(e.t, os.Rename(file+"~", file))
}

// phase is what all answers must be of the calls that begin and end in it.
type phase struct {
	saved int // the newest good version
	// settled: the outcome of the last save has been seen; word is the reason why that was broken, empty if it was not.
	settled bool
	word    string
}

// reloadLoad is callers who call one function all the time.
type reloadLoad struct {
	t         testing.TB
	phase     atomic.Pointer[phase]
	newest    atomic.Int64 // of the versions that have answered
	complaint atomic.Pointer[string]
	calls     atomic.Int64
	instances sync.Map     // those that have answered
	started   atomic.Int64 // how many those are
}

func testReloads(t *testing.T, kind reloading) {
	const callers, instances = 8, 6 // more callers than instances: all instances are started, and some callers wait
	saves := 20
	if testing.Short() {
		saves = 6
	}
	seed := testSeed(t)
	e := &editor{t: t, random: rand.New(rand.NewPCG(seed, 0)), inPlace: kind.inPlace}
	project := functionsFolder(t)
	e.dir = filepath.Join(project, "version")
	require.NoError(t, os.MkdirAll(e.dir, 0o755))
	kind.good(e, 1)
	dev := startDev(t, project, "--max-instances", strconv.Itoa(instances))

	load := &reloadLoad{t: t}
	load.phase.Store(&phase{saved: 1, settled: true})
	load.complaint.Store(new(""))
	var running sync.WaitGroup
	stop := make(chan struct{})
	end := sync.OnceFunc(func() {
		close(stop)
		running.Wait()
	})
	defer end()
	for range callers {
		running.Go(func() { load.call(dev, stop) })
	}

	good, broken := 0, 0
	version := 1
	// save has the editor save, and waits for the outcome.
	save := func(settled phase, write func(), what string, seen func() bool) {
		t.Helper()
		load.phase.Store(&phase{saved: settled.saved})
		enough := load.started.Load()
		if kind.lateSource && settled.word == "" {
			enough += instances
		}
		write()
		dev.until(what, seen)
		dev.until("all instances", func() bool { return load.started.Load() >= enough })
		settled.settled = true
		load.phase.Store(&settled)
	}
	dev.until("the first instances", func() bool { return load.started.Load() == instances })
	word := ""
	for n := range saves {
		if last := n == saves-1; !last && e.random.IntN(3) == 0 {
			broken++
			word = fmt.Sprintf("broken%d", n)
			save(phase{saved: version, word: word}, func() { kind.broken(e, word) },
				"an answer that tells of "+word, func() bool { return strings.Contains(*load.complaint.Load(), word) })
		} else {
			if word != "" && kind.mended != nil {
				save(phase{saved: version}, func() { kind.mended(e) },
					"an answer that complains no more", func() bool { return *load.complaint.Load() == "" })
			}
			good++
			version++
			word = ""
			save(phase{saved: version}, func() { kind.good(e, version) },
				fmt.Sprintf("an answer of version %d", version), func() bool { return load.newest.Load() >= int64(version) })
		}
		// The phase that is settled is worth some calls, else there is nothing to look at in it.
		until := load.calls.Load() + int64(2*callers) + e.random.Int64N(20)
		dev.until("some calls", func() bool { return load.calls.Load() >= until })
		if t.Failed() {
			break
		}
	}
	end()
	t.Logf("%d good and %d broken saves, %d calls", good, broken, load.calls.Load())
	dev.stop()
}

// call calls the function until stop is closed.
func (l *reloadLoad) call(dev *devProcess, stop <-chan struct{}) {
	client := dev.client()
	for {
		select {
		case <-stop:
			return
		default:
		}
		oldest, before := l.newest.Load(), l.phase.Load()
		var answer struct {
			Result struct {
				Version  int64
				Instance string
			}
			BuildError string
		}
		err := invokeOver(client, dev.URL, "version", `{}`, &answer)
		after := l.phase.Load()
		if !assert.NoError(l.t, err) {
			return
		}
		version := answer.Result.Version
		if _, known := l.instances.LoadOrStore(answer.Result.Instance, true); !known {
			l.started.Add(1)
		}
		assert.GreaterOrEqual(l.t, version, oldest, "a call had an older version than one that was over before it began")
		assert.LessOrEqual(l.t, version, int64(after.saved), "a version that nobody has saved yet")
		if before == after && after.settled { // nothing was saved meanwhile
			assert.Equal(l.t, int64(after.saved), version)
			if after.word == "" {
				assert.Empty(l.t, answer.BuildError)
			} else {
				assert.Contains(l.t, answer.BuildError, after.word)
			}
		}
		l.complaint.Store(&answer.BuildError)
		for seen := l.newest.Load(); version > seen && !l.newest.CompareAndSwap(seen, version); {
			seen = l.newest.Load()
		}
		l.calls.Add(1)
	}
}

// testSeed returns what a test's random choices begin with: $WXFN_TEST_SEED, or any.
func testSeed(t testing.TB) uint64 {
	seed := rand.Uint64()
	if text := os.Getenv("WXFN_TEST_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("WXFN_TEST_SEED=%d", seed)
	return seed
}

// functionsFolder returns a folder for function folders, in a Go module that builds offline.
func functionsFolder(t testing.TB) string {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	module, err := functionsModule(root)
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), module, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644))
	return dir
}

// devProcess is a "wxfn dev" in a process of its own, as users start it.
type devProcess struct {
	running
	t      testing.TB
	state  string
	cmd    *exec.Cmd
	stderr *bytes.Buffer // to be read when the process has ended
	ended  chan struct{}
}

// startDev starts a dev on a folder, and returns it ready.
func startDev(t testing.TB, dir string, args ...string) *devProcess {
	t.Helper()
	d := &devProcess{t: t, state: filepath.Join(dir, statedir.DefaultName), stderr: &bytes.Buffer{}, ended: make(chan struct{})}
	goEnv, err := goEnviron()
	require.NoError(t, err)
	// TestMain has put wxfn into the path: it is this test's binary.
	d.cmd = exec.Command("wxfn", append([]string{"dev", dir, "--addr", "127.0.0.1:0"}, args...)...)
	d.cmd.Env = append(append(os.Environ(), goEnv...), "WXFN_URL=", "GORACE=atexit_sleep_ms=10")
	d.cmd.Stderr = d.stderr
	stdout, err := d.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, d.cmd.Start())
	ready := make(chan string, 1)
	go func() {
		defer close(d.ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				ready <- url
			}
		}
		_ = d.cmd.Wait() // its state tells how it ended
	}()
	t.Cleanup(func() {
		d.kill()
		if t.Failed() && d.stderr.Len() > 0 {
			t.Logf("stderr of dev %d ends with:\n%s", d.cmd.Process.Pid, d.stderr.Bytes()[max(0, d.stderr.Len()-3000):])
		}
	})
	select {
	case d.URL = <-ready:
	case <-d.ended:
		require.Failf(t, "dev has ended", "%s\n%s", d.cmd.ProcessState, d.stderr)
	case <-time.After(3 * patience):
		require.Fail(t, "dev is not ready")
	}
	text, err := os.ReadFile(filepath.Join(d.state, statedir.RunningFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &d.running))
	return d
}

// kill ends the process at once.
func (d *devProcess) kill() {
	_ = d.cmd.Process.Kill() // an error: it has ended
	<-d.ended
}

// stop asks the process to end, and waits until it has done so.
func (d *devProcess) stop() {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-d.ended:
		assert.True(d.t, d.cmd.ProcessState.Success(), "%s", d.cmd.ProcessState)
	case <-time.After(patience):
		assert.Fail(d.t, "dev does not end")
	}
}

// until waits until something is so, or the test has failed.
func (d *devProcess) until(what string, so func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !so() && !d.t.Failed(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.Failf(d.t, "not in time", "not within %s: %s", patience, what)
		}
	}
}

// client returns an HTTP client with a connection of its own.
func (d *devProcess) client() *http.Client {
	transport := &http.Transport{}
	d.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// refusal is an answer other than 200.
type refusal struct {
	status int
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %s", r.status, r.body) }

// invokeOver calls a function; the error is a *refusal, or the connection's.
func invokeOver(client *http.Client, url, name, event string, answer any) error {
	resp, err := client.Post(url+"/invoke/"+name, "application/json", strings.NewReader(event))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &refusal{resp.StatusCode, string(body)}
	}
	return json.Unmarshal(body, answer)
}
