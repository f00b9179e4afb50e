//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

const durableMain = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

type event struct{ N int }

type made struct {
	N, PID  int
	Picture []byte
}

func main() {
	cloudfn.Start(func(ctx context.Context, e event) (*made, error) {
		image, err := openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{
			Path: fmt.Sprint("page/index/index?n=", e.N), Width: new(280)})
		if err != nil {
			return nil, err
		}
		return &made{e.N, os.Getpid(), image.Buffer}, nil
	})
}
`

// madeCode is a code that a caller has got.
type madeCode struct {
	N, PID  int
	Picture []byte
}

// What was answered is kept, and no instance outlives its emulator, whenever the emulator is killed.
func TestCodesAnsweredBeforeKillsAreKept(t *testing.T) {
	t.Parallel()
	kills, callers := 50, 4
	if testing.Short() {
		kills = 8
	}
	random := rand.New(rand.NewPCG(testSeed(t), 1))
	project := functionsFolder(t)
	dir := filepath.Join(project, "code")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(durableMain), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"permissions": {"openapi": ["wxacode.createQRCode"]}}`), 0o644))

	var load codeLoad
	var sample, fresh []madeCode // of all codes, and those answered since the last kill
	total, idle := 0, 0
	for kill := range kills {
		dev := startDev(t, project, "--no-watch")
		for _, code := range fresh {
			assertOpens(t, dev, code)
		}
		// Some kills hit the start of the first instances, most of them the load after it.
		afterFirst, after := random.IntN(4) > 0, time.Duration(random.Int64N(int64(120*time.Millisecond)))
		fresh = load.until(t, dev, callers, afterFirst, after)
		for _, code := range fresh {
			dev.until(fmt.Sprintf("the end of instance %d", code.PID), func() bool { return !runs(code.PID, dev.state) })
		}
		// Those too that were about to start.
		dev.until("the end of all instances", func() bool { return len(programsOf(t, dev.state)) == 0 })
		total += len(fresh)
		if len(fresh) == 0 {
			idle++
		} else {
			sample = append(sample, fresh[random.IntN(len(fresh))])
		}
		if t.Failed() {
			t.Fatalf("kill %d, after %s of load (after its first answer: %t)", kill, after, afterFirst)
		}
		dev.stderr.Reset() // nothing to tell of this one
	}
	dev := startDev(t, project, "--no-watch")
	for _, code := range append(fresh, sample...) {
		assertOpens(t, dev, code)
	}
	dev.stop()

	// One more code of the same quota tells what the others have used.
	s := store.File(func() (string, error) { return filepath.Join(dev.state, "state.db"), nil }, launch.Buckets()...)
	defer s.Close()
	used, err := launch.Codes{Store: s}.Add(launch.Code{ID: "one more", AppID: emulator.DefaultAppID}, launch.Quota{Name: "codes", Limit: math.MaxInt})
	require.NoError(t, err)
	used--
	t.Logf("%d kills, %d of them before the first answer; %d codes answered, %d calls lost; %d used", kills, idle, total, load.lost.Load(), used)
	assert.GreaterOrEqual(t, used, total)
	assert.LessOrEqual(t, used, total+int(load.lost.Load()))
	assert.Greater(t, total, kills, "there was hardly any load")
}

// codeLoad is callers who make codes.
type codeLoad struct {
	n    atomic.Int64 // each code's own
	lost atomic.Int64 // calls that a kill has left without an answer
}

// until has callers make codes, and kills dev some time after they began, or after the first answer. It returns the codes
// that were answered.
func (l *codeLoad) until(t testing.TB, dev *devProcess, callers int, afterFirst bool, after time.Duration) (answered []madeCode) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	var first, killed atomic.Bool
	defer all.Wait()
	defer dev.kill()
	for range callers {
		all.Go(func() {
			for client := dev.client(); ; {
				n := int(l.n.Add(1))
				var answer struct{ Result madeCode }
				err := invokeOver(client, dev.URL, "code", fmt.Sprintf(`{"N": %d}`, n), &answer)
				if err != nil {
					l.lost.Add(1)
					if _, ok := errors.AsType[*refusal](err); ok || !killed.Load() {
						t.Errorf("a call was lost before the kill: %v", err)
					}
					return
				}
				if answer.Result.N != n {
					t.Errorf("code %d was answered where %d was asked for", answer.Result.N, n)
				}
				mu.Lock()
				answered = append(answered, answer.Result)
				mu.Unlock()
				first.Store(true)
			}
		})
	}
	if afterFirst {
		dev.until("the first answer", first.Load)
	}
	<-time.After(after)
	killed.Store(true)
	dev.kill()
	all.Wait()
	return answered
}

// assertOpens scans the picture of a code.
func assertOpens(t testing.TB, dev *devProcess, code madeCode) {
	t.Helper()
	options, err := dev.control().ScanPicture(t.Context(), code.Picture)
	if assert.NoError(t, err, "code %d", code.N) {
		assert.Equal(t, "page/index/index", options.Path)
		assert.Equal(t, map[string]string{"n": strconv.Itoa(code.N)}, options.Query)
		assert.Equal(t, emulator.DefaultAppID, options.AppID)
	}
}

// runs reports whether a process runs a program of this folder. One that has ended does not, whoever has its id by now.
func runs(pid int, folder string) bool {
	program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)) // it may be gone
	return strings.HasPrefix(program, folder+string(filepath.Separator))
}

// programsOf returns the processes that run a program of this folder.
func programsOf(t testing.TB, folder string) (pids []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && runs(pid, folder) {
			pids = append(pids, pid)
		}
	}
	return pids
}
