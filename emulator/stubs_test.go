package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

const (
	subscribeMessage = "subscribeMessage.send"
	msgSecCheck      = "security.msgSecCheck"
	phoneNumberAPI   = "phonenumber.getPhoneNumber"
)

// sendMessage sends a subscription message.
func sendMessage(ctx context.Context) (*openapi.Answer, error) {
	return openapi.SubscribeMessage.Send(ctx, &openapi.SubscribeMessageSendRequest{
		Touser: "oAlice", TemplateID: "T1", Data: map[string]any{"thing1": map[string]any{"value": "hello"}},
	})
}

func sendAny(ctx context.Context) (any, error) { return sendMessage(ctx) }

// outcomeOf runs f as a function's handler, which may call all APIs that tests here stub, and returns what it returns.
func outcomeOf[T any](t testing.TB, e *Emulator, f func(context.Context) (T, error)) (result T, failure error) {
	t.Helper()
	e.Handle("f", handler(func(ctx context.Context) (any, error) {
		result, failure = f(ctx)
		return nil, nil
	}), subscribeMessage, msgSecCheck, phoneNumberAPI, "wxacode.createQRCode", "newer.api")
	_, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	return result, failure
}

// codeOf sends a message, and returns the code that it ends with.
func codeOf(t testing.TB, e *Emulator) openapi.Code {
	t.Helper()
	_, err := outcomeOf(t, e, sendMessage)
	if err == nil {
		return 0
	}
	failure, ok := errors.AsType[*openapi.Error](err)
	require.True(t, ok, err)
	return failure.ErrCode
}

// here returns the line that it is called from.
func here() int {
	_, _, line, _ := runtime.Caller(1)
	return line
}

func TestAStubThatCanNeverWorkIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stub Stub
		want string
	}{
		"no API":                    {Stub{Name: "empty", ErrCode: 1}, `config: stub "empty": the stub has no api; add "api": "wxacode.createQRCode"`},
		"an unknown API":            {Stub{API: "subscribeMessage.sent", ErrCode: 1}, ``},
		"two answers":               {Stub{API: subscribeMessage, ErrCode: 1, Fault: FaultCut}, `config: stub "subscribeMessage.send": the stub has errcode and fault, and can have one answer; remove one of them`},
		"a message without a code":  {Stub{API: subscribeMessage, ErrMsg: "no"}, `config: stub "subscribeMessage.send": the stub has errmsg and no errcode; add errcode, or remove it`},
		"an unknown fault":          {Stub{API: subscribeMessage, Fault: "slow"}, `config: stub "subscribeMessage.send": fault cannot be "slow"; write "timeout", "cut" or "malformed"`},
		"an unknown system error":   {Stub{API: subscribeMessage, SystemError: -1}, `config: stub "subscribeMessage.send": systemError cannot be -1, which is no system error of the platform; write one of -604100`},
		"a negative number":         {Stub{API: subscribeMessage, Times: -1}, `config: stub "subscribeMessage.send": times cannot be -1; write a whole number, 0 or more`},
		"a negative delay":          {Stub{API: subscribeMessage, Delay: Delay{Min: -time.Second}}, `config: stub "subscribeMessage.send": delay cannot be "-1s", which is negative; write a duration of at most 10 minutes`},
		"a delay turned round":      {Stub{API: subscribeMessage, Delay: Delay{Min: 2, Max: 1}}, `config: stub "subscribeMessage.send": delay.min is above max; exchange them`},
		"a delay of an hour":        {Stub{API: subscribeMessage, Delay: Delay{Min: time.Hour}}, `config: stub "subscribeMessage.send": delay cannot be "1h0m0s", which is longer than 10 minutes; write a duration`},
		"a result that is a list":   {Stub{API: subscribeMessage, Result: []int{1}}, `config: stub "subscribeMessage.send": result is an array, not an object; write { … }`},
		"a result that is no JSON":  {Stub{API: subscribeMessage, Result: map[string]any{"a": make(chan int)}}, `config: stub "subscribeMessage.send" cannot be written as JSON: json: unsupported type: chan int; use values that can`},
		"a result of nothing":       {Stub{API: subscribeMessage, Result: (*Stub)(nil)}, `config: stub "subscribeMessage.send": result is null, not an object; write { … }`},
		"a path that is none":       {Stub{API: subscribeMessage, Params: map[string]any{"data..value": 1}}, `config: stub "subscribeMessage.send": `},
		"an operator that is none":  {Stub{API: subscribeMessage, Params: map[string]any{"touser": map[string]any{"$lik": "o*"}}}, `config: stub "subscribeMessage.send": `},
		"a file that is none":       {Stub{Name: "qr", API: "wxacode.get", File: "testdata/none.jpg"}, `config: stub "qr": file is "testdata/none.jpg", which cannot be read: no such file or directory; name a file that can be read`},
		"a content type, no file":   {Stub{API: "wxacode.get", ContentType: "image/png"}, `config: stub "wxacode.get": the stub has contentType and no file; add file, or remove it`},
		"an error that is no error": {Stub{API: subscribeMessage, Result: map[string]any{}, ErrCode: 45029}, `config: stub "subscribeMessage.send": the stub has result and errcode, and can have one answer`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, Config{})
			err := e.Stub(Stub{API: subscribeMessage, ErrCode: 43101}, c.stub)
			if c.want == "" { // it may be newer than the reference
				require.NoError(t, err)
				assert.Len(t, e.Stubs(), 2)
				return
			}
			require.Error(t, err)
			assert.True(t, strings.HasPrefix(err.Error(), c.want), err.Error())
			assert.NotContains(t, err.Error(), "\n")
			assert.Empty(t, e.Stubs(), "the good one beside it is not added either")
		})
	}
}

