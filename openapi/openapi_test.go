package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// endpoint is an admin endpoint that gives one answer, and keeps the request.
type endpoint struct {
	contentType string
	body        []byte
	status      int
	err         error
	got         *tcb.Request
	url         string
	header      http.Header
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	if e.err != nil {
		return nil, e.err
	}
	e.url, e.header = r.URL.String(), r.Header
	r.Host = r.URL.Host
	var err error
	if e.got, err = tcb.ParseRequest(r, 1<<30); err != nil {
		return nil, err
	}
	status := e.status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{Status: http.StatusText(status), StatusCode: status, Header: http.Header{"Content-Type": {e.contentType}},
		Body: io.NopCloser(bytes.NewReader(e.body))}, nil
}

// sent returns the pairs of the last call, as text.
func (e *endpoint) sent(t *testing.T) (pairs []string) {
	var data tcb.CommAPIData
	require.NoError(t, data.Unmarshal(e.got.RequestData))
	for _, p := range data.OpenAPIData.Pairs {
		pairs = append(pairs, p.Key+"="+string(p.Value))
	}
	return pairs
}

func answer(contentType, data string) *endpoint {
	resp := tcb.CommOpenAPIResp{RespData: []byte(data), ContentType: contentType}
	return &endpoint{contentType: tcb.ProtobufType, body: resp.Marshal()}
}

const jsonType = " application/json; encoding=utf-8"

// invocation returns the ctx of an invocation whose calls go to e.
func invocation(e *endpoint, more ...string) context.Context {
	environ := map[string]string{
		"TENCENTCLOUD_SECRETID": "id", "TENCENTCLOUD_SECRETKEY": "key", "TENCENTCLOUD_SESSIONTOKEN": "session",
		"TENCENTCLOUD_RUNENV": "SCF", "TENCENTCLOUD_REGION": "ap-shanghai", "TCB_ENV": "env-1", "WX_API_TOKEN": "token",
	}
	for i := 0; i < len(more); i += 2 {
		environ[more[i]] = more[i+1]
	}
	return cloudfn.NewContext(context.Background(), cloudfn.NewInvocation(environ, e))
}

func TestRecordedAnswersGiveTheOfficialResults(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../testdata/official-sdk-vectors.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			Name    string
			Request struct {
				Method, URL string
				Headers     map[string]string
				Body        []byte `json:"body_base64"`
			}
			Response struct {
				ContentType string `json:"content_type"`
				Body        []byte `json:"body_base64"`
			}
			Result struct {
				OK    json.RawMessage
				Error *struct {
					ErrCode         openapi.Code
					ErrMsg, Message string
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Vectors)
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			recorded, err := http.NewRequest(v.Request.Method, v.Request.URL, bytes.NewReader(v.Request.Body))
			require.NoError(t, err)
			recorded.Header.Set("Content-Type", v.Request.Headers["content-type"])
			official, err := tcb.ParseRequest(recorded, 1<<20)
			require.NoError(t, err)
			client := openapi.NewClient()
			if strings.HasPrefix(v.Name, "convertCase off") {
				client = openapi.NewClient(openapi.WithoutConvertCase())
			}
			e := &endpoint{contentType: v.Response.ContentType, body: v.Response.Body}
			var result json.RawMessage
			var want []byte

			if official.Action == tcb.ActionInvokeFunction {
				err = client.CallFunction(invocation(e), official.FunctionName, json.RawMessage(official.EventText), &result)
				var ok struct{ Result json.RawMessage }
				if v.Result.OK != nil {
					require.NoError(t, json.Unmarshal(v.Result.OK, &ok))
					want = ok.Result
				}
				assert.Equal(t, official.EventText, e.got.EventText)
			} else {
				var params tcb.CommAPIData
				require.NoError(t, params.Unmarshal(official.RequestData))
				values := map[string]json.RawMessage{}
				for _, p := range params.OpenAPIData.Pairs {
					values[p.Key] = p.Value
				}
				err = client.Call(invocation(e), official.APIName, values, &result)
				want = v.Result.OK
				assert.Equal(t, official.APIName, e.got.APIName)
			}
			if v.Result.Error == nil {
				require.NoError(t, err)
				assert.JSONEq(t, string(want), string(result))
				return
			}
			failed, ok := errors.AsType[*openapi.Error](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, v.Result.Error.ErrCode, failed.ErrCode)
			assert.ErrorIs(t, err, v.Result.Error.ErrCode)
			assert.Equal(t, v.Result.Error.ErrMsg, failed.ErrMsg)
			assert.Equal(t, v.Result.Error.Message, failed.Error())
		})
	}
}

