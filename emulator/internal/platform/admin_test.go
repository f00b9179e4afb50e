package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

const adminURL = "http://wxfn.internal/admin"

// start is the platform's clock in tests; signatures go by the real one.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// functionsFunc is the other functions of a test.
type functionsFunc func(caller Caller, name string, event []byte) (*tcb.InvokeResult, error)

func (f functionsFunc) Call(_ context.Context, caller Caller, name string, event []byte) (*tcb.InvokeResult, error) {
	return f(caller, name, event)
}

func newPlatform() *Platform {
	return New(Config{AppID: "wx1", Env: "env-1", Store: store.Memory(launch.Buckets()...), Now: func() time.Time { return start },
		Functions: functionsFunc(func(Caller, string, []byte) (*tcb.InvokeResult, error) { return nil, errors.New("no functions here") })})
}

// begin starts an invocation of a function that may call the APIs in permissions.
func (p *Platform) begin(permissions ...string) *Session {
	s := &Session{
		RequestID: "r-1", Function: "hello", Caller: Caller{OpenID: "oAlice", AppID: "wx1", Source: "wx_client", ClientIP: "127.0.0.1"},
		Record: journal.New(p.Now, nil).Begin("r-1", "hello", "oAlice", "wx_client"),
		Permitted: func(api string) (bool, string) {
			for _, permitted := range permissions {
				if permitted == api {
					return true, ""
				}
			}
			return false, "add " + api
		},
	}
	p.Begin(s, adminURL)
	return s
}

// pairs are the parameters of a cloud call: names and JSON texts, in turn.
func pairs(texts ...string) tcb.CommAPIData {
	var data tcb.CommAPIData
	for i := 0; i < len(texts); i += 2 {
		data.OpenAPIData.Pairs = append(data.OpenAPIData.Pairs, tcb.KeyValuePair{Key: texts[i], Value: []byte(texts[i+1])})
	}
	return data
}

// openAPIRequest returns the request of a cloud call.
func openAPIRequest(s *Session, api string, data tcb.CommAPIData) *tcb.Request {
	return &tcb.Request{Action: tcb.ActionOpenAPI, APIName: api, RequestData: data.Marshal(), EnvName: "env-1", CloudAPIToken: s.token}
}

func (p *Platform) send(r *http.Request) *httptest.ResponseRecorder {
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func (p *Platform) sign(t testing.TB, q *tcb.Request, c tcb.Credential, at time.Time) *http.Request {
	r, err := q.HTTP(t.Context(), tcb.Origin{URL: adminURL, Seq: "1", Source: "wx_client", SDKVersion: "test"}, c, at)
	require.NoError(t, err)
	return r
}

// post sends a request with a good signature.
func (p *Platform) post(t testing.TB, q *tcb.Request) *httptest.ResponseRecorder {
	w := p.send(p.sign(t, q, p.credential, time.Now()))
	assert.Equal(t, http.StatusOK, w.Code)
	return w
}

// call makes a cloud call.
func (p *Platform) call(t testing.TB, s *Session, api string, texts ...string) *tcb.CommOpenAPIResp {
	w := p.post(t, openAPIRequest(s, api, pairs(texts...)))
	resp, err := tcb.ReadOpenAPI(w.Header().Get("Content-Type"), w.Body.Bytes())
	require.NoError(t, err)
	return resp
}

// outcomeOf names the first thing that an answer complains of; "good" if nothing.
func outcomeOf(t testing.TB, w *httptest.ResponseRecorder) string {
	resp, err := tcb.ReadOpenAPI(w.Header().Get("Content-Type"), w.Body.Bytes())
	if refused, ok := errors.AsType[*tcb.Error](err); ok {
		assert.NotEmpty(t, refused.RequestID)
		return refused.Code
	}
	require.NoError(t, err)
	if resp.ErrorCode != 0 {
		return wxcloud.Text(int(resp.ErrorCode))
	}
	if failure := failureOf(resp); failure.ErrCode != 0 {
		return strings.Split(failure.ErrMsg, " rid: ")[0]
	}
	return "good"
}

type failure struct {
	ErrCode        int
	ErrMsg, Advice string
}

func failureOf(resp *tcb.CommOpenAPIResp) (f failure) {
	if tcb.IsJSON(resp.ContentType) {
		_ = json.Unmarshal(resp.RespData, &f)
	}
	return f
}

// useUp uses up all but some of a quota of codes.
func (p *Platform) useUp(t *testing.T, quota string, n int) {
	t.Helper()
	for i := range n {
		id := fmt.Sprint("page/", i)
		_, err := p.codes().Add(launch.Code{ID: id, AppID: p.AppID}, launch.Quota{Name: quota, Limit: n, Key: id})
		require.NoError(t, err)
	}
}

func TestChecksAreMadeInThePlatformsOrder(t *testing.T) {
	t.Parallel()
	// Each row mends the first fault of the row above it.
	type request struct {
		secretKey, token, api, path string
		permitted, full             bool
	}
	for _, c := range []struct {
		request
		want string
	}{
		{request{secretKey: "wrong", token: "wrong", api: "wxacode.nothing", full: true}, "SIGN_PARAM_INVALID"},
		{request{token: "wrong", api: "wxacode.nothing", full: true}, "illegal source of invocation"},
		{request{api: "wxacode.nothing", full: true}, "API not found"},
		{request{api: "wxacode.createQRCode", full: true}, "function has no permission to call this API"},
		{request{api: "wxacode.createQRCode", permitted: true, full: true}, "invalid length for path, or the data is not json string"},
		{request{api: "wxacode.createQRCode", path: "page/index", permitted: true, full: true}, "qrcode count out of limit"},
		{request{api: "wxacode.createQRCode", path: "page/index", permitted: true}, "good"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			if c.full {
				p.useUp(t, quotaCodes, maxCodes)
			}
			s := p.begin()
			if c.permitted {
				s = p.begin("wxacode.createQRCode")
			}
			path, err := json.Marshal(c.path)
			require.NoError(t, err)
			q := openAPIRequest(s, c.api, pairs("path", string(path)))
			credential := p.credential
			if c.secretKey != "" {
				credential.SecretKey = c.secretKey
			}
			if c.token != "" {
				q.CloudAPIToken = c.token
			}
			w := p.send(p.sign(t, q, credential, time.Now()))
			assert.Equal(t, c.want, outcomeOf(t, w))
			assert.Equal(t, http.StatusOK, w.Code)
		})
	}
}

