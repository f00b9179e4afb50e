// Package host runs functions. A [Function] has instances, each of which handles one event at a time: an idle one is
// reused, and another one started when calls overlap. What an instance is depends on the function's [Runtime]: a Go
// handler in this process, a program on the Go1 protocol, or Node on the runtime API.
package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// The limits of a function.
const (
	DefaultTimeout  = 3 * time.Second
	DefaultMemoryMB = 256
	maxResult       = 1 << 20
)

// The codes of a [Failure].
const (
	CodeResultSize = -604001
	CodeExecute    = -504002
	CodeTimeout    = -504003
)

// Failure is an invocation that brought no result.
type Failure struct {
	Code    int
	Message string
	// Stack is where the function failed, for people; it may be empty.
	Stack string
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

func failed(format string, args ...any) *Failure {
	return &Failure{Code: CodeExecute, Message: fmt.Sprintf(format, args...)}
}

// Call is one event for a function.
type Call struct {
	RequestID string
	// Function is the name that the function is told it has.
	Function string
	Event    []byte
	// Environ holds the variables of this invocation.
	Environ map[string]string
	Record  *journal.Record

	timeout  time.Duration
	deadline time.Time
	memoryMB int
}

// Runtime starts instances of one function.
type Runtime interface {
	// Start returns an instance that is ready for an event. What it prints until then goes into rec.
	Start(ctx context.Context, rec *journal.Record) (Instance, error)
}

// Instance handles one event at a time.
type Instance interface {
	// Invoke returns the function's result as JSON, or a *Failure. When ctx ends first, the instance is of no more use.
	Invoke(ctx context.Context, c *Call) ([]byte, error)
	// Done is closed when the instance has ended, by itself or by Close.
	Done() <-chan struct{}
	// Close ends the instance with all that it has started, politely first; Kill does so at once. Both return when
	// it has ended.
	Close()
	Kill()
}

// Function is a function with its instances.
type Function struct {
	Name     string
	Timeout  time.Duration // of one invocation
	MemoryMB int

	runtime Runtime
	max     int // instances; 0: no limit

	mu      sync.Mutex
	idle    []Instance // the last one used is the next one to use
	running map[Instance]struct{}
	count   int // idle, busy and starting
	waiting []chan struct{}
	closed  bool
}

// New returns a function of at most max instances; 0 means no limit.
func New(name string, r Runtime, timeout time.Duration, memoryMB, max int) *Function {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	if memoryMB == 0 {
		memoryMB = DefaultMemoryMB
	}
	return &Function{Name: name, Timeout: timeout, MemoryMB: memoryMB, runtime: r, max: max, running: map[Instance]struct{}{}}
}

// Invoke runs one invocation to its end. ctx bounds only the wait for an instance. The error is a *Failure.
func (f *Function) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	instance, err := f.acquire(ctx, c.Record)
	if err != nil {
		if failure, ok := errors.AsType[*Failure](err); ok {
			return nil, failure
		}
		return nil, failed("%v", err)
	}
	c.Function, c.timeout, c.memoryMB = f.Name, f.Timeout, f.MemoryMB
	c.deadline = time.Now().Add(f.Timeout)
	// A caller that goes away does not stop an invocation.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), c.deadline)
	defer cancel()

	result, err := instance.Invoke(ctx, c)
	if ctx.Err() != nil {
		instance.Kill()
		err = &Failure{Code: CodeTimeout, Message: fmt.Sprintf("Invoking task timed out after %s", seconds(f.Timeout))}
	}
	f.release(instance)
	switch {
	case err != nil:
		if failure, ok := errors.AsType[*Failure](err); ok {
			return nil, failure
		}
		return nil, failed("%v", err)
	case len(result) > maxResult:
		return nil, resultTooLarge(len(result))
	case len(result) == 0:
		return []byte("null"), nil
	}
	return result, nil
}

func resultTooLarge(size int) *Failure {
	return &Failure{Code: CodeResultSize, Message: fmt.Sprintf("the result is %d bytes; at most 1 MB (%d bytes) reach the caller", size, maxResult)}
}

func seconds(d time.Duration) string {
	s := strings.TrimSuffix(fmt.Sprintf("%.3f", d.Seconds()), "000")
	s = strings.TrimSuffix(s, ".")
	if s == "1" {
		return "1 second"
	}
	return s + " seconds"
}

// acquire returns an idle instance, a new one, or the next that is released.
func (f *Function) acquire(ctx context.Context, rec *journal.Record) (Instance, error) {
	for {
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			return nil, failed("the emulator is stopping")
		}
		for len(f.idle) > 0 {
			last := f.idle[len(f.idle)-1]
			f.idle = f.idle[:len(f.idle)-1]
			if !ended(last) {
				f.mu.Unlock()
				return last, nil
			}
			f.forget(last)
		}
		if f.max == 0 || f.count < f.max {
			f.count++
			f.mu.Unlock()
			return f.start(ctx, rec)
		}
		turn := make(chan struct{})
		f.waiting = append(f.waiting, turn)
		f.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			f.leave(turn)
			return nil, failed("the caller went away while all %d instances were busy", f.max)
		}
	}
}

func (f *Function) start(ctx context.Context, rec *journal.Record) (Instance, error) {
	rec.ColdStart()
	instance, err := f.runtime.Start(context.WithoutCancel(ctx), rec)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && f.closed {
		instance.Close()
		err = failed("the emulator is stopping")
	}
	if err != nil {
		f.count--
		f.wake()
		return nil, err
	}
	f.running[instance] = struct{}{}
	return instance, nil
}

func (f *Function) release(instance Instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ended(instance) {
		f.forget(instance)
	} else {
		f.idle = append(f.idle, instance)
	}
	f.wake()
}

// forget, wake and leave are called, and call, under the lock (leave takes it).

func (f *Function) forget(instance Instance) {
	delete(f.running, instance)
	f.count--
}

func (f *Function) wake() {
	if len(f.waiting) > 0 {
		close(f.waiting[0])
		f.waiting = f.waiting[1:]
	}
}

// leave takes a caller out of the queue; one whose turn has come already passes it on.
func (f *Function) leave(turn chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, w := range f.waiting {
		if w == turn {
			f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
			return
		}
	}
	f.wake()
}

func ended(instance Instance) bool {
	select {
	case <-instance.Done():
		return true
	default:
		return false
	}
}

// Close ends all instances; running invocations fail.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	instances := make([]Instance, 0, len(f.running))
	for instance := range f.running {
		instances = append(instances, instance)
	}
	for len(f.waiting) > 0 {
		f.wake()
	}
	f.mu.Unlock()
	var all sync.WaitGroup
	for _, instance := range instances {
		all.Go(instance.Close)
	}
	all.Wait()
}
