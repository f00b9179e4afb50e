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
// know the invocation.
func (a *app) invoke(ctx context.Context, inv *Invocation, event []byte) ([]byte, *go1.ResponseError) {
	a.running.add(inv)
	defer a.running.remove(inv)
	return a.guard(NewContext(ctx, inv), event)
}

// guard calls the handler and comes back whatever the handler does: return, panic,
// or end its goroutine. That last one is why it has a goroutine of its own.
func (a *app) guard(ctx context.Context, event []byte) (result []byte, failure *go1.ResponseError) {
	done := make(chan struct{})
	ended := false // by returning or by a panic
	go func() {
		defer close(done)
		defer func() {
			if value := recover(); value != nil {
				result, failure, ended = nil, a.panicked(ctx, value), true
			}
		}()
		result, failure = a.call(ctx, event)
		ended = true
	}()
	<-done
	if !ended {
		return nil, responseError(errGoexit)
	}
	return result, failure
}

// call calls the handler. What an error says is asked here, within the guard: its
// methods are the program's, and may panic.
func (a *app) call(ctx context.Context, event []byte) ([]byte, *go1.ResponseError) {
	result, err := a.handler.Invoke(ctx, event)
	if err != nil {
		return nil, responseError(err)
	}
	return result, nil
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