func TestTypedCallSendsWhatTheOfficialSDKSends(t *testing.T) {
	t.Parallel()
	e := answer("image/jpeg; charset=utf-8 ", "\xff\xd8")
	image, err := openapi.Wxacode.CreateQRCode(invocation(e), &openapi.WxacodeCreateQRCodeRequest{Path: "页?a=<1>&b", Width: new(430)})
	require.NoError(t, err)
	assert.Equal(t, []string{`path="页?a=<1>&b"`, `width=430`}, e.sent(t))
	assert.Equal(t, "token", e.got.CloudAPIToken)
	assert.Equal(t, "env-1", e.got.EnvName)
	assert.Equal(t, "session", e.got.SessionToken)
	text, err := json.Marshal(image)
	require.NoError(t, err)
	assert.Equal(t, `{"contentType":"image/jpeg; charset=utf-8","buffer":{"type":"Buffer","data":[255,216]},"errMsg":"openapi.wxacode.createQRCode:ok","errCode":0}`, string(text))
}

func TestParametersGoOutInSnakeCase(t *testing.T) {
	t.Parallel()
	type nested struct {
		PageCount int `json:"pageCount"`
	}
	tests := []struct {
		fact   string
		params any
		want   []string
	}{
		{"none", nil, nil},
		{"a nil map", map[string]any(nil), nil},
		{"a nil pointer", (*nested)(nil), nil},
		{"an empty text", json.RawMessage(nil), nil},
		{"a map", map[string]any{"checkPath": false, "a": []any{map[string]any{"inListOf": 1}}}, []string{`a=[{"in_list_of":1}]`, `check_path=false`}},
		{"a struct, nested", struct {
			LineColor nested `json:"lineColor"`
		}{nested{1}}, []string{`line_color={"page_count":1}`}},
		{"text is left alone", json.RawMessage(`{ "Aa" : "xX\"yY:{" , "bB" : {"cC" :"dD"} }`), []string{`aa="xX\"yY:{"`, `b_b={"c_c":"dD"}`}},
		{"whole numbers stay exact", map[string]any{"id": int64(math.MaxInt64)}, []string{`id=9223372036854775807`}},
		{"names with escapes", json.RawMessage(`{"\u0041b":{"x\"Y":1}}`), []string{`ab={"x\"_y":1}`}},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			e := answer(jsonType, `{"errcode":0}`)
			require.NoError(t, openapi.Call(invocation(e), "a.b", tt.params, nil))
			assert.Equal(t, tt.want, e.sent(t))
		})
	}
}

func TestParametersThatAreNoObjectAreRefused(t *testing.T) {
	t.Parallel()
	for _, params := range []any{1, "x", []int{1}, json.RawMessage(`{"a":1} 2`), func() {}, math.NaN()} {
		e := answer(jsonType, `{}`)
		assert.ErrorContains(t, openapi.Call(invocation(e), "a.b", params, nil), "openapi.a.b: params: ")
		assert.Nil(t, e.got)
	}
}

func TestClientOptionsReachTheWire(t *testing.T) {
	t.Parallel()
	e := answer(jsonType, `{"errcode":0,"trace_id":"t"}`)
	c := openapi.NewClient(openapi.WithAppID("wx2"), openapi.WithV2(), openapi.WithoutConvertCase(), openapi.WithEnv("env-2"))
	var result map[string]any
	require.NoError(t, c.Call(invocation(e), "a.b", map[string]any{"keepMe": 1}, &result))
	var data tcb.CommAPIData
	require.NoError(t, data.Unmarshal(e.got.RequestData))
	assert.Equal(t, "wx2", data.AppID)
	assert.Equal(t, "commrpcv2", e.got.CGIName)
	assert.Equal(t, "env-2", e.got.EnvName)
	assert.Equal(t, []string{"keepMe=1"}, e.sent(t))
	assert.Equal(t, "t", result["trace_id"])
}

