package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestQuotasOfHTTPSCalls(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	s := newServer(t, Config{Now: func() time.Time { return now }})
	for range 2000 {
		s.plainToken()
	}
	assert.EqualValues(t, 45009, s.plainToken().Get("errcode").Int())
	token := s.stableToken("").Get("access_token").String()
	quota := func() string {
		return s.post("/cgi-bin/openapi/quota/get", token, `{"cgi_path":"/cgi-bin/token"}`).Get("quota").Raw
	}
	clear := func() int64 {
		return s.post("/cgi-bin/clear_quota", token, `{"appid":"`+s.app+`"}`).Get("errcode").Int()
	}
	assert.JSONEq(t, `{"daily_limit":2000,"used":2000,"remain":0}`, quota())
	assert.Zero(t, clear())
	assert.JSONEq(t, `{"daily_limit":2000,"used":0,"remain":2000}`, quota())
	assert.Empty(t, s.plainToken().Get("errmsg").String())
	for range 9 {
		assert.Zero(t, clear())
	}
	assert.EqualValues(t, 48006, clear(), "10 a month")
	s.Clock().Move(30 * 24 * time.Hour)
	token = s.stableToken("").Get("access_token").String()
	assert.Zero(t, clear())
	rate := s.post("/cgi-bin/openapi/quota/get", token, `{"cgi_path":"/wxa/getwxacodeunlimit"}`).Get("rate_limit").Raw
	assert.JSONEq(t, `{"call_count":5000,"refresh_second":60}`, rate)
}

func TestAQuotaIsClearedBySecret(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	s := newServer(t, Config{Now: func() time.Time { return now }})
	const path = "/cgi-bin/clear_quota/v2"
	inURL := path + "?" + url.Values{"appid": {s.app}, "appsecret": {s.secret}}.Encode()
	body := fmt.Sprintf(`{"appid":%q,"appsecret":%q}`, s.app, s.secret)
	for range 2000 {
		s.plainToken()
	}
	require.EqualValues(t, 45009, s.plainToken().Get("errcode").Int())
	for name, c := range map[string]struct {
		target, body string
		code         int64
	}{
		"nothing":        {path, "", 44002},
		"no app":         {path, `{"appsecret":"x"}`, 41002},
		"no secret":      {path, `{"appid":"` + s.app + `"}`, 41004},
		"a wrong secret": {path, `{"appid":"` + s.app + `","appsecret":"x"}`, 40125},
		"an unknown app": {path, `{"appid":"wx3","appsecret":"x"}`, 40013},
	} {
		assert.Equal(t, c.code, gjson.Get(ask(s.Emulator, http.MethodPost, c.target, c.body).Body.String(), "errcode").Int(), name)
	}
	assert.EqualValues(t, 45009, s.plainToken().Get("errcode").Int(), "those cleared nothing")
	clear := func(target, body string) int64 {
		return gjson.Get(ask(s.Emulator, http.MethodPost, target, body).Body.String(), "errcode").Int()
	}
	assert.Zero(t, clear(path, body))
	token := s.plainToken().Get("access_token").String()
	assert.NotEmpty(t, token)
	for range 4 {
		assert.Zero(t, clear(inURL, ""))
	}
	for range 5 {
		assert.Zero(t, s.post("/cgi-bin/clear_quota", token, `{"appid":"`+s.app+`"}`).Get("errcode").Int())
	}
	assert.EqualValues(t, 48006, clear(path, body), "10 a month, of both together")
}

func TestAnRIDTellsOfTheRequest(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := newServer(t, Config{Apps: map[string]string{"wx2": "s2"}, Now: func() time.Time { return now }})
	require.NoError(t, s.Stub(Stub{API: "img.aiCrop", SystemError: -604102}))
	token := s.stableToken("").Get("access_token").String()
	other := server{s.Emulator, "wx2", "s2"}.stableToken("").Get("access_token").String()
	ridOf := func(answer gjson.Result) string {
		_, rid, _ := strings.Cut(answer.Get("errmsg").String(), " rid: ")
		return rid
	}
	info := func(token, rid string) gjson.Result {
		return s.post("/cgi-bin/openapi/rid/get", token, fmt.Sprintf(`{"rid":%q}`, rid))
	}
	failed := s.post(wxacodeGet+"?more=a%20b", token, `{"path":""}`)
	rid := ridOf(failed)
	answer := info(token, rid)
	assert.Equal(t, "0", answer.Get("errcode").Raw, answer.Raw)
	request := answer.Get("request")
	assert.Equal(t, now.Unix(), request.Get("invoke_time").Int())
	assert.True(t, request.Get("cost_in_ms").Exists())
	assert.Equal(t, "access_token=%5Bsecret%5D&more=a+b", request.Get("request_url").String())
	assert.Contains(t, request.Get("request_body").String(), `"path":""`)
	assert.JSONEq(t, failed.Raw, request.Get("response_body").String())
	assert.Equal(t, "192.0.2.1", request.Get("client_ip").String())

	refused := ridOf(s.post("/cv/img/aicrop?img_url=http://a/b.png", token, ""))
	assert.EqualValues(t, -604102, gjson.Get(info(token, refused).Get("request.response_body").String(), "errcode").Int())
	login := ridOf(s.login(""))
	for name, c := range map[string]struct {
		token, rid string
		code       int64
	}{
		"another app's":       {other, rid, 76003},
		"no such":             {token, "00000000-00000000-00000000", 76001},
		"none":                {token, "", 76002},
		"something else":      {token, "x", 76002},
		"that of a login":     {token, login, 76022},
		"one without its app": {token, ridOf(s.post(wxacodeGet, "x", "{}")), 76001},
	} {
		assert.Equal(t, c.code, info(c.token, c.rid).Get("errcode").Int(), name)
	}
	var logged []string
	for _, r := range s.journal.All() {
		for _, c := range r.View().Calls {
			logged = append(logged, c.RID)
		}
	}
	assert.Contains(t, logged, rid, "the journal has it, too")
	s.Clock().Move(7*24*time.Hour + time.Second)
	token = s.stableToken("").Get("access_token").String()
	assert.EqualValues(t, 76001, info(token, rid).Get("errcode").Int(), "7 days")
}
