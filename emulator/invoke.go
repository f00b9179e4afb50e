package emulator

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/openapi"
)

// The limits of an event, in bytes.
const (
	maxClientEvent = 100 << 10 // from a Mini Program
	maxEvent       = 6 << 20   // from anywhere else
)

// The sources of a call (see [Caller.Via]).
const (
	SourceClient   = wxcloud.SourceClient   // a Mini Program
	SourceDevTools = wxcloud.SourceDevTools // WeChat DevTools
	SourceHTTP     = wxcloud.SourceHTTP     // the HTTP API
	SourceTrigger  = wxcloud.SourceTrigger  // a timer
)

// Caller calls functions as somebody.
type Caller struct {
	emulator *Emulator
	who      platform.Caller
}

// As returns a caller who is the Mini Program's user with this openid.
func (e *Emulator) As(openid string) *Caller {
	return &Caller{e, platform.Caller{OpenID: openid, AppID: e.config.AppID, Source: SourceClient, ClientIP: "127.0.0.1"}}
}

// WithUnionID returns the same caller with a unionid, as users of an app that is bound to an open platform account have.
func (c Caller) WithUnionID(unionID string) *Caller {
	c.who.UnionID = unionID
	return &c
}

// Via returns the same caller, calling from another source, such as [SourceHTTP]; a chain of them is joined by commas, the
// first one first. What is called from a source that the platform does not have fails with [openapi.CodeInvalidParam].
func (c Caller) Via(source string) *Caller {
	c.who.Source = source
	return &c
}

// Invoke calls a function with an event, which is encoded as JSON; a []byte is JSON already, and nil an empty object. It
// returns when the function has, or when ctx ends, though the function then goes on. The error is an [*Error] or ctx's.
func (c *Caller) Invoke(ctx context.Context, name string, event any) (*Result, error) {
	if err := wxcloud.CheckSource(c.who.Source); err != nil {
		return nil, &Error{ErrCode: wxcloud.InvalidParam, message: "Via: " + err.Error()}
	}
	text := []byte("{}")
	switch event := event.(type) {
	case nil:
	case []byte:
		text = event
	default:
		var err error
		if text, err = json.Marshal(event); err != nil {
			return nil, &Error{ErrCode: wxcloud.InvalidParam, message: "the event: " + err.Error()}
		}
	}
	type outcome struct {
		result *Result
		err    *Error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := c.emulator.invoke(ctx, c.who, name, text)
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, o.err
		}
		return o.result, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Result is what a function returned.
type Result struct {
	RequestID string
	// JSON is the result as the caller gets it; "null" where the function returned nothing.
	JSON json.RawMessage
	// BuildError is why this is the result of an older build: what is wrong with the newest one. It is empty but under
	// [Emulator.Watch].
	BuildError string
}

// Decode decodes the result into v, a pointer.
func (r *Result) Decode(v any) error {
	if err := json.Unmarshal(r.JSON, v); err != nil {
		return fmt.Errorf("the result does not fit %T: %w: %.200s", v, err, r.JSON)
	}
	return nil
}

// Error is a call of a function that brought no result. errors.Is finds its code.
type Error struct {
	// ErrCode is -504002 for an error, a panic or the end of the function, -504003 for a timeout, -604001 for a result
	// over 1 MB, -501000 where there is no such function, and -501007 for an event or a source that cannot be taken.
	ErrCode   openapi.Code
	RequestID string
	// Output is what the function printed last.
	Output []string
	// BuildError is as in [Result].
	BuildError string
	// Advice is what to change, and where, for the API calls of the invocation that failed, such as the entry that a config.json
	// lacks: at most 5, each a line that begins with the name of the API.
	Advice []string

	message string
	stack   string
	status  int // of the front door's answer
}

// Error returns the message that wx.cloud.callFunction would fail with, and below it the advice.
func (e *Error) Error() string {
	return strings.Join(append([]string{e.official()}, e.Advice...), "\nadvice: ")
}

// official is the message that wx.cloud.callFunction would fail with.
func (e *Error) official() string { return "cloud.callFunction:fail " + e.text() }

// Is reports whether target is the Code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(openapi.Code)
	return ok && code == e.ErrCode
}

// text is the message, with where the function failed and what it printed last.
func (e *Error) text() string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(fmt.Sprintf("errCode: %d %s", e.ErrCode, wxcloud.Text(int(e.ErrCode))), " "))
	b.WriteString(" | errMsg: " + e.message)
	if e.stack != "" {
		b.WriteString("\n" + e.stack)
	}
	if len(e.Output) > 0 {
		b.WriteString("\nlast output:\n" + strings.Join(e.Output, "\n"))
	}
	return b.String()
}

// cloudBaseCode is the name of the failure in the admin endpoint's answers.
func (e *Error) cloudBaseCode() string {
	switch e.ErrCode {
	case wxcloud.NotFound:
		return "FUNCTION_NOT_FOUND"
	case wxcloud.InvalidParam:
		return "INVALID_PARAM"
	case wxcloud.FunctionTimeout:
		return "FUNCTIONS_TIME_LIMIT_EXCEEDED"
	}
	return "FUNCTIONS_EXECUTE_FAIL"
}

const (
	linesInError  = 20
	adviceInError = 5
	maxMessage    = 256 << 10
)

