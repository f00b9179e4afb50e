package watch

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/require"
)

// eachBackend runs a test with the system's notifications, and by polling alone.
func eachBackend(t *testing.T, test func(t *testing.T, w *watched)) {
	t.Parallel()
	for name, backend := range map[string]func() (*fsnotify.Watcher, error){
		"notified": fsnotify.NewWatcher,
		"polled":   func() (*fsnotify.Watcher, error) { return nil, errors.New("too many open files") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &watched{T: t, dir: t.TempDir(), changes: make(chan []string, 100)}
			output, err := os.Create(filepath.Join(w.dir, "output"))
			require.NoError(t, err)
			t.Cleanup(func() { _ = output.Close() })
			w.Watcher = New(Config{
				output:   []*os.File{output},
				OnChange: func(paths []string) { w.changes <- paths },
				Quiet:    time.Millisecond, Poll: 5 * time.Millisecond, newBackend: backend,
			})
			t.Cleanup(w.Close)
			test(t, w)
		})
	}
}

type watched struct {
	*testing.T
	*Watcher
	dir     string
	changes chan []string
}

func (w *watched) write(name, text string) {
	path := filepath.Join(w.dir, name)
	require.NoError(w, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w, os.WriteFile(path, []byte(text), 0o644))
}

// expect waits until a change of this file is told, or of a folder above it.
func (w *watched) expect(name string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	limit := time.After(10 * time.Second)
	for {
		select {
		case paths := <-w.changes:
			if slices.ContainsFunc(paths, func(p string) bool { return p == path || strings.HasPrefix(path, p+"/") }) {
				return
			}
		case <-limit:
			w.Fatalf("no change of %s was told", name)
		}
	}
}

func TestChangesAreTold(t *testing.T) {
	eachBackend(t, func(t *testing.T, w *watched) {
		w.write("fn/main.go", "1")
		w.Set(map[string]bool{w.dir: true})
		w.write("fn/main.go", "12")
		w.expect("fn/main.go")
		w.write("fn/new.go", "1")
		w.expect("fn/new.go")
		require.NoError(t, os.Remove(filepath.Join(w.dir, "fn/new.go")))
		w.expect("fn/new.go")
	})
}

func TestEditorThatReplacesAFileIsSeen(t *testing.T) {
	eachBackend(t, func(t *testing.T, w *watched) {
		w.write("main.go", "1")
		w.Set(map[string]bool{w.dir: true})
		for _, text := range []string{"12", "123"} { // the second time, too: the watch is not lost with the first file
			w.write("main.go.tmp", text)
			require.NoError(t, os.Rename(filepath.Join(w.dir, "main.go.tmp"), filepath.Join(w.dir, "main.go")))
			w.expect("main.go")
		}
	})
}

func TestNewFoldersAreWatched(t *testing.T) {
	eachBackend(t, func(t *testing.T, w *watched) {
		w.Set(map[string]bool{w.dir: true})
		w.write("a/b/c/file", "1")
		w.expect("a/b/c/file")
		w.write("a/b/c/file", "12")
		w.expect("a/b/c/file")
	})
}

func TestFoldersThatAreNoLongerSetAreLeft(t *testing.T) {
	eachBackend(t, func(t *testing.T, w *watched) {
		w.write("left/x/file", "1")
		w.write("kept/file", "1")
		left, kept := filepath.Join(w.dir, "left"), filepath.Join(w.dir, "kept")
		w.Set(map[string]bool{left: true, kept: false})
		w.Set(map[string]bool{kept: false})
		w.write("left/x/file", "12")
		w.write("kept/file", "12")
		w.expect("kept/file")
		for len(w.changes) > 0 {
			for _, path := range <-w.changes {
				require.NotContains(t, path, "left")
			}
		}
	})
}

func TestInstalledPackagesAndHiddenFilesAreIgnored(t *testing.T) {
	eachBackend(t, func(t *testing.T, w *watched) {
		w.write("node_modules/x/index.js", "1")
		w.write(".wxfn/state", "1")
		w.Set(map[string]bool{w.dir: true})
		w.write("node_modules/x/index.js", "12")
		w.write(".wxfn/state", "12")
		w.write("last", "1")
		w.expect("last")
		require.Empty(t, w.changes)
	})
}

func TestNobodyIsToldOfWhatRunningLeavesBehind(t *testing.T) {
	eachBackend(t, func(t *testing.T, w *watched) {
		w.Set(map[string]bool{w.dir: true})
		for _, name := range []string{"output", "dev.log", "fn/__pycache__/app.pyc", "last"} {
			w.write(name, "1")
		}
		told := map[string]bool{}
		for !told[filepath.Join(w.dir, "last")] {
			for _, path := range <-w.changes {
				told[path] = true
			}
		}
		delete(told, filepath.Join(w.dir, "fn"))
		require.Equal(t, map[string]bool{filepath.Join(w.dir, "last"): true}, told)
	})
}

func TestChangesDuringACallComeWithTheNextOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	calls, next := make(chan []string), make(chan struct{})
	w := New(Config{Quiet: time.Millisecond, OnChange: func(paths []string) {
		calls <- paths
		<-next
	}})
	t.Cleanup(w.Close)
	t.Cleanup(func() { close(next) })
	w.Set(map[string]bool{dir: true})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o644))
	<-calls
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b"), nil, 0o644))
	next <- struct{}{}
	require.Contains(t, <-calls, filepath.Join(dir, "b"))
}
