package emulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

func TestCallsTellWhatFunctionsCalled(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("qrcode", cloudfn.Func(func(ctx context.Context, req openapi.WxacodeCreateQRCodeRequest) (*openapi.Image, error) {
		return openapi.Wxacode.CreateQRCode(ctx, &req)
	}), "wxacode.createQRCode")
	emu.Handle("caller", cloudfn.Func(func(ctx context.Context, path string) (any, error) {
		return nil, openapi.CallFunction(ctx, "qrcode", map[string]string{"path": path}, nil)
	}))
	_, err := emu.As("oAlice").Invoke(t.Context(), "caller", "page?a=1")
	require.NoError(t, err)
	_, err = emu.As("oBob").Invoke(t.Context(), "qrcode", map[string]any{"path": "page", "width": 1})
	require.Error(t, err)

	codes := emu.Calls("wxacode.createQRCode")
	require.Len(t, codes, 2)
	assert.Equal(t, "oAlice", codes[0].OpenID)
	assert.Equal(t, "qrcode", codes[0].Function)
	assert.JSONEq(t, `{"path":"page?a=1"}`, string(codes[0].Params))
	assert.Regexp(t, `^image/jpeg, \d+ bytes$`, codes[0].Result)
	assert.Zero(t, codes[0].ErrCode)
	assert.Equal(t, openapi.CodeInvalidArgs, codes[1].ErrCode)
	assert.Equal(t, "width is 1; it may be 280 to 1280 px", codes[1].Advice)
	assert.Empty(t, codes[1].Result)
	assert.Len(t, emu.Calls(""), 3)
	assert.Len(t, emu.Calls("callFunction qrcode"), 1)
	assert.Empty(t, emu.Calls("wxacode.get"))
}

// A misspelt name has no calls, and a test that wants none would pass whatever the function does.
func TestCallsOfNoAPI(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	require.NoError(t, emu.Stub(emulator.Stub{API: "wxacode.getUnlimitedV2", Result: map[string]any{}}))
	for api, want := range map[string]string{
		"subscribeMessage.sned":          `there is no API "subscribeMessage.sned"; did you mean "subscribeMessage.send"?`,
		"openapi.wxacode.get":            `there is no API "openapi.wxacode.get"; did you mean "wxacode.get"?`,
		"wxacode.getunlimited":           `there is no API "wxacode.getunlimited"; did you mean "wxacode.getUnlimited"?`,
		"subscribeMesage.*":              `there is no API in the namespace "subscribeMesage"; did you mean "subscribeMessage.*"?`,
		"wxacode.getUnlimitedV2":         "", // a stub has it
		"brand.new":                      "", // it may be newer
		"brand.*":                        "",
		"wxacode.*":                      "",
		"wxacode.zzz*":                   "",
		"*.send":                         "",
		"*":                              "",
		"":                               "",
		"subscribeMessage.send":          "",
		"officialAccount.user.getInfo":   "",
		"templateMessage.send":           "", // an older one
		"auth.getStableAccessToken":      "", // of the server API
		"auth.getAccessToken":            "",
		"callFunction createqrcode":      "",
		"callFunction subscribeMessage.": "",
	} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			if want == "" {
				assert.Empty(t, emu.Calls(api))
				return
			}
			assert.PanicsWithValue(t, fmt.Sprintf("emulator: Calls(%q): %s", api, want), func() { emu.Calls(api) })
		})
	}
}