func TestStubsAreTriedInTheOrderInWhichTheyWereAdded(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"project.config.json": `{}`,
		"wxfn.stubs.json":     `{"stubs": [{"api": "subscribeMessage.send", "errcode": 43108}]}`,
	})
	e := newEmulator(t, Config{Dir: dir})
	assert.Equal(t, openapi.Code(43108), codeOf(t, e), "the project's")
	require.NoError(t, e.Stub(Stub{API: subscribeMessage, ErrCode: 43101, Times: 1}, Stub{API: "subscribeMessage.*", ErrCode: 43107, Times: 1}))
	require.NoError(t, e.Stub(Stub{API: "*", ErrCode: 45168, Times: 1}))
	var codes []openapi.Code
	for range 4 {
		codes = append(codes, codeOf(t, e))
	}
	assert.Equal(t, []openapi.Code{43101, 43107, 45168, 43108}, codes)

	require.NoError(t, e.Stub(Stub{API: subscribeMessage, ErrCode: 43101}))
	e.RemoveStubs()
	assert.Equal(t, openapi.Code(43108), codeOf(t, e), "the project's stay")
	assert.Len(t, e.Stubs(), 1)
}

func TestUnusedStubsAreThoseThatAnsweredNothing(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"project.config.json": `{}`,
		"wxfn.stubs.json":     "{\n  \"stubs\": [\n    {\"name\": \"of the file\", \"api\": \"wxacode.get\", \"errcode\": 45009}\n]}",
	})
	e := newEmulator(t, Config{Dir: dir})
	line := here() + 1
	require.NoError(t, e.Stub(Stub{Name: "used", API: subscribeMessage}, Stub{Name: "second", API: subscribeMessage}))
	require.NoError(t, e.Stub(Stub{Name: "from elsewhere", API: msgSecCheck}))
	assert.Zero(t, codeOf(t, e), "a stub without an answer leaves it to the platform")

	var unused []string
	for _, s := range e.UnusedStubs() {
		unused = append(unused, fmt.Sprint(s.Name, ":", s.Line))
	}
	assert.Equal(t, []string{fmt.Sprint("second:", line), fmt.Sprint("from elsewhere:", line+1), "of the file:3"}, unused)
	for query, want := range map[string]string{
		"":             `["used","second","from elsewhere","of the file"]`,
		"?unused=true": `["second","from elsewhere","of the file"]`,
	} {
		w := ask(e, http.MethodGet, "/_wxfn/stubs"+query, "", "Authorization", "Bearer "+e.Token())
		assert.Equal(t, want, gjson.Get(w.Body.String(), "#.name").Raw)
	}
	var all []string
	for _, s := range e.Stubs() {
		all = append(all, fmt.Sprintf("%s (%s:%d) %d", s.Name, s.From, s.Line, s.Answered))
	}
	assert.Equal(t, []string{
		fmt.Sprintf("used (stubs_test.go:%d) 1", line), fmt.Sprintf("second (stubs_test.go:%d) 0", line),
		fmt.Sprintf("from elsewhere (stubs_test.go:%d) 0", line+1), "of the file (" + filepath.Join(dir, "wxfn.stubs.json") + ":3) 0",
	}, all)
}

