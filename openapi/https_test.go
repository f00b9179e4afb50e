package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/testdata/methods"
)

// web is a network with one server that gives one answer, and keeps the requests.
type web struct {
	answer func(*http.Request) *http.Response // {"errcode":0} if nil

	mu     sync.Mutex
	got    []*http.Request
	bodies [][]byte
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got, w.bodies = append(w.got, r), append(w.bodies, body)
	if w.answer == nil {
		return jsonResponse(`{"errcode":0,"errmsg":"ok"}`), nil
	}
	return w.answer(r), nil
}

// url returns the URL of the last request.
func (w *web) url() string { return w.got[len(w.got)-1].URL.String() }

// client returns a client in a process without variables, whose network is w.
func (w *web) client(opts ...openapi.Option) *openapi.Client {
	return openapi.NewClient(append([]openapi.Option{openapi.WithProcess(nil, ""), openapi.WithHTTPClient(&http.Client{Transport: w})}, opts...)...)
}

// plainText is a value as a URL has it.
func plainText(value gjson.Result) string {
	if value.Type == gjson.String {
		return value.Str
	}
	return value.Raw
}

func TestHTTPSCallsAreThoseOfTheReference(t *testing.T) {
	t.Parallel()
	for _, a := range catalog.All() {
		for way, call := range map[string]func(*openapi.Client) error{
			"typed": func(c *openapi.Client) error {
				_, err := methods.Call(t.Context(), c, a.Name, methods.Params(a))
				return err
			},
			"by name": func(c *openapi.Client) error {
				return c.Call(t.Context(), a.Name, json.RawMessage(methods.Params(a)), nil)
			},
			"by path": func(c *openapi.Client) error {
				return c.Call(t.Context(), a.Path, json.RawMessage(methods.Params(a)), nil)
			},
			"by name, as documented": func(c *openapi.Client) error {
				return c.Call(t.Context(), a.Name, json.RawMessage(methods.DocumentedParams(a)), nil)
			},
		} {
			t.Run(a.Name+" "+way, func(t *testing.T) {
				t.Parallel()
				w := &web{answer: func(*http.Request) *http.Response {
					if a.Binary {
						return response(200, "image/png", "\x89PNG\r\n\x1a\n IEND\xaeB`\x82")
					}
					return jsonResponse(string(methods.Answer(a)))
				}}
				require.NoError(t, call(w.client(openapi.WithAccessToken("t"))))
				require.Len(t, w.got, 1)
				r := w.got[0]
				assert.Equal(t, a.Method, r.Method)
				assert.Equal(t, "https://api.weixin.qq.com"+a.Path, strings.TrimSuffix(r.URL.String(), "?"+r.URL.RawQuery))
				assert.True(t, strings.HasPrefix(r.UserAgent(), "wxfn/"))

				params := gjson.ParseBytes(methods.DocumentedParams(a))
				query := url.Values{"access_token": {"t"}}
				for _, f := range a.Query {
					query.Set(f.Name, plainText(params.Get(gjson.Escape(f.Name))))
				}
				assert.Equal(t, query, r.URL.Query())

				if a.Method == http.MethodGet {
					assert.Empty(t, w.bodies[0])
					assert.Empty(t, r.Header.Get("Content-Type"))
					return
				}
				if slices.ContainsFunc(a.Request, func(f catalog.Field) bool { return f.Type == catalog.File }) {
					assertForm(t, a, params, r, w.bodies[0])
					return
				}
				assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
				body := map[string]json.RawMessage{}
				for _, f := range a.Request {
					body[f.Name] = json.RawMessage(params.Get(gjson.Escape(f.Name)).Raw)
				}
				want, err := json.Marshal(body)
				require.NoError(t, err)
				// Names in an object that the reference leaves open are converted, unless somebody says not to.
				assert.JSONEq(t, ownNames.Replace(string(want)), string(w.bodies[0]))
			})
		}
	}
}

// ownNames converts the names of a caller's own that package methods puts into open objects.
var ownNames = strings.NewReplacer(`"characterString3"`, `"character_string3"`, `"ownName"`, `"own_name"`, `"OwnName"`, `"own_name"`)

