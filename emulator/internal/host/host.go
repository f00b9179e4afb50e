// Package host runs functions. A [Function] has instances, each of which handles one call at a time, if nothing else is
// said: an idle one is reused, and another one started when calls overlap. What an instance is depends on the function's
// [Runtime]: a Go handler in this process, a program on the Go1 protocol, Node on the runtime API, or a web server.
package host

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// The limits of a function.
const (
	DefaultTimeout  = 3 * time.Second
	DefaultMemoryMB = 256
	maxResult       = 1 << 20
	maxMessage      = 64 << 10 // of a failure: people read it, in logs and records

	// NoTimeout is the timeout of a function that may take as long as it likes.
	NoTimeout time.Duration = -1
	// Unbounded is the number of calls that an instance handles at once where nothing bounds them.
	Unbounded = math.MaxInt
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

// Is reports whether target is a failure that says the same.
func (f *Failure) Is(target error) bool {
	other, ok := target.(*Failure)
	return ok && *other == *f
}

func failed(format string, args ...any) *Failure {
	return &Failure{Code: wxcloud.FunctionExecute, Message: fmt.Sprintf(format, args...)}
}

// asFailure returns err as the failure of an invocation: without secrets, and no longer than people read.
func asFailure(err error, rec *journal.Record) *Failure {
	var failure Failure
	if f, ok := errors.AsType[*Failure](err); ok {
		failure = *f
	} else {
		failure = *failed("%v", err)
	}
	failure.Message = rec.Clean(valid(failure.Message), maxMessage)
	failure.Stack = rec.Clean(valid(failure.Stack), maxMessage)
	return &failure
}

// errNotBegun is the error of an instance that had ended before it got the event, after it had served others: another
// one can have the event.
var errNotBegun = errors.New("the instance had ended")

var errStopped = failed("the function was stopped: the emulator is closing, or has replaced the function")

// Call is one event for a function, or one HTTP request.
type Call struct {
	RequestID string
	// Function is the name that the function is told it has.
	Function string
	Event    []byte
	// Request is what a web server is to answer, and Answer where its answer goes as it comes; there is no event then, and
	// no result. An error may come when a part of the answer has been written.
	Request *http.Request
	Answer  http.ResponseWriter
	// Timeout is this call's own, if it is not 0.
	Timeout time.Duration
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

// Instance handles one event at a time, and HTTP requests also side by side.
type Instance interface {
	// Invoke returns the function's result, or why there is none: errNotBegun, where another instance can have the event.
	// When ctx ends first, the instance is no longer usable.
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
	Timeout  time.Duration // of one invocation; NoTimeout: it has none
	MemoryMB int

	runtime Runtime
	max     int // instances; 0: no limit
	share   int // calls that an instance handles at once

	ctx    context.Context // ends when the function is closed
	cancel context.CancelFunc
	starts sync.WaitGroup // the instances that are being started
	drains sync.WaitGroup // those that end because they were idle too long

	mu      sync.Mutex
	slots   map[*slot]struct{} // of every instance that is not draining or dead
	open    []*slot            // those with room for another call; the last one used is the next one to use
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
	f := &Function{Name: name, Timeout: timeout, MemoryMB: memoryMB, runtime: r, max: max, share: 1, slots: map[*slot]struct{}{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// Share lets each instance handle so many calls at once. An instance is not ended then by a call that takes too long,
// for the sake of the others. It is to be called before the first call.
func (f *Function) Share(calls int) { f.share = calls }

// Invoke runs one invocation to its end. ctx bounds only the wait for an instance. The result is JSON: a text that is
// none becomes a string, as the official SDK makes of it. The error is a *Failure.
func (f *Function) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	result, err := f.invoke(ctx, c)
	for errors.Is(err, errNotBegun) {
		result, err = f.invoke(ctx, c)
	}
	switch {
	case err != nil:
		return nil, asFailure(err, c.Record)
	case len(result) > maxResult:
		return nil, resultTooLarge(len(result))
	case len(result) == 0:
		return []byte("null"), nil
	case !json.Valid(result):
		return json.Marshal(string(result))
	case !utf8.Valid(result): // JSON lets its texts be so, but is UTF-8
		return bytes.ToValidUTF8(result, []byte(`\ufffd`)), nil
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
	c.Function, c.timeout, c.memoryMB = f.Name, cmp.Or(c.Timeout, f.Timeout), f.MemoryMB
	// A caller that goes away does not stop an invocation.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if c.Request != nil { // whose answer may have no end
		defer context.AfterFunc(f.ctx, cancel)()
	}
	if c.timeout != NoTimeout {
		c.deadline = time.Now().Add(c.timeout)
		ctx, cancel = context.WithDeadline(ctx, c.deadline)
		defer cancel()
	}

	result, err := instance.Invoke(ctx, c)
	switch {
	case c.timeout != NoTimeout && !time.Now().Before(c.deadline):
		// By the clock, not by ctx: a function that knows its deadline gives up at the same moment.
		if f.share == 1 {
			instance.Kill()
		}
		return nil, &Failure{Code: wxcloud.FunctionTimeout, Message: fmt.Sprintf("Invoking task timed out after %s", seconds(c.timeout))}
	case f.ctx.Err() != nil: // also where a handler has made a result of it
		return nil, errStopped
	}
	if p, ok := instance.(interface{ explain(error) error }); ok {
		err = p.explain(err)
	}
	return result, err
}

func resultTooLarge(size int) *Failure {
	return &Failure{Code: wxcloud.ResultSize, Message: fmt.Sprintf("the result is %d bytes; at most 1 MB (%d bytes) reach the caller", size, maxResult)}
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
