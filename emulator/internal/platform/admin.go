package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// maxRequest bounds a request to the admin endpoint; the largest media that an API takes are 10 MB.
const maxRequest = 32 << 20

// maxNesting bounds how deep functions call each other: one that calls itself would go on until the memory is full. In the
// cloud it goes on until the bill is.
const maxNesting = 32

// System errors, which WeChat answers before the API itself is asked.
const (
	connectionFailed = -501001 // what SDKs report of a connection that ends without an answer
	malformedAnswer  = -601001 // and of one that they cannot read

	apiNotFound   = -604100
	noPermission  = -604101
	illegalSource = -604104
)

// ServeHTTP is the admin endpoint. Good or bad, its HTTP status is 200. It panics with [http.ErrAbortHandler] where a stub
// cuts the connection.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.answer(r).write(w) }

func (p *Platform) answer(r *http.Request) *wireAnswer {
	requestID := randomHex(16)
	resp, err := p.serve(r)
	if err == nil {
		return resp
	}
	refused, ok := errors.AsType[*tcb.Error](err)
	if !ok {
		refused = &tcb.Error{Code: "SYS_ERR", Message: err.Error()}
	}
	if refused.RequestID == "" {
		refused.RequestID = requestID
	}
	return &wireAnswer{contentType: tcb.ErrorType, body: refused.Marshal()}
}

func (p *Platform) serve(r *http.Request) (*wireAnswer, error) {
	q, err := tcb.ParseRequest(r, maxRequest)
	if err != nil {
		return nil, &tcb.Error{Code: "INVALID_PARAM", Message: "malformed request to the admin endpoint: " + err.Error()}
	}
	// Signatures live by the real clock: the client's is real, too.
	err = q.Verify(r, time.Now(), func(id string) (string, bool) { return p.credential.SecretKey, id == p.credential.SecretID })
	if err != nil {
		return nil, p.refuse(q, "SIGN_PARAM_INVALID", err.Error())
	}
	if err := p.checkEnv(q, cmp.Or(q.EnvName, r.URL.Query().Get("env"))); err != nil {
		return nil, err
	}
	s, alive := p.session(q.CloudAPIToken)
	switch q.Action {
	case tcb.ActionOpenAPI:
		if !alive {
			return (&outcome{system: illegalSource, advice: noInvocation(q)}).admin(), nil
		}
		return p.openAPI(r.Context(), s, q)
	case tcb.ActionInvokeFunction, tcb.ActionAPI:
		if !alive {
			return nil, &tcb.Error{Code: "INVALID_REQUEST_SOURCE", Message: noInvocation(q)}
		}
		if q.Action == tcb.ActionAPI {
			return p.plainAPI(r.Context(), s, q)
		}
		return p.invokeFunction(r.Context(), s, q)
	}
	message := fmt.Sprintf("wxfn does not emulate %q; it emulates cloud calls (%s, %s) and callFunction (%s)", q.Action, tcb.ActionOpenAPI, tcb.ActionAPI, tcb.ActionInvokeFunction)
	if q.Action == oldUpload {
		message += "; " + newerSDK
	}
	return nil, p.refuse(q, "ACTION_NOT_SUPPORTED", message)
}

// oldUpload is the action by which wx-server-sdk before 0.8 uploads a file.
const oldUpload = "storage.uploadFile"

// newerSDK is the advice about requests that wx-server-sdk before 0.8 makes.
const newerSDK = "if wx-server-sdk is older than 0.8, run npm install wx-server-sdk@latest in the function's folder"

// refuse returns the refusal of a whole request. The invocation's record has it, too: wx-server-sdk 0.8 and 1.5 resolve
// such a call as if nothing had happened.
func (p *Platform) refuse(q *tcb.Request, code, message string) error {
	refused := &tcb.Error{Code: code, Message: message}
	if s, alive := p.session(q.CloudAPIToken); alive {
		s.Record.Called(journal.Call{Time: p.Now(), API: target(q), Params: "{}", ErrCode: refused.ErrCode(), ErrMsg: refused.Error()})
	}
	return refused
}