// assertForm fails unless a body has the parameters of an API as a form.
func assertForm(t *testing.T, a *catalog.API, params gjson.Result, r *http.Request, body []byte) {
	t.Helper()
	contentType, more, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	assert.Equal(t, "multipart/form-data", contentType)
	form := multipart.NewReader(bytes.NewReader(body), more["boundary"])
	for _, f := range a.Request {
		part, err := form.NextPart()
		require.NoError(t, err)
		data, err := io.ReadAll(part)
		require.NoError(t, err)
		assert.Equal(t, f.Name, part.FormName())
		if f.Type != catalog.File {
			assert.Equal(t, plainText(params.Get(f.Name)), string(data))
			continue
		}
		var picture openapi.Media
		require.NoError(t, json.Unmarshal([]byte(methods.Picture), &picture))
		assert.Equal(t, []byte(picture.Value), data)
		assert.Equal(t, f.Name+".png", part.FileName())
		assert.Equal(t, "image/png", part.Header.Get("Content-Type"))
	}
	_, err = form.NextPart()
	assert.ErrorIs(t, err, io.EOF)
}

func TestNamesStayAsTheyAreWithoutConversion(t *testing.T) {
	t.Parallel()
	w := &web{}
	c := w.client(openapi.WithAccessToken("t"), openapi.WithoutConvertCase())
	require.NoError(t, c.Call(t.Context(), "subscribeMessage.send", json.RawMessage(`{"template_id":"T","myName":{"aB":null}}`), nil))
	assert.JSONEq(t, `{"template_id":"T","myName":{"aB":null}}`, string(w.bodies[0]))
	_, err := c.LiveBroadcast.GetPushURL(t.Context(), &openapi.LiveBroadcastGetPushURLRequest{RoomID: 7})
	require.NoError(t, err)
	assert.Contains(t, w.url(), "roomId=7")
}

func TestAPIsBeyondTheCatalogueAreCalledByPath(t *testing.T) {
	t.Parallel()
	tests := []struct{ api, params, method, url, body string }{
		{"/wxa/new_api", `{"someName":1}`, "POST", "https://api.weixin.qq.com/wxa/new_api?access_token=t", `{"some_name":1}`},
		{"/wxa/new_api?type=image", `null`, "POST", "https://api.weixin.qq.com/wxa/new_api?type=image&access_token=t", `{}`},
		{"GET /wxa/new_api", `{"someName":"a b","n":1,"none":null}`, "GET", "https://api.weixin.qq.com/wxa/new_api?some_name=a+b&n=1&access_token=t", ``},
		{"GET /cgi-bin/media/get", `{"mediaId":"m"}`, "GET", "https://api.weixin.qq.com/cgi-bin/media/get?media_id=m&access_token=t", ``},
	}
	for _, tt := range tests {
		w := &web{}
		require.NoError(t, w.client(openapi.WithAccessToken("t")).Call(t.Context(), tt.api, json.RawMessage(tt.params), nil))
		assert.Equal(t, tt.method, w.got[0].Method)
		assert.Equal(t, tt.url, w.url())
		assert.Equal(t, tt.body, string(w.bodies[0]))
	}
}

func TestAnAPIWithoutAKnownPathIsNotCalled(t *testing.T) {
	t.Parallel()
	for api, text := range map[string]string{
		"wxacode.getunlimited":  "did you mean wxacode.getUnlimited?",
		"qrcode.createQRCode":   "did you mean wxacode.createQRCode?",
		"openapi.wxacode.get":   "did you mean wxacode.get?",
		"some.thing":            `the HTTPS path of "some.thing" is not known; a path can be called, too: "/wxa/…", or "GET /wxa/…"`,
		"PUT /wxa/x":            `an HTTPS call is GET or POST`,
		"/wxa/x#y":              "is not known",
		"":                      "is not known",
		"https://x.example/wxa": "is not known",
	} {
		w := &web{}
		err := w.client(openapi.WithAccessToken("t")).Call(t.Context(), api, nil, nil)
		assert.ErrorIs(t, err, openapi.CodeAPINotFound, api)
		assert.ErrorContains(t, err, text)
		assert.Empty(t, w.got)
	}
	e := answer(jsonType, `{}`)
	assert.ErrorIs(t, openapi.Call(invocation(e), "/wxa/getwxacode", nil, nil), openapi.CodeAPINotFound, "a cloud call has no paths")
	assert.Nil(t, e.got)
}