// A permission that is no API's would show only as a refusal of the call, far from where the name was misspelt.
func TestHandleForNoAPI(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	hello := cloudfn.Func(func(context.Context, any) (string, error) { return "hello", nil })
	emu.Handle("wrong", hello, "wxacode.get", "wxacode.getUnlimted")
	emu.HandleHTTP("web", http.NotFoundHandler(), "wxacode.getUnlimted")
	emu.Handle("newer", hello, "brand.new", "templateMessage.send")
	const misspelt = `there is no API "wxacode.getUnlimted"; did you mean "wxacode.getUnlimited"?`

	_, err := emu.As("oAlice").Invoke(t.Context(), "wrong", nil)
	assert.ErrorContains(t, err, `the permissions that Handle("wrong", …) is given: `+misspelt)
	resp, err := (&http.Client{Transport: emu.As("oAlice")}).Get("http://web/")
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer struct{ ErrMsg string }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	assert.Contains(t, answer.ErrMsg, `the permissions that HandleHTTP("web", …) is given: `+misspelt)
	_, err = emu.As("oAlice").Invoke(t.Context(), "newer", nil)
	assert.NoError(t, err)

	require.NoError(t, emu.Stub(emulator.Stub{API: "wxacode.getUnlimted", Result: map[string]any{}}))
	_, err = emu.As("oAlice").Invoke(t.Context(), "wrong", nil)
	assert.NoError(t, err, "a stub makes it an API")
}

// A test prints the error of Invoke: it says what to change. Callers over HTTP get the cloud's message, and no more.
func TestErrorAdvice(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("f", cloudfn.Func(func(ctx context.Context, req openapi.WxacodeCreateQRCodeRequest) (*openapi.Image, error) {
		_, _ = openapi.Wxacode.Get(ctx, &openapi.WxacodeGetRequest{Path: "page"})
		_, _ = openapi.Wxacode.Get(ctx, &openapi.WxacodeGetRequest{Path: "again"})
		return openapi.Wxacode.CreateQRCode(ctx, &req)
	}), "wxacode.createQRCode")
	_, err := emu.As("oAlice").Invoke(t.Context(), "f", map[string]any{"path": "page", "width": 1})
	require.Error(t, err)
	official, advice, _ := strings.Cut(err.Error(), "\nadvice: ")
	assert.Equal(t, `wxacode.get: add "wxacode.get" to the permissions that Handle("f", …) is given`+
		"\nadvice: wxacode.createQRCode: width is 1; it may be 280 to 1280 px", advice)

	r := httptest.NewRequest(http.MethodPost, "http://localhost/invoke/f", strings.NewReader(`{"path": "page", "width": 1}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	emu.ServeHTTP(w, r)
	var answer struct{ ErrMsg string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	withoutRID := regexp.MustCompile(` rid: \S+`)
	assert.Equal(t, withoutRID.ReplaceAllString(official, ""), withoutRID.ReplaceAllString(answer.ErrMsg, ""))

	_, err = emu.As("oAlice").Invoke(t.Context(), "f", map[string]any{"path": "page"})
	assert.NoError(t, err)
}

func TestSecretsComeIntoNoRecord(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	var token, key string
	emu.Handle("leaks", cloudfn.Func(func(ctx context.Context, _ any) (string, error) {
		inv, _ := cloudfn.FromContext(ctx)
		token, key = inv.Getenv("WX_API_TOKEN"), inv.Getenv("TENCENTCLOUD_SECRETKEY")
		_ = openapi.Call(ctx, "security.msgSecCheck", map[string]string{"content": token + key}, nil)
		return token + " " + key, nil
	}), "security.msgSecCheck")
	_, err := emu.As("oAlice").Invoke(t.Context(), "leaks", nil)
	require.NoError(t, err)
	require.NotEmpty(t, token)
	calls := emu.Calls("security.msgSecCheck")
	require.Len(t, calls, 1)
	assert.JSONEq(t, `{"content":"[secret][secret]"}`, string(calls[0].Params))

	// Why a stub did not answer tells of parameters, and cuts them.
	require.NoError(t, emu.Stub(emulator.Stub{API: "security.msgSecCheck", Params: map[string]any{"content": "x", "title": "y"}}))
	emu.Handle("leaks", cloudfn.Func(func(ctx context.Context, _ any) (any, error) {
		inv, _ := cloudfn.FromContext(ctx)
		token, key = inv.Getenv("WX_API_TOKEN"), inv.Getenv("TENCENTCLOUD_SECRETKEY")
		return nil, openapi.Call(ctx, "security.msgSecCheck", map[string]any{"content": token, "title": key, "version": 2, "scene": 1, "openid": "o"}, nil)
	}), "security.msgSecCheck")
	_, err = emu.As("oAlice").Invoke(t.Context(), "leaks", nil)
	require.NoError(t, err)
	misses := emu.Calls("security.msgSecCheck")[1].NearMisses
	require.Len(t, misses, 1)
	assert.Contains(t, misses[0], `content is "[secret]`)
	assert.Contains(t, misses[0], `title is "[secret]", not "y"`)
	assert.NotContains(t, misses[0], token[:len(token)/2])
}

func TestTheJournalIsALiveStream(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("hello", cloudfn.Func(func(ctx context.Context, _ any) (string, error) {
		_ = openapi.Call(ctx, "security.msgSecCheck", nil, nil)
		return "hello", nil
	}))
	base, err := emu.Listen()
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/_wxfn/journal", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+emu.Token())
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))

	result, err := emu.As("oAlice").Invoke(t.Context(), "hello", nil)
	require.NoError(t, err)
	var types []string
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var event struct{ Type, RequestID, Function string }
		require.NoError(t, json.Unmarshal([]byte(data), &event))
		assert.Equal(t, result.RequestID, event.RequestID)
		assert.Equal(t, "hello", event.Function)
		if types = append(types, event.Type); event.Type == "end" {
			break
		}
	}
	assert.Equal(t, []string{"begin", "call", "end"}, types)

	require.NoError(t, emu.Close())
	assert.False(t, lines.Scan() && strings.HasPrefix(lines.Text(), "event"), "the stream ends with the emulator")
}