// maxEnvName bounds what is said of an environment's id, in bytes. Real ones have some 30.
const maxEnvName = 100

// checkEnv returns the refusal of a request for an environment that there is not, as of cloud.init({env: "x"}). Its code and
// text are the cloud's (https://docs.cloudbase.net/error-code/basic), which Mini Programs get as -501000, and the SDKs of
// functions, in whose tables the code is not, as -501001 or -1. A request that names none is for the emulated one, and one
// with a crossAuthorizationToken for another account's.
//
// Where nothing says which environment is emulated, any is taken for it: most projects write theirs into their functions.
func (p *Platform) checkEnv(q *tcb.Request, named string) error {
	named = journal.Cut(named, maxEnvName)
	switch {
	case named == "" || named == p.Env || q.CrossAuthorizationToken != "":
		return nil
	case !p.AnyEnv:
		return p.refuse(q, "INVALID_ENV", fmt.Sprintf(
			"errCode: -501000 | errMsg: Environment not found; it is %q, and the one here is %q: correct the env of cloud.init, or start wxfn with --env %[1]s", named, p.Env))
	case p.otherEnvs.Add(named, true):
		p.Warn(fmt.Sprintf("the environment %q is taken for the emulated one, because nothing says which that is; start wxfn with --env %[1]s to have any other refused, as in the cloud", named))
	}
	return nil
}

// target returns what a request is for, as the journal names it.
func target(q *tcb.Request) string {
	switch q.Action {
	case tcb.ActionOpenAPI, tcb.ActionAPI:
		return q.APIName
	case tcb.ActionInvokeFunction:
		return "callFunction " + q.FunctionName
	}
	return q.Action
}

// noInvocation returns why a request belongs to no running invocation.
func noInvocation(q *tcb.Request) string {
	if q.CloudAPIToken == "" {
		return "the request has no wxCloudApiToken: make the call from within the handler, or, " + newerSDK
	}
	return "the invocation that this call belongs to is over; await every call before the handler returns"
}

func (p *Platform) invokeFunction(ctx context.Context, s *Session, q *tcb.Request) (*wireAnswer, error) {
	if q.FunctionName == "" {
		return nil, &tcb.Error{Code: "INVALID_PARAM", Message: "function_name is missing"}
	}
	if q.EventText == "" {
		q.EventText = "{}"
	}
	if !json.Valid([]byte(q.EventText)) {
		return nil, &tcb.Error{Code: "INVALID_PARAM", Message: "request_data is not JSON"}
	}
	caller := s.Caller
	caller.Source = strings.TrimPrefix(caller.Source+",scf", ",")
	if strings.Count(caller.Source, "scf") > maxNesting {
		return nil, &tcb.Error{Code: "FUNCTIONS_EXECUTE_FAIL", Message: fmt.Sprintf(
			"functions call each other %d deep, and wxfn stops here; does %s call itself?", maxNesting, q.FunctionName)}
	}
	call := journal.Call{Time: p.Now(), API: target(q), Params: q.EventText}
	begin := time.Now()
	result, err := p.Functions.Call(ctx, caller, q.FunctionName, []byte(q.EventText))
	call.Duration = time.Since(begin)
	if err != nil {
		call.ErrCode, call.ErrMsg = -1, err.Error()
		s.Record.Called(call)
		return nil, err
	}
	call.Result = result.Data
	s.Record.Called(call)
	return &wireAnswer{contentType: tcb.ErrorType, body: result.Marshal()}, nil
}

func (p *Platform) openAPI(ctx context.Context, s *Session, q *tcb.Request) (*wireAnswer, error) {
	var data tcb.CommAPIData
	if err := data.Unmarshal(q.RequestData); err != nil {
		return nil, &tcb.Error{Code: "INVALID_PARAM", Message: "malformed requestData: " + err.Error()}
	}
	ended, err := p.recordedCall(ctx, s, q.APIName, data.AppID, data.OpenAPIData.Pairs)
	if err != nil {
		return nil, err
	}
	return ended.admin(), nil
}