func TestMessagesNameTheStubAndItsPlace(t *testing.T) {
	t.Parallel()
	root := files(t, map[string]string{
		"project.config.json":    `{"cloudfunctionRoot": "functions/"}`,
		"wxfn.stubs.json":        `{"stubs": [{"name": "Bob has not subscribed", "api": "subscribeMessage.send", "openid": "oBob", "errcode": 43101}]}`,
		"functions/f/index.js":   "exports.main = () => 1",
		"functions/wxfn.ignored": "",
	})
	for name, dir := range map[string]string{"the project": root, "a part of it": filepath.Join(root, "functions")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, Config{Dir: dir})
			line := here() + 1
			require.NoError(t, e.Stub(Stub{Name: "refused", API: subscribeMessage, Function: "f", After: 1, ErrCode: 43101}))
			assert.Zero(t, codeOf(t, e))
			assert.Equal(t, openapi.CodeNotSubscribed, codeOf(t, e))
			calls := e.Calls(subscribeMessage)
			require.Len(t, calls, 2)
			assert.Empty(t, calls[0].Stub)
			assert.Equal(t, []string{
				fmt.Sprintf(`"refused" (stubs_test.go:%d): after is 1, and this is call number 1`, line),
				`"Bob has not subscribed" (` + filepath.Join(root, "wxfn.stubs.json") + `:1): openid is "oAlice", not "oBob"`,
			}, calls[0].NearMisses)
			assert.Equal(t, fmt.Sprintf(`"refused" (stubs_test.go:%d)`, line), calls[1].Stub)
			assert.Empty(t, calls[1].NearMisses)
			assert.Equal(t, "a stub's answer", calls[1].Advice)
		})
	}
}

func TestAStubIsTheEmulatorsOwn(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	mine := []Stub{{API: "wxacode.createQRCode", File: "../testdata/project/project.config.json", ContentType: "image/png"}}
	require.NoError(t, e.Stub(mine...))
	assert.Zero(t, mine[0].Line)
	assert.Equal(t, "../testdata/project/project.config.json", mine[0].File)
	assert.True(t, filepath.IsAbs(e.Stubs()[0].File), "a test may change its folder")
	mine[0].ErrCode = 45009
	_, err := outcomeOf(t, e, createQRCode)
	assert.NoError(t, err)
}

