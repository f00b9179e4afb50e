// Package cloudfn runs a Go program as a cloud function of a WeChat Mini Program
// (微信云函数). It is all that comes in to a function; package openapi is what goes
// out.
//
// Write a function that takes a context and the event, and give it to [Start]:
//
//	func handle(ctx context.Context, event Event) (*Result, error) { … }
//
//	func main() { cloudfn.Start(handle) }
//
// Event and Result are anything that encoding/json takes. [FromContext] tells who
// calls. Run it with `wxfn dev` in the project's folder, or in a test with package
// emulatortest. In production the same program, built for linux/amd64, has four homes,
// which it tells apart by its environment:
//
//	runtime Go1           events, of wx.cloud.callFunction, timers and the HTTP API;
//	                      the file is named main, and so is the handler
//	HTTP cloud function   requests, of wx.cloud.callHTTPFunction and URLs;
//	(HTTP 云函数)           scf_bootstrap sets PORT and starts the program
//	Cloud Run             requests, of wx.cloud.callContainer and URLs;
//	(微信云托管)            a container starts the program
//	custom runtime        events, without variables, so that no caller is known there
//	(自定义运行时)          but under the emulator: prefer Go1 for what a Mini Program
//	                      calls; the file is named bootstrap
//
// [Start] runs in all of them: where requests come in, each is an event. [StartHTTP]
// runs a net/http handler, with any router, in the second and the third.
//
// One process may handle several events at once. What belongs to one of them, its
// caller, its variables and its deadline, is in the context and nowhere else: the
// process environment is left alone.
//
// Official documents:
// https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions.html
// (cloud functions); those of the homes are with [Runtime].
package cloudfn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A Handler handles events. [Func] makes one of a typed function; implement it to
// see the bytes themselves. It is called for several events at once.
type Handler interface {
	// Invoke handles one event, which is JSON, and returns the result, which must
	// be JSON too: at most 1 MB reaches the caller of an event function, and 6 MB that
	// of an HTTP cloud function. ctx carries the [Invocation]
	// and ends at the function's timeout, when the platform stops waiting. An error
	// reaches the caller as its text; so does a panic.
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// These are functions that were made of nothing.
var (
	errNoHandler = errors.New("cloudfn: the handler is nil: give Start the function that handles events")
	errNoWeb     = errors.New("cloudfn: the handler is nil: give StartHTTP the handler of the requests")
)

// Func returns the handler that decodes the event into an In, calls f, and encodes
// what f returns.
//
// Decoding and encoding are encoding/json's, except that <, > and & stay as they
// are in the result. An empty event is the zero In. An event that does not fit In
// is an [*EventError], and f is not called. A result that JSON cannot hold is an
// error that names its type. A []byte becomes base64 text, which a Mini Program does
// not expect: package openapi's Buffer becomes what a Node function's Buffer does.
func Func[In, Out any](f func(context.Context, In) (Out, error)) Handler {
	return typed[In, Out](f)
}

// typed is a Handler made of a function of any types.
type typed[In, Out any] func(context.Context, In) (Out, error)

func (f typed[In, Out]) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if f.missing() {
		return nil, errNoHandler
	}
	var in In
	if len(event) > 0 {
		if err := json.Unmarshal(event, &in); err != nil {
			return nil, eventError(err)
		}
	}
	out, err := f(ctx, in)
	if err != nil {
		return nil, err
	}
	result, err := encodeJSON(out)
	if err != nil {
		return nil, fmt.Errorf("the function's result, a %T, cannot be JSON: %w", out, err)
	}
	return result, nil
}

// encodeJSON is json.Marshal that leaves <, > and & as they are.
func encodeJSON(v any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

func (f typed[In, Out]) missing() bool { return f == nil }

// missing reports whether there is nothing to call. A handler of the program's own
// that is a nil pointer may well work, and is not for us to judge.
func missing(h Handler) bool {
	if h == nil {
		return true
	}
	t, ok := h.(interface{ missing() bool })
	return ok && t.missing()
}

// An EventError says that the event of a call is not what the function takes. Its
// text is one line, made for the caller, such as
//
//	event.width: cannot use string as int
type EventError struct {
	// Path leads to what does not fit: "event", or "event.style.width".
	Path string
	// Problem is what is wrong there.
	Problem string
	// Err is the error of encoding/json, or of the type's UnmarshalJSON.
	Err error
}

// Error returns the path and the problem.
func (e *EventError) Error() string { return e.Path + ": " + e.Problem }

// Unwrap returns Err.
func (e *EventError) Unwrap() error { return e.Err }

func eventError(err error) *EventError {
	e := &EventError{Path: "event", Err: err}
	switch err := err.(type) {
	case *json.UnmarshalTypeError:
		if err.Field != "" {
			e.Path += "." + err.Field
		}
		e.Problem = fmt.Sprintf("cannot use %s as %s", err.Value, err.Type)
	case *json.SyntaxError:
		e.Problem = fmt.Sprintf("not JSON: %v (at byte %d)", err, err.Offset)
	default:
		e.Problem = strings.Join(strings.Fields(err.Error()), " ")
	}
	return e
}