func TestMediaGoesOutAsRawBytes(t *testing.T) {
	t.Parallel()
	for _, params := range []any{
		struct {
			Media openapi.Media `json:"media"`
		}{openapi.Media{ContentType: "image/jpeg", Value: []byte{0, 255}}},
		map[string]any{"media": &openapi.Media{ContentType: "image/jpeg", Value: []byte{0, 255}}},
		json.RawMessage(`{"media":{"contentType":"image/jpeg","value":{"type":"Buffer","data":[0,255]}}}`),
		json.RawMessage(`{"media":{"content_type":"image/jpeg","value":{ "data": [0, 255], "type":"Buffer"}}}`),
	} {
		e := answer(jsonType, `{"errcode":0}`)
		require.NoError(t, openapi.Call(invocation(e), "security.imgSecCheck", params, nil))
		var data tcb.CommAPIData
		require.NoError(t, data.Unmarshal(e.got.RequestData))
		assert.Equal(t, []tcb.KeyValuePair{{Key: "media", Value: []byte{0, 255}, ContentType: "image/jpeg", Filename: "media.jpeg"}}, data.OpenAPIData.Pairs)
	}
}

func TestAnswersAreReadAsTheOfficialSDKReadsThem(t *testing.T) {
	t.Parallel()
	tests := []struct{ fact, contentType, data, want string }{
		{"names become camelCase, at every depth", jsonType, `{"errcode":0,"errmsg":"ok","trace_id":"t","list":[{"a_b":{"c_d":1}}]}`,
			`{"traceId":"t","list":[{"aB":{"cD":1}}],"errMsg":"openapi.a.b:ok","errCode":0}`},
		{"whole numbers stay exact", jsonType, `{"id":9007199254740993123}`, `{"id":9007199254740993123,"errMsg":"openapi.a.b:ok","errCode":0}`},
		{"an errcode inside is data", jsonType, `{"detail":[{"errcode":1}]}`, `{"detail":[{"errcode":1}],"errMsg":"openapi.a.b:ok","errCode":0}`},
		{"text that is JSON", "text/plain", `{"a":1}`, `{"a":1,"errMsg":"openapi.a.b:ok","errCode":0}`},
		{"text that is none", "text/plain", `hello`, `{"result":"hello","errMsg":"openapi.a.b:ok","errCode":0}`},
		{"bytes", "image/png ", "\x01", `{"contentType":"image/png","buffer":{"type":"Buffer","data":[1]},"errMsg":"openapi.a.b:ok","errCode":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			var result json.RawMessage
			require.NoError(t, openapi.Call(invocation(answer(tt.contentType, tt.data)), "a.b", nil, &result))
			assert.Equal(t, tt.want, string(result))
			var values map[string]any
			require.NoError(t, openapi.Call(invocation(answer(tt.contentType, tt.data)), "a.b", nil, &values))
			again, err := json.Marshal(values)
			require.NoError(t, err)
			assert.JSONEq(t, tt.want, string(again))
		})
	}
}

func TestFailuresReadAsTheOfficialSDKs(t *testing.T) {
	t.Parallel()
	system := &endpoint{contentType: tcb.ProtobufType, body: (&tcb.CommOpenAPIResp{ErrorCode: -604101, RespData: []byte(`{"advice":"add it"}`)}).Marshal()}
	tests := []struct {
		fact                  string
		e                     *endpoint
		code                  openapi.Code
		errMsg, text, advice_ string
		rid                   string
	}{
		{"a system error carries the emulator's advice", system, openapi.CodeNoPermission, "system error: error code: -604101",
			"errCode: -604101 function has no permission to call this API | errMsg: system error: error code: -604101", "add it", ""},
		{"an API's error carries its rid", answer(jsonType, `{"errcode":45029,"errmsg":"qrcode count out of limit rid: 66a-0b-1"}`), openapi.CodeQRCodeLimit,
			"openapi.wxacode.createQRCode:fail qrcode count out of limit rid: 66a-0b-1",
			"errCode: 45029  | errMsg: openapi.wxacode.createQRCode:fail qrcode count out of limit rid: 66a-0b-1", "", "66a-0b-1"},
		{"invalid JSON", answer(jsonType, `{"a`), openapi.CodeSystem, "openapi.wxacode.createQRCode:fail wechat server internal error, response body is invalid json: {\"a",
			"errCode: -601001 system error | errMsg: openapi.wxacode.createQRCode:fail wechat server internal error, response body is invalid json: {\"a", "", ""},
		{"JSON instead of a picture", answer(jsonType, `{"a":1}`), openapi.CodeSystem, `openapi.wxacode.createQRCode:fail the answer is JSON, not a picture: {"a":1}`,
			`errCode: -601001 system error | errMsg: openapi.wxacode.createQRCode:fail the answer is JSON, not a picture: {"a":1}`, "", ""},
		{"another HTTP status", &endpoint{status: 502}, openapi.CodeResourceSystem, "openapi.wxacode.createQRCode:fail -501001 resource system error. Bad Gateway | [http://env-1.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin", "", "", ""},
		{"no connection", &endpoint{err: io.ErrUnexpectedEOF}, openapi.CodeResourceSystem, "openapi.wxacode.createQRCode:fail -501001 resource system error. Post", "", "", ""},
		{"an answer that is no protobuf", &endpoint{contentType: "text/html", body: []byte("<html>")}, openapi.CodeResourceSystem, "openapi.wxacode.createQRCode:fail -501001 resource system error. unknown answer", "", "", ""},
		{"a CloudBase error of another content type", &endpoint{contentType: "text/plain", body: []byte(`{"code":"INVALID_PARAM","message":"m"}`)}, openapi.CodeInvalidParam, "openapi.wxacode.createQRCode:fail -501007 invalid parameters. m", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			image, err := openapi.Wxacode.CreateQRCode(invocation(tt.e), &openapi.WxacodeCreateQRCodeRequest{Path: "p"})
			assert.Nil(t, image)
			failed, ok := errors.AsType[*openapi.Error](err)
			require.True(t, ok, "%v", err)
			assert.ErrorIs(t, err, tt.code)
			assert.NotErrorIs(t, err, openapi.CodeInvalidScene)
			assert.Contains(t, failed.ErrMsg, tt.errMsg)
			if tt.text != "" {
				assert.Equal(t, tt.text, err.Error())
			}
			assert.Equal(t, tt.advice_, failed.Advice)
			assert.Equal(t, tt.rid, failed.RID)
			text, _ := json.Marshal(failed)
			var js map[string]any
			require.NoError(t, json.Unmarshal(text, &js))
			assert.Len(t, js, 2)
		})
	}
}

func TestWhatKeptACallFromAnAnswerIsUnwrapped(t *testing.T) {
	t.Parallel()
	err := openapi.Call(invocation(&endpoint{err: io.ErrUnexpectedEOF}), "a.b", nil, nil)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	err = openapi.CallFunction(invocation(&endpoint{err: context.Canceled}), "f", nil, nil)
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, openapi.Call(context.Background(), "a.b", nil, nil), openapi.ErrNoCredential)
	assert.ErrorIs(t, openapi.CallFunction(cloudfn.NewContext(context.Background(), cloudfn.NewInvocation(nil, nil)), "f", nil, nil), openapi.ErrNoCredential)
}