func TestAnAnswerIsAsTheStubHasIt(t *testing.T) {
	t.Parallel()
	picture := []byte("\xff\xd8\xffpicture")
	file := filepath.Join(t.TempDir(), "picture.jpg")
	require.NoError(t, os.WriteFile(file, picture, 0o644))
	check := func(ctx context.Context) (any, error) {
		var result json.RawMessage
		return &result, openapi.Call(ctx, msgSecCheck, map[string]any{"content": "hello", "version": 2, "scene": 1, "openid": "oAlice"}, &result)
	}
	for name, c := range map[string]struct {
		stub Stub
		call func(context.Context) (any, error)
		want string // the result as JSON, or the error
		code openapi.Code
	}{
		"a result": {Stub{API: msgSecCheck, Result: map[string]any{"trace_id": "t"}}, check, `{"traceId":"t","errMsg":"openapi.security.msgSecCheck:ok","errCode":0}`, 0},
		"a struct": {Stub{API: msgSecCheck, Result: struct {
			N int64 `json:"n"`
		}{9007199254740993}}, check, `{"n":9007199254740993,"errMsg":"openapi.security.msgSecCheck:ok","errCode":0}`, 0},
		"an empty result":          {Stub{API: msgSecCheck, Result: map[string]any{}}, check, `{"errMsg":"openapi.security.msgSecCheck:ok","errCode":0}`, 0},
		"JSON":                     {Stub{API: msgSecCheck, Result: json.RawMessage(` { "b": 1.50, "a": "<" }`)}, check, `{"b":1.50,"a":"<","errMsg":"openapi.security.msgSecCheck:ok","errCode":0}`, 0},
		"a result with an errcode": {Stub{API: msgSecCheck, Result: map[string]any{"errcode": 87014, "errmsg": "risky content"}}, check, "errCode: 87014  | errMsg: openapi.security.msgSecCheck:fail risky content", 87014},
		"a picture":                {Stub{API: "wxacode.*", File: file}, createQRCode, `{"contentType":"image/jpeg","buffer":{"type":"Buffer","data":[255,216,255,112,105,99,116,117,114,101]},"errMsg":"openapi.wxacode.createQRCode:ok","errCode":0}`, 0},
		"a picture's type":         {Stub{API: "wxacode.*", File: file, ContentType: "image/png"}, createQRCode, `{"contentType":"image/png","buffer":{"type":"Buffer","data":[255,216,255,112,105,99,116,117,114,101]},"errMsg":"openapi.wxacode.createQRCode:ok","errCode":0}`, 0},
		"a code":                   {Stub{API: subscribeMessage, ErrCode: 43101}, sendAny, "errCode: 43101  | errMsg: openapi.subscribeMessage.send:fail ", openapi.CodeNotSubscribed},
		"a code and its text":      {Stub{API: subscribeMessage, ErrCode: 45029, ErrMsg: "enough"}, sendAny, "errCode: 45029  | errMsg: openapi.subscribeMessage.send:fail enough rid: ", 45029},
		"a system error":           {Stub{API: subscribeMessage, SystemError: -604102}, sendAny, "errCode: -604102 ", openapi.CodeTimeout},
		"of an API that is newer": {Stub{API: "newer.api", Result: map[string]any{"new_field": 1}}, func(ctx context.Context) (any, error) {
			var result json.RawMessage
			return &result, openapi.Call(ctx, "newer.api", map[string]any{"a": 1}, &result)
		}, `{"newField":1,"errMsg":"openapi.newer.api:ok","errCode":0}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, Config{})
			require.NoError(t, e.Stub(c.stub))
			result, err := outcomeOf(t, e, c.call)
			call := e.Calls("")[0]
			assert.Contains(t, call.Stub, "stubs_test.go:")
			if c.code != 0 {
				assert.ErrorIs(t, err, c.code)
				assert.True(t, strings.HasPrefix(err.Error(), c.want), err)
				assert.Equal(t, c.code, call.ErrCode)
				return
			}
			require.NoError(t, err)
			text, err := json.Marshal(result)
			require.NoError(t, err)
			assert.Equal(t, strings.ReplaceAll(c.want, "<", `\u003c`), string(text))
			assert.Zero(t, call.ErrCode)
		})
	}
}

func TestAStubWorksOnlyForWhatIsPermitted(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	require.NoError(t, e.Stub(Stub{API: "newer.api", Result: map[string]any{}}))
	e.Handle("f", handler(func(ctx context.Context) (any, error) { return nil, openapi.Call(ctx, "newer.api", nil, nil) }))
	_, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	assert.ErrorContains(t, err, "-604101")
	assert.Len(t, e.UnusedStubs(), 1)
}

func TestRiskyTextsAndPhoneNumbersAreThoseOfTheTest(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	suggestion := func(text string) string {
		t.Helper()
		var answer struct{ Result struct{ Suggest string } }
		_, err := outcomeOf(t, e, func(ctx context.Context) (any, error) {
			return nil, openapi.Call(ctx, msgSecCheck, map[string]any{"content": text, "version": 2, "scene": 1, "openid": "oAlice"}, &answer)
		})
		require.NoError(t, err)
		return answer.Result.Suggest
	}
	phone := func() string {
		t.Helper()
		var answer struct {
			PhoneInfo struct{ PhoneNumber, PurePhoneNumber, CountryCode string }
		}
		_, err := outcomeOf(t, e, func(ctx context.Context) (any, error) {
			return nil, openapi.Call(ctx, phoneNumberAPI, map[string]any{"code": e.PhoneCode("oAlice")}, &answer)
		})
		require.NoError(t, err)
		return strings.Join([]string{answer.PhoneInfo.PhoneNumber, answer.PhoneInfo.PurePhoneNumber, answer.PhoneInfo.CountryCode}, " ")
	}
	own := phone()
	assert.Regexp(t, `^(13\d{9}) (13\d{9}) 86$`, own)
	assert.Equal(t, "pass", suggestion("BUY now"))

	e.RiskyTexts("buy NOW", "")
	require.NoError(t, e.PhoneNumber("oAlice", "13800138000"))
	assert.Equal(t, "risky", suggestion("please BUY now"))
	assert.Equal(t, "pass", suggestion("hello"))
	assert.Equal(t, "13800138000 13800138000 86", phone())
	require.NoError(t, e.PhoneNumber("oAlice", "+852-51234567"), "the last one counts")
	assert.Equal(t, "+85251234567 51234567 852", phone())
	require.NoError(t, e.PhoneNumber("oAlice", "+8613800138000"))
	assert.Equal(t, "13800138000 13800138000 86", phone())

	for _, number := range []string{"", "none", "+85251234567", "138 0013", "+-1"} {
		err := e.PhoneNumber("oAlice", number)
		require.Error(t, err, number)
		assert.Contains(t, err.Error(), `write digits, such as "13800138000", or "+852-51234567"`)
		assert.True(t, strings.HasPrefix(err.Error(), "emulator: phoneNumbers."), err)
	}
	assert.Equal(t, "13800138000 13800138000 86", phone(), "what is refused changes nothing")

	e.RemoveStubs()
	assert.Equal(t, "pass", suggestion("please BUY now"))
	assert.Equal(t, own, phone())
	assert.Empty(t, e.Stubs())
}

// TestSubscribe: once consents are asked for, a message needs one, by whichever door it comes.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	token := s.stableToken("").Get("access_token").String()
	overHTTPS := func(user string) int64 {
		body := fmt.Sprintf(`{"touser":%q,"template_id":"T","data":{"thing1":{"value":"a"}}}`, user)
		return s.post("/cgi-bin/message/subscribe/send", token, body).Get("errcode").Int()
	}
	fromFunction := func(user string) error {
		_, err := outcomeOf(t, s.Emulator, func(ctx context.Context) (any, error) {
			return nil, openapi.Call(ctx, subscribeMessage, map[string]any{"touser": user, "template_id": "T", "data": map[string]any{}}, nil)
		})
		return err
	}
	assert.NoError(t, fromFunction("oAlice"))
	s.Subscribe("oAlice", "T", 2)
	assert.Zero(t, overHTTPS("oAlice"))
	assert.NoError(t, fromFunction("oAlice"))
	assert.ErrorIs(t, fromFunction("oAlice"), openapi.CodeNotSubscribed)
	assert.EqualValues(t, 43101, overHTTPS("oBob"))
	s.Subscribe("oBob", "T", -1)
	assert.Zero(t, overHTTPS("oBob"))
	s.RemoveStubs()
	assert.NoError(t, fromFunction("oAlice"))
}

func TestTheOutboxHasWhatUsersWereSent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := newEmulator(t, Config{AppID: "wxapp", Now: func() time.Time { return at }})
	assert.Empty(t, e.Outbox(""))
	_, err := outcomeOf(t, e, sendMessage)
	require.NoError(t, err)
	require.NoError(t, e.Stub(Stub{API: subscribeMessage, Times: 2, ErrCode: 43101}))
	assert.Equal(t, openapi.CodeNotSubscribed, codeOf(t, e))
	e.Handle("other", handler(func(ctx context.Context) (any, error) {
		return nil, openapi.Call(ctx, "customerServiceMessage.send", map[string]any{"touser": "oBob", "msgtype": "text", "text": map[string]any{"content": "hi"}}, nil)
	}), "customerServiceMessage.send")
	_, err = e.As("oAlice").Invoke(t.Context(), "other", nil)
	require.NoError(t, err)

	message := Message{OpenID: "oAlice", API: subscribeMessage, TemplateID: "T1", Content: json.RawMessage(`{"thing1":{"value":"hello"}}`), AppID: "wxapp", Time: at}
	assert.Equal(t, []Message{message}, e.Outbox("oAlice"), "what a stub refused was not sent")
	bobs := e.Outbox("oBob")
	require.Len(t, bobs, 1)
	assert.Equal(t, "text", bobs[0].Type)
	assert.JSONEq(t, `{"content":"hi"}`, string(bobs[0].Content))
	assert.Equal(t, append([]Message{message}, bobs...), e.Outbox(""))
	assert.Empty(t, e.Outbox("oCarol"))
}

// overHTTP returns an invocation's ctx, from which calls go to the emulator over the network.
func overHTTP(ctx context.Context, base string) context.Context {
	inv, _ := cloudfn.FromContext(ctx)
	environ := map[string]string{"TCB_CONTEXT_CNFG": fmt.Sprintf(`{"URL": %q}`, base+"/admin")}
	for _, name := range []string{"TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN", "WX_API_TOKEN", "TCB_ENV"} {
		environ[name] = inv.Getenv(name)
	}
	return cloudfn.NewContext(ctx, cloudfn.NewInvocation(environ, nil))
}

func TestAFaultIsAnErrorAndNoResult(t *testing.T) {
	t.Parallel()
	type outcome struct {
		message *openapi.Answer
		image   *openapi.Image
	}
	for name, c := range map[string]struct {
		stub Stub
		code openapi.Code
		is   error  // beside the code
		text string // a part of the error
	}{
		"cut":       {Stub{API: "*", Fault: FaultCut}, openapi.CodeResourceSystem, io.ErrUnexpectedEOF, "reading the answer: unexpected EOF"},
		"malformed": {Stub{API: "*", Fault: FaultMalformed}, openapi.CodeSystem, nil, `wechat server internal error, response body is invalid json: {"errcode":0,"errm`},
		"timeout":   {Stub{API: "*", Fault: FaultTimeout}, openapi.CodeResourceSystem, context.Canceled, "context canceled"},
		"too late":  {Stub{API: "*", Delay: Delay{Min: 10 * time.Minute}}, openapi.CodeResourceSystem, context.Canceled, "context canceled"},
	} {
		for _, way := range []string{"in this process", "over HTTP"} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				e := newEmulator(t, Config{})
				base, err := e.Listen()
				require.NoError(t, err)
				require.NoError(t, e.Stub(c.stub))
				// waits returns a ctx that ends, where nothing else would end the call, when the stub has the call.
				waits := func(ctx context.Context) (context.Context, context.CancelFunc) {
					if way == "over HTTP" {
						ctx = overHTTP(ctx, base)
					}
					ctx, cancel := context.WithCancel(ctx)
					if c.is == context.Canceled {
						before := e.Stubs()[0].Answered
						go func() {
							assert.Eventually(t, func() bool { return e.Stubs()[0].Answered > before }, 20*time.Second, time.Millisecond)
							cancel()
						}()
					}
					return ctx, cancel
				}
				got, err := outcomeOf(t, e, func(ctx context.Context) (o outcome, err error) {
					for _, call := range []func(context.Context) error{
						func(ctx context.Context) (err error) { o.message, err = sendMessage(ctx); return },
						func(ctx context.Context) (err error) {
							o.image, err = openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: "page"})
							return
						},
						func(ctx context.Context) error {
							var result map[string]any
							err := openapi.Call(ctx, subscribeMessage, map[string]any{"touser": "o", "template_id": "T", "data": map[string]any{}}, &result)
							assert.Nil(t, result)
							return err
						},
					} {
						ctx, cancel := waits(ctx)
						callErr := call(ctx)
						cancel()
						if !assert.Error(t, callErr) {
							continue
						}
						failure, ok := errors.AsType[*openapi.Error](callErr)
						if assert.True(t, ok, callErr) {
							assert.ErrorIs(t, failure, c.code)
						}
						if c.is != nil {
							assert.ErrorIs(t, callErr, c.is)
						}
						assert.ErrorContains(t, callErr, c.text)
						err = callErr
					}
					return o, err
				})
				require.Error(t, err)
				assert.Nil(t, got.message)
				assert.Nil(t, got.image)
				assert.Empty(t, e.Outbox(""))
				// What nobody waits for any more may come into the journal a moment later.
				require.Eventually(t, func() bool { return len(e.Calls("").Failed()) == 3 }, 10*time.Second, time.Millisecond)
				assert.Contains(t, e.Calls("")[0].Stub, `"*" (stubs_test.go:`)
			})
		}
	}
}

func TestAStubsDelayGoesByTheRealClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Timeout: time.Minute})
		require.NoError(t, err)
		defer e.Close()
		e.Clock().Hold()
		require.NoError(t, e.Stub(
			Stub{API: subscribeMessage, Delay: Delay{Min: 2 * time.Second}, ErrCode: 43101, Times: 1},
			Stub{API: subscribeMessage, Delay: Delay{Min: 3 * time.Second, Max: 5 * time.Second, Seed: 7}, Times: 2}))
		begin := time.Now()
		assert.Equal(t, openapi.CodeNotSubscribed, codeOf(t, e))
		assert.Equal(t, 2*time.Second, time.Since(begin))
		assert.Equal(t, 2*time.Second, e.Calls("")[0].Duration)

		begin = time.Now()
		assert.Zero(t, codeOf(t, e), "then the platform answers")
		assert.GreaterOrEqual(t, time.Since(begin), 3*time.Second)
		assert.LessOrEqual(t, time.Since(begin), 5*time.Second)
		assert.Len(t, e.Outbox(""), 1)
	})
}

func TestATimeoutLastsAsLongAsTheCallerWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		timeout time.Duration // of the invocation
		takes   time.Duration
		err     string // of the invocation
	}{
		"the function's time is over": {3 * time.Second, 3 * time.Second, "-504003"},
		"the SDK's patience is over":  {time.Minute, 15 * time.Second, "-501001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, err := New(Config{Timeout: c.timeout})
				require.NoError(t, err)
				defer e.Close()
				require.NoError(t, e.Stub(Stub{API: subscribeMessage, Fault: FaultTimeout}))
				e.Handle("f", handler(sendAny), subscribeMessage)
				begin := time.Now()
				_, err = e.As("oAlice").Invoke(t.Context(), "f", nil)
				assert.ErrorContains(t, err, c.err)
				assert.Equal(t, c.takes, time.Since(begin))
				synctest.Wait()
				calls := e.Calls(subscribeMessage)
				require.Len(t, calls, 1)
				assert.Equal(t, "no answer", calls[0].ErrMsg)
			})
		})
	}
}