// fakeT notes how a test fails.
type fakeT struct{ failures []string }

func (*fakeT) Helper() {}

func (t *fakeT) Errorf(format string, args ...any) {
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// callsOf returns calls with these parameters, which "f" made for oAlice.
func callsOf(params ...string) (calls emulator.Calls) {
	for _, p := range params {
		calls = append(calls, emulator.Call{API: "a.b", Function: "f", OpenID: "oAlice", Params: json.RawMessage(p)})
	}
	return calls
}

func TestCallsAreNarrowedDown(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	send := cloudfn.Func(func(ctx context.Context, text string) (any, error) {
		_ = openapi.Call(ctx, "subscribeMessage.send", map[string]any{
			"touser": "oX", "templateId": "T", "data": map[string]any{"thing1": map[string]any{"value": text}},
		}, nil)
		return nil, nil
	})
	emu.Handle("may", send, "subscribeMessage.send")
	emu.Handle("may not", send)
	for _, c := range []struct{ openid, function, text string }{
		{"oAlice", "may", "one"}, {"oBob", "may not", "two"}, {"oAlice", "may not", "three"}, {"oBob", "may", "one"},
	} {
		_, err := emu.As(c.openid).Via(emulator.SourceHTTP).Invoke(t.Context(), c.function, c.text)
		require.NoError(t, err)
	}
	all := emu.Calls("subscribeMessage.send")
	for name, c := range map[string]struct {
		calls emulator.Calls
		want  []int
	}{
		"all":                     {all, []int{0, 1, 2, 3}},
		"for a user":              {all.For("oAlice"), []int{0, 2}},
		"for nobody":              {all.For(""), nil},
		"by a function":           {all.By("may not"), []int{1, 2}},
		"by a function of a part": {all.By("ma"), nil},
		"failed":                  {all.Failed(), []int{1, 2}},
		"all of it":               {all.For("oAlice").By("may not").Failed().With("touser", "oX"), []int{2}},
		"with a deep value":       {all.With("data.thing1.value", "one"), []int{0, 3}},
		"with an object":          {all.With("data", map[string]any{"thing1": map[string]any{"value": "two"}}), []int{1}},
		"with a name of the wire": {all.With("template_id", "T"), []int{0, 1, 2, 3}},
		"with a name of users":    {all.With("templateId", "T"), []int{0, 1, 2, 3}},
		"with another value":      {all.With("touser", "oY"), nil},
		"with another type":       {all.With("touser", 1), nil},
		"with what is not there":  {all.With("page", nil), nil},
		"with no path":            {all.With("", "x"), nil},
		"with what is no JSON":    {all.With("touser", make(chan int)), nil},
		"of none":                 {emulator.Calls(nil).For("oAlice").By("f").Failed().With("a", 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want emulator.Calls
			for _, i := range c.want {
				want = append(want, all[i])
			}
			assert.Equal(t, want, c.calls)
		})
	}
}

func TestAValueIsFoundAsJSON(t *testing.T) {
	t.Parallel()
	calls := callsOf(`{"n":9007199254740993,"b":false,"s":"<你>","nothing":null,"list":[{"id":1},{"id":2}],"line_color":{"r":0}}`)
	for name, c := range map[string]struct {
		path  string
		value any
		found bool
	}{
		"a number beyond 2^53":         {"n", int64(9007199254740993), true},
		"its neighbour":                {"n", int64(9007199254740992), false},
		"false":                        {"b", false, true},
		"a text":                       {"s", "<你>", true},
		"JSON":                         {"s", json.RawMessage(` "\u003c你>" `), true},
		"null":                         {"nothing", nil, true},
		"an element":                   {"list.1.id", 2, true},
		"all elements":                 {"list.#.id", []int{1, 2}, true},
		"the number of elements":       {"list.#", 2, true},
		"an element that is looked up": {"list.#(id==2)", map[string]int{"id": 2}, true},
		"an object": {"list.0", struct {
			ID int `json:"id"`
		}{1}, true},
		"a name of users, deep": {"lineColor.r", 0, true},
		"zero is not null":      {"lineColor.r", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.found, len(calls.With(c.path, c.value)) == 1)
		})
	}
}

