package emulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
	official "github.com/wxcloud-go/wxfn/testdata/conformance"
)

const conformanceDir = "../testdata/conformance"

// TestConformance drives the emulator with the official SDK, unmodified: the functions of testdata/conformance are in
// Node with wx-server-sdk from npm, and those that begin with "go" in Go. What the function call does by the official
// SDK, gocall does by package openapi, and their answers must be the same to the letter.
func TestConformance(t *testing.T) {
	t.Parallel()
	needsConformancePackages(t)
	c := conformance{emu: emulatortest.New(t, emulator.Config{Dir: conformanceDir})}
	require.Empty(t, c.emu.Findings())
	require.Empty(t, c.emu.Build(t.Context()))
	for version := range sdks {
		c := c.with(version)
		t.Run(version+"/openapi of this generation", c.testGenerationOpenAPI)
		t.Run(version+"/callFunction of this generation", c.testGenerationCallFunction)
		t.Run(version+"/getWXContext of this generation", c.testGenerationContext)
		t.Run(version+"/another environment", c.testOtherEnvironment)
	}
	for function, fails := range map[string]string{"nodesdk-211": "error", "nodesdk-admin": "ok"} {
		t.Run(function, func(t *testing.T) { c.testNodeSDK(t, function, fails) })
	}
	for _, version := range []string{"4.0.2", "2.6.3"} {
		c := c.with(version)
		for name, test := range map[string]func(*testing.T){
			"createQRCode":                  c.testCreateQRCode,
			"get":                           c.testGet,
			"getUnlimited":                  c.testGetUnlimited,
			"Looks of Mini Program codes":   c.testLooks,
			"Permissions":                   c.testPermissions,
			"Names on the wire":             c.testNamesOnTheWire,
			"Who calls":                     c.testWhoCalls,
			"Context argument":              c.testContextArgument,
			"A warm instance keeps nothing": c.testWarmInstance,
			"Functions call functions":      c.testFunctionsCallFunctions,
			"A call after the invocation":   c.testLateCall,
		} {
			t.Run(version+"/"+name, test)
		}
	}
	c = c.with("4.0.2")
	for name, test := range map[string]func(*testing.T){
		"Resources that are not emulated": c.testNotEmulated,
		"Kinds of handlers":               c.testHandlers,
		"A bootstrap of bash":             c.testBash,
		"Front door":                      c.testFrontDoor,
		"Hanging functions":               c.testHangingFunctions,
		"64 users at once":                c.testManyUsers,
	} {
		t.Run(name, test)
	}
}

// needsConformancePackages skips a test of Node functions where they cannot run, but for one in CI, where they must.
func needsConformancePackages(t *testing.T) {
	t.Helper()
	official.NeedsPackages(t, conformanceDir)
}

// conformance is the emulator that all subtests share, with the version of wx-server-sdk that a subtest is about.
type conformance struct {
	emu *emulator.Emulator
	sdk officialSDK
}

func (c conformance) alice() *emulator.Caller { return c.emu.As("oAlice") }

// invoke calls a function with an event, as JSON text.
func (c conformance) invoke(t *testing.T, who *emulator.Caller, function, event string) (result gjson.Result, requestID string) {
	t.Helper()
	r, err := who.Invoke(t.Context(), c.sdk.function(function), []byte(event))
	require.NoError(t, err)
	return gjson.ParseBytes(r.JSON), r.RequestID
}

var (
	bytesOfPicture = regexp.MustCompile(`"data":\[[0-9,]*\]`)
	ridOfAnswer    = regexp.MustCompile(` rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}`)
)

