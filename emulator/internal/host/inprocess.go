package host

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// InProcess is the runtime of a Go handler in this process. Transport is how its calls reach the platform.
type InProcess struct {
	Handler   cloudfn.Handler
	Transport http.RoundTripper
}

// Start implements [Runtime].
func (r *InProcess) Start(context.Context, *journal.Record) (Instance, error) { return r, nil }

// Invoke implements [Instance]. A handler that overruns its time goes on in the background: nothing can stop it.
func (r *InProcess) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	inv := cloudfn.NewInvocation(c.Environ, r.Transport)
	inv.RequestID, inv.Function, inv.MemoryLimitMB = c.RequestID, c.Function, c.memoryMB
	type outcome struct {
		result []byte
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		o := outcome{err: failed("the handler called runtime.Goexit, as a failing test does")}
		defer func() {
			if v := recover(); v != nil {
				o.err = &Failure{Code: CodeExecute, Message: fmt.Sprintf("panic: %v", v), Stack: stackOf(debug.Stack())}
			}
			done <- o
		}()
		o.result, o.err = r.Handler.Invoke(cloudfn.NewContext(ctx, inv), c.Event)
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stackOf returns the stack below the call of panic.
func stackOf(stack []byte) string {
	_, below, found := strings.Cut(string(stack), "\npanic(")
	if !found {
		return string(stack)
	}
	_, below, _ = strings.Cut(below, "\n") // the line of panic itself
	_, below, _ = strings.Cut(below, "\n")
	return strings.TrimSpace(below)
}

// Done implements [Instance]: a handler in this process does not end.
func (r *InProcess) Done() <-chan struct{} { return nil }

// Close implements [Instance].
func (r *InProcess) Close() {}

// Kill implements [Instance].
func (r *InProcess) Kill() {}
