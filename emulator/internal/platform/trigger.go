package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// httpTimeout is how long a function may take that is called over the HTTP API, by the real clock.
const httpTimeout = 5 * time.Second

// The codes of functions that have no name among those of the SDKs.
var functionCodes = map[string]int{
	"FUNCTION_NOT_FOUND":            -501000,
	"FUNCTIONS_TIME_LIMIT_EXCEEDED": codeTimedOut,
}

const codeTimedOut = -504003

// invokeOverHTTP mirrors
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloud/reference-http-api/functions/invokeCloudFunction.html.
func (p *Platform) invokeOverHTTP(q *serverRequest) (*apicall.Result, error) {
	env, name, event := q.query.Get("env"), q.query.Get("name"), q.body
	if env == "" && name == "" {
		body := gjson.ParseBytes(q.body)
		env, name = body.Get("env").String(), body.Get("name").String()
		event = eventOf(body.Get("req_data"))
	}
	q.Log.API, q.Log.Params = strings.TrimSuffix(q.door.name+" "+name, " "), string(event)
	switch {
	case q.AppID != p.AppID:
		return nil, errNoCloudBase.Because("the environment belongs to %s, and the access token is one of %s", p.AppID, q.AppID)
	case env == "" || name == "":
		return nil, errMissingParameter.Because("env and name are required: both in the URL, with the event as body, or both in the body, with the event as req_data")
	case env != p.Env:
		return nil, errInvalidEnv.Because("env is %q, and this emulator's is %q", env, p.Env)
	}
	caller := q.Caller
	caller.Source = "wx_http"
	ctx, cancel := context.WithTimeout(q.http.Context(), p.httpTimeout)
	defer cancel()
	type outcome struct {
		result *tcb.InvokeResult
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := p.Functions.Call(ctx, caller, name, event)
		done <- outcome{result, err}
	}()
	var o outcome
	select {
	case o = <-done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil && o.result == nil {
		return nil, apicall.Error{Code: codeTimedOut, Message: fmt.Sprintf("Invoking task timed out after %g seconds", p.httpTimeout.Seconds())}.
			Because("a function that is called over the HTTP API has %s, whatever its own timeout", p.httpTimeout)
	}
	if refused, ok := errors.AsType[*tcb.Error](o.err); ok {
		code, known := functionCodes[refused.Code]
		if !known {
			code = refused.ErrCode()
		}
		return nil, &apicall.Error{Code: code, Message: refused.Message}
	}
	if o.err != nil {
		return nil, o.err
	}
	return apicall.OK(map[string]any{"resp_data": o.result.Data}), nil
}

// eventOf returns the event of req_data: an object, or the JSON text of one.
func eventOf(v gjson.Result) []byte {
	switch {
	case !v.Exists():
		return []byte("{}")
	case v.Type == gjson.String && json.Valid([]byte(v.Str)):
		return []byte(v.Str)
	}
	return []byte(v.Raw)
}
