package platform

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestATextIsRiskyThatHasARiskyText(t *testing.T) {
	t.Parallel()
	const api = "security.msgSecCheck"
	p := newPlatform()
	p.Stubs.SetFile(parseStubs(t, `{"riskyTexts": ["Casino", "赌场", ""]}`), "wxfn.stubs.json")
	addStubs(t, p, `{"riskyTexts": ["free money"]}`)
	for name, c := range map[string]struct {
		params  object
		keyword string
	}{
		"none of them":          {object{"content": "hello"}, ""},
		"one of the file's":     {object{"content": "the Casino."}, "Casino"},
		"in another case":       {object{"content": "thecasINOs"}, "Casino"},
		"in Chinese":            {object{"content": "去赌场吧"}, "赌场"},
		"one that was added":    {object{"content": "FREE MONEY in the casino"}, "free money"},
		"apart":                 {object{"content": "free  money, cas ino"}, ""},
		"in the title":          {object{"content": "hello", "title": "casino"}, "Casino"},
		"in the nickname":       {object{"content": "hello", "nickname": "casino"}, "Casino"},
		"in the signature":      {object{"content": "hello", "signature": "casino"}, "Casino"},
		"in another parameter":  {object{"content": "hello", "more": "casino"}, ""},
		"the content is first":  {object{"content": "赌场", "title": "casino"}, "赌场"},
		"escaped":               {object{"content": "cas\u0069no \" \n"}, "Casino"},
		"no text in the middle": {object{"content": " ", "title": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.params["version"], c.params["scene"], c.params["openid"] = 2, 1, "oAlice"
			resp := p.ask(t, p.begin(api), api, c.params)
			answer := gjson.ParseBytes(resp.RespData)
			assert.Equal(t, "0", answer.Get("errcode").Raw)
			assert.NotEmpty(t, answer.Get("trace_id").String())
			if c.keyword == "" {
				assert.JSONEq(t, `{"suggest":"pass","label":100}`, answer.Get("result").Raw)
				assert.JSONEq(t, `[{"strategy":"content_model","errcode":0,"suggest":"pass","label":100,"prob":90}]`, answer.Get("detail").Raw)
				return
			}
			assert.JSONEq(t, `{"suggest":"risky","label":21000}`, answer.Get("result").Raw)
			assert.Equal(t, c.keyword, answer.Get(`detail.#(strategy=="keyword").keyword`).String())
			assert.Equal(t, `["risky","risky"]`, answer.Get("detail.#.suggest").Raw)
		})
	}
}

func TestRiskyTextsAreTakenAway(t *testing.T) {
	t.Parallel()
	const api = "security.msgSecCheck"
	p := newPlatform()
	suggest := func() string {
		resp := p.ask(t, p.begin(api), api, object{"content": "casino", "version": 2, "scene": 1, "openid": "oAlice"})
		return gjson.GetBytes(resp.RespData, "result.suggest").String()
	}
	assert.Equal(t, "pass", suggest())
	addStubs(t, p, `{"riskyTexts": ["casino"]}`)
	assert.Equal(t, "risky", suggest())
	p.Stubs.Remove()
	assert.Equal(t, "pass", suggest())
	p.Stubs.SetFile(parseStubs(t, `{"riskyTexts": ["casino"]}`), "file")
	p.Stubs.Remove()
	assert.Equal(t, "risky", suggest(), "the file's stay")
	p.Stubs.SetFile(nil, "file")
	assert.Equal(t, "pass", suggest())
}

func TestAPhoneNumberIsItsUsers(t *testing.T) {
	t.Parallel()
	const api = "phonenumber.getPhoneNumber"
	p := newPlatform()
	p.Stubs.SetFile(parseStubs(t, `{"phoneNumbers": {"oAlice": "13800138000", "oBob": "+86-13800138001", "oCarol": "+8613800138002", "oDave": "+852-51234567", "oErin": "+1 5551234"}}`), "file")
	codes := 0
	ask := func(caller string, params object) gjson.Result {
		s := p.begin(api)
		s.Caller.OpenID = caller
		codes++
		params["code"] = fmt.Sprint("code ", codes) // any is good, once
		answer := gjson.ParseBytes(p.ask(t, s, api, params).RespData)
		require.Equal(t, "0", answer.Get("errcode").Raw)
		return answer.Get("phone_info")
	}
	number := func(caller string, params object) []string {
		info := ask(caller, params)
		return []string{info.Get("phoneNumber").String(), info.Get("purePhoneNumber").String(), info.Get("countryCode").String()}
	}
	for openid, want := range map[string][]string{
		"oAlice": {"13800138000", "13800138000", "86"},
		"oBob":   {"13800138001", "13800138001", "86"},
		"oCarol": {"13800138002", "13800138002", "86"},
		"oDave":  {"+85251234567", "51234567", "852"},
		"oErin":  {"+15551234", "5551234", "1"},
	} {
		assert.Equal(t, want, number(openid, object{}), "the caller's own")
		assert.Equal(t, want, number("oZoe", object{"openid": openid}), "of the user that the call names")
	}
	assert.JSONEq(t, `{"timestamp":1767323045,"appid":"wx1"}`, ask("oAlice", object{}).Get("watermark").Raw)

	own := number("oZoe", object{})
	assert.Regexp(t, `^13[0-9]{9}$`, own[0])
	assert.Equal(t, []string{own[0], own[0], "86"}, own)
	assert.Equal(t, own, number("oZoe", object{"openid": ""}), "it never changes")
	assert.NotEqual(t, own, number("oYves", object{}))
	p.Now = func() time.Time { return start.AddDate(1, 0, 0) }
	assert.Equal(t, own, number("oZoe", object{}))
	assert.Regexp(t, `^13[0-9]{9}$`, number("", object{})[0], "a timer's")

	addStubs(t, p, `{"phoneNumbers": {"oAlice": "13900139000"}}`)
	addStubs(t, p, `{"phoneNumbers": {"oBob": "13900139001"}}`)
	assert.Equal(t, "13900139000", number("oAlice", object{})[0], "what was added comes before the file's")
	addStubs(t, p, `{"phoneNumbers": {"oAlice": "13900139009"}}`)
	assert.Equal(t, "13900139009", number("oAlice", object{})[0], "what was added last counts")
	assert.Equal(t, "13900139001", number("oBob", object{})[0])
	p.Stubs.Remove()
	assert.Equal(t, "13800138000", number("oAlice", object{})[0])
}

