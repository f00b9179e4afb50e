package host

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

const (
	defaultStartTimeout = 30 * time.Second
	stopTimeout         = time.Second // from the polite signal to the other one
)

// Program is a command to run as an instance.
type Program struct {
	Path string
	Args []string
	Dir  string
	// Environ holds variables on top of the few that a function gets of this process's.
	Environ map[string]string
	// Late returns further variables when a process starts; Environ takes precedence. Optional.
	Late func() (map[string]string, error)
	// Sandbox is where the program runs; nil if it can write everywhere.
	Sandbox *Sandbox
	// StartTimeout bounds the time from the process's start until it is ready; 30 s if 0.
	StartTimeout time.Duration
}

func (p *Program) startTimeout() time.Duration { return cmp.Or(p.StartTimeout, defaultStartTimeout) }

// inherited are the variables that a function sees of the developer's shell: what programs need to run and to be
// debugged. All others stay out, as they will be missing in the cloud.
var inherited = []string{
	"PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "PATHEXT", "COMSPEC",
	"NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "GOCOVERDIR", "GOTRACEBACK", "GODEBUG",
}

func (p *Program) environ(more map[string]string) ([]string, error) {
	values := map[string]string{}
	var late map[string]string
	if p.Late != nil {
		var err error
		if late, err = p.Late(); err != nil {
			return nil, err
		}
	}
	for _, name := range inherited {
		if name == "TMPDIR" && runtime.GOOS == "linux" {
			continue // the cloud has /tmp
		}
		if value, ok := os.LookupEnv(name); ok {
			values[name] = value
		}
	}
	for _, set := range []map[string]string{late, p.Environ, more} {
		for name, value := range set {
			values[name] = value
		}
	}
	list := make([]string, 0, len(values))
	for name, value := range values {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list, nil
}

// process is a running program, with its process group and what it prints.
type process struct {
	cmd     *exec.Cmd
	sandbox *Sandbox
	record  atomic.Pointer[journal.Record] // of the invocation that it runs, or ran last
	output  []*pipe
	key     *key
	done    chan struct{} // closed when it has ended
	state   atomic.Pointer[os.ProcessState]
	stop    sync.Once
}

// start runs the program. What it prints goes into rec, until another record is set.
func (p *Program) start(rec *journal.Record, environ map[string]string) (_ *process, err error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			key.discard()
		}
	}()
	proc := &process{cmd: exec.Command(p.Path, p.Args...), sandbox: p.Sandbox, key: key, done: make(chan struct{})}
	rec.Redact(key.value)
	proc.record.Store(rec)
	variables, err := p.environ(environ)
	if err != nil {
		return nil, err
	}
	proc.cmd.Dir, proc.cmd.Env = p.Dir, append(variables, keyVariable+"="+key.file)
	ownGroup(proc.cmd)
	stdout, err := proc.pipe("stdout")
	if err != nil {
		return nil, err
	}
	stderr, err := proc.pipe("stderr")
	if err != nil {
		return nil, errors.Join(err, stdout.Close())
	}
	proc.cmd.Stdout, proc.cmd.Stderr = stdout, stderr
	err = p.Sandbox.start(proc.cmd)
	_ = stdout.Close() // the child has its own
	_ = stderr.Close()
	if err != nil {
		for _, out := range proc.output {
			out.close()
		}
		return nil, fmt.Errorf("starting %s: %w", p.Path, startError(err))
	}
	for _, out := range proc.output {
		go out.readAll()
	}
	go proc.wait()
	return proc, nil
}

// startError says why the system does not start a file, and what to do.
func startError(err error) error {
	refused, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return err
	}
	_, missing := os.Stat(refused.Path)
	advice := ""
	switch {
	case missing != nil: // which says it all
	case errors.Is(err, syscall.ENOEXEC):
		advice = "; begin a script with a line such as #!/bin/bash, and build a program for this system"
	case errors.Is(err, fs.ErrPermission):
		advice = "; run chmod +x on it"
	case errors.Is(err, fs.ErrNotExist):
		advice = "; what its first line names after #! is not there, or that line ends with CR LF"
	}
	return fmt.Errorf("%w%s", refused.Err, advice)
}

