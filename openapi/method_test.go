package openapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
	"github.com/wxcloud-go/wxfn/testdata/methods"
)

const okAnswer = `{"errcode":0,"errmsg":"ok"}`

// lacking is an API's parameters without one of them.
type lacking struct {
	api   *catalog.API
	field catalog.Field
	path  string // as users write it; lists are entered by their second element
	text  []byte
}

// eachLacking returns the parameters of all APIs without one of them, nested ones too.
func eachLacking(t *testing.T) (all []lacking) {
	t.Helper()
	for _, a := range catalog.All() {
		var walk func(fields []catalog.Field, path string, reach func(root map[string]any) map[string]any)
		walk = func(fields []catalog.Field, path string, reach func(map[string]any) map[string]any) {
			for _, f := range fields {
				name := tcb.CamelCase(f.Name)
				var root map[string]any
				require.NoError(t, json.Unmarshal(methods.Params(a), &root))
				delete(reach(root), name)
				if f.Unless != "" {
					delete(reach(root), tcb.CamelCase(f.Unless))
				}
				text, err := json.Marshal(root)
				require.NoError(t, err)
				all = append(all, lacking{a, f, path + name, text})
				if f.Type == catalog.Objects {
					walk(f.Fields, path+name+"[1].", func(root map[string]any) map[string]any {
						return reach(root)[name].([]any)[1].(map[string]any)
					})
					continue
				}
				walk(f.Fields, path+name+".", func(root map[string]any) map[string]any { return reach(root)[name].(map[string]any) })
			}
		}
		walk(a.Params(), "", func(root map[string]any) map[string]any { return root })
	}
	return all
}

// canBeMissed reports whether a Go field shows that nothing was given: a number that may be 0 does not, and an object lacks
// what it requires.
func canBeMissed(f catalog.Field) bool {
	kind := f.Kind()
	return f.Required && !f.Blank && kind != catalog.Boolean && (kind != catalog.Object || len(f.Fields) == 0)
}

func TestWhatIsRequiredIsMissedAndNothingIsSent(t *testing.T) {
	t.Parallel()
	missed := 0
	for _, l := range eachLacking(t) {
		e := answer(jsonType, okAnswer)
		result, err := methods.Call(invocation(e), openapi.NewClient(), l.api.Name, l.text)
		what := l.api.Name + " without " + l.path
		required := l.field.Type == catalog.Object && len(l.field.Fields) > 0 && l.field.Required
		switch failed, isError := errors.AsType[*openapi.Error](err); {
		case canBeMissed(l.field):
			missed++
			require.True(t, isError, "%s: %v", what, err)
			assert.Nil(t, e.got, what)
			assert.Nil(t, result, what)
			refusal := l.api.Refusal(l.field)
			assert.Equal(t, openapi.Code(refusal.Code), failed.ErrCode, what)
			assert.Equal(t, fmt.Sprintf("openapi.%s:fail %s: %s is required; nothing was sent", l.api.Name, refusal.Message, l.path), failed.ErrMsg)
			assert.Equal(t, fmt.Sprintf("set %s, which %s requires", l.path, l.api.Name), failed.Advice)
		case required && isError && e.got == nil: // what the object itself requires is missing
			assert.Contains(t, failed.Advice, "set "+l.path+".", what)
		case l.api.Binary && l.api.Response == nil:
			require.NotNil(t, e.got, what) // the answer is no picture
		default:
			require.NoError(t, err, what)
			require.NotNil(t, e.got, what)
		}
	}
	assert.Greater(t, missed, 200)
}

func TestARequestSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	picture := openapi.Media{ContentType: "image/png", Value: openapi.Buffer("x")}
	for _, tt := range []struct {
		fact string
		call func(context.Context) (any, error)
		want string // "" where nothing is missing
		code openapi.Code
	}{
		{"a nil request", func(ctx context.Context) (any, error) { return openapi.Wxacode.CreateQRCode(ctx, nil) }, "path", openapi.CodeInvalidPathLength},
		{"a nil request of an API that requires nothing", func(ctx context.Context) (any, error) { return openapi.Urllink.Query(ctx, nil) }, "", 0},
		{"the first of many", func(ctx context.Context) (any, error) {
			return openapi.Search.SubmitPages(ctx, &openapi.SearchSubmitPagesRequest{Pages: []openapi.SearchSubmitPagesPage{{}}})
		}, "pages[0].path", openapi.CodeDataFormat},
		{"a list within a list", func(ctx context.Context) (any, error) {
			return openapi.Search.SubmitPages(ctx, &openapi.SearchSubmitPagesRequest{Pages: []openapi.SearchSubmitPagesPage{
				{Path: "p", DataList: []openapi.SearchSubmitPagesData{{}}},
			}})
		}, "pages[0].dataList[0].@type", openapi.CodeDataFormat},
		{"an object that is given", func(ctx context.Context) (any, error) {
			return openapi.CustomerServiceMessage.Send(ctx, &openapi.CustomerServiceMessageSendRequest{
				Touser: "o", Msgtype: "image", Image: &openapi.CustomerServiceMessageMedia{}})
		}, "image.mediaId", openapi.CodeInvalidArgs},
		{"an object that is not given", func(ctx context.Context) (any, error) {
			return openapi.CustomerServiceMessage.Send(ctx, &openapi.CustomerServiceMessageSendRequest{Touser: "o", Msgtype: "text"})
		}, "", 0},
		{"a picture or its address", func(ctx context.Context) (any, error) { return openapi.Img.AiCrop(ctx, nil) }, "img", openapi.CodeMediaMissing},
		{"the address of a picture", func(ctx context.Context) (any, error) {
			return openapi.Img.AiCrop(ctx, &openapi.ImgAiCropRequest{ImgURL: "https://example.com/a.png"})
		}, "", 0},
		{"a picture", func(ctx context.Context) (any, error) {
			return openapi.Img.AiCrop(ctx, &openapi.ImgAiCropRequest{Img: picture})
		}, "", 0},
		{"a picture without bytes", func(ctx context.Context) (any, error) {
			return openapi.Img.AiCrop(ctx, &openapi.ImgAiCropRequest{Img: openapi.Media{ContentType: "image/png", Value: openapi.Buffer{}}})
		}, "img", openapi.CodeMediaMissing},
		// The official SDK sends such bytes as JSON, which no API understands.
		{"a picture without a type", func(ctx context.Context) (any, error) {
			return openapi.Img.AiCrop(ctx, &openapi.ImgAiCropRequest{Img: openapi.Media{Value: picture.Value}})
		}, "img.contentType", openapi.CodeMediaMissing},
		{"an empty text that may be empty", func(ctx context.Context) (any, error) {
			return openapi.WxaSecOrderAPI{}.SetMsgJumpPath(ctx, nil)
		}, "", 0},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			e := answer(jsonType, okAnswer)
			_, err := tt.call(invocation(e))
			if tt.want == "" {
				require.NoError(t, err)
				assert.NotNil(t, e.got)
				return
			}
			failed, ok := errors.AsType[*openapi.Error](err)
			require.True(t, ok, "%v", err)
			assert.Nil(t, e.got)
			assert.Equal(t, tt.code, failed.ErrCode)
			assert.Contains(t, failed.ErrMsg, ": "+tt.want+" is required; nothing was sent")
			assert.Contains(t, failed.Error(), failed.ErrMsg)
		})
	}
}