func TestCloseEndsWhatAStubKeepsWaiting(t *testing.T) {
	t.Parallel()
	for name, stub := range map[string]Stub{
		"a timeout": {API: subscribeMessage, Fault: FaultTimeout},
		"a delay":   {API: subscribeMessage, Delay: Delay{Min: 10 * time.Minute}},
	} {
		for _, way := range []string{"in this process", "over HTTP"} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				e := newEmulator(t, Config{})
				base, err := e.Listen()
				require.NoError(t, err)
				require.NoError(t, e.Stub(stub))
				ended := make(chan error, 1)
				e.Handle("f", handler(func(ctx context.Context) (any, error) {
					if way == "over HTTP" {
						ctx = overHTTP(ctx, base)
					}
					_, err := sendMessage(ctx)
					ended <- err
					return nil, err
				}), subscribeMessage)
				invoked := make(chan error, 1)
				go func() {
					_, err := e.As("oAlice").Invoke(context.Background(), "f", nil)
					invoked <- err
				}()
				require.Eventually(t, func() bool { return len(e.UnusedStubs()) == 0 }, 10*time.Second, time.Millisecond)
				require.NoError(t, e.Close())
				assert.ErrorContains(t, <-invoked, "the emulator is closing")
				err = <-ended
				assert.ErrorIs(t, err, openapi.CodeResourceSystem)
			})
		}
	}
}

