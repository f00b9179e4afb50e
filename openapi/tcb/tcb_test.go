package tcb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// vector is a request that the official SDK really sent, with the answer that it got and what it made of it.
type vector struct {
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
			ErrCode int
			ErrMsg  string
		}
	}
}

func (v *vector) http() *http.Request {
	r := httptest.NewRequest(v.Request.Method, v.Request.URL, bytes.NewReader(v.Request.Body))
	for name, value := range v.Request.Headers {
		r.Header.Set(name, value)
	}
	r.Host = v.Request.Headers["host"]
	return r
}

func (v *vector) signedAt(t *testing.T) time.Time {
	seconds, err := strconv.ParseInt(v.Request.Headers["x-timestamp"], 10, 64)
	require.NoError(t, err)
	return time.Unix(seconds, 0)
}

func officialVectors(t testing.TB) (vectors []vector, secretKey func(string) (string, bool)) {
	return readVectors(t, "official-sdk-vectors.json")
}

func readVectors(t testing.TB, name string) (vectors []vector, secretKey func(string) (string, bool)) {
	data, err := os.ReadFile("../../testdata/" + name)
	require.NoError(t, err)
	var file struct {
		SecretID  string `json:"secret_id"`
		SecretKey string `json:"secret_key"`
		Vectors   []vector
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Vectors)
	return file.Vectors, func(id string) (string, bool) { return file.SecretKey, id == file.SecretID }
}

func TestOfficialSignatureIsRecomputedToTheLetter(t *testing.T) {
	t.Parallel()
	vectors, secretKey := officialVectors(t)
	empty, _ := readVectors(t, "official-sdk-cloudpay.json") // in which empty bytes are signed
	for _, v := range append(vectors, empty...) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			r := v.http()
			q, err := tcb.ParseRequest(r, 1<<20)
			require.NoError(t, err)
			require.NoError(t, q.Verify(r, v.signedAt(t), secretKey))
		})
	}
}

func TestOfficialRequestIsParsedWhole(t *testing.T) {
	t.Parallel()
	vectors, _ := officialVectors(t)
	type pairs map[string]string
	want := map[string]struct {
		api   string
		pairs pairs
	}{
		"createQRCode":            {"wxacode.createQRCode", pairs{"path": `"page/index/index"`, "width": `430`}},
		"createQRCode query only": {"wxacode.createQRCode", pairs{"path": `"?foo=bar"`}},
		"createQRCode empty path": {"wxacode.createQRCode", pairs{"path": `""`}},
		"getUnlimited": {"wxacode.getUnlimited", pairs{"scene": `"a=1"`, "page": `"pages/index/index"`,
			"check_path": `false`, "env_version": `"develop"`}},
		"json result camelCase": {"security.msgSecCheck", pairs{"content": `"你好"`, "version": `2`, "scene": `1`, "openid": `"o1"`}},
		"not found":             {"wxacode.noSuchApi", pairs{"path": `"x"`}},
		"big integer": {"urlscheme.generate", pairs{"jump_wxa": `{"path":"/pages/a","query":""}`, "expire_type": `0`,
			"expire_time": `1795324806`}},
	}
	seen := 0
	for _, v := range vectors {
		q, err := tcb.ParseRequest(v.http(), 1<<20)
		require.NoError(t, err, v.Name)
		assert.Equal(t, "env-conformance", q.EnvName, v.Name)
		assert.Equal(t, "conformance-wx-api-token", q.CloudAPIToken, v.Name)
		assert.Equal(t, "conformance-session-token", q.SessionToken, v.Name)
		if strings.HasPrefix(v.Name, "callFunction") {
			assert.Equal(t, tcb.ActionInvokeFunction, q.Action)
			assert.Equal(t, "add", q.FunctionName)
			assert.JSONEq(t, map[string]string{"callFunction": `{"a":1,"b":2}`, "callFunction missing": `{}`}[v.Name], q.EventText)
			continue
		}
		assert.Equal(t, tcb.ActionOpenAPI, q.Action, v.Name)
		var data tcb.CommAPIData
		require.NoError(t, data.Unmarshal(q.RequestData), v.Name)
		assert.Equal(t, tcb.OpenAPI, data.APIType)
		assert.Equal(t, q.RequestData, data.Marshal(), "%s: written again, the bytes are the same", v.Name)
		w, ok := want[v.Name]
		if !ok {
			continue
		}
		seen++
		got := pairs{}
		for _, p := range data.OpenAPIData.Pairs {
			got[p.Key] = string(p.Value)
		}
		assert.Equal(t, w.api, q.APIName, v.Name)
		assert.Equal(t, w.pairs, got, v.Name)
	}
	assert.Equal(t, len(want), seen)
}