// call calls an API by both SDKs, which must give the same answer but for the picture and the id; it returns both.
// event holds the fields of the event beside api.
func (c conformance) call(t *testing.T, who *emulator.Caller, api, event string) (answers [2]gjson.Result) {
	t.Helper()
	event = fmt.Sprintf(`{"api":%q,%s}`, api, event)
	var texts [2]string
	for i, function := range []string{"call", "gocall"} {
		answers[i], _ = c.invoke(t, who, function, event)
		texts[i] = bytesOfPicture.ReplaceAllString(answers[i].Raw, `"data":[]`)
		texts[i] = ridOfAnswer.ReplaceAllString(texts[i], " rid: <id>")
	}
	assert.Equal(t, texts[0], texts[1], "what the two SDKs return")
	return answers
}

func (c conformance) testPermissions(t *testing.T) {
	t.Parallel()
	const code = `{"api":"wxacode.createQRCode","params":{"path":"page/index/index"}}`
	for _, tt := range []struct {
		name, function, event string
		errCode               int
		text                  string
	}{
		{"config.json without the entry", "nopermission", code, -604101, "function has no permission to call this API"},
		{"no config.json", "noconfig", code, -604101, "function has no permission to call this API"},
		{"get without the entry", "nopermission", `{"api":"wxacode.get","params":{"path":"page/index/index"}}`, -604101, "function has no permission to call this API"},
		{"getUnlimited without the entry", "nopermission", `{"api":"wxacode.getUnlimited","params":{"scene":"a"}}`, -604101, "function has no permission to call this API"},
		{"an API without the entry, beside others", "call", `{"api":"security.mediaCheckAsync","params":{"mediaType":1}}`, -604101, "function has no permission to call this API"},
		{"an unknown API", "call", `{"api":"no.such.api","params":{}}`, -604100, "API not found"},
		{"an API in the wrong case", "call", `{"api":"wxacode.createQrCode","params":{}}`, -604100, "API not found"},
		{"an unknown API is no question of permission", "noconfig", `{"api":"no.such.api","params":{}}`, -604100, "API not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, _ := c.invoke(t, c.alice(), tt.function, tt.event)
			errMsg := fmt.Sprintf("system error: error code: %d", tt.errCode)
			assert.JSONEq(t, fmt.Sprintf(`{"errCode":%d,"errMsg":%q,"message":%q}`, tt.errCode, errMsg,
				fmt.Sprintf("errCode: %d %s | errMsg: %s", tt.errCode, tt.text, errMsg)), answer.Get("error").Raw)
		})
	}
}