// TestPhoneCode: a code is good once; one that the emulator made also ends after 5 minutes, and is its user's.
func TestPhoneCode(t *testing.T) {
	t.Parallel()
	const api = "phonenumber.getPhoneNumber"
	p := newPlatform()
	p.Stubs.SetFile(parseStubs(t, `{"phoneNumbers": {"oAlice": "13800138000", "oBob": "13800138001"}}`), "file")
	now := start
	p.Now = func() time.Time { return now }
	s := p.begin(api)
	s.Caller.OpenID = "oBob"
	ask := func(code string, params object) string {
		params["code"] = code
		answer := gjson.ParseBytes(p.ask(t, s, api, params).RespData)
		if answer.Get("errcode").Int() != 0 {
			return answer.Get("errcode").Raw + " " + answer.Get("errmsg").String()[:12]
		}
		return answer.Get("phone_info.phoneNumber").String()
	}
	assert.Equal(t, "13800138001", ask("any", object{}), "the caller's")
	assert.Equal(t, "40029 invalid code", ask("any", object{}))
	assert.Equal(t, "13800138000", ask("another", object{"openid": "oAlice"}))
	assert.Equal(t, "40029 invalid code", ask("another", object{"openid": "oAlice"}))

	code := p.PhoneCode("oAlice")
	assert.Len(t, code, 64)
	assert.NotEqual(t, code, p.PhoneCode("oAlice"))
	assert.Equal(t, "40003 invalid open", ask(code, object{"openid": "oBob"}))
	assert.Equal(t, "13800138000", ask(code, object{"openid": "oAlice"}), "a refused call uses no code up")
	assert.Equal(t, "40029 invalid code", ask(code, object{}))
	code, late := p.PhoneCode("oAlice"), p.PhoneCode("oAlice")
	now = now.Add(5 * time.Minute)
	assert.Equal(t, "13800138000", ask(code, object{}), "the user's who asked for the code")
	now = now.Add(time.Second)
	assert.Equal(t, "40029 invalid code", ask(late, object{}))
}

// TestFirstSecurityForms: content security without version is its 1.0 form, which has an error for what is risky.
func TestFirstSecurityForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		api    string
		params object
		want   string
		advice string
	}{
		"a text":               {"security.msgSecCheck", object{"content": "hello"}, `{"errcode":0,"errmsg":"ok"}`, "add version: 2, scene and openid"},
		"version null":         {"security.msgSecCheck", object{"content": "hello", "version": nil}, `{"errcode":0,"errmsg":"ok"}`, "1.0 form"},
		"a risky text":         {"security.msgSecCheck", object{"content": "my Casino"}, "87014 risky content", "riskyTexts"},
		"the page's sample":    {"security.msgSecCheck", object{"content": "特3456书yuuo莞6543李zxcz蒜7782法fgnv级"}, "87014 risky content", ""},
		"its other sample":     {"security.msgSecCheck", object{"content": "完2347全dfji试3726测asad感3847知qwez到"}, "87014 risky content", ""},
		"no text":              {"security.msgSecCheck", object{}, "47001 data format error", "content is required"},
		"what only 2.0 has":    {"security.msgSecCheck", object{"content": "hello", "scene": 1}, `{"errcode":0,"errmsg":"ok"}`, "has no parameter scene"},
		"2.0 without a scene":  {"security.msgSecCheck", object{"content": "hello", "version": 2, "openid": "o"}, "40129 invalid scene", "scene is required"},
		"a picture":            {"security.imgSecCheck", object{"media": aFile("bytes")}, `{"errcode":0,"errmsg":"ok"}`, "use security.mediaCheckAsync"},
		"no picture":           {"security.imgSecCheck", object{"media": aFile("")}, "41005 media data missing", ""},
		"a picture by address": {"security.mediaCheckAsync", object{"media_url": "https://a/b.png", "media_type": 2}, `{"errcode":0,"errmsg":"ok","trace_id":"trace_id"}`, "add version: 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			p.Stubs.SetFile(parseStubs(t, `{"riskyTexts": ["casino"]}`), "file")
			s := p.begin(c.api)
			answer := gjson.ParseBytes(p.ask(t, s, c.api, c.params).RespData)
			call := s.Record.View().Calls[0]
			assert.Contains(t, call.Advice, c.advice)
			if call.ErrCode != 0 {
				assert.Equal(t, c.want, fmt.Sprint(call.ErrCode, " ", call.ErrMsg))
				return
			}
			assert.JSONEq(t, c.want, answer.Raw)
		})
	}
}
