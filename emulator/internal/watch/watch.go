// Package watch tells when files below folders change.
package watch

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Config is what a Watcher is made of.
type Config struct {
	// OnChange is called with the paths that have changed, in a goroutine of its own, one call at a time. What changes
	// while it runs comes with the next call.
	OnChange func(paths []string)
	// Log gets a warning where the system's limits leave folders to be polled.
	Log *slog.Logger

	// Quiet is how long nothing must change before OnChange is called: editors and tools write several files at a
	// time. 30 ms if 0.
	Quiet time.Duration
	// Poll is how often folders are looked at that the system will not watch; 500 ms if 0.
	Poll time.Duration
	// newBackend and output are replaced in tests.
	newBackend func() (*fsnotify.Watcher, error)
	output     []*os.File // that this process prints to
}

// Watcher watches folders. Hidden ones, and those of packages and caches, are not looked into. Nor is anybody told of logs,
// of which this process may write one itself, by what it is told.
type Watcher struct {
	config  Config
	backend *fsnotify.Watcher // nil where the system has none to give
	changed chan string
	stop    chan struct{}
	stopped sync.WaitGroup
	once    sync.Once
	output  []os.FileInfo

	mu     sync.Mutex
	roots  map[string]bool     // whether with all folders below
	polled map[string]snapshot // folders that the system does not watch
	warned bool
}

// snapshot is the state of a folder's files.
type snapshot map[string]stamp

type stamp struct {
	modified time.Time
	size     int64
}

// New returns a watcher, which watches nothing yet.
func New(c Config) *Watcher {
	if c.Quiet == 0 {
		c.Quiet = 30 * time.Millisecond
	}
	if c.Poll == 0 {
		c.Poll = 500 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.newBackend == nil {
		c.newBackend = fsnotify.NewWatcher
	}
	if c.output == nil {
		c.output = []*os.File{os.Stdout, os.Stderr}
	}
	w := &Watcher{
		config: c, changed: make(chan string), stop: make(chan struct{}),
		roots: map[string]bool{}, polled: map[string]snapshot{},
	}
	for _, file := range c.output {
		if info, err := file.Stat(); err == nil {
			w.output = append(w.output, info)
		}
	}
	if backend, err := c.newBackend(); err == nil {
		w.backend = backend
		w.stopped.Go(w.listen)
	} else {
		w.warn(err)
	}
	w.stopped.Go(w.poll)
	w.stopped.Go(w.collect)
	return w
}

// Set watches these folders and no others; those that are true with all folders below them. Files may stand for the
// folder that holds them.
func (w *Watcher) Set(dirs map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for dir := range w.roots {
		if _, still := dirs[dir]; !still {
			w.remove(dir)
		}
	}
	w.roots = map[string]bool{}
	for dir, deep := range dirs {
		w.roots[dir] = deep
		w.add(dir, deep)
	}
}

// Close stops watching. A call of OnChange that is running is waited for.
func (w *Watcher) Close() {
	w.once.Do(func() {
		close(w.stop)
		if w.backend != nil {
			_ = w.backend.Close()
		}
	})
	w.stopped.Wait()
}

// add and remove are called under the lock.

func (w *Watcher) add(dir string, deep bool) {
	w.addOne(dir)
	if !deep {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == dir { // what cannot be read cannot be watched
			return nil
		}
		if w.ignored(path) {
			return filepath.SkipDir
		}
		w.addOne(path)
		return nil
	})
}

func (w *Watcher) addOne(dir string) {
	if w.backend != nil {
		err := w.backend.Add(dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fsnotify.ErrClosed) {
			delete(w.polled, dir)
			return
		}
		w.warn(err)
	}
	if _, known := w.polled[dir]; !known {
		w.polled[dir] = w.look(dir)
	}
}

func (w *Watcher) remove(dir string) {
	below := dir + string(filepath.Separator)
	gone := func(path string) bool { return path == dir || w.roots[dir] && strings.HasPrefix(path, below) }
	for path := range w.polled {
		if gone(path) {
			delete(w.polled, path)
		}
	}
	if w.backend == nil {
		return
	}
	for _, path := range w.backend.WatchList() {
		if gone(path) {
			_ = w.backend.Remove(path) // it may be gone by itself
		}
	}
}

