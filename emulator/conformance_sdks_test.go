package emulator_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// officialSDK is a version of wx-server-sdk.
type officialSDK struct {
	// suffix ends the names of the functions in testdata/conformance/cloudbaserc.json that use it.
	suffix string
	// callFails returns the errCode and errMsg of a failed callFunction; nil where it resolves all the same. errCode and
	// text are what the code of the CloudBase error stands for.
	callFails func(errCode int, text, message string) (int, string)
	// showsTriggerToken says that getWXContext of a timer returns the timer's token.
	showsTriggerToken bool
}

var sdks = map[string]officialSDK{
	"4.0.2": {"", callFailsWithMessage, false},
	"3.0.4": {"-304", callFailsWithCode, false},
	"2.6.3": {"-263", callFailsWithCode, false},
	"2.1.2": {"-212", callFailsAtAPI, false},
	"2.0.4": {"-204", callFailsAtAPI, false},
	"1.8.3": {"-183", callFailsAtAPI, false},
	"0.8.1": {"-081", nil, true},
}

func callFailsWithMessage(_ int, _, message string) (int, string) {
	return -1, "callFunction:fail " + message
}

func callFailsWithCode(errCode int, text, message string) (int, string) {
	return errCode, fmt.Sprintf("callFunction:fail %d %s. requestID <id>, %s", errCode, text, message)
}

func callFailsAtAPI(errCode int, _, message string) (int, string) {
	return errCode, fmt.Sprintf("callFunction:fail requestID <id>, %s", message)
}

// with returns c with functions that use this version.
func (c conformance) with(version string) conformance {
	c.sdk = sdks[version]
	return c
}

// function returns the name of a function as it is called with this version.
func (s officialSDK) function(name string) string {
	switch name {
	case "call", "functions", "context", "late", "nopermission", "noconfig", "otherenv":
		return name + s.suffix
	}
	return name
}

var idOfRequest = regexp.MustCompile(`requestID [0-9a-f-]+`)

// assertCallFails checks what callFunction makes of a CloudBase error whose message begins as given.
func (s officialSDK) assertCallFails(t *testing.T, answer gjson.Result, errCode int, message string) {
	t.Helper()
	if s.callFails == nil {
		assert.Equal(t, []string{"errMsg", "requestID"}, keysOf(answer.Get("ok")), answer.Raw)
		assert.Equal(t, "callFunction:ok", answer.Get("ok.errMsg").String())
		return
	}
	code, errMsg := s.callFails(errCode, wxcloud.Text(errCode), message)
	failure := answer.Get("error")
	assert.EqualValues(t, code, failure.Get("errCode").Int(), answer.Raw)
	got := idOfRequest.ReplaceAllString(failure.Get("errMsg").String(), "requestID <id>")
	assert.True(t, strings.HasPrefix(got, errMsg), "%s\nbegins with %s", answer.Raw, errMsg)
}

func (c conformance) testGenerationOpenAPI(t *testing.T) {
	t.Parallel()
	const createQRCode = "wxacode.createQRCode"
	made, _ := c.invoke(t, c.alice(), "call", `{"api":"wxacode.createQRCode","params":{"path":"page/index/index?a=1","width":300}}`)
	assertMade(t, made, createQRCode)
	width, content, err := picture(made.Get("ok"))
	require.NoError(t, err)
	assert.Equal(t, 300, width)
	options, err := c.emu.Scan(content)
	require.NoError(t, err)
	assert.Equal(t, &emulator.LaunchOptions{Path: "page/index/index", Query: map[string]string{"a": "1"}, Scene: 1011, AppID: conformanceApp}, options)

	refused, _ := c.invoke(t, c.alice(), "call", `{"api":"wxacode.createQRCode","params":{"path":""}}`)
	assertRefused(t, refused.Get("error"), createQRCode, 40159)

	for api, errCode := range map[string]int{"security.mediaCheckAsync": -604101, "no.such.api": -604100} {
		answer, _ := c.invoke(t, c.alice(), "call", fmt.Sprintf(`{"api":%q,"params":{"mediaType":1}}`, api))
		assert.EqualValues(t, errCode, answer.Get("error.errCode").Int(), answer.Raw)
		assert.Equal(t, fmt.Sprintf("system error: error code: %d", errCode), answer.Get("error.errMsg").String())
	}

	plain, _ := c.invoke(t, c.alice(), "functions", `{"api":"callOpenAPI","name":"security.msgSecCheck","data":{"content":"a"}}`)
	assert.EqualValues(t, -604101, plain.Get("ok.result.errcode").Int(), plain.Raw)

	media, id := c.invoke(t, c.alice(), "call", `{"api":"security.imgSecCheck","params":{"media":{"contentType":"image/png","value":{"type":"Buffer","data":[137,80,78,71,0,255,13,10]}}}}`)
	assert.JSONEq(t, `{"errMsg":"openapi.security.imgSecCheck:ok","errCode":0}`, media.Get("ok").Raw, media.Raw)
	assert.JSONEq(t, `{"media":"media.png, 8 bytes"}`, c.control(t, "journal/"+id).Get("calls.0.params").String())
}