func TestWhatIsNotEmulatedSaysSo(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin()
	for _, action := range []string{"database.addDocument", "storage.uploadFile", "wx.wxPayApi", "WX.OPENAPI"} {
		w := p.post(t, &tcb.Request{Action: action, CloudAPIToken: s.token})
		assert.Equal(t, "ACTION_NOT_SUPPORTED", outcomeOf(t, w))
		assert.Contains(t, w.Body.String(), `wxfn does not emulate \"`+action+`\"; it emulates cloud calls (wx.openApi, wx.api) and callFunction (functions.invokeFunction)`)
	}
}

// Some SDKs resolve a refused call as if nothing had happened; the invocation's record tells.
func TestRefusedRequestIsRecorded(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin()
	other := tcb.Credential{SecretID: "AKIDother", SecretKey: "key"}
	p.send(p.sign(t, &tcb.Request{Action: tcb.ActionInvokeFunction, FunctionName: "other", CloudAPIToken: s.token}, other, time.Now()))
	p.send(p.sign(t, openAPIRequest(s, "wxacode.get", pairs()), other, time.Now()))
	p.post(t, &tcb.Request{Action: "database.addDocument", CloudAPIToken: s.token})
	var lines []string
	for _, c := range s.Record.View().Calls {
		assert.Equal(t, -501001, c.ErrCode)
		lines = append(lines, c.API+": "+c.ErrMsg)
	}
	const refused = "SIGN_PARAM_INVALID: the signature's secretId is not this environment's; give init no secretId and secretKey in a cloud function"
	require.Len(t, lines, 3)
	assert.Equal(t, []string{"callFunction other: " + refused, "wxacode.get: " + refused}, lines[:2])
	assert.Contains(t, lines[2], "database.addDocument: ACTION_NOT_SUPPORTED: wxfn does not emulate")
}