func TestWhatIsSentOfARequest(t *testing.T) {
	t.Parallel()
	type send = func(context.Context, *openapi.Client) (any, error)
	for _, tt := range []struct {
		fact            string
		call            send
		want, unchanged []string // with names converted, and not; the same if unchanged is nil
	}{
		{"an optional number that is 0", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.Urllink.Query(ctx, &openapi.UrllinkQueryRequest{QueryType: new(0)})
		}, []string{`query_type=0`}, nil},
		{"an optional yes or no that is no", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.Shortlink.Generate(ctx, &openapi.ShortlinkGenerateRequest{PageURL: "p", IsPermanent: new(false)})
		}, []string{`page_url="p"`, `is_permanent=false`}, nil},
		{"an optional object without anything", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.Wxa.Sec.Order.GetOrderList(ctx, &openapi.WxaSecOrderGetOrderListRequest{PayTimeRange: &openapi.WxaSecOrderGetOrderListPayTimeRange{}})
		}, []string{`pay_time_range={}`}, nil},
		{"required numbers that are 0, and nothing of what is optional", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.LiveBroadcast.GoodsList(ctx, nil)
		}, []string{`offset=0`, `status=0`}, nil},
		{"a required text that is empty", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.Wxa.Sec.Order.SetMsgJumpPath(ctx, nil)
		}, []string{`path=""`}, nil},
		{"a whole number that no double holds", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.LiveBroadcast.AddGoods(ctx, &openapi.LiveBroadcastAddGoodsRequest{IDs: []int{1<<62 + 1}, RoomID: -1<<63 + 1})
		}, []string{`ids=[4611686018427387905]`, `room_id=-9223372036854775807`}, []string{`ids=[4611686018427387905]`, `roomId=-9223372036854775807`}},
		{"names of the reference that are in camelCase", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.LiveBroadcast.PushMessage(ctx, &openapi.LiveBroadcastPushMessageRequest{RoomID: 1, UserOpenID: []string{"o"}})
		}, []string{`room_id=1`, `user_openid=["o"]`}, nil},
		{"names of the reference that begin with a capital letter", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.Cloudbase.DescribeExtensionUploadInfo(ctx, &openapi.CloudbaseDescribeExtensionUploadInfoRequest{
				ExtensionFiles: []openapi.CloudbaseDescribeExtensionUploadInfoExtensionFile{{FileType: "STATIC", FileName: "f"}}})
		}, []string{`extension_files=[{"file_type":"STATIC","file_name":"f"}]`}, []string{`ExtensionFiles=[{"FileType":"STATIC","FileName":"f"}]`}},
		{"names that are the caller's own", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.ServiceMarket.InvokeService(ctx, &openapi.ServiceMarketInvokeServiceRequest{Service: "s", API: "a", ClientMsgID: "c",
				Data: map[string]any{"imgUrl": "u", "data_type": 3, "Deep": []any{map[string]any{"aB": 1}}}})
		}, []string{`service="s"`, `api="a"`, `data={"deep":[{"a_b":1}],"data_type":3,"img_url":"u"}`, `client_msg_id="c"`},
			[]string{`service="s"`, `api="a"`, `data={"Deep":[{"aB":1}],"data_type":3,"imgUrl":"u"}`, `client_msg_id="c"`}},
		{"a value of another type than an object", func(ctx context.Context, c *openapi.Client) (any, error) {
			return c.ServiceMarket.InvokeService(ctx, &openapi.ServiceMarketInvokeServiceRequest{Service: "s", API: "a", ClientMsgID: "c", Data: json.Number("1.50")})
		}, []string{`service="s"`, `api="a"`, `data=1.50`, `client_msg_id="c"`}, nil},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			e := answer(jsonType, okAnswer)
			_, err := tt.call(invocation(e), openapi.NewClient())
			require.NoError(t, err)
			assert.Equal(t, tt.want, e.sent(t))
			_, err = tt.call(invocation(e), openapi.NewClient(openapi.WithoutConvertCase()))
			require.NoError(t, err)
			if tt.unchanged == nil {
				tt.unchanged = tt.want
			}
			assert.Equal(t, tt.unchanged, e.sent(t))
		})
	}
}

