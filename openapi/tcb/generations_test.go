package tcb_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// generations holds what official SDKs before 4.x sent, what a stub answered, and what they returned. The file's "about"
// describes its form.
type generations struct {
	Clock     time.Time
	SecretID  string `json:"secret_id"`
	SecretKey string `json:"secret_key"`
	Vectors   []recording
}

type recording struct {
	Name, SDK string
	Exchanges []exchange
	Result    map[string]json.RawMessage
}

type exchange struct {
	Method, URL string
	Headers     map[string]string
	Body        payload
	Answer      struct {
		Headers map[string]string
		Body    payload
	}
	SignedWith struct {
		SecretID  string `json:"secret_id"`
		SecretKey string `json:"secret_key"`
	} `json:"signed_with"`
}

type payload struct {
	JSON      json.RawMessage
	Base64    []byte
	Text      string
	Multipart []formPart
}

type formPart struct {
	Name, Text  string
	Base64      []byte
	Filename    string
	ContentType string `json:"content_type"`
}

// bytes returns a body that is not a form, to the letter.
func (p payload) bytes(t testing.TB) []byte {
	if p.JSON == nil {
		return append(p.Base64, p.Text...)
	}
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, p.JSON))
	return b.Bytes()
}

func (e *exchange) http(t testing.TB) *http.Request {
	body := e.Body.bytes(t)
	if e.Body.Multipart != nil {
		_, boundary, _ := strings.Cut(e.Headers["content-type"], "boundary=")
		var b bytes.Buffer
		for _, part := range e.Body.Multipart {
			fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q", boundary, part.Name)
			if part.Filename != "" {
				fmt.Fprintf(&b, "; filename=%q", part.Filename)
			}
			if part.ContentType != "" {
				b.WriteString("\r\nContent-Type: " + part.ContentType)
			}
			b.WriteString("\r\n\r\n" + part.Text + string(part.Base64) + "\r\n")
		}
		fmt.Fprintf(&b, "--%s--", boundary)
		if size, _ := strconv.Atoi(e.Headers["content-length"]); size > b.Len() {
			b.WriteString("\r\n")
		}
		body = b.Bytes()
	}
	require.Equal(t, e.Headers["content-length"], strconv.Itoa(len(body)), "the body as it was sent")
	u, err := url.Parse(e.URL)
	require.NoError(t, err)
	r := httptest.NewRequest(e.Method, u.RequestURI(), bytes.NewReader(body))
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	r.Host = e.Headers["host"]
	return r
}

// params returns the recorded parameters as text, or as JSON where they are not strings.
func (e *exchange) params(t testing.TB) map[string]string {
	params := map[string]string{}
	for _, part := range e.Body.Multipart {
		params[part.Name] = part.Text + string(part.Base64)
	}
	if e.Body.JSON != nil {
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(e.Body.JSON, &members))
		for name, raw := range members {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			params[name] = text
		}
	}
	return params
}

func readGenerations(t testing.TB) generations {
	data, err := os.ReadFile("../../testdata/official-sdk-generations.json")
	require.NoError(t, err)
	var g generations
	require.NoError(t, json.Unmarshal(data, &g))
	require.NotEmpty(t, g.Vectors)
	return g
}

// each runs a subtest for every recorded exchange.
func (g *generations) each(t *testing.T, test func(t *testing.T, v *recording, e *exchange)) {
	for i := range g.Vectors {
		v := &g.Vectors[i]
		for j := range v.Exchanges {
			t.Run(v.SDK+"/"+v.Name, func(t *testing.T) {
				t.Parallel()
				test(t, v, &v.Exchanges[j])
			})
		}
	}
}

func (g *generations) secretKey(e *exchange) func(string) (string, bool) {
	id, key := cmp.Or(e.SignedWith.SecretID, g.SecretID), cmp.Or(e.SignedWith.SecretKey, g.SecretKey)
	return func(got string) (string, bool) { return key, got == id }
}

// TestGenerationsSignature recomputes the signatures of every generation: TC3 that names empty texts, and v2.
func TestGenerationsSignature(t *testing.T) {
	t.Parallel()
	g := readGenerations(t)
	g.each(t, func(t *testing.T, _ *recording, e *exchange) {
		r := e.http(t)
		q, err := tcb.ParseRequest(r, 1<<20)
		require.NoError(t, err)
		require.NoError(t, q.Verify(r, g.Clock, g.secretKey(e)))

		wrong := func(id string) (string, bool) { return "another key", true }
		assert.ErrorIs(t, q.Verify(r, g.Clock, wrong), tcb.ErrSignature)
		assert.ErrorIs(t, q.Verify(r, g.Clock, func(string) (string, bool) { return "", false }), tcb.ErrUnknownSecretID)
		for _, away := range []time.Duration{-time.Hour, time.Hour} {
			assert.ErrorIs(t, q.Verify(r, g.Clock.Add(away), g.secretKey(e)), tcb.ErrSignatureTime)
		}

		changed := e.http(t)
		replaceBody(changed, "eventId", "eventid2")
		q, err = tcb.ParseRequest(changed, 1<<20)
		require.NoError(t, err)
		assert.ErrorIs(t, q.Verify(changed, g.Clock, g.secretKey(e)), tcb.ErrSignature)
	})
}

