package host

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// WebHandler is the runtime of an http.Handler in this process. Transport is how its calls reach the platform.
type WebHandler struct {
	Handler   http.Handler
	Transport http.RoundTripper
}

// Start implements [Runtime].
func (r *WebHandler) Start(context.Context, *journal.Record) (Instance, error) {
	return &webInstance{r, newLife()}, nil
}

type webInstance struct {
	*WebHandler
	life
}

// Invoke implements [Instance]. It returns when the handler does, because the answer is the handler's to write until then:
// time that is over, a caller that has gone and an instance that is closed are told by the request's context.
func (i *webInstance) Invoke(ctx context.Context, c *Call) (_ []byte, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(i.life, cancel)()
	defer context.AfterFunc(c.Request.Context(), cancel)()
	inv := cloudfn.NewInvocation(c.Environ, i.Transport)
	inv.RequestID, inv.Function, inv.MemoryLimitMB = c.RequestID, c.Function, c.memoryMB
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			err = errBrokenOff
		default:
			err = &Failure{Code: wxcloud.FunctionExecute, Message: fmt.Sprintf("panic: %v", v), Stack: stackOf(debug.Stack())}
		}
	}()
	i.Handler.ServeHTTP(&timely{c.Answer, ctx}, c.Request.WithContext(cloudfn.NewContext(ctx, inv)))
	if c.Request.Context().Err() != nil {
		return nil, ErrCallerGone
	}
	return nil, ctx.Err()
}

// timely is an answer that nothing is added to when its time is over: what a handler says then, often that its context has
// ended, is not for the caller.
type timely struct {
	http.ResponseWriter
	ctx context.Context
}

// WriteHeader implements http.ResponseWriter.
func (w *timely) WriteHeader(status int) {
	if w.ctx.Err() == nil {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (w *timely) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// Flush implements http.Flusher, which handlers look for.
func (w *timely) Flush() {
	if w.ctx.Err() == nil {
		_ = http.NewResponseController(w.ResponseWriter).Flush() // where it can
	}
}

// Hijack implements http.Hijacker.
func (w *timely) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, nil, err
	}
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for [http.ResponseController].
func (w *timely) Unwrap() http.ResponseWriter { return w.ResponseWriter }