// testNamesOnTheWire looks at the calls in the journal: names go out in snake_case, at any depth.
func (c conformance) testNamesOnTheWire(t *testing.T) {
	t.Parallel()
	// An API whose parameters are not known: any will do.
	const api = "search.imageSearch"
	for _, tt := range []struct{ name, event, wire string }{
		{"camelCase becomes snake_case",
			`"params":{"touser":"oBob","templateId":"T1","data":{"thing1":{"value":"<&>中"},"someName":[{"innerName":1.5}]}}`,
			`{"touser":"oBob","template_id":"T1","data":{"thing1":{"value":"<&>中"},"some_name":[{"inner_name":1.5}]}}`},
		{"without convertCase names stay",
			`"params":{"touser":"oBob","templateId":"T1","template_id":"T2"},"options":{"convertCase":false}`,
			`{"touser":"oBob","templateId":"T1","template_id":"T2"}`},
		{"undefined stays at home, null does not",
			`"params":{"content":"a","title":null},"undefined":["signature"]`,
			`{"content":"a","title":null}`},
		{"a media value goes out as a file",
			`"params":{"media":{"contentType":"image/jpeg","value":{"type":"Buffer","data":[255,216,0,255]}}}`,
			`{"media":"media.jpeg, 4 bytes"}`},
		{"no parameters", `"params":{}`, `{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, function := range []string{"call", "gocall"} {
				answer, id := c.invoke(t, c.alice(), function, fmt.Sprintf(`{"api":%q,%s}`, api, tt.event))
				assert.Equal(t, fmt.Sprintf(`{"errMsg":"openapi.%s:ok","errCode":0}`, api), answer.Get("ok").Raw, answer.Raw)
				call := c.control(t, "journal/"+id).Get("calls.0")
				assert.Equal(t, api, call.Get("api").String())
				assert.JSONEq(t, tt.wire, call.Get("params").String())
			}
		})
	}
}

// control asks the control API.
func (c conformance) control(t *testing.T, resource string) gjson.Result {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/_wxfn/"+resource, nil)
	r.Header.Set("Authorization", "Bearer "+c.emu.Token())
	w := httptest.NewRecorder()
	c.emu.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return gjson.ParseBytes(w.Body.Bytes())
}

func (c conformance) testWhoCalls(t *testing.T) {
	t.Parallel()
	// What getWXContext returns whoever calls; there is no token in it.
	const everywhere = `"APPID":"wx0123456789abcdef","ENV":"conformance-1","CLIENTIP":"127.0.0.1","CLIENTIPV6":"::ffff:127.0.0.1"`
	const alice = `{"appId":"wx0123456789abcdef","openId":"oAlice"}`
	nobody := c.emu.As("")
	for _, tt := range []struct {
		name      string
		caller    *emulator.Caller
		wxContext string
		userInfo  string
		trigger   string
	}{
		{"a Mini Program", c.alice(), `"OPENID":"oAlice","SOURCE":"wx_client"`, alice, ""},
		{"a Mini Program of an open platform account", c.alice().WithUnionID("uAlice"), `"OPENID":"oAlice","UNIONID":"uAlice","SOURCE":"wx_client"`, alice, ""},
		{"DevTools", c.alice().Via(emulator.SourceDevTools), `"OPENID":"oAlice","SOURCE":"wx_devtools"`, alice, ""},
		{"the HTTP API", nobody.Via(emulator.SourceHTTP), `"SOURCE":"wx_http"`, "", ""},
		{"a timer", nobody.Via(emulator.SourceTrigger), `"SOURCE":"wx_trigger"`, "", "timer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seen, id := c.invoke(t, tt.caller, "context", `{"a":1}`)
			assert.JSONEq(t, "{"+everywhere+","+tt.wxContext+"}", seen.Get("wxContext").Raw)
			assert.Equal(t, "1", seen.Get("event.a").Raw)
			if tt.userInfo != "" {
				assert.JSONEq(t, tt.userInfo, seen.Get("event.userInfo").Raw)
			}
			assert.Equal(t, tt.userInfo != "", seen.Get("event.userInfo.openId").Exists())

			env := seen.Get("env")
			url, err := c.emu.Listen()
			require.NoError(t, err)
			assert.JSONEq(t, `{"URL":"`+url+`/admin"}`, env.Get("TCB_CONTEXT_CNFG").String())
			source := gjson.Parse("{" + tt.wxContext + "}").Get("SOURCE").String()
			for name, value := range map[string]string{
				"TENCENTCLOUD_RUNENV": "SCF", "TENCENTCLOUD_REGION": seen.Get("context.tencentcloud_region").String(),
				"SCF_NAMESPACE": "conformance-1", "TCB_ENV": "conformance-1", "TCB_SOURCE": source, "TCB_SEQID": id,
				"TRIGGER_SRC": tt.trigger, "GREETING": "hello",
			} {
				assert.Equal(t, value, env.Get(name).String(), name)
			}
			assert.Equal(t, tt.trigger != "", env.Get("WX_TRIGGER_API_TOKEN_V0").Exists())
			names := []string{"TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN", "WX_API_TOKEN"}
			for _, list := range []string{"WX_CONTEXT_KEYS", "TCB_CONTEXT_KEYS"} {
				names = append(names, strings.Split(env.Get(list).String(), ",")...)
			}
			for _, name := range names {
				assert.NotEmpty(t, env.Get(name).String(), name)
			}

			for _, answer := range c.call(t, tt.caller, "wxacode.createQRCode", `"params":{"path":"page/index/index"}`) {
				assert.True(t, answer.Get("ok").Exists(), "a cloud call: %s", answer.Get("error").Raw)
				assert.Equal(t, seen.Get("wxContext.OPENID").String(), answer.Get("openid").String())
			}
			inner, _ := c.invoke(t, tt.caller, "functions", `{"name":"context","data":{"a":1}}`)
			inner = inner.Get("ok.result")
			want := strings.Replace(tt.wxContext, source, source+",scf", 1)
			assert.JSONEq(t, "{"+everywhere+","+want+"}", inner.Get("wxContext").Raw, "called by a function")
			assert.Equal(t, `{"a":1}`, inner.Get("event").Raw)
		})
	}
}

func (c conformance) testContextArgument(t *testing.T) {
	t.Parallel()
	seen, id := c.invoke(t, c.alice(), "context", `{}`)
	argument, env := seen.Get("context"), seen.Get("env")
	for name, value := range map[string]string{
		"request_id": id, "function_name": c.sdk.function("context"), "namespace": "conformance-1", "memory_limit_in_mb": "512", "time_limit_in_ms": "20000",
		"tencentcloud_region": env.Get("TENCENTCLOUD_REGION").String(),
	} {
		assert.Equal(t, value, argument.Get(name).String(), name)
	}
	for _, name := range []string{"function_version", "tencentcloud_appid", "tencentcloud_uin"} {
		assert.NotEmpty(t, argument.Get(name).String(), name)
	}
	environment := gjson.Parse(argument.Get("environment").String())
	var pairs []string
	for name, value := range environment.Map() {
		assert.Equal(t, env.Get(name).String(), value.String(), name)
		pairs = append(pairs, name+"="+value.String())
	}
	assert.Equal(t, "oAlice", environment.Get("WX_OPENID").String())
	assert.ElementsMatch(t, pairs, strings.Split(argument.Get("environ").String(), ";"))
	// As the official parser reads it.
	assert.JSONEq(t, environment.Raw, seen.Get("parsed.environment").Raw)
	assert.Equal(t, id, seen.Get("parsed.requestId").String())
}

func (c conformance) testWarmInstance(t *testing.T) {
	t.Parallel()
	user, _ := c.invoke(t, c.alice().WithUnionID("uAlice"), "warm", `{}`)
	assert.Equal(t, "uAlice", user.Get("wxContext.UNIONID").String())
	timer, _ := c.invoke(t, c.emu.As("").Via(emulator.SourceTrigger), "warm", `{}`)
	assert.True(t, timer.Get("env.TRIGGER_SRC").Exists())
	last, _ := c.invoke(t, c.emu.As("oBob"), "warm", `{}`)
	assert.Equal(t, "oBob", last.Get("wxContext.OPENID").String())

	require.Equal(t, user.Get("pid").Int(), timer.Get("pid").Int(), "the instance")
	require.Equal(t, user.Get("pid").Int(), last.Get("pid").Int(), "the instance")
	for _, name := range []string{"wxContext.OPENID", "wxContext.UNIONID", "env.WX_OPENID", "env.WX_UNIONID"} {
		assert.False(t, timer.Get(name).Exists(), name)
	}
	for _, name := range []string{"wxContext.UNIONID", "env.WX_UNIONID", "env.TRIGGER_SRC", "env.WX_TRIGGER_API_TOKEN_V0"} {
		assert.False(t, last.Get(name).Exists(), name)
	}
	assert.NotEqual(t, user.Get("env.WX_API_TOKEN").String(), last.Get("env.WX_API_TOKEN").String())
}

func (c conformance) testFunctionsCallFunctions(t *testing.T) {
	t.Parallel()
	const odd = `{"text":"中文 🙂 <&> \u2028 \u0000 \\ \" é","empty":{},"list":[],"no":null,"big":9007199254740991,"small":1e-7,"__proto__x":[[]]}`
	// More than a Mini Program may send.
	large := `{"text":"` + strings.Repeat("中", 100<<10) + `"}`

	t.Run("Node calls Go", func(t *testing.T) {
		t.Parallel()
		for _, event := range []string{`{}`, odd, large} {
			answer, _ := c.invoke(t, c.emu.As("").Via(emulator.SourceHTTP), "functions", `{"name":"goecho","data":`+event+`}`)
			ok := answer.Get("ok")
			assert.Equal(t, "callFunction:ok", ok.Get("errMsg").String(), answer.Get("error").Raw)
			assert.NotEmpty(t, ok.Get("requestID").String())
			assert.JSONEq(t, event, ok.Get("result.event").Raw)
		}
	})
	t.Run("Go calls Node", func(t *testing.T) {
		t.Parallel()
		for _, event := range []string{`{}`, odd, large} {
			answer, _ := c.invoke(t, c.emu.As("").Via(emulator.SourceHTTP), "gocallsnode", `{"name":"callback","data":`+event+`}`)
			assert.JSONEq(t, event, answer.Get("ok.event").Raw, answer.Get("error").Raw)
		}
	})
	t.Run("Node calls Go, which calls Node", func(t *testing.T) {
		t.Parallel()
		answer, _ := c.invoke(t, c.alice(), "functions", `{"name":"gocallsnode","data":{"name":"context","data":{"a":1}}}`)
		seen := answer.Get("ok.result.ok")
		assert.Equal(t, "wx_client,scf,scf", seen.Get("wxContext.SOURCE").String(), answer.Raw)
		assert.Equal(t, "oAlice", seen.Get("wxContext.OPENID").String())
		assert.Equal(t, `{"a":1}`, seen.Get("event").Raw)
	})
	t.Run("a Buffer goes from Node to Go and back", func(t *testing.T) {
		t.Parallel()
		var every openapi.Buffer
		for b := range 256 {
			every = append(every, byte(b))
		}
		event, err := json.Marshal(map[string]any{"name": "goecho", "data": map[string]any{"buffer": every}})
		require.NoError(t, err)
		answer, _ := c.invoke(t, c.alice(), "functions", string(event))
		var back openapi.Buffer
		require.NoError(t, json.Unmarshal([]byte(answer.Get("ok.result.buffer").Raw), &back))
		assert.Equal(t, every, back)
	})
	for _, tt := range []struct {
		name, event string
		errCode     int // of the SDKs that have one
		message     string
	}{
		{"a Node function that throws", `{"name":"fails","data":{"way":"throw"}}`, -504002, "errCode: -504002 functions execute fail | errMsg: Error: boom"},
		{"a Node function that exits", `{"name":"fails","data":{"way":"exit"}}`, -504002, "errCode: -504002 functions execute fail | errMsg: the function exited with code 3"},
		{"a Go function that returns an error", `{"name":"goecho","data":{"fail":"bad luck"}}`, -504002, "errCode: -504002 functions execute fail | errMsg: bad luck"},
		{"a function that runs out of time", `{"name":"hangs","data":{"way":"never"}}`, -501001, "errCode: -504003 | errMsg: Invoking task timed out after 1 second"},
		{"a missing function", `{"name":"nobody"}`, -501001, "errCode: -501000 | errMsg: FunctionName parameter could not be found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for function, sdk := range map[string]officialSDK{"functions": c.sdk, "gocallsnode": sdks["4.0.2"]} {
				answer, _ := c.invoke(t, c.alice(), function, tt.event)
				sdk.assertCallFails(t, answer, tt.errCode, tt.message)
			}
		})
	}
}

func (c conformance) testNotEmulated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ api, errMsg, action string }{
		{"uploadFile", "uploadFile:fail ", "storage.getUploadMetadata"},
		{"downloadFile", "downloadFile:fail ", "storage.batchGetDownloadUrl"},
		{"getTempFileURL", "getTempFileURL:fail ", "storage.batchGetDownloadUrl"},
		{"deleteFile", "deleteFile:fail ", "storage.batchDeleteFile"},
		{"database get", "collection.get:fail -501001 resource system error. ", "database.getDocument"},
		{"database add", "collection.add:fail -501001 resource system error. ", "database.insertDocument"},
	} {
		t.Run(tt.api, func(t *testing.T) {
			t.Parallel()
			answer, _ := c.invoke(t, c.alice(), "functions", fmt.Sprintf(`{"api":%q}`, tt.api))
			errMsg := answer.Get("error.errMsg").String()
			assert.True(t, strings.HasPrefix(errMsg, fmt.Sprintf("%swxfn does not emulate %q", tt.errMsg, tt.action)), answer.Raw)
			assert.NotContains(t, errMsg, "\n")
		})
	}
}

// testLateCall has a function call when its invocation is over: it leaves a server behind, which is asked to.
func (c conformance) testLateCall(t *testing.T) {
	t.Parallel()
	server, _ := c.invoke(t, c.alice(), "late", `{}`)
	late := func(resource string) gjson.Result {
		_, body := request(t, http.MethodGet, server.Get("url").String()+resource, "", nil)
		return gjson.Parse(`{"error":` + body + `}`)
	}
	failure := late("/openapi").Get("error")
	assert.EqualValues(t, -604104, failure.Get("errCode").Int(), failure.Raw)
	assert.Equal(t, "errCode: -604104 illegal source of invocation | errMsg: system error: error code: -604104", failure.Get("message").String())
	c.sdk.assertCallFails(t, late("/callFunction"), -501008, "the invocation that this call belongs to is over")
}

// request sends a request, and returns the answer's status and body.
func request(t *testing.T, method, url, body string, header map[string]string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func (c conformance) testHandlers(t *testing.T) {
	t.Parallel()
	t.Run("by callback", func(t *testing.T) {
		t.Parallel()
		answer, id := c.invoke(t, c.emu.As("").Via(emulator.SourceHTTP), "callback", `[1,"a"]`)
		assert.JSONEq(t, `{"event":[1,"a"],"request":"`+id+`"}`, answer.Raw)
		_, err := c.alice().Invoke(t.Context(), "callback", []byte(`{"fail":"bad"}`))
		require.ErrorIs(t, err, openapi.CodeFunctionExecute)
		assert.ErrorContains(t, err, "Error: bad")
	})
	t.Run("ES module with top-level await", func(t *testing.T) {
		t.Parallel()
		answer, _ := c.invoke(t, c.alice(), "esm", `{"path":"page/index/index"}`)
		width, _, err := picture(answer)
		require.NoError(t, err)
		assert.Equal(t, 280, width)
	})
}

func (c conformance) testFrontDoor(t *testing.T) {
	t.Parallel()
	url, err := c.emu.Listen()
	require.NoError(t, err)
	const json = "application/json"
	const kb100 = 100 << 10
	text := func(size int) string { return `"` + strings.Repeat("x", size-2) + `"` }
	for _, tt := range []struct {
		name, function, contentType, event string
		status                             int
		errCode                            int64
		result                             string
		message                            []string // what errMsg holds, in this order
	}{
		{name: "a result", function: "fails", contentType: json, event: `{"way":"returns","value":{"b":1,"a":"<&>中"}}`, status: 200, result: `{"b":1,"a":"<&>中"}`},
		{name: "no result", function: "fails", contentType: json, event: `{"way":"undefined"}`, status: 200, result: `null`},
		{name: "an empty body is an empty event", function: "fails", contentType: json, status: 200, result: `null`},
		{name: "a charset", function: "fails", contentType: "application/json; charset=utf-8", event: `{}`, status: 200, result: `null`},

		{name: "throw", function: "fails", contentType: json, event: `{"way":"throw","prints":3}`, status: 500, errCode: -504002,
			message: []string{"Error: boom", "at Object.throw", "last output:\nline 1\nline 2\nline 3"}},
		{name: "throw of an object", function: "fails", contentType: json, event: `{"way":"object"}`, status: 500, errCode: -504002, message: []string{`{"errCode":42,"errMsg":"broken"}`}},
		{name: "throw of a text", function: "fails", contentType: json, event: `{"way":"text"}`, status: 500, errCode: -504002, message: []string{"plain text"}},
		{name: "throw of nothing", function: "fails", contentType: json, event: `{"way":"nothing"}`, status: 500, errCode: -504002, message: []string{"undefined"}},
		{name: "rejection", function: "fails", contentType: json, event: `{"way":"reject"}`, status: 500, errCode: -504002, message: []string{"TypeError: rejected"}},
		{name: "exit", function: "fails", contentType: json, event: `{"way":"exit","prints":3}`, status: 500, errCode: -504002,
			message: []string{"exited with code 3", "last output:\nline 1\nline 2\nline 3"}},
		{name: "signal", function: "fails", contentType: json, event: `{"way":"signal"}`, status: 500, errCode: -504002, message: []string{"the function was", "killed"}},
		{name: "unhandled rejection", function: "fails", contentType: json, event: `{"way":"unhandled"}`, status: 500, errCode: -504002,
			message: []string{"exited with code 1", "last output:\n", "Error: nobody awaits this"}},
		{name: "uncaught exception after much output", function: "fails", contentType: json, event: `{"way":"uncaught","prints":100}`, status: 500, errCode: -504002,
			message: []string{"exited with code 1", "last output:\n", "Error: thrown later"}},
		{name: "circular result", function: "fails", contentType: json, event: `{"way":"circular"}`, status: 500, errCode: -504002, message: []string{"circular structure"}},
		{name: "result that JSON cannot hold", function: "fails", contentType: json, event: `{"way":"bigint"}`, status: 500, errCode: -504002, message: []string{"BigInt"}},
		{name: "result that is a function", function: "fails", contentType: json, event: `{"way":"function"}`, status: 500, errCode: -504002, message: []string{"the result is a function"}},
		{name: "result of 1 MB", function: "fails", contentType: json, event: `{"way":"size","size":1048576}`, status: 200, result: text(1 << 20)},
		{name: "result over 1 MB", function: "fails", contentType: json, event: `{"way":"size","size":1048577}`, status: 500, errCode: -604001,
			message: []string{"cloudfunction result size exceed limit (1MB)", "1048577 bytes"}},
		{name: "result over 16 MB", function: "fails", contentType: json, event: `{"way":"size","size":20000000}`, status: 500, errCode: -604001, message: []string{"result size exceed limit"}},

		{name: "event of 100 KB", function: "fails", contentType: json, event: text(kb100), status: 200, result: `null`},
		{name: "event over 100 KB", function: "fails", contentType: json, event: text(kb100 + 1), status: 413, errCode: -501007, message: []string{"100 KB"}},
		{name: "no such function", function: "nobody", contentType: json, event: `{}`, status: 404, errCode: -501000, message: []string{"FunctionName parameter could not be found", "nobody"}},
		{name: "no JSON", function: "callback", contentType: json, event: `{"a":`, status: 400, errCode: -501007, message: []string{"not JSON"}},
		{name: "another content type", function: "callback", contentType: "text/plain", event: `{}`, status: 415, errCode: -1, message: []string{"application/json"}},
		{name: "no content type", function: "callback", event: `{}`, status: 415, errCode: -1, message: []string{"application/json"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, body := request(t, http.MethodPost, url+"/invoke/"+tt.function, tt.event, map[string]string{"Content-Type": tt.contentType})
			assert.Equal(t, tt.status, status, "%.300s", body)
			answer := gjson.Parse(body)
			if tt.status == http.StatusOK {
				assert.True(t, tt.result == answer.Get("result").Raw, "%.300s", body)
				assert.Equal(t, "cloud.callFunction:ok", answer.Get("errMsg").String())
				assert.NotEmpty(t, answer.Get("requestID").String())
				return
			}
			assert.Equal(t, tt.errCode, answer.Get("errCode").Int(), body)
			errMsg := answer.Get("errMsg").String()
			rest, ok := errMsg, true
			for _, part := range tt.message {
				_, rest, ok = strings.Cut(rest, part)
				assert.True(t, ok, "%q in %s", part, errMsg)
			}
			if tt.status != http.StatusUnsupportedMediaType {
				assert.True(t, strings.HasPrefix(errMsg, fmt.Sprintf("cloud.callFunction:fail errCode: %d ", tt.errCode)), errMsg)
				assert.NotEmpty(t, answer.Get("requestID").String())
			}
		})
	}
	t.Run("another method", func(t *testing.T) {
		t.Parallel()
		status, body := request(t, http.MethodGet, url+"/invoke/callback", "", nil)
		assert.Equal(t, http.StatusMethodNotAllowed, status, body)
	})
	t.Run("headers make the caller", func(t *testing.T) {
		t.Parallel()
		_, body := request(t, http.MethodPost, url+"/invoke/context", `{}`, map[string]string{
			"Content-Type": json, "X-WX-OPENID": "oBob", "X-WX-UNIONID": "uBob", "X-WX-APPID": "wxfedcba9876543210", "X-WX-SOURCE": "wx_devtools",
		})
		seen := gjson.Parse(body).Get("result")
		for name, value := range map[string]string{
			"wxContext.OPENID": "oBob", "wxContext.UNIONID": "uBob", "wxContext.APPID": "wxfedcba9876543210", "wxContext.SOURCE": "wx_devtools",
			"event.userInfo.openId": "oBob", "event.userInfo.appId": "wxfedcba9876543210",
		} {
			assert.Equal(t, value, seen.Get(name).String(), name)
		}
	})
	t.Run("a function that failed works again", func(t *testing.T) {
		t.Parallel()
		for _, way := range []string{"throw", "exit", "unhandled", "size"} {
			_, err := c.alice().Invoke(t.Context(), "fails", map[string]any{"way": way, "size": 20_000_000})
			require.Error(t, err, way)
			answer, _ := c.invoke(t, c.alice(), "fails", `{"way":"returns","value":1}`)
			assert.Equal(t, "1", answer.Raw)
		}
	})
}

func (c conformance) testHangingFunctions(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"never", "loop"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			_, err := c.alice().Invoke(t.Context(), "hangs", map[string]string{"way": way})
			require.ErrorIs(t, err, openapi.CodeFunctionTimeout)
			assert.ErrorContains(t, err, "Invoking task timed out after 1 second")
			assert.ErrorContains(t, err, "last output:\nabout to "+way)
			answer, _ := c.invoke(t, c.alice(), "hangs", `{}`)
			assert.Equal(t, `"works"`, answer.Raw)
		})
	}
}

// testManyUsers has more users at once than there are instances: each gets a code of their own.
func (c conformance) testManyUsers(t *testing.T) {
	t.Parallel()
	const users = 64
	openid := func(i int) string { return fmt.Sprintf("oUser%02d", i) }
	var answers [users]gjson.Result
	var all sync.WaitGroup
	for i := range users {
		all.Go(func() {
			event := map[string]any{"api": "wxacode.createQRCode", "params": map[string]string{"path": "page/index/index?user=" + openid(i)}}
			result, err := c.emu.As(openid(i)).Invoke(t.Context(), []string{"call", "gocall"}[i%2], event)
			if assert.NoError(t, err) {
				answers[i] = gjson.ParseBytes(result.JSON)
			}
		})
	}
	all.Wait()
	owners := map[string]string{}
	for i, answer := range answers {
		assert.Equal(t, openid(i), answer.Get("openid").String())
		_, content, err := picture(answer.Get("ok"))
		require.NoError(t, err, answer.Get("error").Raw)
		options, err := c.emu.Scan(content)
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"user": openid(i)}, options.Query)
		assert.Empty(t, owners[content], "the code is another user's, too")
		owners[content] = openid(i)
	}
}