// invoke runs an invocation from its start to its record.
func (e *Emulator) invoke(ctx context.Context, caller platform.Caller, name string, event []byte) (*Result, *Error) {
	requestID := uuid.NewString()
	record := e.journal.Begin(requestID, name, caller.OpenID, caller.Source)
	begin := time.Now()
	result, err := e.run(ctx, name, event, &platform.Session{RequestID: requestID, Function: name, Caller: caller, Record: record})
	view := record.View()
	log := e.log.With("function", name, "request_id", requestID, "duration", time.Since(begin).Round(100*time.Microsecond), "cold", view.ColdStart)
	logCalls(log, view.Calls)
	if err == nil {
		record.Returned(result)
		record.End(e.clock.Now(), "")
		log.Info("returned")
		return &Result{RequestID: requestID, JSON: result, BuildError: view.BuildError}, nil
	}
	failure := explain(err, record)
	record.End(e.clock.Now(), failure.text())
	log.Error(failure.text())
	return nil, failure
}

// explain returns why an invocation failed.
func explain(err error, record *journal.Record) *Error {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		failure = &Error{ErrCode: wxcloud.FunctionExecute, message: err.Error(), status: http.StatusInternalServerError}
	}
	failure.message = record.Clean(failure.message, maxMessage)
	failure.RequestID, failure.BuildError = record.RequestID, record.View().BuildError
	if f, ok := errors.AsType[*host.Failure](err); ok {
		failure.ErrCode, failure.stack = openapi.Code(f.Code), f.Stack
		failure.Output = record.LastLines(linesInError)
		failure.Advice = adviceOf(record.View().Calls)
	}
	return failure
}

// adviceOf returns the advice of the calls that failed, of each the first time.
func adviceOf(calls []journal.Call) (advice []string) {
	for _, call := range calls {
		line := call.API + ": " + call.Advice
		if call.ErrCode != 0 && call.Advice != "" && len(advice) < adviceInError && !slices.Contains(advice, line) {
			advice = append(advice, line)
		}
	}
	return advice
}

// logCalls tells of the calls that failed, and of those that would fail in the cloud.
func logCalls(log *slog.Logger, calls []journal.Call) {
	for _, call := range calls {
		switch {
		case call.ErrCode != 0:
			log.Warn(fmt.Sprintf("%s failed: %d %s", call.API, call.ErrCode, call.ErrMsg), "advice", call.Advice)
		case call.Advice != "":
			log.Warn(call.API, "advice", call.Advice)
		}
	}
}

// served tells of an HTTPS call.
func (e *Emulator) served(r *journal.Record) {
	logCalls(e.log.With("function", cmp.Or(r.Function, r.Source), "request_id", r.RequestID), r.View().Calls)
}

func (e *Emulator) run(ctx context.Context, name string, event []byte, s *platform.Session) (result []byte, err error) {
	defer contain(&err)
	f, leave, ok := e.enter(name)
	if !ok {
		return nil, e.unknown(name)
	}
	defer leave()
	if f.service != nil {
		return nil, &Error{ErrCode: wxcloud.InvalidParam, status: http.StatusBadRequest,
			message: fmt.Sprintf("%s serves HTTP, and takes no events; send it requests at /fn/%s/", name, url.PathEscape(name))}
	}
	s.Permitted = f.permitted
	s.Record.BuildError(f.outdatedBy())
	if event, err = acceptEvent(s.Caller, event); err != nil {
		return nil, err
	}
	s.Record.Received(event)
	hosted, err := f.ready(ctx, e.buildOne)
	if err != nil {
		return nil, err
	}
	adminURL := directURL
	if f.dir != "" {
		url, err := e.Listen()
		if err != nil {
			return nil, err
		}
		adminURL = url + adminPath
	}
	environ := e.platform.Begin(s, adminURL)
	defer e.platform.End(s)
	s.Record.Redact(environ[wxcloud.VarAPIToken])
	return hosted.Invoke(ctx, &host.Call{RequestID: s.RequestID, Event: event, Environ: environ, Record: s.Record})
}

// unknown is the error about a function that there is not.
func (e *Emulator) unknown(name string) *Error {
	there := cmp.Or(strings.Join(e.names(), ", "), "none")
	return &Error{ErrCode: wxcloud.NotFound, status: http.StatusNotFound,
		message: fmt.Sprintf("FunctionName parameter could not be found: there is no function %q; there are: %s", name, there)}
}

// acceptEvent checks an event, and adds to it what the platform adds.
func acceptEvent(caller platform.Caller, event []byte) ([]byte, error) {
	fromClient := caller.Source == SourceClient || caller.Source == SourceDevTools
	limit := maxEvent
	if fromClient {
		limit = maxClientEvent
	}
	switch {
	case len(event) > limit:
		return nil, &Error{ErrCode: wxcloud.InvalidParam, status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("the event is too large: %d bytes; at most %d KB", len(event), limit>>10)}
	case !json.Valid(event):
		var v any
		return nil, &Error{ErrCode: wxcloud.InvalidParam, status: http.StatusBadRequest, message: fmt.Sprintf("the event is not JSON: %v", json.Unmarshal(event, &v))}
	case !fromClient:
		return event, nil
	}
	return addUserInfo(event, caller)
}

// addUserInfo adds who calls to an event that is an object, and leaves the rest of it to the letter.
func addUserInfo(event []byte, caller platform.Caller) ([]byte, error) {
	event = bytes.TrimSpace(event)
	if event[0] != '{' {
		return event, nil
	}
	info, err := json.Marshal(struct {
		AppID  string `json:"appId"`
		OpenID string `json:"openId,omitempty"`
	}{caller.AppID, caller.OpenID})
	if err != nil {
		return nil, err
	}
	return setField(event, "userInfo", info), nil
}
