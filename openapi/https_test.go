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
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

func response(status int, contentType, body string) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

const (
	wholeJPEG = "\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02scan\xff\xd9"
	wholePNG  = "\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND\xaeB`\x82"
	// thumbnailJPEG has a whole JPEG in its header, and no end of its own.
	thumbnailJPEG = "\xff\xd8\xff\xe1\x00\x06\xff\xd8\xff\xd9\xff\xda\x00\x02scan"
	someHTML      = "<html><head><title>502 Bad Gateway</title></head></html>"
)

func TestAnswersOverHTTPSAreToldByTheirBytes(t *testing.T) {
	t.Parallel()
	noPicture := "openapi.wxacode.get:fail -501001 resource system error. the answer "
	tests := []struct {
		fact             string
		status           int
		contentType      string
		body             string
		want             string // the content type of the picture that it is
		code             openapi.Code
		errMsg, mustHave string
	}{
		{fact: "a picture", contentType: "image/jpeg", body: wholeJPEG, want: "image/jpeg"},
		{fact: "a picture with parameters of its type", contentType: "image/jpeg; charset=utf-8", body: wholeJPEG, want: "image/jpeg; charset=utf-8"},
		{fact: "a picture with more behind it", contentType: "image/jpeg", body: wholeJPEG + "\r\n", want: "image/jpeg"},
		{fact: "a picture that says it is JSON", contentType: "application/json", body: wholePNG, want: "image/png"},
		{fact: "a picture that says it is text", contentType: "text/plain", body: wholePNG, want: "image/png"},
		{fact: "a picture without a type", body: wholeJPEG, want: "image/jpeg"},
		{fact: "another file", contentType: "audio/amr", body: "#!AMR\n", want: "audio/amr"},
		{fact: "an error", contentType: "application/json; encoding=utf-8", body: `{"errcode":45029,"errmsg":"qrcode count out of limit rid: 1-2"}`,
			code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail qrcode count out of limit rid: 1-2"},
		{fact: "an error that says it is a picture", contentType: "image/jpeg", body: ` {"errcode":45029,"errmsg":"x"}`, code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail x"},
		{fact: "an error that says it is text", contentType: "text/plain", body: `{"errcode":45029,"errmsg":"x"}`, code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail x"},
		{fact: "an error with another status", status: 412, contentType: "application/json", body: `{"errcode":45029,"errmsg":"x"}`, code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail x"},
		{fact: "JSON where a picture is due", contentType: "application/json", body: `{"errcode":0}`, code: openapi.CodeSystem, mustHave: "the answer is JSON, not a picture"},
		{fact: "a page of a proxy", status: 502, contentType: "text/html", body: someHTML, code: openapi.CodeResourceSystem,
			errMsg: noPicture + `is not an API's (status 502 Bad Gateway, text/html): "<html><head><title>502 Bad Gateway</title></head></html>"`},
		{fact: "a page of a proxy that says all is well", contentType: "text/html", body: someHTML, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither a JSON object nor bytes (status 200 OK, text/html): \"<html>"},
		{fact: "a page that says it is a picture", contentType: "image/jpeg", body: someHTML, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither"},
		{fact: "status 502 without a body", status: 502, code: openapi.CodeResourceSystem, errMsg: noPicture + "is empty (status 502 Bad Gateway)"},
		{fact: "JSON without an errcode under another status", status: 500, contentType: "application/json", body: `{"message":"no"}`, code: openapi.CodeResourceSystem,
			errMsg: noPicture + `is not an API's (status 500 Internal Server Error, application/json): "{\"message\":\"no\"}"`},
		{fact: "a redirection", status: 302, code: openapi.CodeResourceSystem, errMsg: noPicture + "is empty (status 302 Found)"},
		{fact: "nothing", contentType: "image/jpeg", code: openapi.CodeResourceSystem, errMsg: noPicture + "is empty (status 200 OK, image/jpeg)"},
		{fact: "a JPEG without its end", contentType: "image/jpeg", body: wholeJPEG[:len(wholeJPEG)-2], code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "a JPEG of which only a small one is whole", contentType: "image/jpeg", body: thumbnailJPEG, code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "a JPEG that ends in its header", contentType: "image/jpeg", body: wholeJPEG[:7], code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "a PNG without its end", contentType: "image/png", body: wholePNG[:len(wholePNG)-1], code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "JSON that breaks off", contentType: "application/json", body: `{"errcode":0,"a":"b`, code: openapi.CodeResourceSystem, mustHave: noPicture + `is JSON that is broken or breaks off (status 200 OK, application/json): "{\"errcode\"`},
		{fact: "two JSON objects", contentType: "application/json", body: `{"errcode":0}{}`, code: openapi.CodeResourceSystem, mustHave: noPicture + "is JSON that is broken"},
		{fact: "JSON that is no object", contentType: "application/json", body: `[1]`, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither a JSON object nor bytes"},
		{fact: "a text", contentType: "text/plain", body: `hello`, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither a JSON object nor bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			w := &web{answer: func(*http.Request) *http.Response {
				r := response(max(tt.status, 200), tt.contentType, tt.body)
				if r.StatusCode == http.StatusFound {
					r.Header.Set("Location", "https://elsewhere.example/")
				}
				return r
			}}
			image, err := w.client(openapi.WithAccessToken("t")).Wxacode.Get(t.Context(), &openapi.WxacodeGetRequest{Path: "p"})
			assert.Len(t, w.got, 1, "nothing is tried again")
			if tt.want != "" {
				require.NoError(t, err)
				assert.Equal(t, &openapi.Image{ContentType: tt.want, Buffer: []byte(tt.body), ErrMsg: "openapi.wxacode.get:ok"}, image)
				return
			}
			assert.Nil(t, image)
			var failed *openapi.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorIs(t, err, tt.code)
			if tt.errMsg != "" {
				assert.Equal(t, tt.errMsg, failed.ErrMsg)
			}
			assert.Contains(t, failed.ErrMsg, tt.mustHave)
			assert.NotContains(t, failed.ErrMsg, "\n")
		})
	}
}

func TestAnswersAreTheSameByBothDoors(t *testing.T) {
	t.Parallel()
	const data = `{"errcode":0,"errmsg":"ok","list":[{"a_b":9007199254740993}],"price":"7"}`
	var cloud, https json.RawMessage
	require.NoError(t, openapi.Call(invocation(answer(jsonType, data)), "search.submitPages", nil, &cloud))
	w := &web{answer: func(*http.Request) *http.Response { return jsonResponse(data) }}
	require.NoError(t, w.client(openapi.WithAccessToken("t")).Call(t.Context(), "search.submitPages", nil, &https))
	assert.Equal(t, string(cloud), string(https))

	result, err := w.client(openapi.WithAccessToken("t")).NearbyPoi.Delete(t.Context(), &openapi.NearbyPoiDeleteRequest{PoiID: "p"})
	require.NoError(t, err)
	assert.Equal(t, "openapi.nearbyPoi.delete:ok", result.ErrMsg)
	assert.Equal(t, data, string(result.Raw))
}

func TestFailuresOnTheWay(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + closed.Addr().String()
	require.NoError(t, closed.Close())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case strings.HasPrefix(r.URL.Path, "/cut"):
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = io.WriteString(w, wholeJPEG)
		case strings.HasPrefix(r.URL.Path, "/silent"):
			<-r.Context().Done()
		case strings.HasPrefix(r.URL.Path, "/gone"):
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx  context.Context
		base string
		text string
		is   error
	}{
		"nobody listens":                     {t.Context(), nobody, "refused", nil},
		"the answer breaks off":              {t.Context(), server.URL + "/cut", "reading the answer: unexpected EOF", io.ErrUnexpectedEOF},
		"the connection ends":                {t.Context(), server.URL + "/gone", "EOF", io.EOF},
		"no answer in time":                  {t.Context(), server.URL + "/silent", "context deadline exceeded", context.DeadlineExceeded},
		"a caller who does not wait for one": {ended, server.URL, "context canceled", context.Canceled},
	}
	for fact, tt := range tests {
		t.Run(fact, func(t *testing.T) {
			t.Parallel()
			c := openapi.NewClient(openapi.WithAccessToken("s3cret"), openapi.WithBaseURL(tt.base), openapi.WithTimeout(200*time.Millisecond), openapi.WithEnv("e"))
			_, err := c.Wxacode.Get(tt.ctx, &openapi.WxacodeGetRequest{Path: "p"})
			assert.ErrorIs(t, err, openapi.CodeResourceSystem)
			assert.ErrorContains(t, err, "openapi.wxacode.get:fail -501001 resource system error. ")
			assert.ErrorContains(t, err, tt.text)
			assert.NotContains(t, err.Error(), "s3cret")
			functionErr := c.CallFunction(tt.ctx, "f", nil, nil)
			assert.ErrorIs(t, functionErr, openapi.CodeUnknown)
			assert.ErrorContains(t, functionErr, "callFunction:fail ")
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
				assert.ErrorIs(t, functionErr, tt.is)
			}
		})
	}
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