func TestWantComparesParametersAsJSON(t *testing.T) {
	t.Parallel()
	type req struct {
		B string `json:"b,omitempty"`
		A int64  `json:"a"`
	}
	for name, c := range map[string]struct {
		calls emulator.Calls
		want  []any
		fails bool
	}{
		"none":                     {nil, nil, false},
		"a struct":                 {callsOf(`{"b":"x","a":1}`), []any{req{"x", 1}}, false},
		"a pointer":                {callsOf(`{"b":"x","a":1}`), []any{&req{"x", 1}}, false},
		"a map":                    {callsOf(`{"b":"x","a":1}`), []any{map[string]any{"a": 1, "b": "x"}}, false},
		"a text":                   {callsOf(`{"b":"<x>","a":1}`), []any{json.RawMessage(`{ "a" : 1, "b" : "\u003cx>" }`)}, false},
		"two, in order":            {callsOf(`{"a":1}`, `{"a":2}`), []any{req{A: 1}, req{A: 2}}, false},
		"two, in another order":    {callsOf(`{"a":1}`, `{"a":2}`), []any{req{A: 2}, req{A: 1}}, true},
		"one too many":             {callsOf(`{"a":1}`, `{"a":1}`), []any{req{A: 1}}, true},
		"one too few":              {callsOf(`{"a":1}`), []any{req{A: 1}, req{A: 1}}, true},
		"a parameter too many":     {callsOf(`{"a":1,"c":null}`), []any{req{A: 1}}, true},
		"a number beyond 2^53":     {callsOf(`{"a":9007199254740993}`), []any{req{A: 9007199254740993}}, false},
		"its neighbour":            {callsOf(`{"a":9007199254740993}`), []any{req{A: 9007199254740992}}, true},
		"a list in another order":  {callsOf(`{"a":[1,2]}`), []any{map[string]any{"a": []int{2, 1}}}, true},
		"none, though there is":    {callsOf(`{"a":1}`), nil, true},
		"nothing, though there is": {callsOf(`{"a":1}`), []any{nil}, true},
		"what is no JSON":          {callsOf(`{"a":1}`), []any{make(chan int)}, true},
		"what was cut":             {callsOf(`{"a":"long…`), []any{req{A: 1}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fake fakeT
			c.calls.Want(&fake, c.want...)
			assert.Equal(t, c.fails, len(fake.failures) == 1, fake.failures)
		})
	}
}