func TestACallRefusedForItsTokenIsMadeOnceMore(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40001, 40014, 42001} {
		w := &web{answer: func(r *http.Request) *http.Response {
			if r.URL.Query().Get("access_token") == "old" {
				return jsonResponse(fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, code))
			}
			return jsonResponse(`{"errcode":0}`)
		}}
		var refused []string
		source := sourceFunc(func(_ context.Context, r string) (string, error) {
			refused = append(refused, r)
			return map[string]string{"": "old", "old": "new"}[r], nil
		})
		picture := openapi.Media{ContentType: "image/png", Value: bytes.Repeat([]byte("x"), 1<<20)}
		_, err := w.client(openapi.WithTokenSource(source)).Img.AiCrop(t.Context(), &openapi.ImgAiCropRequest{Img: picture})
		require.NoError(t, err)
		assert.Equal(t, []string{"", "old"}, refused)
		require.Len(t, w.bodies, 2)
		assert.Equal(t, w.bodies[0], w.bodies[1], "the whole body goes out again")
		assert.Greater(t, len(w.bodies[1]), 1<<20)
		assert.Equal(t, w.got[0].Header, w.got[1].Header)
	}
}

type sourceFunc func(ctx context.Context, refused string) (string, error)

func (f sourceFunc) Token(ctx context.Context, refused string) (string, error) {
	return f(ctx, refused)
}

func TestARefusalThatStands(t *testing.T) {
	t.Parallel()
	w := &web{answer: func(*http.Request) *http.Response { return jsonResponse(`{"errcode":40001,"errmsg":"no"}`) }}
	get := func(opts ...openapi.Option) (*openapi.Error, int) {
		w.got = nil
		_, err := w.client(opts...).Wxacode.Get(t.Context(), &openapi.WxacodeGetRequest{Path: "p"})
		var failed *openapi.Error
		require.ErrorAs(t, err, &failed)
		return failed, len(w.got)
	}
	err, calls := get(openapi.WithAccessToken("t"))
	assert.Equal(t, "openapi.wxacode.get:fail no", err.ErrMsg)
	assert.Contains(t, err.Advice, "get another")
	assert.Equal(t, 1, calls, "there is no other token")

	n := 0
	err, calls = get(openapi.WithTokenSource(sourceFunc(func(context.Context, string) (string, error) { n++; return fmt.Sprint("token", n), nil })))
	assert.ErrorIs(t, err, openapi.CodeInvalidCredential)
	assert.Equal(t, 2, calls, "once more, and no more")

	broken := errors.New("no token server")
	err, calls = get(openapi.WithTokenSource(sourceFunc(func(context.Context, string) (string, error) { return "", broken })))
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, "openapi.wxacode.get:fail -501001 resource system error. no access token: no token server", err.ErrMsg)
	assert.Zero(t, calls)
	err, _ = get(openapi.WithTokenSource(sourceFunc(func(context.Context, string) (string, error) {
		return "", &openapi.Error{ErrCode: openapi.CodeNoPermission, ErrMsg: "system error: error code: -604101"}
	})))
	assert.ErrorIs(t, err, openapi.CodeNoPermission)
	assert.Equal(t, "openapi.wxacode.get:fail no access token: system error: error code: -604101", err.ErrMsg)
	err, calls = get(openapi.WithTokenSource(sourceFunc(func(context.Context, string) (string, error) { return "", nil })))
	assert.Contains(t, err.ErrMsg, "no access token: WithTokenSource gave an empty one")
	assert.Zero(t, calls)
}

func TestAdviceSaysWhatToChange(t *testing.T) {
	t.Parallel()
	for code, advice := range map[openapi.Code]string{
		openapi.CodePathNotAllowed:     "add /wxa/getwxacode to the environment's allow list in the Cloud Run console, 云托管 → 设置 → 云调用 → 微信令牌权限配置",
		openapi.CodeTokenNotReady:      "try again in some minutes",
		openapi.CodeAccessTokenMissing: "open interface service (开放接口服务) is off",
		openapi.CodeInvalidAppID:       "check the AppID",
		openapi.CodeInvalidSecret:      "check the AppSecret",
		openapi.CodeIPNotAllowed:       "IP white list",
		openapi.CodeUnauthorized:       "the account may not call this API",
	} {
		w := &web{answer: func(*http.Request) *http.Response {
			return jsonResponse(fmt.Sprintf(`{"errcode":%d,"errmsg":"x"}`, code))
		}}
		_, err := w.client(openapi.WithOpenInterfaceService()).Wxacode.Get(t.Context(), &openapi.WxacodeGetRequest{Path: "p"})
		var failed *openapi.Error
		require.ErrorAs(t, err, &failed)
		assert.ErrorIs(t, err, code)
		assert.Contains(t, failed.Advice, advice)
	}
	w := &web{answer: func(*http.Request) *http.Response {
		return jsonResponse(`{"errcode":85107,"errmsg":"x","advice":"the emulator's"}`)
	}}
	err := w.client(openapi.WithOpenInterfaceService()).Call(t.Context(), "wxacode.get", nil, nil)
	var failed *openapi.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "the emulator's", failed.Advice)

	w.answer = func(*http.Request) *http.Response { return response(502, "text/html", someHTML) }
	err = w.client(openapi.WithOpenInterfaceService()).Call(t.Context(), "wxacode.get", nil, nil)
	assert.ErrorContains(t, err, "the open interface service answers so for a path that is not on the environment's allow list; add /wxa/getwxacode to")
}

