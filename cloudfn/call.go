package cloudfn

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

// errGoexit is a handler that ended its goroutine and so never returned.
var errGoexit = errors.New("cloudfn: the handler ended its goroutine (runtime.Goexit, or a FailNow outside of a test)")

// invoke runs one invocation: within it, the handler's context and every log line
// know the invocation. It returns the handler's error, which resp holds too.
func (a *app) invoke(ctx context.Context, inv *Invocation, event []byte, resp *go1.InvokeResponse) error {
	a.running.add(inv)
	defer a.running.remove(inv)
	return a.guard(NewContext(ctx, inv), event, resp)
}

// guard calls the handler and fills in resp whatever the handler does: return,
// panic, or end its goroutine. As in that last case nothing returns, here nor
// above, the response is not a result.
func (a *app) guard(ctx context.Context, event []byte, resp *go1.InvokeResponse) error {
	returned := false
	defer func() {
		if returned {
			return
		}
		if value := recover(); value != nil {
			resp.Error = a.panicked(ctx, value)
		} else {
			resp.Error = responseError(errGoexit)
		}
	}()
	result, err := a.handler.Invoke(ctx, event)
	if err != nil {
		resp.Error = responseError(err) // within the guard: the error's methods may panic too
	} else {
		resp.Payload = result
	}
	returned = true
	return err
}

func responseError(err error) *go1.ResponseError {
	return &go1.ResponseError{Message: err.Error(), Type: typeName(err)}
}

// panicked reports a panic, to stderr and as an answer. Call it where the panic is
// recovered.
func (a *app) panicked(ctx context.Context, value any) *go1.ResponseError {
	message := fmt.Sprint(value)
	of := ""
	if id := requestID(ctx); id != "" {
		of = " [request_id " + id + "]"
	}
	// One write, so that two panics do not mix.
	fmt.Fprintf(a.stderr, "panic: %s%s\n\n%s", message, of, debug.Stack())
	return &go1.ResponseError{
		Message:    message,
		Type:       typeName(value),
		StackTrace: stackTrace(),
		ShouldExit: true,
	}
}

// typeName names the type of an error or of what a panic was given: the type's own
// name, without its package.
func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return t.String()
	}
	return t.Name()
}

// stackTrace returns the calls that led to a panic, from within the function that
// recovers it: the program's own, without the recovering above them, this package
// below them, and the Go runtime.
func stackTrace() []*go1.StackFrame {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	var trace []*go1.StackFrame
	panicked := false
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicked = panicked || f.Function == "runtime.gopanic"
		case !panicked: // still the recovering
		case ownFrame(f.Function):
			return trace
		default:
			trace = append(trace, stackFrame(f))
		}
	}
	return trace
}

var ownPackage = reflect.TypeFor[app]().PkgPath()

// ownFrame reports whether a frame is of what calls the program's own.
func ownFrame(function string) bool {
	name, ok := strings.CutPrefix(function, ownPackage+".")
	return ok && (strings.HasPrefix(name, "typed[") || strings.HasPrefix(name, "(*app).") || name == "responseError")
}

// stackFrame tells the package from the function, and keeps of the file's path,
// which is the building machine's, only what is within the package.
func stackFrame(f runtime.Frame) *go1.StackFrame {
	slash := strings.LastIndexByte(f.Function, '/') + 1
	last, label, _ := strings.Cut(f.Function[slash:], ".")
	file := f.File[strings.LastIndexByte(f.File, '/')+1:]
	return &go1.StackFrame{Path: f.Function[:slash] + last + "/" + file, Line: int32(f.Line), Label: label}
}