// logged sends each message of a log to a channel.
type logged chan string

func (l logged) Enabled(context.Context, slog.Level) bool { return true }
func (l logged) WithGroup(string) slog.Handler            { return l }
func (l logged) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l logged) Handle(_ context.Context, r slog.Record) error {
	l <- r.Level.String() + " " + r.Message
	return nil
}

// until waits for a message that begins so, and returns it.
func (l logged) until(t testing.TB, begin string) string {
	t.Helper()
	var others []string
	for {
		select {
		case message := <-l:
			if strings.HasPrefix(message, begin) {
				return message
			}
			others = append(others, message)
		case <-time.After(20 * time.Second):
			require.FailNow(t, "it was not logged in time", "%s; but:\n%s", begin, strings.Join(others, "\n"))
		}
	}
}

func TestTheProjectsStubsAreReloaded(t *testing.T) {
	t.Parallel()
	root := files(t, map[string]string{"project.config.json": `{"cloudfunctionRoot": "functions/"}`, "functions/empty/README": ""})
	for _, dir := range []string{root, filepath.Join(root, "functions")} {
		log := make(logged, 1000)
		e := newEmulator(t, Config{Dir: dir, Log: slog.New(log)})
		e.Watch()
		require.NoError(t, e.Stub(Stub{Name: "stays", API: "wxacode.get", ErrCode: 45009}))
		file := filepath.Join(root, "wxfn.stubs.json")
		assert.Zero(t, codeOf(t, e))
		for _, c := range []struct {
			text  string // none: the file is removed
			code  openapi.Code
			fault string
			risky bool
		}{
			{`{"stubs": [{"api": "subscribeMessage.send", "errcode": 43101}], "riskyTexts": ["hell"]}`, 43101, "", true},
			{`{"stubs": [{"api": "subscribeMessage.send", "times": 1, "errcode": 43107}]}`, 43107, "", false},
			// The one with a fault is left out.
			{"{\"stubs\": [{\"api\": \"*\", \"errcode\": 0},\n{\"api\": \"subscribeMessage.send\", \"errcode\": 43108}]}", 43108, `ERROR ` + file + `:1:36: stubs[0].errcode cannot be 0, which is no error`, false},
			// What is no JSON leaves those that there were.
			{`{"stubs": [`, 43108, `ERROR ` + file + `:1:12: `, false},
			{`{"stubs": [{"api": "subscribeMessage.send", "errcode": 43101}]}`, 43101, "", false},
			{"", 0, "", false},
		} {
			if c.text == "" {
				require.NoError(t, os.Remove(file))
			} else {
				require.NoError(t, os.WriteFile(file+"~", []byte(c.text), 0o644))
				require.NoError(t, os.Rename(file+"~", file))
			}
			if c.text == `{"stubs": [` {
				log.until(t, "WARN "+file+" cannot be read; the stubs stay as they were")
			} else {
				log.until(t, "INFO stubs are reloaded")
			}
			if c.fault != "" {
				log.until(t, c.fault)
			}
			assert.Equal(t, c.code, codeOf(t, e), c.text)
			if c.code == 43107 {
				assert.Zero(t, codeOf(t, e), "it answers once")
			}
			var answer struct{ Result struct{ Suggest string } }
			_, err := outcomeOf(t, e, func(ctx context.Context) (any, error) {
				return nil, openapi.Call(ctx, msgSecCheck, map[string]any{"content": "hello", "version": 2, "scene": 1, "openid": "oAlice"}, &answer)
			})
			require.NoError(t, err)
			assert.Equal(t, c.risky, answer.Result.Suggest == "risky")
			assert.Equal(t, "stays", e.Stubs()[0].Name)
		}
		require.NoError(t, e.Close())
	}
}

