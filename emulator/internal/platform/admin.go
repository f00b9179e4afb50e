package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
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
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := p.answer(r)
	w.Header().Set("Content-Type", answer.contentType)
	if answer.cut {
		w.Header().Set("Content-Length", strconv.Itoa(2*len(answer.body)))
	}
	_, _ = w.Write(answer.body) // a caller that went away needs no answer
	if answer.cut {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

func (p *Platform) answer(r *http.Request) *adminAnswer {
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
	return &adminAnswer{contentType: tcb.ErrorType, body: refused.Marshal()}
}

// adminAnswer is an answer that is no CloudBase error.
type adminAnswer struct {
	contentType string
	body        []byte
	cut         bool // the connection ends after body, which is half of it
}

func (p *Platform) serve(r *http.Request) (*adminAnswer, error) {
	q, err := tcb.ParseRequest(r, maxRequest)
	if err != nil {
		return nil, &tcb.Error{Code: "INVALID_PARAM", Message: "malformed request to the admin endpoint: " + err.Error()}
	}
	// Signatures live by the real clock: the client's is real, too.
	err = q.Verify(r, time.Now(), func(id string) (string, bool) { return p.credential.SecretKey, id == p.credential.SecretID })
	if err != nil {
		return nil, &tcb.Error{Code: "SIGN_PARAM_INVALID", Message: err.Error()}
	}
	s, alive := p.session(q.CloudAPIToken)
	switch q.Action {
	case tcb.ActionOpenAPI:
		if !alive {
			return systemError(illegalSource, "the invocation that this call belongs to is over; await every call before the handler returns"), nil
		}
		return p.openAPI(r.Context(), s, q)
	case tcb.ActionInvokeFunction:
		if !alive {
			return nil, &tcb.Error{Code: "INVALID_REQUEST_SOURCE", Message: "the invocation that this call belongs to is over; await every call before the handler returns"}
		}
		return p.invokeFunction(r.Context(), s, q)
	}
	return nil, &tcb.Error{Code: "ACTION_NOT_SUPPORTED", Message: fmt.Sprintf(
		"wxfn does not emulate %q; it emulates cloud calls (%s) and callFunction (%s)", q.Action, tcb.ActionOpenAPI, tcb.ActionInvokeFunction)}
}

func (p *Platform) invokeFunction(ctx context.Context, s *Session, q *tcb.Request) (*adminAnswer, error) {
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
	call := journal.Call{Time: p.Now(), API: "callFunction " + q.FunctionName, Params: q.EventText}
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
	return &adminAnswer{contentType: tcb.ErrorType, body: result.Marshal()}, nil
}

func (p *Platform) openAPI(ctx context.Context, s *Session, q *tcb.Request) (*adminAnswer, error) {
	var data tcb.CommAPIData
	if err := data.Unmarshal(q.RequestData); err != nil {
		return nil, &tcb.Error{Code: "INVALID_PARAM", Message: "malformed requestData: " + err.Error()}
	}
	call := &apiCall{name: q.APIName, appID: cmp.Or(data.AppID, p.AppID), caller: s.Caller, params: map[string]param{},
		log: journal.Call{Time: p.Now(), API: q.APIName, Params: describe(data.OpenAPIData.Pairs)}}
	for _, pair := range data.OpenAPIData.Pairs {
		call.params[pair.Key] = param{json: pair.Value, file: pair.Filename != ""}
	}
	begin := time.Now()
	answer, err := p.callAPI(ctx, s, call)
	call.log.Duration = time.Since(begin)
	s.Record.Called(call.log)
	return answer, err
}

// callAPI answers a cloud call, in the platform's order: known API, permission, parameters, quota, and then the API
// itself, or what stands in its place. The error is one of the connection, for a fault that a stub makes.
func (p *Platform) callAPI(ctx context.Context, s *Session, call *apiCall) (*adminAnswer, error) {
	refuse := func(code int, advice string) (*adminAnswer, error) {
		call.log.ErrCode, call.log.ErrMsg, call.log.Advice = code, tcb.Text(code), advice
		return systemError(code, advice), nil
	}
	if !catalog.Known(call.name) && !p.Stubs.name(call.name) {
		return refuse(apiNotFound, adviceForUnknown(call.name))
	}
	if ok, advice := s.Permitted(call.name); !ok {
		return refuse(noPermission, advice)
	}
	call.api, _ = catalog.Lookup(call.name)
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
			return refuse(stub.SystemError, "a stub's answer")
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

// perform lets the API itself answer.
func (p *Platform) perform(call *apiCall) (*apiResult, error) {
	api := apis[call.name]
	if api == nil {
		api = (*Platform).defaultAnswer
	}
	return api(p, call)
}

// conclude writes what an API answered, or its error, as the platform does.
func (p *Platform) conclude(call *apiCall, result *apiResult, err error) *adminAnswer {
	if err != nil {
		failure, ok := errors.AsType[*apiError](err)
		if !ok {
			failure = &apiError{code: -1, message: "system error", advice: err.Error()}
		}
		call.log.ErrCode, call.log.ErrMsg = failure.code, failure.message
		if failure.advice != "" {
			call.log.Advice = strings.TrimSuffix(failure.advice+"; "+call.log.Advice, "; ")
		}
		result = jsonResult(map[string]any{
			"errcode": failure.code,
			"errmsg":  failure.message + " rid: " + p.rid(),
			"advice":  call.log.Advice, // where the official SDK does not look
		})
	}
	if tcb.IsJSON(result.contentType) && call.log.ErrCode == 0 { // a stub's result may be an error, too
		call.log.ErrCode = int(gjson.GetBytes(result.body, "errcode").Int())
		call.log.ErrMsg = gjson.GetBytes(result.body, "errmsg").String()
	}
	if call.log.ErrCode == 0 {
		call.log.Result, call.log.ErrMsg = result.describe(), ""
	}
	resp := tcb.CommOpenAPIResp{RespData: result.body, ContentType: result.contentType, HTTPCode: http.StatusOK, Headers: result.headers}
	return &adminAnswer{contentType: tcb.ProtobufType, body: resp.Marshal()}
}

// systemError is an answer with a code of WeChat itself. The advice stands where the official SDK does not look.
func systemError(code int, advice string) *adminAnswer {
	resp := tcb.CommOpenAPIResp{ErrorCode: int32(code)}
	if advice != "" {
		r := jsonResult(map[string]any{"advice": advice})
		resp.RespData, resp.ContentType = r.body, r.contentType
	}
	return &adminAnswer{contentType: tcb.ProtobufType, body: resp.Marshal()}
}

func adviceForUnknown(name string) string {
	advice := fmt.Sprintf("there is no API %q", name)
	if near := catalog.Nearest(name, 3); len(near) > 0 {
		advice += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return advice
}

// describe returns a call's parameters for the journal, as one JSON object.
func describe(pairs []tcb.KeyValuePair) string {
	b := []byte{'{'}
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, quote(p.Key)...), ':')
		switch {
		case p.Filename != "":
			b = append(b, quote(fmt.Sprintf("%s, %d bytes", p.Filename, len(p.Value)))...)
		case json.Valid(p.Value):
			b = append(b, p.Value...)
		default:
			b = append(b, quote(string(p.Value))...)
		}
	}
	return string(append(b, '}'))
}

func quote(text string) []byte {
	b, _ := json.Marshal(text) // text always encodes
	return b
}