// TestGenerationsRequest reads the request of every generation.
func TestGenerationsRequest(t *testing.T) {
	t.Parallel()
	g := readGenerations(t)
	g.each(t, func(t *testing.T, _ *recording, e *exchange) {
		q, err := tcb.ParseRequest(e.http(t), 1<<20)
		require.NoError(t, err)
		want := e.params(t)
		for name, got := range map[string]string{
			"action": q.Action, "apiName": q.APIName, "apiOptions": q.APIOptions, "cgiName": q.CGIName, "requestData": string(q.RequestData),
			"function_name": q.FunctionName, "request_data": q.EventText, "envName": q.EnvName,
			"wxCloudApiToken": q.CloudAPIToken, "sessionToken": q.SessionToken, "tcb_sessionToken": q.TCBSessionToken,
			"crossAuthorizationToken": q.CrossAuthorizationToken,
		} {
			assert.Equal(t, want[name], got, name)
		}
		if q.Action == tcb.ActionOpenAPI {
			var data tcb.CommAPIData
			require.NoError(t, data.Unmarshal(q.RequestData))
			assert.NotEmpty(t, data.OpenAPIData.Pairs)
			assert.Equal(t, q.RequestData, data.Marshal(), "the bytes are the same when written again")
		}
	})
}

// A generation is what an SDK makes of a CloudBase error.
type generation struct {
	openAPI, callFunction func(e *tcb.Error, api string) any
}

// sdkError is what the wx-server-sdk throws.
type sdkError struct {
	ErrCode int    `json:"errCode"`
	ErrMsg  string `json:"errMsg"`
}

// tcbError is what the SDKs below it throw or return.
type tcbError struct {
	RequestID string `json:"requestId"`
	Code      string `json:"code"`
	Message   string `json:"message"`
}

func openAPIFails(e *tcb.Error, api string) any {
	return sdkError{e.ErrCode(), api + ":fail " + e.Message}
}

func resolves(e *tcb.Error, _ string) any {
	return map[string]any{"errMsg": "callFunction:ok", "requestID": e.RequestID}
}

func failsAtAPI(e *tcb.Error, _ string) any {
	return sdkError{e.ErrCode(), fmt.Sprintf("callFunction:fail requestID %s, %s; at callFunction api; ", e.RequestID, e.Message)}
}

func failsWithCode(e *tcb.Error, _ string) any {
	return sdkError{e.ErrCode(), fmt.Sprintf("callFunction:fail %d %s. requestID %s, %s", e.ErrCode(), wxcloud.Text(e.ErrCode()), e.RequestID, e.Message)}
}

func asTCBError(e *tcb.Error, _ string) any { return tcbError{e.RequestID, e.Code, e.Message} }

var bySDK = map[string]generation{
	"wx-server-sdk 0.8.1":       {openAPIFails, resolves},
	"wx-server-sdk 1.5.3":       {openAPIFails, resolves},
	"wx-server-sdk 1.8.3":       {openAPIFails, failsAtAPI},
	"wx-server-sdk 2.0.4":       {openAPIFails, failsAtAPI},
	"wx-server-sdk 2.1.2":       {openAPIFails, failsAtAPI},
	"wx-server-sdk 2.6.3":       {openAPIFails, failsWithCode},
	"wx-server-sdk 3.0.1":       {openAPIFails, failsWithCode},
	"wx-server-sdk 3.0.4":       {openAPIFails, failsWithCode},
	"tcb-admin-node 1.23.0":     {asTCBError, asTCBError},
	"@cloudbase/node-sdk 2.1.1": {asTCBError, asTCBError},
}

