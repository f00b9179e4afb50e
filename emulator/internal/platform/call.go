package platform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// outcome is how a call of an API ended, before the door that it came by writes it in its own shape.
type outcome struct {
	result *apicall.Result // the API's answer, good or bad; nil where WeChat itself refused the call
	system int             // the code of that refusal
	advice string          // and what to do about it
	cut    bool            // the connection ends with result, which is half of an answer

	toService bool // the answer goes to a function that serves HTTP
}

// refused returns the outcome of a call that WeChat itself refuses.
func refused(c *apicall.Call, code int, advice string) *outcome {
	c.Log.ErrCode, c.Log.ErrMsg, c.Log.Advice = code, wxcloud.Text(code), advice
	return &outcome{system: code, advice: advice}
}

// callAPI answers a call that may be made, by whichever door it came, in the platform's order: parameters, quota, and then
// the API itself, or what stands in its place. The error is one of the connection, for a fault that a stub makes.
func (p *Platform) callAPI(ctx context.Context, s *Session, call *apicall.Call) (*outcome, error) {
	var ok bool
	if call.API, ok = catalog.Lookup(call.Name); !ok {
		call.API, _ = catalog.Renamed(call.Name)
	}
	if form, ok := catalog.Earlier(call.Name); ok && !call.Params["version"].Given() {
		call.API, call.Earlier = form.API, true
		call.Warn("this is the 1.0 form of %s, which WeChat has not kept up since 2021-09-01; %s", call.Name, form.Instead)
	}
	err := call.Check()
	var stub *stub
	if err == nil {
		err = p.throttle()
	}
	if err == nil {
		stub, call.Log.NearMisses = p.Stubs.match(s, call)
	}
	var result *apicall.Result
	switch {
	case err != nil:
	case stub == nil:
		result, err = p.perform(call)
	default:
		call.Log.Stub = stub.label()
		if !stub.wait(ctx) {
			call.Log.ErrCode, call.Log.ErrMsg = connectionFailed, "the caller went away during the stub's delay"
			return nil, context.Cause(ctx)
		}
		switch {
		case stub.SystemError != 0:
			return refused(call, stub.SystemError, "a stub's answer"), nil
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
func (p *Platform) perform(call *apicall.Call) (result *apicall.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			result, err = nil, fmt.Errorf("wxfn itself failed: panic: %v\n%s", v, debug.Stack())
		}
	}()
	api := p.features.apis[call.Name]
	if api == nil {
		api = p.defaultAnswer
	}
	return api(call)
}

// conclude notes what an API answered, or its error, which becomes an answer as the platform writes it.
func (p *Platform) conclude(call *apicall.Call, result *apicall.Result, err error) *outcome {
	if err != nil {
		failure, ok := errors.AsType[*apicall.Error](err)
		if !ok {
			failure = &apicall.Error{Code: -1, Message: "system error", Advice: err.Error()}
		}
		call.Log.ErrCode, call.Log.ErrMsg = failure.Code, failure.Message
		if failure.Advice != "" {
			call.Log.Advice = strings.TrimSuffix(failure.Advice+"; "+call.Log.Advice, "; ")
		}
		call.Log.RID = p.rid()
		result = errorResult(failure.Code, failure.Message, call.Log.RID, call.Log.Advice)
	}
	if tcb.IsJSON(result.ContentType) && call.Log.ErrCode == 0 { // a stub's result may be an error, too
		call.Log.ErrCode = int(gjson.GetBytes(result.Body, "errcode").Int())
		call.Log.ErrMsg = gjson.GetBytes(result.Body, "errmsg").String()
	}
	if call.Log.ErrCode == 0 {
		call.Log.Result, call.Log.ErrMsg = result.Describe(), ""
	}
	return &outcome{result: result}
}

// errorResult is an answer of JSON that tells of an error.
func errorResult(code int, message, rid, advice string) *apicall.Result {
	return apicall.JSON(struct {
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