func (w *Watcher) warn(err error) {
	if !w.warned {
		w.warned = true
		w.config.Log.Warn("the system cannot watch all folders, so some are looked at twice a second; " +
			"on Linux raise fs.inotify.max_user_watches: " + err.Error())
	}
}

// deep reports whether a path is below a folder that is watched with all below it.
func (w *Watcher) deep(path string) bool {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if w.roots[dir] {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

// listen takes what the system tells.
func (w *Watcher) listen() {
	for {
		select {
		case event, open := <-w.backend.Events:
			if !open {
				return
			}
			if event.Op == fsnotify.Chmod || w.ignored(event.Name) {
				continue
			}
			if event.Has(fsnotify.Create) {
				w.created(event.Name)
			}
			w.tell(event.Name)
		case err, open := <-w.backend.Errors:
			if !open {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) { // something has changed, and nobody knows what
				w.mu.Lock()
				for dir := range w.roots {
					go w.tell(dir)
				}
				w.mu.Unlock()
			}
		}
	}
}

// created watches a new folder. What was put into it before that is a change, too.
func (w *Watcher) created(path string) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if deep, root := w.roots[path]; root {
		w.add(path, deep)
	} else if w.deep(path) {
		w.add(path, true)
	}
}

func (w *Watcher) tell(path string) {
	select {
	case w.changed <- path:
	case <-w.stop:
	}
}

// collect waits for quiet, and then calls OnChange.
func (w *Watcher) collect() {
	changed := map[string]bool{}
	quiet := time.NewTimer(0)
	<-quiet.C
	done := make(chan struct{}, 1)
	running := false
	due := false
	run := func() {
		paths := make([]string, 0, len(changed))
		for path := range changed {
			paths = append(paths, path)
		}
		clear(changed)
		running, due = true, false
		go func() {
			w.config.OnChange(paths)
			done <- struct{}{}
		}()
	}
	for {
		select {
		case path := <-w.changed:
			changed[path] = true
			due = false
			quiet.Reset(w.config.Quiet)
		case <-quiet.C:
			if due = true; !running {
				run()
			}
		case <-done:
			if running = false; due && len(changed) > 0 {
				run()
			}
		case <-w.stop:
			if running {
				<-done
			}
			return
		}
	}
}

// poll looks at folders that the system does not watch.
func (w *Watcher) poll() {
	tick := time.NewTicker(w.config.Poll)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-w.stop:
			return
		}
		var changed []string
		w.mu.Lock()
		for dir, before := range w.polled {
			now := w.look(dir)
			for path, s := range now {
				old, known := before[path]
				if known && s == old {
					continue
				}
				changed = append(changed, path)
				if !known && s.size < 0 && w.deep(path) {
					w.add(path, true)
				}
			}
			for path := range before {
				if _, still := now[path]; !still {
					changed = append(changed, path)
				}
			}
			w.polled[dir] = now
		}
		w.mu.Unlock()
		for _, path := range changed {
			w.tell(path)
		}
	}
}

// look returns the state of a folder's files and folders.
func (w *Watcher) look(dir string) snapshot {
	s := snapshot{}
	entries, _ := os.ReadDir(dir) // a folder that is gone has no files
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if w.ignored(path) {
			continue
		}
		if e.IsDir() {
			s[path] = stamp{size: -1}
		} else if info, err := e.Info(); err == nil {
			s[path] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

// ignored reports whether nobody wants to hear of a path: what editors and programs leave behind, hidden files but .env and
// its like, installed packages, and what this process prints.
func (w *Watcher) ignored(path string) bool {
	name := filepath.Base(path)
	switch {
	case strings.HasPrefix(name, ".") && !strings.HasPrefix(name+".", ".env."), strings.HasSuffix(name, "~"), strings.HasSuffix(name, ".log"),
		name == "node_modules", name == "__pycache__", name == "4913":
		return true
	}
	info, err := os.Stat(path)
	return err == nil && slices.ContainsFunc(w.output, func(output os.FileInfo) bool { return os.SameFile(output, info) })
}