func TestCallOpenAPI(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin("wxacode.get", "wxacode.createQRCode", "subscribeMessage.send")
	call := func(q tcb.Request) (answer gjson.Result) {
		q.Action, q.CloudAPIToken = tcb.ActionAPI, s.token
		w := p.post(t, &q)
		assert.Equal(t, tcb.ErrorType, w.Header().Get("Content-Type"))
		return gjson.ParseBytes(w.Body.Bytes())
	}
	data := func(q tcb.Request) gjson.Result {
		answer := call(q)
		assert.NotEmpty(t, answer.Get("requestId").String(), answer.Raw)
		return gjson.Parse(answer.Get("data.responseData").String())
	}
	sent := data(tcb.Request{APIName: "subscribeMessage.send", RequestData: []byte(`{"touser":"oAlice","template_id":"T","data":{"thing1":{"value":"<你>"}}}`)})
	assert.Equal(t, "0", sent.Get("errcode").Raw, sent.Raw)
	made := data(tcb.Request{APIName: "wxacode.createQRCode", RequestData: []byte(`{"path":"a"}`), APIOptions: `{"appid":"wx2"}`})
	assert.Equal(t, "image/jpeg", made.Get("contentType").String())
	assert.Equal(t, "255", made.Get("buffer.data.0").Raw)
	for _, c := range []struct {
		api, params string
		errcode     int64
	}{
		{"wxacode.get", `{"path":""}`, 40159},
		{"wxacode.get", ``, 40159},
		{"wxacode.getUnlimited", `{"scene":"a"}`, -604101},
		{"wxacode.nothing", `{}`, -604100},
	} {
		answer := data(tcb.Request{APIName: c.api, RequestData: []byte(c.params)})
		assert.Equal(t, c.errcode, answer.Get("errcode").Int(), answer.Raw)
	}
	for _, params := range []string{"[]", "1", "{"} {
		assert.Equal(t, "INVALID_PARAM", call(tcb.Request{APIName: "wxacode.get", RequestData: []byte(params)}).Get("code").String())
	}
	p.End(s)
	assert.Equal(t, "INVALID_REQUEST_SOURCE", call(tcb.Request{APIName: "wxacode.get"}).Get("code").String())
}

func TestUploadOfAnOldSDK(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	w := p.post(t, &tcb.Request{Action: "storage.uploadFile", CloudAPIToken: p.begin().token})
	assert.Contains(t, w.Body.String(), "; if wx-server-sdk is older than 0.8, run npm install wx-server-sdk@latest")
}

func TestATokenLivesAsLongAsItsInvocation(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	first, second := p.begin("wxacode.createQRCode"), p.begin("wxacode.createQRCode")
	assert.NotEqual(t, first.token, second.token)
	assert.Equal(t, "image/jpeg", p.call(t, first, "wxacode.createQRCode", "path", `"a"`).ContentType)
	p.End(first)
	p.End(first) // again
	const advice = "the invocation that this call belongs to is over; await every call before the handler returns"
	resp := p.call(t, first, "wxacode.createQRCode", "path", `"a"`)
	assert.EqualValues(t, -604104, resp.ErrorCode)
	assert.JSONEq(t, `{"advice":"`+advice+`"}`, string(resp.RespData))
	assert.Equal(t, "image/jpeg", p.call(t, second, "wxacode.createQRCode", "path", `"a"`).ContentType, "the other one goes on")

	w := p.post(t, &tcb.Request{Action: tcb.ActionInvokeFunction, FunctionName: "other", CloudAPIToken: first.token})
	_, err := tcb.ReadInvoke(w.Body.Bytes())
	var refused *tcb.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "INVALID_REQUEST_SOURCE", refused.Code)
	assert.Equal(t, advice, refused.Message)
	w = p.post(t, &tcb.Request{Action: tcb.ActionInvokeFunction, FunctionName: "other"})
	_, err = tcb.ReadInvoke(w.Body.Bytes())
	require.ErrorAs(t, err, &refused)
	assert.Contains(t, refused.Message, "no wxCloudApiToken: make the call from within the handler, or, if wx-server-sdk is older than 0.8, run npm install wx-server-sdk@latest")
	for _, token := range []string{"", strings.Repeat("0", 64)} {
		assert.Equal(t, "illegal source of invocation", outcomeOf(t, p.post(t, openAPIRequest(&Session{token: token}, "wxacode.createQRCode", pairs()))))
	}
}

func TestARefusalTellsWhatToDo(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin("wxacode.createQRCode")
	for _, c := range []struct {
		api    string
		code   int32
		advice string
	}{
		{"wxacode.createQrCode", -604100, `there is no API "wxacode.createQrCode"; did you mean wxacode.createQRCode?`},
		{"nothing.like.it.at.all", -604100, `there is no API "nothing.like.it.at.all"`},
		{"", -604100, `there is no API ""`},
		{"wxacode.getUnlimited", -604101, "add wxacode.getUnlimited"},
	} {
		resp := p.call(t, s, c.api)
		assert.Equal(t, c.code, resp.ErrorCode)
		assert.True(t, tcb.IsJSON(resp.ContentType))
		assert.Contains(t, failureOf(resp).Advice, c.advice)
		calls := s.Record.View().Calls
		last := calls[len(calls)-1]
		assert.Equal(t, journal.Call{Time: start, API: c.api, Params: "{}", ErrCode: int(c.code), ErrMsg: wxcloud.Text(int(c.code)),
			Advice: failureOf(resp).Advice, Duration: last.Duration}, last)
	}
}

