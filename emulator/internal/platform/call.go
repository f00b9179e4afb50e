package platform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// outcome is how a call of an API ended, before the door that it came by writes it in its own shape.
type outcome struct {
	result *apiResult // the API's answer, good or bad; nil where WeChat itself refused the call
	system int        // the code of that refusal
	advice string     // and what to do about it
	cut    bool       // the connection ends with result, which is half of an answer

	toService bool // the answer goes to a function that serves HTTP
}

// newCall returns a call with its parameters as they came.
func newCall(name string, at time.Time, pairs []tcb.KeyValuePair) *apiCall {
	call := &apiCall{name: name, params: map[string]param{}, log: journal.Call{Time: at, API: name, Params: describe(pairs)}}
	for _, pair := range pairs {
		call.params[pair.Key] = param{json: pair.Value, file: pair.Filename != ""}
	}
	return call
}

// refused is a call that WeChat itself refuses.
func (c *apiCall) refused(code int, advice string) *outcome {
	c.log.ErrCode, c.log.ErrMsg, c.log.Advice = code, wxcloud.Text(code), advice
	return &outcome{system: code, advice: advice}
}

// callAPI answers a call that may be made, by whichever door it came, in the platform's order: parameters, quota, and then
// the API itself, or what stands in its place. The error is one of the connection, for a fault that a stub makes.
func (p *Platform) callAPI(ctx context.Context, s *Session, call *apiCall) (*outcome, error) {
	var ok bool
	if call.api, ok = catalog.Lookup(call.name); !ok {
		call.api, _ = catalog.Renamed(call.name)
	}
	if form, ok := catalog.Earlier(call.name); ok && !call.params["version"].given() {
		call.api, call.earlier = form.API, true
		call.warn("this is the 1.0 form of %s, which WeChat has not kept up since 2021-09-01; %s", call.name, form.Instead)
	}
	err := call.check()
	var stub *stub
	if err == nil {
		err = p.throttle()
	}
	if err == nil {
		stub, call.log.NearMisses = p.Stubs.match(s, call)
	}
	var result *apiResult
	switch {
	case err != nil:
	case stub == nil:
		result, err = p.perform(call)
	default:
		call.log.Stub = stub.label()
		if !stub.wait(ctx) {
			call.log.ErrCode, call.log.ErrMsg = connectionFailed, "the caller went away during the stub's delay"
			return nil, context.Cause(ctx)
		}
		switch {
		case stub.SystemError != 0:
			return call.refused(stub.SystemError, "a stub's answer"), nil
		case stub.Fault != "":
			return p.fail(ctx, stub, call)
		case stub.platformAnswers():
			result, err = p.perform(call)
		default:
			result, err = stub.answer(call)
		}
	}
	return p.conclude(call, result, err), nil
}

// perform lets the API itself answer. A panic there is an error of this one call.
func (p *Platform) perform(call *apiCall) (result *apiResult, err error) {
	defer func() {
		if v := recover(); v != nil {
			result, err = nil, fmt.Errorf("wxfn itself failed: panic: %v\n%s", v, debug.Stack())
		}
	}()
	api := apis[call.name]
	if api == nil {
		api = (*Platform).defaultAnswer
	}
	return api(p, call)
}

// conclude notes what an API answered, or its error, which becomes an answer as the platform writes it.
func (p *Platform) conclude(call *apiCall, result *apiResult, err error) *outcome {
	if err != nil {
		failure, ok := errors.AsType[*apiError](err)
		if !ok {
			failure = &apiError{code: -1, message: "system error", advice: err.Error()}
		}
		call.log.ErrCode, call.log.ErrMsg = failure.code, failure.message
		if failure.advice != "" {
			call.log.Advice = strings.TrimSuffix(failure.advice+"; "+call.log.Advice, "; ")
		}
		call.log.RID = p.rid()
		result = errorResult(failure.code, failure.message, call.log.RID, call.log.Advice)
	}
	if tcb.IsJSON(result.contentType) && call.log.ErrCode == 0 { // a stub's result may be an error, too
		call.log.ErrCode = int(gjson.GetBytes(result.body, "errcode").Int())
		call.log.ErrMsg = gjson.GetBytes(result.body, "errmsg").String()
	}
	if call.log.ErrCode == 0 {
		call.log.Result, call.log.ErrMsg = result.describe(), ""
	}
	return &outcome{result: result}
}

// errorResult is an answer of JSON that tells of an error.
func errorResult(code int, message, rid, advice string) *apiResult {
	return jsonResult(struct {
		ErrCode int    `json:"errcode"`
		ErrMsg  string `json:"errmsg"`
		Advice  string `json:"advice,omitempty"` // where the SDKs do not look
	}{code, message + " rid: " + rid, advice})
}

// wireAnswer is an answer as a door writes it.
type wireAnswer struct {
	status      int // 200 if 0
	contentType string
	headers     []tcb.HTTPHeader
	body        []byte
	cut         bool // the connection ends after body, which is half of it
}

// write panics with [http.ErrAbortHandler] where the connection is to be cut.
func (a *wireAnswer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", a.contentType)
	for _, h := range a.headers {
		w.Header().Set(h.Key, h.Value)
	}
	length := len(a.body)
	if a.cut {
		length *= 2
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(a.body) // a caller that went away needs no answer
	if a.cut {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
}