func TestFaultsOfTheStubFileAreFindings(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"project.config.json": `{}`,
		"wxfn.stubs.json":     "{\"stubs\": [\n  {\"api\": \"subscribeMessage.sent\", \"errcode\": 1},\n  {\"api\": \"subscribeMessage.send\", \"errcode\": \"43101\"},\n]}",
	})
	e := newEmulator(t, Config{Dir: dir})
	var findings []string
	for _, f := range e.Findings() {
		if filepath.Base(f.File) == "wxfn.stubs.json" {
			findings = append(findings, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Severity))
		}
	}
	assert.Equal(t, []string{"2:11 warning", "3:47 error"}, findings)
	assert.Len(t, e.Stubs(), 1)
}

func TestFilesOfStubsFromElsewhereAreRelativeToTheStubFile(t *testing.T) {
	t.Parallel()
	root := files(t, map[string]string{
		"project.config.json":    `{"cloudfunctionRoot": "functions/"}`,
		"functions/empty/README": "",
		"picture.jpg":            "\xff\xd8\xff",
	})
	for dir, want := range map[string]struct {
		status int
		file   string
	}{root: {200, filepath.Join(root, "picture.jpg")}, filepath.Join(root, "functions"): {200, filepath.Join(root, "picture.jpg")}, "": {400, ""}} {
		e := newEmulator(t, Config{Dir: dir})
		w := ask(e, http.MethodPost, "/_wxfn/stubs", `{"api": "wxacode.get", "file": "picture.jpg"}`, "Authorization", "Bearer "+e.Token())
		assert.Equal(t, want.status, w.Code, w.Body)
		if want.file == "" {
			assert.Contains(t, w.Body.String(), "write an absolute path")
			continue
		}
		assert.Equal(t, want.file, gjson.Get(w.Body.String(), "stubs.0.file").String())
	}
}