func TestAnAPIWithoutEffectSaysOK(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	resp := p.call(t, p.begin("customerServiceMessage.setTyping"), "customerServiceMessage.setTyping", "touser", `"oAlice"`, "command", `"Typing"`)
	assert.True(t, tcb.IsJSON(resp.ContentType))
	assert.JSONEq(t, `{"errcode":0,"errmsg":"ok"}`, string(resp.RespData))
}

func TestTheRecordHasTheParametersOfACall(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin("security.imgSecCheck")
	data := pairs("text", `"你\"<"`, "n", "1.50", "no \"JSON", "\xff\x00{")
	data.OpenAPIData.Pairs = append(data.OpenAPIData.Pairs, tcb.KeyValuePair{Key: "media", Filename: "media.png", Value: []byte("secret picture")})
	p.post(t, openAPIRequest(s, "security.imgSecCheck", data))
	calls := s.Record.View().Calls
	require.Len(t, calls, 1)
	assert.Equal(t, `{"text":"你\"<","n":1.50,"no \"JSON":"\ufffd\u0000{","media":"media.png, 14 bytes"}`, calls[0].Params)
	assert.True(t, json.Valid([]byte(calls[0].Params)))
}

func TestAFunctionCallsAnother(t *testing.T) {
	t.Parallel()
	type called struct {
		caller Caller
		name   string
		event  string
	}
	var got []called
	p := newPlatform()
	p.Functions = functionsFunc(func(caller Caller, name string, event []byte) (*tcb.InvokeResult, error) {
		got = append(got, called{caller, name, string(event)})
		switch name {
		case "add":
			return &tcb.InvokeResult{RequestID: "r-2", Data: `{"sum": 3, "text": "<你>"}`}, nil
		case "fails":
			return nil, &tcb.Error{Code: "FUNCTIONS_EXECUTE_FAIL", Message: "boom", RequestID: "r-3"}
		}
		return nil, errors.New("the disk is full")
	})
	s := p.begin()
	invoke := func(name, event string) (*tcb.InvokeResult, error) {
		w := p.post(t, &tcb.Request{Action: tcb.ActionInvokeFunction, FunctionName: name, EventText: event, CloudAPIToken: s.token})
		assert.Equal(t, tcb.ErrorType, w.Header().Get("Content-Type"))
		return tcb.ReadInvoke(w.Body.Bytes())
	}
	result, err := invoke("add", `{"a": 1, "b": 2}`)
	require.NoError(t, err)
	assert.Equal(t, &tcb.InvokeResult{RequestID: "r-2", Data: `{"sum": 3, "text": "<你>"}`}, result)
	caller := Caller{OpenID: "oAlice", AppID: "wx1", Source: "wx_client,scf", ClientIP: "127.0.0.1"}
	assert.Equal(t, []called{{caller, "add", `{"a": 1, "b": 2}`}}, got)

	_, err = invoke("fails", "")
	assert.Equal(t, &tcb.Error{Code: "FUNCTIONS_EXECUTE_FAIL", Message: "boom", RequestID: "r-3"}, err)
	assert.Equal(t, called{caller, "fails", "{}"}, got[1], "no event is an empty one")

	_, err = invoke("breaks", "{}")
	var refused *tcb.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "SYS_ERR: the disk is full", refused.Error())

	for name, event := range map[string]string{"": "{}", "add": "{"} {
		_, err = invoke(name, event)
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "INVALID_PARAM", refused.Code)
	}
	assert.Len(t, got, 3)

	s.Caller.Source = "wx_client" + strings.Repeat(",scf", maxNesting)
	_, err = invoke("add", "{}")
	assert.ErrorContains(t, err, "functions call each other 32 deep, and wxfn stops here; does add call itself?")
	assert.Len(t, got, 3)

	var errCodes []int
	for _, c := range s.Record.View().Calls {
		errCodes = append(errCodes, c.ErrCode)
	}
	assert.Equal(t, []int{0, -1, -1}, errCodes)
}