func TestFunctionsCalledOverHTTPS(t *testing.T) {
	t.Parallel()
	w := &web{answer: func(*http.Request) *http.Response {
		return jsonResponse(`{"errcode":0,"errmsg":"ok","resp_data":"{\"sum\":9007199254740993}"}`)
	}}
	var result struct{ Sum int64 }
	c := w.client(openapi.WithAccessToken("t"), openapi.WithEnv("env 1"))
	require.NoError(t, c.CallFunction(t.Context(), "add", map[string]any{"html": "<&>"}, &result))
	assert.EqualValues(t, 9007199254740993, result.Sum)
	assert.Equal(t, "https://api.weixin.qq.com/tcb/invokecloudfunction?env=env+1&name=add&access_token=t", w.url())
	assert.Equal(t, `{"html":"<&>"}`, string(w.bodies[0]))

	w.answer = func(*http.Request) *http.Response {
		return jsonResponse(`{"errcode":-504002,"errmsg":"functions execute fail rid: 1-2"}`)
	}
	err := c.CallFunction(t.Context(), "add", nil, nil)
	assert.ErrorIs(t, err, openapi.CodeFunctionExecute)
	assert.EqualError(t, err, "callFunction:fail functions execute fail rid: 1-2")
	w.answer = func(*http.Request) *http.Response { return jsonResponse(`{"errcode":0,"resp_data":{}}`) }
	assert.ErrorContains(t, c.CallFunction(t.Context(), "add", nil, nil), "is not as documented")
	assert.Equal(t, "{}", string(w.bodies[len(w.bodies)-1]))

	for env, environ := range map[string]map[string]string{
		"run": {"CBR_ENV_ID": "run", "TCB_ENV": "tcb"},
		"tcb": {"TCB_ENV": "tcb", "SCF_NAMESPACE": "scf"},
		"scf": {"SCF_NAMESPACE": "scf"},
	} {
		w := &web{}
		require.NoError(t, w.client(openapi.WithProcess(environ, ""), openapi.WithAccessToken("t")).CallFunction(t.Context(), "f", nil, nil))
		assert.Contains(t, w.url(), "?env="+env+"&")
	}
	inv := cloudfn.NewInvocation(map[string]string{"TCB_ENV": "of-invocation"}, w)
	require.Error(t, w.client(openapi.WithProcess(map[string]string{"CBR_ENV_ID": "run"}, ""), openapi.WithAccessToken("t")).
		CallFunction(cloudfn.NewContext(t.Context(), inv), "f", nil, nil))
	assert.Contains(t, w.url(), "?env=of-invocation&")
}

func TestAnInvocationsTransportIsTheOnlyWayOut(t *testing.T) {
	t.Parallel()
	network := &web{}
	c := network.client(openapi.WithAppCredential("wx1", "s3cret"), openapi.WithBaseURL("http://elsewhere.example/x"))
	for _, transport := range []http.RoundTripper{&tokenServer{}, roundTripFunc((&tokenServer{}).RoundTrip)} { // the second one is not comparable
		ctx := cloudfn.NewContext(t.Context(), cloudfn.NewInvocation(nil, transport))
		require.NoError(t, callOnce(ctx, c))
		require.NoError(t, callOnce(ctx, c))
	}
	assert.Empty(t, network.got)

	own := &web{}
	ctx := cloudfn.NewContext(t.Context(), cloudfn.NewInvocation(map[string]string{"WX_API_BASE_URL": "http://wxfn.internal/_sidecar/k", "CBR_ENV_ID": "e"}, own))
	require.NoError(t, callOnce(ctx, network.client(openapi.WithProcess(map[string]string{"WX_API_BASE_URL": "http://127.0.0.1:1"}, ""))))
	assert.True(t, strings.HasPrefix(own.url(), "http://wxfn.internal/_sidecar/k/wxa/"), own.url())
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
