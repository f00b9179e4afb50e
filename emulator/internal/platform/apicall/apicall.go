// Package apicall is what an API of the platform sees: the call that it answers, and its environment.
package apicall

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// API is an API whose effect is emulated. The parameters of the call have been checked against the catalogue. An error
// that is not an [*Error] becomes the platform's "system error".
type API func(*Call) (*Result, error)

// Env is the environment that APIs work in.
type Env struct {
	AppID string // the project's app
	// Now is the platform's clock, which a test may move.
	Now func() time.Time
	// Pages returns the pages of an app's Mini Program, or nil if its app.json is not known.
	Pages func(appID string) *config.Pages
	// Store keeps what is to last. A feature's buckets must be among those that it was opened with.
	Store *store.Store
	// TakeMinute counts a call of an API that each app may make a limited number of times in a minute. It reports whether
	// the call is within the limit.
	TakeMinute func(c *Call, limit int) bool
	// RID returns a new id of a request, in the form that errmsg ends with.
	RID func() string
	// UseCode uses up a code that is good once for an app, whichever API takes it. It reports whether the code was unused.
	UseCode func(appID, code string) bool
}

// Caller is who calls a function.
type Caller struct {
	OpenID, UnionID, AppID string
	// Source is the chain of callers, such as "wx_client" or "wx_client,scf".
	Source   string
	ClientIP string
}

// Result is the answer of an API.
type Result struct {
	ContentType string
	Body        []byte
	Headers     []tcb.HTTPHeader
}

// JSONType is the content type of answers in JSON, as the platform writes it.
const JSONType = "application/json; encoding=utf-8"

// OK returns an answer in JSON: errcode 0, errmsg "ok", and the fields.
func OK(fields map[string]any) *Result {
	answer := map[string]any{"errcode": 0, "errmsg": "ok"}
	maps.Copy(answer, fields)
	return JSON(answer)
}

// JSON returns an answer in JSON. It needs a value that can be encoded.
func JSON(v any) *Result {
	body, _ := json.Marshal(v) // text and numbers always encode
	return &Result{ContentType: JSONType, Body: body}
}

// Describe returns the answer as the journal shows it: JSON, or the content type and size.
func (r *Result) Describe() string {
	if tcb.IsJSON(r.ContentType) {
		return string(r.Body)
	}
	return fmt.Sprintf("%s, %d bytes", r.ContentType, len(r.Body))
}

// Error is an error that an API answers with.
type Error struct {
	Code    int
	Message string
	Advice  string // which parameter is wrong, and what it may be
}

func (e *Error) Error() string {
	return fmt.Sprintf("errcode %d: %s: %s", e.Code, e.Message, e.Advice)
}

// Because returns a copy of e with advice.
func (e Error) Because(format string, args ...any) *Error {
	e.Advice = fmt.Sprintf(format, args...)
	return &e
}

// The errors that several APIs answer with.
var (
	ErrInvalidArgs = Error{Code: 40097, Message: "invalid args"}
	ErrMinuteLimit = Error{Code: 45009, Message: "reach max api minute limit"}
)