func TestSecretsAreInNoError(t *testing.T) {
	t.Parallel()
	for _, e := range []*endpoint{{err: io.ErrUnexpectedEOF}, {status: 500}, {contentType: "x", body: []byte("x")}} {
		ctx := invocation(e, "WX_API_TOKEN", "s3cret-token", "TENCENTCLOUD_SECRETKEY", "s3cret-key", "TENCENTCLOUD_SESSIONTOKEN", "s3cret-session")
		assert.NotContains(t, openapi.Call(ctx, "a.b", nil, nil).Error(), "s3cret")
		assert.NotContains(t, openapi.CallFunction(ctx, "f", nil, nil).Error(), "s3cret")
	}
}

func TestCallGoesWhereTheInvocationSays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		environ []string
		want    string
	}{
		{nil, "http://env-1.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin?env=env-1&seqId="},
		{[]string{"TENCENTCLOUD_RUNENV", ""}, "https://env-1.ap-shanghai.tcb-api.tencentcloudapi.com/admin?"},
		{[]string{"TENCENTCLOUD_REGION", ""}, "http://env-1.internal.tcb-api.tencentcloudapi.com/admin?"},
		{[]string{"TCB_ENV", "", "SCF_NAMESPACE", "a b"}, "http://internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin?env=a+b&"},
		{[]string{"TCB_CONTEXT_CNFG", `{"URL":"http://127.0.0.1:1/admin"}`, "TCB_SEQID", "s1"}, "http://127.0.0.1:1/admin?env=env-1&seqId=s1-"},
		{[]string{"TCB_CONTEXT_CNFG", `not json`}, "http://env-1.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin?"},
	}
	for _, tt := range tests {
		e := answer(jsonType, `{}`)
		require.NoError(t, openapi.Call(invocation(e, tt.environ...), "a.b", nil, nil))
		assert.Contains(t, e.url, tt.want)
		assert.True(t, strings.HasPrefix(e.header.Get("User-Agent"), "wxfn/"), e.header.Get("User-Agent"))
	}
}

