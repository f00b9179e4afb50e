package platform

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestTheOutboxHasWhatUsersWereSent(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	assert.Equal(t, []Message{}, p.Outbox(""))
	s := p.begin(apiSubscribeMessage, apiCustomMessage)
	send := func(api string, params object) {
		call := p.try(t, s, api, params)
		assert.Zero(t, call.ErrCode, call.Advice)
		assert.JSONEq(t, `{"errcode":0,"errmsg":"ok"}`, call.Result)
	}
	send(apiSubscribeMessage, object{"touser": "oBob", "template_id": "t1", "page": "/pages/b?a=1", "data": object{"thing1": object{"value": "你<"}, "number2": object{"value": 3}}})
	send(apiCustomMessage, object{"touser": "oAlice", "msgtype": "text", "text": object{"content": "hello"}, "image": object{"media_id": "m"}})
	send(apiCustomMessage, object{"touser": "oBob", "msgtype": "miniprogrampage", "miniprogrampage": object{"title": "a", "pagepath": "b", "thumb_media_id": "c"}})
	data := wire(object{"touser": "oBob", "template_id": "t2", "data": object{}})
	data.AppID = "wx2"
	assert.Equal(t, "good", outcomeOf(t, p.post(t, openAPIRequest(s, apiSubscribeMessage, data))))

	first := Message{OpenID: "oBob", API: apiSubscribeMessage, TemplateID: "t1", Page: "/pages/b?a=1", Content: json.RawMessage(`{"number2":{"value":3},"thing1":{"value":"你\u003c"}}`), AppID: "wx1", Time: start}
	second := Message{OpenID: "oAlice", API: apiCustomMessage, Type: "text", Content: json.RawMessage(`{"content":"hello"}`), AppID: "wx1", Time: start}
	third := Message{OpenID: "oBob", API: apiCustomMessage, Type: "miniprogrampage", Content: json.RawMessage(`{"pagepath":"b","thumb_media_id":"c","title":"a"}`), AppID: "wx1", Time: start}
	fourth := Message{OpenID: "oBob", API: apiSubscribeMessage, TemplateID: "t2", Content: json.RawMessage(`{}`), AppID: "wx2", Time: start}
	assert.Equal(t, []Message{first, second, third, fourth}, p.Outbox(""))
	assert.Equal(t, []Message{first, third, fourth}, p.Outbox("oBob"))
	assert.Equal(t, []Message{second}, p.Outbox("oAlice"))
	assert.Equal(t, []Message{}, p.Outbox("o"))
	text, err := json.Marshal(p.Outbox("oAlice"))
	require.NoError(t, err)
	assert.JSONEq(t, `[{"openid":"oAlice","api":"customerServiceMessage.send","msgtype":"text","content":{"content":"hello"},"appId":"wx1","time":"2026-01-02T03:04:05Z"}]`, string(text))
}

func TestTheOutboxKeepsTheLastMessages(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin(apiCustomMessage)
	var all sync.WaitGroup
	for user := range 4 {
		all.Go(func() {
			for n := range 300 {
				resp := p.ask(t, s, apiCustomMessage, object{"touser": fmt.Sprint("o", user), "msgtype": "text", "text": object{"content": fmt.Sprint(n)}})
				assert.Zero(t, failureOf(resp).ErrCode)
			}
		})
	}
	all.Wait()
	assert.Len(t, p.Outbox(""), 1000)
	for user := range 4 {
		messages := p.Outbox(fmt.Sprint("o", user))
		require.NotEmpty(t, messages)
		for i, m := range messages {
			assert.Equal(t, fmt.Sprintf(`{"content":"%d"}`, 300-len(messages)+i), string(m.Content), "the last ones, in their order")
		}
	}
}