func TestMediaOfARequestGoOutAsBytes(t *testing.T) {
	t.Parallel()
	picture := openapi.Media{ContentType: "image/jpeg", Value: openapi.Buffer("\xff\xd8\x00")}
	named := openapi.Media{ContentType: "image/jpeg", Value: openapi.Buffer("\x00"), FileName: "my file.jpg"}
	pair := tcb.KeyValuePair{Key: "img", Value: picture.Value, ContentType: "image/jpeg", Filename: "img.jpeg"}
	type own struct {
		Before string         `json:"before"`
		Img    openapi.Media  `json:"img"`
		More   *openapi.Media `json:"more"`
		Any    any            `json:"any"`
		None   *openapi.Media `json:"none,omitempty"`
		hidden openapi.Media
	}
	type embedded struct{ openapi.Media }
	for _, tt := range []struct {
		fact string
		call func(context.Context) error
		want []tcb.KeyValuePair
	}{
		{"a typed request", func(ctx context.Context) error {
			_, err := openapi.Img.AiCrop(ctx, &openapi.ImgAiCropRequest{Img: picture, Ratios: "1"})
			return err
		}, []tcb.KeyValuePair{pair, {Key: "ratios", Value: []byte(`"1"`)}}},
		{"with a file name", func(ctx context.Context) error {
			_, err := openapi.OfficialAccount.Media.Upload(ctx, &openapi.OfficialAccountMediaUploadRequest{Type: "image", Media: named})
			return err
		}, []tcb.KeyValuePair{{Key: "type", Value: []byte(`"image"`)}, {Key: "media", Value: []byte{0}, ContentType: "image/jpeg", Filename: "my file.jpg"}}},
		{"a struct of the caller's", func(ctx context.Context) error {
			return openapi.Call(ctx, "a.b", &own{Before: "b", Img: picture, More: &named, Any: picture, hidden: named}, nil)
		}, []tcb.KeyValuePair{{Key: "before", Value: []byte(`"b"`)}, pair,
			{Key: "more", Value: []byte{0}, ContentType: "image/jpeg", Filename: "my file.jpg"},
			{Key: "any", Value: picture.Value, ContentType: "image/jpeg", Filename: "any.jpeg"}}},
		{"a map", func(ctx context.Context) error {
			return openapi.Call(ctx, "a.b", map[string]any{"img": &picture, "none": (*openapi.Media)(nil)}, nil)
		}, []tcb.KeyValuePair{pair, {Key: "none", Value: []byte("null")}}},
		{"a map of media", func(ctx context.Context) error {
			return openapi.Call(ctx, "a.b", map[string]openapi.Media{"img": picture}, nil)
		}, []tcb.KeyValuePair{pair}},
		{"a type that encodes itself", func(ctx context.Context) error { return openapi.Call(ctx, "a.b", selfEncoded{Img: picture}, nil) },
			[]tcb.KeyValuePair{{Key: "own", Value: []byte("1")}}},
		// As the official SDK does with what is no media: bytes are never replaced by anything else.
		{"media without a type", func(ctx context.Context) error {
			return openapi.Call(ctx, "a.b", map[string]any{"img": openapi.Media{Value: openapi.Buffer{7}}}, nil)
		}, []tcb.KeyValuePair{{Key: "img", Value: []byte(`{"content_type":"","value":{"type":"Buffer","data":[7]}}`)}}},
		{"an object that embeds media", func(ctx context.Context) error {
			return openapi.Call(ctx, "a.b", embedded{Media: picture}, nil)
		}, []tcb.KeyValuePair{{Key: "content_type", Value: []byte(`"image/jpeg"`)}, {Key: "value", Value: []byte(`{"type":"Buffer","data":[255,216,0]}`)}}},
		{"media deeper down", func(ctx context.Context) error {
			return openapi.Call(ctx, "a.b", map[string]any{"o": map[string]any{"img": openapi.Media{ContentType: "image/png", Value: openapi.Buffer{7}}}}, nil)
		}, []tcb.KeyValuePair{{Key: "o", Value: []byte(`{"img":{"content_type":"image/png","value":{"type":"Buffer","data":[7]}}}`)}}},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			e := answer(jsonType, okAnswer)
			require.NoError(t, tt.call(invocation(e)))
			var data tcb.CommAPIData
			require.NoError(t, data.Unmarshal(e.got.RequestData))
			assert.Equal(t, tt.want, data.OpenAPIData.Pairs)
			assert.Equal(t, "\xff\xd8\x00", string(picture.Value), "the caller's own are left alone")
		})
	}
}