func TestOfficialAnswerIsReadAndWrittenAgain(t *testing.T) {
	t.Parallel()
	vectors, _ := officialVectors(t)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			var refused *tcb.Error
			if strings.HasPrefix(v.Name, "callFunction") {
				res, err := tcb.ReadInvoke(v.Response.Body)
				if v.Result.Error != nil {
					require.ErrorAs(t, err, &refused)
					assert.Equal(t, "callFunction:fail "+refused.Message, v.Result.Error.ErrMsg)
					return
				}
				require.NoError(t, err)
				assert.JSONEq(t, string(v.Response.Body), string(res.Marshal()))
				return
			}
			resp, err := tcb.ReadOpenAPI(v.Response.ContentType, v.Response.Body)
			if v.Response.ContentType == tcb.ErrorType {
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, v.Result.Error.ErrCode, refused.ErrCode())
				assert.JSONEq(t, string(v.Response.Body), string(refused.Marshal()))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, v.Response.Body, resp.Marshal())
			if resp.ErrorCode != 0 {
				assert.EqualValues(t, v.Result.Error.ErrCode, resp.ErrorCode)
			}
		})
	}
}

var (
	at   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cred = tcb.Credential{SecretID: "AKIDtest", SecretKey: "key", SessionToken: "s"}
)

func keyOf(id string) (string, bool) { return cred.SecretKey, id == cred.SecretID }

func openAPIRequest() *tcb.Request {
	data := tcb.CommAPIData{OpenAPIData: tcb.OpenAPIData{Pairs: []tcb.KeyValuePair{
		{Key: "path", Value: []byte(`"页面?名=<值>&b"`)},
		{Key: "media", Value: []byte{0, 255, '\r', '\n'}, ContentType: "image/png", Filename: "media.png"},
	}}, AppID: "wx2"}
	return &tcb.Request{Action: tcb.ActionOpenAPI, APIName: "a.b", CGIName: "commrpcv2", RequestData: data.Marshal(),
		EnvName: "env-1", CloudAPIToken: "token", SessionToken: "s"}
}

// received returns the request as a server sees it.
func received(t testing.TB, q *tcb.Request) *http.Request {
	r, err := q.HTTP(context.Background(), tcb.Origin{URL: "http://Env.example:80/admin", Seq: "1-a", Source: "wx_client",
		Region: "ap-shanghai", TraceLog: "on", SDKVersion: "wxfn/1"}, cred, at)
	require.NoError(t, err)
	r.Host = r.URL.Host
	return r
}

func TestOwnRequestIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, q := range []*tcb.Request{
		openAPIRequest(),
		{Action: tcb.ActionAPI, APIName: "a.b", APIOptions: `{"appid":"wx2"}`, RequestData: []byte(` {"a":"<&>"} `), CloudAPIToken: "t"},
		{Action: tcb.ActionInvokeFunction, FunctionName: "add", EventText: `{"a":"<&> \" 你"}`, EnvName: "e", CloudAPIToken: "t"},
	} {
		r := received(t, q)
		got, err := tcb.ParseRequest(r, 1<<20)
		require.NoError(t, err)
		require.NoError(t, got.Verify(r, at.Add(tcb.Lifetime), keyOf))
		assert.Equal(t, q.Action, got.Action)
		assert.Equal(t, q.APIName, got.APIName)
		assert.Equal(t, q.APIOptions, got.APIOptions)
		assert.Equal(t, q.CGIName, got.CGIName)
		assert.Equal(t, q.RequestData, got.RequestData)
		assert.Equal(t, q.EventText, got.EventText)
		assert.Equal(t, q.CloudAPIToken, got.CloudAPIToken)
	}
}

func TestSignatureOfAChangedRequestIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fact   string
		change func(*http.Request)
		now    time.Time
		want   error
	}{
		{"another API", func(r *http.Request) { replaceBody(r, "a.b", "a.c") }, at, tcb.ErrSignature},
		{"another host", func(r *http.Request) { r.Host = "evil.example" }, at, tcb.ErrSignature},
		{"another source", func(r *http.Request) { r.Header.Set("X-TCB-Source", "wx_http,scf") }, at, tcb.ErrSignature},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "env=env-2" }, at, tcb.ErrSignature},
		{"too late", func(*http.Request) {}, at.Add(tcb.Lifetime + time.Second), tcb.ErrSignatureTime},
		{"too early", func(*http.Request) {}, at.Add(-tcb.Lifetime - time.Second), tcb.ErrSignatureTime},
		{"another secretId", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "AKIDtest", "AKIDother", 1))
		}, at, tcb.ErrUnknownSecretID},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, at, tcb.ErrNoSignature},
		{"another algorithm", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, at, tcb.ErrNoSignature},
		{"no credential scope", func(r *http.Request) {
			r.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b")
		}, at, tcb.ErrNoSignature},
		{"no time", func(r *http.Request) { r.Header.Del("X-Timestamp") }, at, tcb.ErrNoSignature},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			r := received(t, openAPIRequest())
			tt.change(r)
			q, err := tcb.ParseRequest(r, 1<<20)
			require.NoError(t, err)
			assert.ErrorIs(t, q.Verify(r, tt.now, keyOf), tt.want)
		})
	}
}

