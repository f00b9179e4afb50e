package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/testdata/methods"
)

const (
	tokenPath  = "/cgi-bin/token"
	stablePath = "/cgi-bin/stable_token"
	wxacodeGet = "/wxa/getwxacode"
)

// server is a program that calls the server API.
type server struct {
	*Emulator
	app, secret string
}

func newServer(t testing.TB, c Config) server {
	e := newEmulator(t, c)
	e.Clock().Hold()
	return server{e, e.AppID(), e.AppSecret()}
}

// plainToken asks for a token of /cgi-bin/token.
func (s server) plainToken() gjson.Result {
	q := url.Values{"grant_type": {"client_credential"}, "appid": {s.app}, "secret": {s.secret}}
	return gjson.Parse(ask(s.Emulator, http.MethodGet, tokenPath+"?"+q.Encode(), "").Body.String())
}

func (s server) stableToken(more string) gjson.Result {
	body := fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q%s}`, s.app, s.secret, more)
	return gjson.Parse(ask(s.Emulator, http.MethodPost, stablePath, body).Body.String())
}

const forced = `,"force_refresh":true`

// post calls an API, with a token.
func (s server) post(path, token, body string) gjson.Result {
	return gjson.Parse(ask(s.Emulator, http.MethodPost, withToken(path, token), body).Body.String())
}

func withToken(path, token string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "access_token=" + url.QueryEscape(token)
}

// works reports whether a token is good; if not, why.
func (s server) works(token string) int64 {
	return s.post("/cgi-bin/openapi/quota/get", token, `{"cgi_path":"/cgi-bin/token"}`).Get("errcode").Int()
}

// requestOf returns the HTTPS call of an API with all its parameters.
func requestOf(t *testing.T, a *catalog.API, token string) *http.Request {
	params := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(methods.DocumentedParams(a), &params))
	if a.Name == "urlscheme.query" || a.Name == "urllink.query" {
		params["query_type"] = json.RawMessage("1")
	}
	query := url.Values{"access_token": {token}}
	for _, f := range a.Query {
		query.Set(f.Name, gjson.ParseBytes(params[f.Name]).String())
		delete(params, f.Name)
	}
	body, err := json.Marshal(params)
	require.NoError(t, err)
	contentType := "application/json"
	for _, f := range a.Request {
		if f.Type == catalog.File {
			body, contentType = form(t, f.Name, params)
		}
	}
	r := httptest.NewRequest(a.Method, a.Path+"?"+query.Encode(), bytes.NewReader(body))
	r.Host = "127.0.0.1"
	r.Header.Set("Content-Type", contentType)
	return r
}

// form returns parameters as a form, one of them a file.
func form(t *testing.T, file string, params map[string]json.RawMessage) (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range params {
		if name != file {
			require.NoError(t, w.WriteField(name, gjson.ParseBytes(value).String()))
		}
	}
	part, err := w.CreateFormFile(file, "a.png")
	require.NoError(t, err)
	_, err = part.Write([]byte("\x89PNG\xff"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes(), w.FormDataContentType()
}

// TestMediaMissing: without the file, or with an empty one, an upload is refused with 41005, whatever else is sent.
func TestMediaMissing(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	token := s.stableToken("").Get("access_token").String()
	const (
		formType = "multipart/form-data; boundary=b"
		end      = "--b--\r\n"
	)
	part := func(header, body string) string {
		return "--b\r\nContent-Disposition: form-data; " + header + "\r\n\r\n" + body + "\r\n"
	}
	for name, sent := range map[string]struct{ contentType, body string }{
		"nothing":              {"", ""},
		"another field":        {formType, part(`name="x"`, "1") + end},
		"an empty form":        {formType, end},
		"no file name":         {formType, part(`name="media"`, "bytes") + part(`name="img"`, "bytes") + end},
		"an empty file":        {formType, part(`name="media"; filename="a.png"`, "") + part(`name="img"; filename="a.png"`, "") + end},
		"a file of other name": {formType, part(`name="file"; filename="a.png"`, "bytes") + end},
		"half a form":          {formType, "--b\r\nContent-Disposition: form-data"},
		"no boundary":          {"multipart/form-data", part(`name="media"; filename="a.png"`, "bytes") + end},
		"JSON":                 {"application/json", `{"media": "bytes", "img": {"contentType": "image/png", "value": "bytes"}}`},
		"a form of fields":     {"application/x-www-form-urlencoded", "media=bytes&img=bytes"},
		"the bytes alone":      {"image/png", "\x89PNG\xff"},
	} {
		for _, target := range []string{"/cgi-bin/media/upload?type=image", "/cv/ocr/idcard?type=photo", "/cv/img/aicrop?img_url="} {
			answer := gjson.Parse(ask(s.Emulator, http.MethodPost, withToken(target, token), sent.body, "Content-Type", sent.contentType).Body.String())
			assert.EqualValues(t, 41005, answer.Get("errcode").Int(), "%s, %s: %s", name, target, answer)
			assert.Regexp(t, "^media data missing rid: ", answer.Get("errmsg").String())
		}
	}
}

// TestPictureByGET: pages show calls with img_url as a plain curl, which gets.
func TestPictureByGET(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	token := s.stableToken("").Get("access_token").String()
	for target, code := range map[string]int64{
		"/cv/ocr/comm?img_url=http://a/b.png": 0,
		"/cv/ocr/comm?type=photo":             43002,
		"/wxa/getwxacode?img_url=a":           43002,
	} {
		answer := ask(s.Emulator, http.MethodGet, withToken(target, token), "").Body.String()
		assert.Equal(t, code, gjson.Get(answer, "errcode").Int(), "%s: %s", target, answer)
	}
}

func TestTheServerAPIHasEveryPath(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	token := s.stableToken("").Get("access_token").String()
	require.Len(t, catalog.All(), 136)
	for _, a := range catalog.All() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			s.ServeHTTP(w, requestOf(t, a, token))
			assert.Equal(t, http.StatusOK, w.Code)
			calls := s.Calls(a.Name)
			require.Len(t, calls, 1)
			assert.Zero(t, calls[0].ErrCode, calls[0].ErrMsg)
			assert.NotContains(t, calls[0].Advice, "has no parameter")
			assert.NotContains(t, calls[0].Advice, "has to be in")
			assert.Empty(t, calls[0].Function)
			if a.Binary {
				assert.Equal(t, "image/jpeg", w.Header().Get("Content-Type"))
				assert.Regexp(t, "^image/(jpeg|png)$", http.DetectContentType(w.Body.Bytes())) // a sample asks for a transparent one
				return
			}
			assert.Equal(t, "application/json; encoding=utf-8", w.Header().Get("Content-Type"))
			answer := gjson.Parse(w.Body.String())
			assert.Equal(t, "0", answer.Get("errcode").Raw)
			assert.Equal(t, "ok", answer.Get("errmsg").String())
		})
	}
}

func TestTheServerAPIRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{Apps: map[string]string{"wx2": "secret-of-wx2"}})
	s.Handle("echo", echo)
	expired := s.plainToken().Get("access_token").String()
	s.Clock().Move(2 * time.Hour)
	token := s.stableToken("").Get("access_token").String()
	other := server{s.Emulator, "wx2", "secret-of-wx2"}.stableToken("").Get("access_token").String()
	require.NoError(t, s.Stub(Stub{API: "img.aiCrop", ErrCode: 48001}, Stub{API: "ocr.idcard", SystemError: -604102}))
	tokenBody := func(fields string) string { return `{"grant_type":"client_credential",` + fields + `}` }
	query := fmt.Sprintf("?grant_type=client_credential&appid=%s&secret=%s", s.app, s.secret)
	const invoke = "/tcb/invokecloudfunction"
	for name, c := range map[string]struct {
		method, target, body string
		code                 int
		message, advice      string
	}{
		"another method before no token": {http.MethodGet, wxacodeGet, "", 43002, "require POST method", "called by POST"},
		"POST where GET is due":          {http.MethodPost, withToken("/wxaapi/newtmpl/getcategory", token), "{}", 43001, "require GET method", "called by GET"},
		"POST for a token":               {http.MethodPost, tokenPath + query, "{}", 43001, "require GET method", ""},
		"GET for a stable token":         {http.MethodGet, stablePath + query, "", 43002, "require POST method", ""},
		"no token before an empty body":  {http.MethodPost, wxacodeGet, "", 41001, "access_token missing", "/cgi-bin/stable_token"},
		"an access token as another one": {http.MethodPost, wxacodeGet + "?cloudbase_access_token=" + token, "{}", 40001, "invalid credential, access_token is invalid or not latest", "cloudbase_access_token"},
		"a wrong token":                  {http.MethodPost, withToken(wxacodeGet, "x"), "", 40001, "invalid credential, access_token is invalid or not latest", "another run"},
		"an expired token":               {http.MethodPost, withToken(wxacodeGet, expired), "", 42001, "access_token expired", "good until"},
		"an empty body":                  {http.MethodPost, withToken(wxacodeGet, token), " \n", 44002, "empty post data", ""},
		"a form":                         {http.MethodPost, withToken(wxacodeGet, token), "path=a&width=430", 47001, "data format error", "form"},
		"a byte order mark":              {http.MethodPost, withToken(wxacodeGet, token), "\ufeff{}", 47001, "data format error", "byte order mark"},
		"a list":                         {http.MethodPost, withToken(wxacodeGet, token), "[]", 47001, "data format error", "no JSON object"},
		"half an object":                 {http.MethodPost, withToken(wxacodeGet, token), `{"path":`, 47001, "data format error", "no JSON object"},
		"two objects":                    {http.MethodPost, withToken(wxacodeGet, token), `{}{}`, 47001, "data format error", "no JSON object"},
		"another encoding":               {http.MethodPost, withToken(wxacodeGet, token), "{\"path\":\"\xc4\xe3\"}", 47001, "data format error", "UTF-8"},
		"a parameter":                    {http.MethodPost, withToken(wxacodeGet, token), `{"path":"a","width":5}`, 40097, "invalid args", "280 to 1280"},
		"no parameter":                   {http.MethodPost, withToken(wxacodeGet, token), `{}`, 40159, "invalid length for path, or the data is not json string", "path is required"},
		"a parameter of the URL":         {http.MethodGet, withToken("/wxaapi/broadcast/room/getassistantlist?roomId=a", token), "", 40097, "invalid args", "roomId must be a whole number"},
		"not this app's":                 {http.MethodPost, withToken("/cv/img/aicrop?img_url=http://a/b.png", token), "", 48001, "api unauthorized", "stub"},
		"a system error":                 {http.MethodPost, withToken("/cv/ocr/idcard?img_url=http://a/b.png", token), "", -604102, "call open API timeout", "stub"},

		"no appid":                 {http.MethodPost, stablePath, tokenBody(`"secret":"s"`), 41002, "appid missing", ""},
		"no secret":                {http.MethodPost, stablePath, tokenBody(`"appid":"wx3"`), 41004, "appsecret missing", ""},
		"another grant":            {http.MethodPost, stablePath, `{"grant_type":"x","appid":"wx3","secret":"s"}`, 40002, "invalid grant_type", "client_credential"},
		"an unknown app":           {http.MethodPost, stablePath, tokenBody(`"appid":"wx3","secret":"s"`), 40013, "invalid appid", "--app"},
		"a wrong secret":           {http.MethodPost, stablePath, tokenBody(`"appid":"` + s.app + `","secret":"s"`), 40125, "invalid appsecret", "not the secret"},
		"another app's secret":     {http.MethodGet, strings.Replace(tokenPath+query, s.app, "wx2", 1), "", 40125, "invalid appsecret", "not the secret"},
		"an empty request":         {http.MethodPost, stablePath, "", 44002, "empty post data", ""},
		"a form for a token":       {http.MethodPost, stablePath, query[1:], 47001, "data format error", ""},
		"force_refresh as a text":  {http.MethodPost, stablePath, tokenBody(`"appid":"wx2","secret":"secret-of-wx2","force_refresh":"true"`), 47001, "data format error", "true or false"},
		"clearing another's quota": {http.MethodPost, withToken("/cgi-bin/clear_quota", token), `{"appid":"wx2"}`, 40013, "invalid appid", ""},
		"clearing nobody's quota":  {http.MethodPost, withToken("/cgi-bin/clear_quota", token), `{}`, 41002, "appid missing", ""},
		"the quota of no path":     {http.MethodPost, withToken("/cgi-bin/openapi/quota/get", token), `{"cgi_path":"/wxa/getwxacod"}`, 76021, "cgi_path not found, please check", wxacodeGet},

		"a function, no name":        {http.MethodPost, withToken(invoke+"?env=wxfn-local", token), "{}", 40101, "missing parameter", "name"},
		"a function, nothing":        {http.MethodPost, withToken(invoke, token), "{}", 40101, "missing parameter", "req_data"},
		"a function, no event":       {http.MethodPost, withToken(invoke+"?env=wxfn-local&name=echo", token), "", 44002, "empty post data", ""},
		"a function, a form":         {http.MethodPost, withToken(invoke+"?env=wxfn-local&name=echo", token), "a=1", 47001, "data format error", "form"},
		"a function, another env":    {http.MethodPost, withToken(invoke+"?env=e&name=echo", token), "{}", -501005, "invalid env", "wxfn-local"},
		"a function, another app":    {http.MethodPost, withToken(invoke+"?env=wxfn-local&name=echo", other), "{}", 85088, "no qbase privilege", "wx2"},
		"a function that is missing": {http.MethodPost, withToken(invoke+"?env=wxfn-local&name=nobody", token), "{}", -501000, "there are: echo", ""},
		"a function by GET":          {http.MethodGet, withToken(invoke+"?env=wxfn-local&name=echo", token), "", 43002, "require POST method", ""},
		"a function, no token":       {http.MethodPost, invoke + "?env=wxfn-local&name=echo", "{}", 41001, "access_token missing", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(s.Emulator, c.method, c.target, c.body, "Content-Type", "application/x-www-form-urlencoded")
			answer := gjson.Parse(w.Body.String())
			assert.Equal(t, http.StatusOK, w.Code)
			assert.Equal(t, "application/json; encoding=utf-8", w.Header().Get("Content-Type"))
			assert.EqualValues(t, c.code, answer.Get("errcode").Int(), answer.Raw)
			assert.Contains(t, answer.Get("errmsg").String(), c.message)
			assert.Regexp(t, ` rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`, answer.Get("errmsg").String())
			assert.Contains(t, answer.Get("advice").String(), c.advice)
		})
	}
}

func TestAnUnknownPathOfTheServerAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	for path, advice := range map[string]string{
		wxacodeGet + "x": wxacodeGet, wxacodeGet + "/": wxacodeGet, "/" + wxacodeGet: wxacodeGet, "/cgi-bin//token": tokenPath,
		"/wxa/": "the paths are", "/cgi-bin/user/info": "the paths are", "/tcb/databasequery": "", "/sns/userinfo": "",
	} {
		w := ask(s.Emulator, http.MethodPost, path, "{}")
		assert.Equal(t, http.StatusNotFound, w.Code, path)
		assert.EqualValues(t, 40066, gjson.Get(w.Body.String(), "errcode").Int(), path)
		assert.Contains(t, gjson.Get(w.Body.String(), "errmsg").String(), "wxfn has no API at "+path)
		assert.Contains(t, gjson.Get(w.Body.String(), "advice").String(), advice, path)
		calls := s.Calls(path)
		require.Len(t, calls, 1, "whoever looks for the call finds it")
		assert.EqualValues(t, 40066, calls[0].ErrCode)
	}
	ask(s.Emulator, http.MethodPost, "/wxa/"+strings.Repeat("x", 100_000), "{}")
	all := s.Calls("*")
	assert.Less(t, len(all[len(all)-1].API), 300)
}

func TestACodeComesAsItsBytes(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	token := s.stableToken("").Get("access_token").String()
	for i := range 2 {
		w := ask(s.Emulator, http.MethodPost, withToken(wxacodeGet, token), `{"path":"page/index/index?a=1"}`)
		assert.Equal(t, "image/jpeg", w.Header().Get("Content-Type"))
		assert.Equal(t, fmt.Sprint(i+1), w.Header().Get("Num-Used"))
		assert.Equal(t, fmt.Sprint(w.Body.Len()), w.Header().Get("Content-Length"))
		opened, err := s.ScanPicture(w.Body.Bytes())
		require.NoError(t, err)
		assert.Equal(t, "page/index/index", opened.Path)
		assert.Equal(t, s.AppID(), opened.AppID)
	}
	w := ask(s.Emulator, http.MethodPost, withToken(wxacodeGet, token), `{"path":"a","is_hyaline":true}`)
	assert.Equal(t, "image/jpeg", w.Header().Get("Content-Type"))
	assert.Equal(t, "image/png", http.DetectContentType(w.Body.Bytes()))
}

func TestFurtherApps(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{AppID: "wx1", Apps: map[string]string{"wx1": "chosen", "wx2": "another"}})
	assert.Equal(t, "chosen", s.AppSecret())
	two := server{s.Emulator, "wx2", "another"}
	token := two.stableToken("").Get("access_token").String()
	w := ask(s.Emulator, http.MethodPost, withToken(wxacodeGet, token), `{"path":"a"}`)
	opened, err := s.ScanPicture(w.Body.Bytes())
	require.NoError(t, err)
	assert.Equal(t, "wx2", opened.AppID)
	s.stableToken(forced)
	assert.Zero(t, s.works(token), "one app's refresh is nothing to another")
	for _, apps := range []map[string]string{{"": "s"}, {"wx1": ""}} {
		_, err := New(Config{Apps: apps})
		assert.ErrorContains(t, err, "neither may be empty")
	}
}

func TestAFunctionIsCalledOverTheHTTPAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	s.Handle("echo", echo)
	s.Handle("fails", handler(func(context.Context) (any, error) { return nil, errors.New("no good") }))
	token := s.stableToken("").Get("access_token").String()
	const path, info = "/tcb/invokecloudfunction", `"userInfo":{"appId":"wx0000000000000000"}`
	for name, c := range map[string]struct{ query, body, event string }{
		"in the URL":          {"?env=wxfn-local&name=echo", `{"a":12345678901234567890}`, `{"a":12345678901234567890,` + info + `}`},
		"no object":           {"?env=wxfn-local&name=echo", `[1]`, `[1]`},
		"in the body":         {"", `{"env":"wxfn-local","name":"echo","req_data":{"a":1}}`, `{"a":1,` + info + `}`},
		"a text in the body":  {"", `{"env":"wxfn-local","name":"echo","req_data":"{\"a\":1}"}`, `{"a":1,` + info + `}`},
		"no text of JSON":     {"", `{"env":"wxfn-local","name":"echo","req_data":"a"}`, `"a"`},
		"nothing in the body": {"", `{"env":"wxfn-local","name":"echo"}`, `{` + info + `}`},
	} {
		answer := s.post(path+c.query, token, c.body)
		assert.Equal(t, "0", answer.Get("errcode").Raw, "%s: %s", name, answer.Raw)
		assert.Equal(t, "ok", answer.Get("errmsg").String())
		assert.Equal(t, c.event, answer.Get("resp_data").String(), name)
	}
	answer := s.post(path+"?env=wxfn-local&name=fails", token, `{}`)
	assert.EqualValues(t, -504002, answer.Get("errcode").Int())
	assert.Contains(t, answer.Get("errmsg").String(), "no good")

	var sources []string
	for _, r := range s.journal.All() {
		if r.Function == "echo" {
			sources = append(sources, r.Source+r.OpenID)
		}
	}
	assert.Equal(t, []string{"wx_http", "wx_http", "wx_http", "wx_http", "wx_http", "wx_http"}, sources)
	s.Calls("callFunction fails").Failed().WantCount(t, 1)
}

func TestStubsAnswerHTTPSCalls(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	url, err := s.Listen()
	require.NoError(t, err)
	token := s.stableToken("").Get("access_token").String()
	require.NoError(t, s.Stub(
		Stub{API: "wxacode.get", Params: map[string]any{"path": "far"}, ErrCode: 45029},
		Stub{API: "wxacode.get", Params: map[string]any{"path": "cut"}, Fault: config.FaultCut},
		Stub{API: "wxacode.get", Params: map[string]any{"path": "malformed"}, Fault: config.FaultMalformed},
		Stub{API: "wxacode.get", Function: "hello", ErrCode: -1},
	))
	post := func(path string) ([]byte, error) {
		resp, err := http.Post(url+withToken(wxacodeGet, token), "application/json", strings.NewReader(`{"path":"`+path+`"}`))
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return io.ReadAll(resp.Body)
	}
	body, err := post("far")
	require.NoError(t, err)
	assert.EqualValues(t, 45029, gjson.GetBytes(body, "errcode").Int())
	_, err = post("cut")
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	body, err = post("malformed")
	require.NoError(t, err)
	assert.False(t, json.Valid(body))
	_, err = post("near")
	require.NoError(t, err)
	calls := s.Calls("wxacode.get").With("path", "near")
	require.Len(t, calls, 1)
	require.Len(t, calls[0].NearMisses, 4)
	assert.Contains(t, calls[0].NearMisses[0], `"far"`)
	assert.Contains(t, calls[0].String(), "over HTTPS: ok")
}

func TestTheJournalShowsNoSecretOfTheServerAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	token := s.stableToken("").Get("access_token").String()
	plain := s.plainToken().Get("access_token").String()
	s.post(wxacodeGet, token, `{"path":"`+token+`"}`)
	ask(s.Emulator, http.MethodGet, tokenPath+"?appid="+s.app+"&secret=wrong-secret", "")
	ask(s.Emulator, http.MethodGet, tokenPath+"?grant_type=client_credential&appid="+s.secret+"&secret="+s.app, "")
	s.post(wxacodeGet, token, `{"path":"a","access_token":"`+plain+`","cloudbase_access_token":"`+plain+`"}`)
	s.post("/cgi-bin/clear_quota/v2?appid="+s.app+"&appsecret=wrong-secret", token, "")
	login := gjson.Parse(ask(s.Emulator, http.MethodGet, fmt.Sprintf("/sns/jscode2session?grant_type=authorization_code&appid=%s&secret=%s&js_code=c", s.app, s.secret), "").Body.String())
	sessionKey := login.Get("session_key").String()
	require.Len(t, sessionKey, 24)
	var views bytes.Buffer
	for _, r := range s.journal.All() {
		require.NoError(t, json.NewEncoder(&views).Encode(r.View()))
		assert.Equal(t, "https", r.Source)
		assert.False(t, r.View().Running)
	}
	for _, secret := range []string{token, plain, s.secret, "wrong-secret", sessionKey} {
		assert.NotContains(t, views.String(), secret)
	}
	s.Calls("auth.*").WantCount(t, 5)
}

func TestAShortSecretLeavesTheJournalReadable(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{Apps: map[string]string{"wx2": "ag"}})
	server{s.Emulator, "wx2", "ag"}.post(wxacodeGet, server{s.Emulator, "wx2", "ag"}.stableToken("").Get("access_token").String(), `{"path":"page/index/index"}`)
	assert.JSONEq(t, `{"path":"page/index/index"}`, string(s.Calls("wxacode.get")[0].Params))
	assert.NotContains(t, string(s.Calls("auth.*")[0].Params), `"ag"`)
}

func TestManyServersAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	s.Handle("echo", echo)
	url, err := s.Listen()
	require.NoError(t, err)
	var tokens sync.Map
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			token := s.stableToken("").Get("access_token").String()
			tokens.Store(token, true)
			plain := s.plainToken().Get("access_token").String()
			for path, body := range map[string]string{wxacodeGet: `{"path":"a"}`, "/tcb/invokecloudfunction?env=wxfn-local&name=echo": `{}`} {
				for _, token := range []string{token, plain} {
					resp, err := http.Post(url+withToken(path, token), "application/json", strings.NewReader(body))
					if !assert.NoError(t, err) {
						return
					}
					answer, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					assert.NoError(t, err)
					assert.Zero(t, gjson.GetBytes(answer, "errcode").Int(), "%s: %.300s", path, answer)
				}
			}
		})
	}
	all.Wait()
	n := 0
	tokens.Range(func(any, any) bool { n++; return true })
	assert.Equal(t, 1, n, "the stable token is the same for all")
	last := ask(s.Emulator, http.MethodPost, withToken(wxacodeGet, s.stableToken("").Get("access_token").String()), `{"path":"a"}`)
	assert.Equal(t, "129", last.Header().Get("Num-Used"))
}
