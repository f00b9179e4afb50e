// Package host runs functions. A [Function] has instances, each of which handles one event at a time: an idle one is
// reused, and another one started when calls overlap. What an instance is depends on the function's [Runtime]: a Go
// handler in this process, a program on the Go1 protocol, or Node on the runtime API.
package host

import (
	"context"
	"encoding/json"
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
	maxMessage      = 64 << 10 // of a failure: people read it, in logs and records
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

// asFailure returns err as the failure of an invocation, no longer than people read.
func asFailure(err error) *Failure {
	var failure Failure
	if f, ok := errors.AsType[*Failure](err); ok {
		failure = *f
	} else {
		failure = *failed("%v", err)
	}
	failure.Message = journal.Cut(failure.Message, maxMessage)
	failure.Stack = journal.Cut(failure.Stack, maxMessage)
	return &failure
}

// errNotBegun is the error of an instance that had ended before it got the event, after it had served others: another
// one can have the event.
var errNotBegun = errors.New("the instance had ended")

var errStopped = failed("the function was stopped: the emulator is closing, or has replaced the function")

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
	// Start returns an instance that is ready for an event. What it prints until then goes into rec. When ctx ends
	// first, nothing of the instance is left.
	Start(ctx context.Context, rec *journal.Record) (Instance, error)
}

// Instance handles one event at a time.
type Instance interface {
	// Invoke returns the function's result, or why there is none: errNotBegun, where another instance can have the event.
	// When ctx ends first, the instance is of no more use.
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

	ctx    context.Context // ends when the function is closed
	cancel context.CancelFunc
	starts sync.WaitGroup // the instances that are being started
	drains sync.WaitGroup // those that end because they were idle too long

	mu      sync.Mutex
	slots   map[*slot]struct{} // of every instance that is not draining or dead
	idle    []*slot            // the last one used is the next one to use
	waiting []chan *slot       // callers, who are served in their order
}

// New returns a function of at most max instances; 0 means no limit.
func New(name string, r Runtime, timeout time.Duration, memoryMB, max int) *Function {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	if memoryMB == 0 {
		memoryMB = DefaultMemoryMB
	}
	f := &Function{Name: name, Timeout: timeout, MemoryMB: memoryMB, runtime: r, max: max, slots: map[*slot]struct{}{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// Invoke runs one invocation to its end. ctx bounds only the wait for an instance. The result is JSON: a text that is
// none becomes a string, as the official SDK makes of it. The error is a *Failure.
func (f *Function) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	result, err := f.invoke(ctx, c)
	for errors.Is(err, errNotBegun) {
		result, err = f.invoke(ctx, c)
	}
	switch {
	case err != nil:
		return nil, asFailure(err)
	case len(result) > maxResult:
		return nil, resultTooLarge(len(result))
	case len(result) == 0:
		return []byte("null"), nil
	case !json.Valid(result):
		return json.Marshal(string(result))
	}
	return result, nil
}

// invoke has one instance handle the event.
func (f *Function) invoke(ctx context.Context, c *Call) ([]byte, error) {
	s, err := f.acquire(ctx, c.Record)
	if err != nil {
		return nil, err
	}
	defer f.release(s)
	instance := s.instance
	c.Function, c.timeout, c.memoryMB = f.Name, f.Timeout, f.MemoryMB
	c.deadline = time.Now().Add(f.Timeout)
	// A caller that goes away does not stop an invocation.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), c.deadline)
	defer cancel()

	result, err := instance.Invoke(ctx, c)
	switch {
	case !time.Now().Before(c.deadline):
		// By the clock, not by ctx: a function that knows its deadline gives up at the same moment.
		instance.Kill()
		return nil, &Failure{Code: CodeTimeout, Message: fmt.Sprintf("Invoking task timed out after %s", seconds(f.Timeout))}
	case f.ctx.Err() != nil: // also where a handler has made a result of it
		return nil, errStopped
	}
	return result, err
}

func resultTooLarge(size int) *Failure {
	return &Failure{Code: CodeResultSize, Message: fmt.Sprintf("the result is %d bytes; at most 1 MB (%d bytes) reach the caller", size, maxResult)}
}

func seconds(d time.Duration) string {
	s := strings.TrimRight(fmt.Sprintf("%.3f", d.Seconds()), "0")
	s = strings.TrimSuffix(s, ".")
	return s + " seconds"
}

func ended(instance interface{ Done() <-chan struct{} }) bool {
	select {
	case <-instance.Done():
		return true
	default:
		return false
	}
}

// Close ends all instances, those that are starting with them; running invocations fail. It returns when all are gone.
func (f *Function) Close() {
	f.mu.Lock()
	f.cancel()
	var instances []Instance
	for s := range f.slots {
		if s.state != starting { // which ends by itself, with ctx
			instances = append(instances, s.instance)
		}
		if s.expiry != nil {
			s.expiry.Stop()
		}
	}
	f.mu.Unlock()
	var all sync.WaitGroup
	for _, instance := range instances {
		all.Go(instance.Close)
	}
	all.Wait()
	f.starts.Wait()
	f.drains.Wait()
}