// plainAPI answers the older callOpenAPI: parameters and answer are JSON as it is in an HTTPS call, errcode included.
func (p *Platform) plainAPI(ctx context.Context, s *Session, q *tcb.Request) (*wireAnswer, error) {
	params := cmp.Or(string(q.RequestData), "{}")
	if !isObject([]byte(params)) {
		return nil, &tcb.Error{Code: "INVALID_PARAM", Message: "requestData is not a JSON object"}
	}
	var pairs []tcb.KeyValuePair
	gjson.Parse(params).ForEach(func(name, value gjson.Result) bool {
		pairs = append(pairs, tcb.KeyValuePair{Key: name.String(), Value: []byte(value.Raw)})
		return true
	})
	ended, err := p.recordedCall(ctx, s, q.APIName, gjson.Get(q.APIOptions, "appid").String(), pairs)
	if err != nil {
		return nil, err
	}
	result := tcb.APIResult{RequestID: randomHex(16), Data: ended.text()}
	return &wireAnswer{contentType: tcb.ErrorType, body: result.Marshal(), cut: ended.cut}, nil
}

// recordedCall makes a cloud call, which the invocation's record notes. An empty appID is the emulated app's.
func (p *Platform) recordedCall(ctx context.Context, s *Session, name, appID string, pairs []tcb.KeyValuePair) (*outcome, error) {
	call := apicall.New(name, p.Now(), pairs)
	call.AppID, call.Caller = cmp.Or(appID, p.AppID), s.Caller
	begin := time.Now()
	ended, err := p.cloudCall(ctx, s, call)
	call.Log.Duration = time.Since(begin)
	s.Record.Called(call.Log)
	return ended, err
}

// text returns the outcome as callOpenAPI has it. How the cloud hands on a file or a refusal is not documented: a file is
// what openapi returns, a refusal an errcode.
func (o *outcome) text() string {
	switch {
	case o.result == nil:
		return string(apicall.JSON(map[string]any{"errcode": o.system, "errmsg": wxcloud.Text(o.system), "advice": o.advice}).Body)
	case tcb.IsJSON(o.result.ContentType):
		return string(o.result.Body)
	}
	text, _ := json.Marshal(map[string]any{"errcode": 0, "errmsg": "ok", "contentType": o.result.ContentType, "buffer": openapi.Buffer(o.result.Body)}) // always encodes
	return string(text)
}

// cloudCall answers a cloud call: a known API, permission, and then what holds for every call.
func (p *Platform) cloudCall(ctx context.Context, s *Session, call *apicall.Call) (*outcome, error) {
	if !catalog.Known(call.Name) && !p.Stubs.name(call.Name) {
		return refused(call, apiNotFound, adviceForUnknown(call.Name)), nil
	}
	if ok, advice := s.Permitted(call.Name); !ok {
		return refused(call, noPermission, advice), nil
	}
	return p.callAPI(ctx, s, call)
}

// admin is the answer as the admin endpoint has it. The advice of a refusal stands where the official SDK does not look.
func (o *outcome) admin() *wireAnswer {
	resp := tcb.CommOpenAPIResp{ErrorCode: int32(o.system)}
	switch {
	case o.result != nil:
		resp = tcb.CommOpenAPIResp{RespData: o.result.Body, ContentType: o.result.ContentType, HTTPCode: http.StatusOK, Headers: o.result.Headers}
	case o.advice != "":
		r := apicall.JSON(map[string]any{"advice": o.advice})
		resp.RespData, resp.ContentType = r.Body, r.ContentType
	}
	return &wireAnswer{contentType: tcb.ProtobufType, body: resp.Marshal(), cut: o.cut}
}

func adviceForUnknown(name string) string {
	advice := fmt.Sprintf("there is no API %q", name)
	if near := catalog.Nearest(name, 3); len(near) > 0 {
		advice += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return advice
}