func TestWantPart(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	sent := callsOf(`{"touser":"oAlice","template_id":"T","data":{"thing1":{"value":"hi"},"time2":{"value":"now"}},"list":[{"id":1,"n":2},{"id":3}]}`)
	for name, c := range map[string]struct {
		calls emulator.Calls
		want  []any
		fails bool
	}{
		"a part":                      {sent, []any{object{"touser": "oAlice"}}, false},
		"a name of users":             {sent, []any{object{"templateId": "T"}}, false},
		"a part within":               {sent, []any{object{"data": object{"thing1": object{"value": "hi"}}}}, false},
		"another value within":        {sent, []any{object{"data": object{"thing1": object{"value": "ho"}}}}, true},
		"a part of each element":      {sent, []any{object{"list": []object{{"id": 1}, {}}}}, false},
		"another element":             {sent, []any{object{"list": []object{{"id": 1}, {"id": 4}}}}, true},
		"a shorter list":              {sent, []any{object{"list": []object{{"id": 1}}}}, true},
		"a longer list":               {sent, []any{object{"list": []object{{"id": 1}, {}, {}}}}, true},
		"all":                         {sent, []any{json.RawMessage(sent[0].Params)}, false},
		"anything":                    {sent, []any{object{}}, false},
		"one that is missing":         {sent, []any{object{"page": "index"}}, true},
		"null is not missing":         {sent, []any{object{"page": nil}}, true},
		"an object in place of text":  {sent, []any{object{"touser": object{}}}, true},
		"text in place of an object":  {sent, []any{object{"data": "hi"}}, true},
		"a list in place of a number": {sent, []any{object{"list": []any{[]any{}, object{}}}}, true},
		"two, in order":               {callsOf(`{"a":1,"b":1}`, `{"a":2}`), []any{object{"a": 1}, object{"a": 2}}, false},
		"two, in another order":       {callsOf(`{"a":1,"b":1}`, `{"a":2}`), []any{object{"a": 2}, object{"a": 1}}, true},
		"one too many":                {callsOf(`{"a":1}`, `{"a":1}`), []any{object{"a": 1}}, true},
		"one too few":                 {callsOf(`{"a":1}`), []any{object{"a": 1}, object{}}, true},
		"none":                        {nil, nil, false},
		"none, though there is":       {callsOf(`{}`), nil, true},
		"what is no JSON":             {callsOf(`{}`), []any{make(chan int)}, true},
		"what was cut":                {callsOf(`{"a":1,"b":"long…`), []any{object{"a": 1}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fake fakeT
			c.calls.WantPart(&fake, c.want...)
			assert.Equal(t, c.fails, len(fake.failures) == 1, fake.failures)
		})
	}

	var fake fakeT
	callsOf(`{"a":1,"b":2,"c":3}`).WantPart(&fake, object{"a": 1, "b": 3})
	assert.Equal(t, []string{`the calls are not those that are wanted:
--- wanted
+++ called
@@ -1,4 +1,4 @@
 {
   "a": 1,
-  "b": 3
+  "b": 2
 }
the calls:
  a.b {"a":1,"b":2,"c":3} by f for oAlice: ok`}, fake.failures, "what may be there is no part of the difference")
}