func TestAMessageThatIsRefusedIsNotSent(t *testing.T) {
	t.Parallel()
	subscribe := func(data any) object { return object{"touser": "oBob", "template_id": "t", "data": data} }
	const kinds = "text, image, voice, video, music, news, mpnews, mpnewsarticle, msgmenu, wxcard, miniprogrampage, link"
	for name, c := range map[string]struct {
		api    string
		params object
		code   int
		advice string
	}{
		"a value that is bare":        {apiSubscribeMessage, subscribe(object{"thing1": "a"}), 47003, "data.thing1.value is missing or empty"},
		"no value":                    {apiSubscribeMessage, subscribe(object{"thing1": object{}}), 47003, "data.thing1.value is missing or empty"},
		"null":                        {apiSubscribeMessage, subscribe(object{"thing1": nil}), 47003, "data.thing1.value is missing or empty"},
		"an empty value":              {apiSubscribeMessage, subscribe(object{"thing1": object{"value": ""}}), 47003, "data.thing1.value is missing or empty"},
		"an object as value":          {apiSubscribeMessage, subscribe(object{"thing1": object{"value": object{"a": "b"}}}), 47003, "data.thing1.value must be a text or a number"},
		"a list as value":             {apiSubscribeMessage, subscribe(object{"thing1": object{"value": []any{"a"}}}), 47003, "data.thing1.value must be a text or a number"},
		"another case":                {apiSubscribeMessage, subscribe(object{"thing1": object{"Value": "a"}}), 47003, "data.thing1.value is missing or empty"},
		"the second of two":           {apiSubscribeMessage, subscribe(object{"thing1": object{"value": "a"}, "thing2": 7}), 47003, "data.thing2.value is missing or empty"},
		"data as text":                {apiSubscribeMessage, subscribe(`{"thing1":{"value":"a"}}`), 47003, "data must be an object"},
		"no user":                     {apiSubscribeMessage, object{"template_id": "t", "data": object{}}, 40003, "touser is required"},
		"no template":                 {apiSubscribeMessage, object{"touser": "oBob", "data": object{}}, 40037, "template_id is required"},
		"no object for its kind":      {apiCustomMessage, object{"touser": "oBob", "msgtype": "image", "text": object{"content": "a"}}, 40097, `msgtype is "image", so that the parameter image is required`},
		"null for its kind":           {apiCustomMessage, object{"touser": "oBob", "msgtype": "text", "text": nil}, 40097, `msgtype is "text", so that the parameter text is required`},
		"an unknown kind":             {apiCustomMessage, object{"touser": "oBob", "msgtype": "sound", "sound": object{"a": 1}}, 40097, `msgtype is "sound", and there is no such kind of message; write ` + kinds},
		"a kind that is a file":       {apiCustomMessage, object{"touser": "oBob", "msgtype": "sound", "sound": aFile("bytes")}, 40097, `msgtype is "sound", and there`},
		"a parameter that is no kind": {apiCustomMessage, object{"touser": "oBob", "msgtype": "touser"}, 40097, `msgtype is "touser", and there is no such kind of message; write ` + kinds},
		"who it comes from":           {apiCustomMessage, object{"touser": "oBob", "msgtype": "customservice", "customservice": object{"kf_account": "a"}}, 40097, `msgtype is "customservice", and there`},
		"a field of the content":      {apiCustomMessage, object{"touser": "oBob", "msgtype": "text", "text": object{}}, 40097, "text.content is required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withPages("pages/home")
			call := p.try(t, p.begin(c.api), c.api, c.params)
			assert.Equal(t, c.code, call.ErrCode, call.Advice)
			assert.Contains(t, call.Advice, c.advice)
			assert.Empty(t, p.Outbox(""))
		})
	}
}

func TestAMessageThatOpensNoPageIsSentWithAWarning(t *testing.T) {
	t.Parallel()
	p := withPages("pages/home")
	params := object{"touser": "oBob", "template_id": "t", "data": object{}, "page": "pages/x?a=1"}
	call := p.try(t, p.begin(apiSubscribeMessage), apiSubscribeMessage, params)
	assert.Zero(t, call.ErrCode)
	assert.Equal(t, `app.json has no page "pages/x"; add it: the message would open nothing`, call.Advice)
	assert.Len(t, p.Outbox("oBob"), 1)
}