func replaceBody(r *http.Request, old, new string) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte(old), []byte(new), 1)))
}

func TestMalformedRequestIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	form := "multipart/form-data; boundary=b"
	tests := []struct{ method, contentType, body, want string }{
		{"GET", form, "", "takes POST"},
		{"POST", "", "", "content type"},
		{"POST", "text/html", "<p>", "takes multipart/form-data and application/json"},
		{"POST", "multipart/form-data", "--b", "multipart form"},
		{"POST", form, "", "action is missing"},
		{"POST", form, "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nwx", "multipart form"},
		{"POST", form, "--b\r\n\r\nx\r\n--b--", "a part has no name"},
		{"POST", form, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n--b--", `"a" comes twice`},
		{"POST", form, "--b--\r\n", "action is missing"},
		{"POST", "application/json", "{", "JSON body"},
		{"POST", "application/json", "[]", "JSON body"},
		{"POST", "application/json", "{}", "action is missing"},
		{"POST", "application/json", `{"action":"` + strings.Repeat("x", 2000) + `"}`, "too large"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, "/admin", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.contentType)
		_, err := tcb.ParseRequest(r, 1000)
		assert.ErrorContains(t, err, tt.want, "%s %s", tt.contentType, tt.body)
	}
}

func TestUnknownFieldsAreSkippedAndCutMessagesRefused(t *testing.T) {
	t.Parallel()
	resp := tcb.CommOpenAPIResp{RespData: []byte("x"), ContentType: "text/plain", ErrorCode: -604101, HTTPCode: 200,
		Headers: []tcb.HTTPHeader{{Key: "k", Value: "v"}}, SvrkitErrorCode: -1}
	wire := resp.Marshal()
	var got tcb.CommOpenAPIResp
	require.NoError(t, got.Unmarshal(append(wire[:len(wire):len(wire)], 0x98, 0x06, 1))) // field 99
	assert.Equal(t, resp, got)
	assert.Error(t, got.Unmarshal(wire[:len(wire)-1]))
	assert.Error(t, got.Unmarshal([]byte{0x08, 1}), "resp_data is no number")
}

func FuzzParseRequest(f *testing.F) {
	vectors, _ := officialVectors(f)
	for _, v := range vectors {
		f.Add(v.Request.Headers["content-type"], v.Request.Headers["authorization"], v.Request.Body)
	}
	g := readGenerations(f)
	for i := range g.Vectors {
		for j := range g.Vectors[i].Exchanges {
			e := &g.Vectors[i].Exchanges[j]
			body, err := io.ReadAll(e.http(f).Body)
			require.NoError(f, err)
			f.Add(e.Headers["content-type"], e.Headers["authorization"], body)
		}
	}
	f.Fuzz(func(t *testing.T, contentType, authorization string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/admin?env=e", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Timestamp", strconv.FormatInt(at.Unix(), 10))
		q, err := tcb.ParseRequest(r, 1<<16)
		if err != nil {
			return
		}
		if err := q.Verify(r, at, func(string) (string, bool) { return "a key that the input does not know", true }); err == nil {
			t.Fatal("a signature was accepted without its key")
		}
		_ = new(tcb.CommAPIData).Unmarshal(q.RequestData)
	})
}

func FuzzMessages(f *testing.F) {
	f.Add(openAPIRequest().RequestData)
	f.Fuzz(func(t *testing.T, wire []byte) {
		var data tcb.CommAPIData
		if data.Unmarshal(wire) == nil {
			var again tcb.CommAPIData
			if err := again.Unmarshal(data.Marshal()); err != nil {
				t.Fatalf("what was written cannot be read: %v", err)
			}
		}
		_, _ = tcb.ReadOpenAPI(tcb.ProtobufType, wire)
		_, _ = tcb.ReadInvoke(wire)
	})
}

func BenchmarkRequest(b *testing.B) {
	q := openAPIRequest()
	b.ReportAllocs()
	for b.Loop() {
		r, err := q.HTTP(context.Background(), tcb.Origin{URL: "http://127.0.0.1/admin", SDKVersion: "wxfn/1"}, cred, at)
		if err != nil {
			b.Fatal(err)
		}
		r.Host = r.URL.Host
		got, err := tcb.ParseRequest(r, 1<<20)
		if err != nil {
			b.Fatal(err)
		}
		if err := got.Verify(r, at, keyOf); err != nil {
			b.Fatal(err)
		}
	}
}