type selfEncoded struct{ Img openapi.Media }

func (selfEncoded) MarshalJSON() ([]byte, error) { return []byte(`{"own":1}`), nil }

func TestAnAnswerFillsTheResult(t *testing.T) {
	t.Parallel()
	const data = `{ "errcode": 0, "errmsg":"ok", "trace_id":"t", "result":{"suggest":"pass","label":100},"newField":[1.50] }`
	for name, client := range map[string]*openapi.Client{
		"with names converted":              openapi.NewClient(),
		"with the names of the reference":   openapi.NewClient(openapi.WithoutConvertCase()),
		"of a client that nobody has made":  {},
		"over the second gateway's version": openapi.NewClient(openapi.WithV2()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := client.Security.MsgSecCheck(invocation(answer(jsonType, data)), &openapi.SecurityMsgSecCheckRequest{Content: "c", Version: 2, Scene: 1, OpenID: "o"})
			require.NoError(t, err)
			assert.Equal(t, "t", result.TraceID)
			assert.Equal(t, openapi.SecurityVerdict{Suggest: "pass", Label: 100}, result.Result)
			assert.Equal(t, "openapi.security.msgSecCheck:ok", result.ErrMsg)
			assert.Zero(t, result.ErrCode)
			assert.Equal(t, data, string(result.Raw), "to the letter")
		})
	}
}

func TestAnAPIWithoutAnswerOfItsOwnAnswersThatItIsDone(t *testing.T) {
	t.Parallel()
	result, err := openapi.CustomerServiceMessage.SetTyping(invocation(answer(jsonType, okAnswer)),
		&openapi.CustomerServiceMessageSetTypingRequest{Touser: "o", Command: "Typing"})
	require.NoError(t, err)
	text, err := json.Marshal(result)
	require.NoError(t, err)
	assert.Equal(t, `{"errMsg":"openapi.customerServiceMessage.setTyping:ok","errCode":0}`, string(text))
	assert.Equal(t, okAnswer, string(result.Raw))
}

func TestAMediaFileIsBytesOrTheAddressOfAVideo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ fact, contentType, data, want string }{
		{"bytes", "image/jpeg ", "\xff\xd8", `{"contentType":"image/jpeg","buffer":{"type":"Buffer","data":[255,216]},"videoUrl":"","errMsg":"openapi.officialAccount.media.get:ok","errCode":0}`},
		{"no bytes", "image/jpeg", "", `{"contentType":"image/jpeg","videoUrl":"","errMsg":"openapi.officialAccount.media.get:ok","errCode":0}`},
		{"a video", jsonType, `{"video_url":"https://example.com/v"}`, `{"videoUrl":"https://example.com/v","errMsg":"openapi.officialAccount.media.get:ok","errCode":0}`},
		{"a video as text", "text/plain", `{"video_url":"https://example.com/v"}`, `{"videoUrl":"https://example.com/v","errMsg":"openapi.officialAccount.media.get:ok","errCode":0}`},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			result, err := openapi.OfficialAccount.Media.Get(invocation(answer(tt.contentType, tt.data)), &openapi.OfficialAccountMediaGetRequest{MediaID: "m"})
			require.NoError(t, err)
			text, err := json.Marshal(result)
			require.NoError(t, err)
			assert.JSONEq(t, strings.Replace(tt.want, `"videoUrl":"",`, "", 1), strings.Replace(string(text), `"videoUrl":"",`, "", 1))
			assert.Equal(t, tt.data, string(result.Raw))
		})
	}
}