func TestAStubKeepsAMessageFromTheOutbox(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `{"api": "subscribeMessage.send", "params": {"touser": "oBob"}, "errcode": 43101}`)
	s := p.begin(apiSubscribeMessage)
	call := p.try(t, s, apiSubscribeMessage, object{"touser": "oBob", "template_id": "t", "data": object{}})
	assert.Equal(t, []any{43101, "the user has not subscribed to the message"}, []any{call.ErrCode, call.ErrMsg})
	assert.Zero(t, p.try(t, s, apiSubscribeMessage, object{"touser": "oAlice", "template_id": "t", "data": object{}}).ErrCode)
	assert.Len(t, p.Outbox(""), 1)
}

// TestKeywordErrors: errmsg names the keyword as the platform does.
func TestKeywordErrors(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"%d%s":{"value":""}}`:   "argument invalid! data.%d%s.value is empty rid: ",
		`{"thing1":{"value":""}}`: "argument invalid! data.thing1.value is empty rid: ",
		`{"thing1":{}}`:           "argument invalid! data.thing1.value is empty rid: ",
		`{"phrase2":{"value":"四个字的词"},"phrase3":{"value":"五个字的词语"}}`: "argument invalid! data.phrase3.value invalid rid: ",
	} {
		p := newPlatform()
		resp := p.ask(t, p.begin(apiSubscribeMessage), apiSubscribeMessage, object{"touser": "oBob", "template_id": "T", "data": json.RawMessage(data)})
		answer := gjson.ParseBytes(resp.RespData)
		assert.Equal(t, "47003", answer.Get("errcode").Raw)
		assert.True(t, strings.HasPrefix(answer.Get("errmsg").String(), want), answer)
		assert.Empty(t, p.Outbox(""))
	}
}

// TestConsent: where consents are asked for, each is good for one message, or a long-term one for all.
func TestConsent(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin(apiSubscribeMessage)
	send := func(user, template string) int {
		return p.try(t, s, apiSubscribeMessage, object{"touser": user, "template_id": template, "data": object{"thing1": object{"value": "a"}}}).ErrCode
	}
	assert.Zero(t, send("oAlice", "T"), "nobody asks for consents")
	p.Stubs.SetFile(parseStubs(t, `{"subscriptions": {"oAlice": {"T": 1}, "oBob": {"T": -1}}}`), "file")
	assert.Equal(t, []int{0, 43101, 43101, 0, 0}, []int{send("oAlice", "T"), send("oAlice", "T"), send("oAlice", "U"), send("oBob", "T"), send("oBob", "T")})
	assert.Equal(t, 43101, send("oCarol", "T"))
	call := p.try(t, s, apiSubscribeMessage, object{"touser": "oCarol", "template_id": "T", "data": object{}})
	assert.Equal(t, "user refuse to accept the msg", call.ErrMsg)
	assert.Equal(t, "subscriptions give oCarol no further message of template T; a consent is good for one message", call.Advice)

	addStubs(t, p, `{"subscriptions": {"oAlice": {"T": 1, "U": 0}}}`)
	addStubs(t, p, `{"subscriptions": {"oAlice": {"T": 1}}}`)
	assert.Equal(t, []int{0, 0, 43101, 43101}, []int{send("oAlice", "T"), send("oAlice", "T"), send("oAlice", "T"), send("oAlice", "U")}, "consents add up")
	addStubs(t, p, `{"subscriptions": {"oAlice": {"T": 1}}}`)
	assert.Equal(t, 47003, p.try(t, s, apiSubscribeMessage, object{"touser": "oAlice", "template_id": "T", "data": object{"phrase1": object{"value": "a"}}}).ErrCode)
	assert.Zero(t, send("oAlice", "T"), "what is refused uses none up")
	p.Stubs.Remove()
	assert.Equal(t, 43101, send("oAlice", "T"), "the file still asks for consents")
	p.Stubs.SetFile(nil, "file")
	assert.Zero(t, send("oAlice", "T"))
	addStubs(t, p, `{"subscriptions": {}}`)
	assert.Equal(t, 43101, send("oAlice", "T"), "consents are asked for, and there is none")
}