func TestTokenIsTheInvocationsOwn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		environ                 []string
		cloudAPI, cloudbaseWant string
	}{
		{nil, "token", ""},
		{[]string{"TRIGGER_SRC", "timer", "WX_TRIGGER_API_TOKEN_V0", "timer-token"}, "timer-token", ""},
		{[]string{"TRIGGER_SRC", "timer"}, "token", ""},
		{[]string{"WX_TRIGGER_API_TOKEN_V0", "timer-token"}, "token", ""},
		{[]string{"WX_API_TOKEN", "", "WX_CLOUDBASE_ACCESSTOKEN", "container"}, "", "container"},
	}
	for _, tt := range tests {
		e := answer(jsonType, `{}`)
		require.NoError(t, openapi.Call(invocation(e, tt.environ...), "a.b", nil, nil))
		assert.Equal(t, tt.cloudAPI, e.got.CloudAPIToken)
		assert.Equal(t, tt.cloudbaseWant, e.got.CloudbaseAccessToken)
	}
}

func TestCallFunctionHandsOverTheEventAndTheResult(t *testing.T) {
	t.Parallel()
	e := &endpoint{contentType: tcb.ErrorType, body: (&tcb.InvokeResult{RequestID: "r", Data: `{"sum":9007199254740993}`}).Marshal()}
	var result struct{ Sum int64 }
	require.NoError(t, openapi.CallFunction(invocation(e), "add", map[string]any{"html": "<&>"}, &result))
	assert.EqualValues(t, 9007199254740993, result.Sum)
	assert.Equal(t, `{"html":"<&>"}`, e.got.EventText)
	require.NoError(t, openapi.CallFunction(invocation(e), "add", nil, nil))
	assert.Equal(t, `{}`, e.got.EventText)
	var wrong struct{ Sum []string }
	assert.ErrorContains(t, openapi.CallFunction(invocation(e), "add", nil, &wrong), "callFunction add: its result does not fit")
	assert.ErrorContains(t, openapi.CallFunction(invocation(e), "add", func() {}, nil), "callFunction add: event")
}

func TestBufferCrossesJSONAsANodeBuffer(t *testing.T) {
	t.Parallel()
	all := make(openapi.Buffer, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, b := range []openapi.Buffer{{}, {0}, {255, 216}, all} {
		text, err := json.Marshal(b)
		require.NoError(t, err)
		var back openapi.Buffer
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, b, back)
	}
	for text, ok := range map[string]bool{
		`null`:                                  true,
		`{"data":[1, 2 ],"type":"Buffer"}`:      true,
		`{ "type" : "Buffer" , "data" : [ ] }`:  true,
		`{"type":"Buffer","data":[256]}`:        false,
		`{"type":"Buffer","data":[-1]}`:         false,
		`{"type":"Buffer","data":[1.5]}`:        false,
		`{"type":"Buffer","data":"AQI="}`:       false,
		`{"type":"Other","data":[]}`:            false,
		`{"type":"Buffer"}`:                     false,
		`"AQI="`:                                false,
		`[1,2]`:                                 false,
		`{"type":"Buffer","data":[1,"2"]}`:      false,
		`{"type":"Buffer","data":[1],"x":[2]}`:  true,
		`{"type":"Buffer","data":[1],"x":"]}"}`: true,
	} {
		var b openapi.Buffer
		err := json.Unmarshal([]byte(text), &b)
		assert.Equal(t, ok, err == nil, "%s: %v", text, err)
	}
}

func FuzzBuffer(f *testing.F) {
	f.Add([]byte(`{"type":"Buffer","data":[255,216]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b openapi.Buffer
		if json.Unmarshal(text, &b) == nil && b != nil {
			again, err := json.Marshal(b)
			require.NoError(t, err)
			var back openapi.Buffer
			require.NoError(t, json.Unmarshal(again, &back))
			require.Equal(t, b, back)
		}
	})
}

func FuzzNamesAreRewrittenAndNothingElse(f *testing.F) {
	f.Add([]byte(`{"aB":{"c_d":["eF"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e := answer(jsonType, `{}`)
		if err := openapi.Call(invocation(e), "a.b", json.RawMessage(text), nil); err != nil {
			return
		}
		for _, pair := range e.sent(t) {
			_, value, _ := strings.Cut(pair, "=")
			require.True(t, json.Valid([]byte(value)), "%s", value)
		}
	})
}