func (c conformance) testGenerationCallFunction(t *testing.T) {
	t.Parallel()
	const odd = `{"text":" 你好 😀 \"q\" !'()*~ %20 a+b&c=d\té ","list":[1,"two",null]}`
	answer, _ := c.invoke(t, c.alice(), "functions", `{"name":"goecho","data":`+odd+`}`)
	assert.JSONEq(t, odd, answer.Get("ok.result.event").Raw, answer.Raw)
	assert.Equal(t, "callFunction:ok", answer.Get("ok.errMsg").String())
	assert.NotEmpty(t, answer.Get("ok.requestID").String())

	inner, _ := c.invoke(t, c.alice(), "functions", `{"name":"context"}`)
	assert.Equal(t, "wx_client,scf", inner.Get("ok.result.wxContext.SOURCE").String(), inner.Raw)

	answer, _ = c.invoke(t, c.alice(), "functions", `{"name":"goecho","data":{"fail":"bad luck"}}`)
	c.sdk.assertCallFails(t, answer, -504002, "errCode: -504002 functions execute fail | errMsg: bad luck")
	answer, _ = c.invoke(t, c.alice(), "functions", `{"name":"nobody"}`)
	c.sdk.assertCallFails(t, answer, -501001, "errCode: -501000 | errMsg: FunctionName parameter could not be found")
}

func (c conformance) testGenerationContext(t *testing.T) {
	t.Parallel()
	user, _ := c.invoke(t, c.alice().WithUnionID("uAlice"), "context", `{}`)
	for name, value := range map[string]string{"OPENID": "oAlice", "APPID": conformanceApp, "UNIONID": "uAlice", "ENV": "conformance-1", "SOURCE": "wx_client", "API_TOKEN": ""} {
		assert.Equal(t, value, user.Get("wxContext."+name).String(), "%s of %s", name, user.Get("wxContext").Raw)
	}
	timer := c.emu.As("").Via(emulator.SourceTrigger)
	seen, _ := c.invoke(t, timer, "context", `{}`)
	assert.Equal(t, "wx_trigger", seen.Get("wxContext.SOURCE").String(), seen.Get("wxContext").Raw)
	assert.False(t, seen.Get("wxContext.OPENID").Exists())
	assert.Equal(t, c.sdk.showsTriggerToken, seen.Get("wxContext.TRIGGER_API_TOKEN_V0").Exists())
	made, _ := c.invoke(t, timer, "call", `{"api":"wxacode.createQRCode","params":{"path":"page/index/index"}}`)
	assertMade(t, made, "wxacode.createQRCode")
}

// testNodeSDK uses the SDK below wx-server-sdk directly, as some functions do. fails is the member of the answer
// that has a CloudBase error.
func (c conformance) testNodeSDK(t *testing.T, function, fails string) {
	t.Parallel()
	call := tcb.CommAPIData{OpenAPIData: tcb.OpenAPIData{Pairs: []tcb.KeyValuePair{{Key: "path", Value: []byte(`"page/index/index"`)}}}}
	data := base64.StdEncoding.EncodeToString(call.Marshal())
	for api, errCode := range map[string]int32{"wxacode.createQRCode": 0, "wxacode.get": -604101} {
		answer, _ := c.invoke(t, c.alice(), function, fmt.Sprintf(`{"api":%q,"requestData":%q}`, api, data))
		body, err := base64.StdEncoding.DecodeString(answer.Get("ok").String())
		require.NoError(t, err)
		resp, err := tcb.ReadOpenAPI(tcb.ProtobufType, body)
		require.NoError(t, err, answer.Raw)
		assert.Equal(t, errCode, resp.ErrorCode)
		assert.Equal(t, errCode == 0, resp.ContentType == "image/jpeg")
	}
	answer, _ := c.invoke(t, c.alice(), function, `{"api":"wxacode.createQRCode","data":{"path":""}}`)
	assert.EqualValues(t, 40159, answer.Get("ok.result.errcode").Int(), answer.Raw)
	for _, event := range []string{`{"name":"goecho","data":{"a":1}}`, `{"name":"goecho","data":{"a":1},"parseContext":true}`} {
		answer, _ := c.invoke(t, c.alice(), function, event)
		assert.JSONEq(t, `{"a":1}`, answer.Get("ok.result.event").Raw, answer.Raw)
	}
	answer, _ = c.invoke(t, c.alice(), function, `{"name":"nobody"}`)
	failure := answer.Get(fails)
	assert.Equal(t, "FUNCTION_NOT_FOUND", failure.Get("code").String(), answer.Raw)
	assert.Contains(t, failure.Get("message").String(), "FunctionName parameter could not be found")
	assert.NotEmpty(t, failure.Get("requestId").String())
}

// testOtherEnvironment has cloud.init name an environment that there is not.
func (c conformance) testOtherEnvironment(t *testing.T) {
	t.Parallel()
	const why = "errCode: -501000 | errMsg: Environment not found"
	answer, _ := c.invoke(t, c.alice(), "otherenv", `{}`)
	failure := answer.Get("openapi.error")
	assert.EqualValues(t, -501001, failure.Get("errCode").Int(), answer.Raw)
	assert.Contains(t, failure.Get("errMsg").String(), why)
	c.sdk.assertCallFails(t, answer.Get("callFunction"), -501001, why)
}