func TestAFailureSaysWhatWasCalled(t *testing.T) {
	t.Parallel()
	two := callsOf(`{"touser":"oAlice","n":1}`, `{"touser":"oBob","n":9007199254740993}`)
	two[1].ErrCode, two[1].ErrMsg = 43101, "user refuse to accept the msg"
	two[0].NearMisses = []string{`"x" (a_test.go:3): openid is "oAlice", not "oBob"`, `"y" (wxfn.stubs.json:1): it has answered its 1 calls`}
	for name, c := range map[string]struct {
		assert func(emulator.T)
		want   string
	}{
		"other parameters": {func(t emulator.T) {
			two.Want(t, map[string]any{"touser": "oAlice", "n": 1}, map[string]any{"touser": "oBob", "n": 2})
		}, `the calls are not those that are wanted:
--- wanted
+++ called
@@ -3,6 +3,6 @@
   "touser": "oAlice"
 }
 {
-  "n": 2,
+  "n": 9007199254740993,
   "touser": "oBob"
 }
the calls:
  a.b {"touser":"oAlice","n":1} by f for oAlice: ok
    not answered by stub "x" (a_test.go:3): openid is "oAlice", not "oBob"
    not answered by stub "y" (wxfn.stubs.json:1): it has answered its 1 calls
  a.b {"touser":"oBob","n":9007199254740993} by f for oAlice: 43101 user refuse to accept the msg`},
		"none": {func(t emulator.T) { emulator.Calls(nil).Want(t, map[string]any{"a": "100%d"}) }, `the calls are not those that are wanted:
--- wanted
+++ called
@@ -1,3 +0,0 @@
-{
-  "a": "100%d"
-}; there is no such call`},
		"cut": {func(t emulator.T) { callsOf(`{"a":"xx…`).Want(t, map[string]any{"a": "xxx"}) }, `the calls are not those that are wanted:
--- wanted
+++ called
@@ -1,3 +1,1 @@
-{
-  "a": "xxx"
-}
+{"a":"xx…
the calls:
  a.b {"a":"xx… by f for oAlice: ok`},
		"no JSON":  {func(t emulator.T) { two.Want(t, 1, make(chan int)) }, `Want: params[1] is no JSON: json: unsupported type: chan int`},
		"too few":  {func(t emulator.T) { callsOf(`{}`).WantCount(t, 2) }, "wanted 2 of these calls, and there are 1\nthe calls:\n  a.b {} by f for oAlice: ok"},
		"no calls": {func(t emulator.T) { callsOf().WantCount(t, 1) }, "wanted 1 of these calls, and there are 0; there is no such call"},
		"right":    {func(t emulator.T) { two.WantCount(t, 2); two[:0].WantCount(t, 0) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fake fakeT
			c.assert(&fake)
			assert.Equal(t, c.want, strings.Join(fake.failures, "\n---\n"))
		})
	}
}

func TestLongParametersAreCut(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{Timeout: time.Minute})
	text := strings.Repeat("你", 2000)
	emu.Handle("f", cloudfn.Func(func(ctx context.Context, _ any) (any, error) {
		return nil, openapi.Call(ctx, "security.msgSecCheck", map[string]any{"content": text, "version": 2, "scene": 1, "openid": "oAlice"}, nil)
	}), "security.msgSecCheck")
	_, err := emu.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	calls := emu.Calls("security.msgSecCheck")
	require.Len(t, calls, 1)
	assert.False(t, json.Valid(calls[0].Params))
	assert.True(t, strings.HasSuffix(string(calls[0].Params), "你…"))
	assert.Empty(t, calls.With("content", text))
	assert.Empty(t, calls.With("content", strings.Repeat("你", 1361)), "nor is it its start")
	var fake fakeT
	calls.Want(&fake, map[string]any{"content": text})
	assert.Len(t, fake.failures, 1)
}

func TestCallsAreInTheOrderOfTheInvocations(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{Timeout: time.Minute})
	text := func(ctx context.Context, text string) {
		_ = openapi.Call(ctx, "security.msgSecCheck", map[string]any{"content": text, "version": 2, "scene": 1, "openid": "o"}, nil)
	}
	first, second := make(chan struct{}), make(chan struct{})
	emu.Handle("first", cloudfn.Func(func(ctx context.Context, _ any) (any, error) {
		close(first)
		<-second
		text(ctx, "1")
		text(ctx, "2")
		return nil, nil
	}))
	emu.Handle("second", cloudfn.Func(func(ctx context.Context, _ any) (any, error) {
		text(ctx, "3")
		return nil, nil
	}))
	done := make(chan error)
	go func() {
		_, err := emu.As("oAlice").Invoke(context.Background(), "first", nil)
		done <- err
	}()
	<-first
	_, err := emu.As("oAlice").Invoke(t.Context(), "second", nil)
	require.NoError(t, err)
	close(second)
	require.NoError(t, <-done)
	var got []string
	for _, c := range emu.Calls("") {
		var params struct{ Content string }
		require.NoError(t, json.Unmarshal(c.Params, &params))
		got = append(got, params.Content)
	}
	assert.Equal(t, []string{"1", "2", "3"}, got)
}