func TestAResultIsThatOfCall(t *testing.T) {
	t.Parallel()
	for _, a := range catalog.All() {
		var want json.RawMessage
		require.NoError(t, openapi.Call(invocation(exampleAnswer(a)), a.Name, nil, &want))
		result, err := methods.Call(invocation(exampleAnswer(a)), openapi.NewClient(), a.Name, methods.Params(a))
		require.NoError(t, err, a.Name)
		text, err := json.Marshal(result)
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(text), a.Name)
	}
}

func TestTypedMethodsFailAsCallDoes(t *testing.T) {
	t.Parallel()
	refused := func(code int32) *endpoint {
		return &endpoint{contentType: tcb.ProtobufType, body: (&tcb.CommOpenAPIResp{ErrorCode: code}).Marshal()}
	}
	for fact, make := range map[string]func() *endpoint{
		"an API's error":       func() *endpoint { return answer(jsonType, `{"errcode":40003,"errmsg":"invalid openid rid: 1-a"}`) },
		"an API's error, text": func() *endpoint { return answer(jsonType, `{"errcode":"40003","errmsg":"invalid openid rid: 1-a"}`) },
		"no permission":        func() *endpoint { return refused(-604101) },
		"no JSON":              func() *endpoint { return answer(jsonType, `<html>`) },
		"a list":               func() *endpoint { return answer(jsonType, `[]`) },
		"nothing":              func() *endpoint { return answer(jsonType, ``) },
		"another status":       func() *endpoint { return &endpoint{status: 502} },
		"no connection":        func() *endpoint { return &endpoint{err: context.DeadlineExceeded} },
	} {
		t.Run(fact, func(t *testing.T) {
			t.Parallel()
			want, ok := errors.AsType[*openapi.Error](openapi.Call(invocation(make()), "phonenumber.getPhoneNumber", map[string]any{"code": "c"}, new(any)))
			require.True(t, ok)
			result, err := openapi.Phonenumber.GetPhoneNumber(invocation(make()), &openapi.PhonenumberGetPhoneNumberRequest{Code: "c"})
			assert.Nil(t, result)
			failed, ok := errors.AsType[*openapi.Error](err)
			require.True(t, ok, "%v", err)
			// Each request has an id of its own in its address.
			cut := func(s string) string { before, _, _ := strings.Cut(s, "&seqId="); return before }
			assert.Equal(t, cut(want.ErrMsg), cut(failed.ErrMsg))
			assert.Equal(t, cut(want.Error()), cut(failed.Error()))
			assert.Equal(t, want.ErrCode, failed.ErrCode)
			assert.Equal(t, want.RID, failed.RID)
			assert.Equal(t, errors.Unwrap(want) == nil, errors.Unwrap(failed) == nil)
		})
	}
}

func TestACallOutsideOfAFunctionHasNoCredential(t *testing.T) {
	t.Parallel()
	_, err := openapi.Phonenumber.GetPhoneNumber(context.Background(), &openapi.PhonenumberGetPhoneNumberRequest{Code: "c"})
	assert.ErrorIs(t, err, openapi.ErrNoCredential)
}

// TestManyGoroutinesShareAClientAndARequest is for the race detector, too.
func TestManyGoroutinesShareAClientAndARequest(t *testing.T) {
	t.Parallel()
	picture := openapi.Media{ContentType: "image/png", Value: openapi.Buffer("picture")}
	req := &openapi.ImgAiCropRequest{Img: picture}
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			e := answer(jsonType, fmt.Sprintf(`{"img_size":{"w":%d}}`, i))
			result, err := openapi.Img.AiCrop(invocation(e), req)
			if assert.NoError(t, err) && assert.Equal(t, "picture", e.sent(t)[0][len("img="):]) {
				assert.Equal(t, i, result.ImgSize.W)
			}
			for _, a := range catalog.All()[i : i+16] {
				_, err := methods.Call(invocation(exampleAnswer(a)), openapi.NewClient(), a.Name, methods.Params(a))
				assert.NoError(t, err, a.Name)
			}
		})
	}
	all.Wait()
}