// pipe returns the writing end of a pipe whose lines go into the process's record.
func (proc *process) pipe(stream string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("a pipe for %s: %w", stream, err)
	}
	proc.output = append(proc.output, &pipe{file: r, lines: lineWriter{
		emit: func(text string) { proc.record.Load().Print(time.Now(), stream, valid(text)) },
		fit:  func(line []byte) int { return proc.record.Load().Fit(line, journal.MaxLine) },
	}})
	return w, nil
}

// valid returns text as UTF-8: bytes that are none become \xff, while JSON would not tell one from another.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, text[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printTo has what the process prints from now on go into rec.
func (proc *process) printTo(rec *journal.Record) {
	proc.flush()
	proc.record.Store(rec)
}

// flush takes in what the process has printed until now, a last line without a newline with it.
func (proc *process) flush() {
	for _, out := range proc.output {
		out.drain()
		out.finish()
	}
}

// drain is flush, but for a last line that is not complete: the process is at work on something else, too, and what comes
// next may belong to it.
func (proc *process) drain() {
	for _, out := range proc.output {
		out.drain()
	}
}

func (proc *process) wait() {
	_ = proc.cmd.Wait() // how it ended stands in its state
	killGroup(proc.cmd) // what it has left behind
	proc.flush()
	proc.key.discard()
	for _, out := range proc.output {
		out.close()
	}
	proc.state.Store(proc.cmd.ProcessState)
	close(proc.done)
}

// ending says how the process ended, or that it has not.
func (proc *process) ending() string {
	state := proc.state.Load()
	switch {
	case state == nil:
		return "is still running"
	case state.Exited():
		return fmt.Sprintf("exited with code %d", state.ExitCode())
	}
	return "was ended by " + state.String() // "signal: killed"
}

// explain adds to an error of the function what to do about it.
func (proc *process) explain(err error) error { return proc.sandbox.explain(err) }

// Done implements [Instance].
func (proc *process) Done() <-chan struct{} { return proc.done }

// Kill implements [Instance].
func (proc *process) Kill() {
	proc.signal(killGroup)
	<-proc.done
}

// signal sends a signal, unless the process has ended: its id may be another's by now.
func (proc *process) signal(send func(*exec.Cmd)) {
	select {
	case <-proc.done:
	default:
		send(proc.cmd)
	}
}

// Close implements [Instance].
func (proc *process) Close() {
	proc.stop.Do(func() { proc.signal(terminate) })
	select {
	case <-proc.done:
	case <-time.After(stopTimeout):
		proc.Kill()
	}
}

// pipe reads what a process prints.
type pipe struct {
	file *os.File

	mu    sync.Mutex // held while lines are taken in
	lines lineWriter
	buf   [32 << 10]byte
}

func (p *pipe) close() { _ = p.file.Close() }

// finish gives out a last line that no newline has ended.
func (p *pipe) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines.flush()
}

// lineWriter splits what is written into lines. A line that a record cannot hold comes in pieces, which fit returns the
// length of the first of.
type lineWriter struct {
	emit func(string)
	fit  func([]byte) int
	rest []byte
}

// lookAhead is how much of a long line is to be there before it is cut, so that a secret around that place is seen.
const lookAhead = 1 << 10

func (w *lineWriter) write(b []byte) {
	for found := true; found; {
		var line []byte
		line, b, found = bytes.Cut(b, []byte("\n"))
		w.rest = append(w.rest, line...)
		w.cut(journal.MaxLine + lookAhead)
		if found {
			w.cut(journal.MaxLine)
			w.emit(strings.TrimSuffix(string(w.rest), "\r"))
			w.rest = w.rest[:0]
		}
	}
}

// cut gives out pieces of the line until it is no longer than n.
func (w *lineWriter) cut(n int) {
	for len(w.rest) > n {
		piece := w.fit(w.rest)
		w.emit(string(w.rest[:piece]))
		w.rest = slices.Delete(w.rest, 0, piece)
	}
}

// flush gives out a line that no newline has ended.
func (w *lineWriter) flush() {
	w.cut(journal.MaxLine)
	if len(w.rest) > 0 {
		w.emit(string(w.rest))
		w.rest = w.rest[:0]
	}
}
