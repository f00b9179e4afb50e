package host

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// InProcess is the runtime of a Go handler in this process. Transport is how its calls reach the platform.
type InProcess struct {
	Handler   cloudfn.Handler
	Transport http.RoundTripper
}

// Start implements [Runtime].
func (r *InProcess) Start(context.Context, *journal.Record) (Instance, error) {
	return &inProcess{r, newLife()}, nil
}

type inProcess struct {
	*InProcess
	life
}

// life is that of an instance in name: nothing else keeps two of them in one process apart.
type life struct {
	context.Context
	end context.CancelFunc
}

func newLife() (l life) {
	l.Context, l.end = context.WithCancel(context.Background())
	return l
}

// Close implements [Instance].
func (l life) Close() { l.end() }

// Kill implements [Instance].
func (l life) Kill() { l.end() }

// Invoke implements [Instance]. A handler that goes on after its time, or after the instance's end, does so in the
// background: nothing can stop it.
func (i *inProcess) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(i.life, cancel)()
	inv := cloudfn.NewInvocation(c.Environ, i.Transport)
	inv.RequestID, inv.Function, inv.MemoryLimitMB = c.RequestID, c.Function, c.memoryMB
	type outcome struct {
		result []byte
		err    error
	}
	done := make(chan outcome, 1)
	event := bytes.Clone(c.Event) // the handler's own, as in a process of its own
	go func() {
		o := outcome{err: failed("the handler called runtime.Goexit, as a failing test does")}
		defer func() {
			if v := recover(); v != nil {
				o.err = &Failure{Code: wxcloud.FunctionExecute, Message: fmt.Sprintf("panic: %v", v), Stack: stackOf(debug.Stack())}
			}
			done <- o
		}()
		o.result, o.err = i.Handler.Invoke(cloudfn.NewContext(ctx, inv), event)
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