// TestGenerationsAnswer reads each recorded answer and writes it again. What the generation makes of ours is what it
// returned.
func TestGenerationsAnswer(t *testing.T) {
	t.Parallel()
	g := readGenerations(t)
	g.each(t, func(t *testing.T, v *recording, e *exchange) {
		body, contentType := e.Answer.Body.bytes(t), e.Answer.Headers["content-type"]
		returned := cmp.Or(string(v.Result["ok"]), string(v.Result["error"]))
		action, api := e.params(t)["action"], e.params(t)["apiName"]
		var answer struct {
			Code, RequestID string
			Data            struct{ ResponseData string }
		}
		_ = json.Unmarshal(body, &answer) // some are no JSON
		throws := bySDK[v.SDK].openAPI
		var err error
		if action == tcb.ActionOpenAPI {
			var resp *tcb.CommOpenAPIResp
			if resp, err = tcb.ReadOpenAPI(contentType, body); err == nil {
				assert.Equal(t, body, resp.Marshal())
				assertOpenAPI(t, v.SDK, api, resp, returned)
				return
			}
		} else {
			var res *tcb.InvokeResult
			res, err = tcb.ReadInvoke(body) // errors look the same whatever the action
			if action == tcb.ActionInvokeFunction {
				throws = bySDK[v.SDK].callFunction
			}
			if err == nil && action == tcb.ActionInvokeFunction {
				assert.JSONEq(t, string(body), string(res.Marshal()))
				assert.Contains(t, returned, strconv.Quote(res.RequestID))
			}
			if answer.Code == "" && action == tcb.ActionAPI {
				ours := tcb.APIResult{RequestID: answer.RequestID, Data: answer.Data.ResponseData}
				assert.JSONEq(t, string(body), string(ours.Marshal()))
			}
		}
		if answer.Code == "" {
			return
		}
		var refused *tcb.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, tcb.ErrorType, contentType)
		assert.JSONEq(t, string(body), string(refused.Marshal()))
		want, err := json.Marshal(throws(refused, api))
		require.NoError(t, err)
		assertMembers(t, want, returned)
	})
}

// assertOpenAPI compares an API's own error with what the SDK threw.
func assertOpenAPI(t *testing.T, sdk, api string, resp *tcb.CommOpenAPIResp, outcome string) {
	if !strings.HasPrefix(sdk, "wx-server-sdk") {
		return // it returns the bytes
	}
	var failure struct {
		ErrCode int
		ErrMsg  string
	}
	if tcb.IsJSON(resp.ContentType) {
		require.NoError(t, json.Unmarshal(resp.RespData, &failure))
	}
	want := sdkError{failure.ErrCode, "openapi." + api + ":fail " + failure.ErrMsg}
	switch {
	case resp.ErrorCode != 0:
		want = sdkError{int(resp.ErrorCode), fmt.Sprintf("system error: error code: %d", resp.ErrorCode)}
	case failure.ErrCode == 0:
		want = sdkError{0, "openapi." + api + ":ok"}
	}
	text, err := json.Marshal(want)
	require.NoError(t, err)
	assertMembers(t, text, outcome)
}

// assertMembers checks that an object has the wanted members.
func assertMembers(t *testing.T, want []byte, object string) {
	t.Helper()
	var members, got map[string]any
	require.NoError(t, json.Unmarshal(want, &members))
	require.NoError(t, json.Unmarshal([]byte(object), &got))
	if own, ok := got["own"].(map[string]any); ok {
		got = own // an error's properties
	}
	for name, value := range members {
		assert.Equal(t, value, got[name], name)
	}
}

// v2 signs the parameters that it lists, and no repeated, missing or malformed field is accepted.
func TestMalformedV2Signature(t *testing.T) {
	t.Parallel()
	const good = "q-sign-algorithm=sha1&q-ak=id&q-sign-time=1;2000000000&q-key-time=1;2000000000&q-header-list=user-agent&q-url-param-list=action&q-signature=00"
	for _, tt := range []struct {
		fact, old, new string
		want           error
	}{
		{"a wrong signature", "", "", tcb.ErrSignature},
		{"another algorithm", "sha1", "md5", tcb.ErrNoSignature},
		{"no secretId", "q-ak=id", "q-ak=", tcb.ErrNoSignature},
		{"no period", "q-sign-time=1;2000000000", "q-sign-time=1", tcb.ErrNoSignature},
		{"a parameter twice", "q-url-param-list=action", "q-url-param-list=action;action", tcb.ErrNoSignature},
		{"a header twice", "q-header-list=user-agent", "q-header-list=host;host", tcb.ErrNoSignature},
		{"not yet", "q-sign-time=1;", "q-sign-time=1999999999;", tcb.ErrSignatureTime},
		{"no more", "q-sign-time=1;2000000000", "q-sign-time=1;2", tcb.ErrSignatureTime},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			body, err := json.Marshal(map[string]any{"action": "a", "authorization": strings.Replace(good, tt.old, tt.new, 1)})
			require.NoError(t, err)
			r := httptest.NewRequest(http.MethodPost, "/admin", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			q, err := tcb.ParseRequest(r, 1<<10)
			require.NoError(t, err)
			assert.ErrorIs(t, q.Verify(r, at, func(string) (string, bool) { return "key", true }), tt.want)
		})
	}
}

// A name that is signed twice would be hashed as often as a header can name it.
func TestRepeatedSignedParam(t *testing.T) {
	t.Parallel()
	r := received(t, openAPIRequest())
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "SignedParams=", "SignedParams=action;", 1))
	q, err := tcb.ParseRequest(r, 1<<20)
	require.NoError(t, err)
	assert.ErrorIs(t, q.Verify(r, at, keyOf), tcb.ErrNoSignature)
}
