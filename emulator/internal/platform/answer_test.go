package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// ask makes a cloud call with good parameters, and returns the answer.
func (p *Platform) ask(t testing.TB, s *Session, api string, params object) *tcb.CommOpenAPIResp {
	w := p.post(t, openAPIRequest(s, api, wire(params)))
	resp, err := tcb.ReadOpenAPI(w.Header().Get("Content-Type"), w.Body.Bytes())
	require.NoError(t, err)
	return resp
}

// hasFields checks that an answer has fields of the right types, and no others.
func hasFields(t *testing.T, path string, fields []catalog.Field, answer gjson.Result) {
	require.True(t, answer.IsObject(), "%s is %s", path, answer.Raw)
	answer.ForEach(func(key, _ gjson.Result) bool {
		known := slices.ContainsFunc(fields, func(f catalog.Field) bool { return f.Name == key.String() })
		assert.True(t, known || path == "answer" && (key.String() == "errcode" || key.String() == "errmsg"), "%s.%s is not in the catalogue", path, key)
		return true
	})
	for _, f := range fields {
		value, at := answer.Get(gjson.Escape(f.Name)), path+"."+f.Name
		assert.True(t, value.Exists(), "%s is missing", at)
		switch f.Type {
		case catalog.Object:
			hasFields(t, at, f.Fields, value)
		case catalog.Objects, catalog.Array, catalog.Numbers:
			assert.True(t, value.IsArray(), at)
			for i, item := range value.Array() {
				switch {
				case f.Type == catalog.Objects:
					hasFields(t, fmt.Sprintf("%s[%d]", at, i), f.Fields, item)
				case f.Type == catalog.Numbers || f.Of == catalog.Number:
					assert.Equal(t, gjson.Number, item.Type, at)
				default:
					assert.Equal(t, gjson.String, item.Type, at)
				}
			}
			assert.True(t, len(value.Array()) == 1 || f.Type == catalog.Array && f.Of == "", "%s has an element", at)
		case catalog.Boolean:
			assert.True(t, value.IsBool(), at)
		case catalog.Number:
			assert.Equal(t, gjson.Number, value.Type, at)
			assert.True(t, f.Float || value.Num == float64(value.Int()), at)
		default:
			assert.Equal(t, gjson.String, value.Type, at)
			assert.NotEmpty(t, value.String(), at)
		}
	}
}

func TestEveryAPIAnswersWithAllFieldsOfItsResponse(t *testing.T) {
	t.Parallel()
	var bare int
	emulated := newPlatform().features.apis
	for _, api := range catalog.All() {
		if emulated[api.Name] != nil {
			continue
		}
		if !api.Binary && len(api.Response) == 0 {
			bare++
		}
		t.Run(api.Name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			s := p.begin(api.Name)
			resp := p.ask(t, s, api.Name, goodParams(api.Params()))
			call := s.Record.View().Calls[0]
			assert.Zero(t, call.ErrCode)
			if api.Binary {
				assert.Equal(t, "image/jpeg", resp.ContentType)
				_, err := jpeg.Decode(bytes.NewReader(resp.RespData))
				assert.NoError(t, err)
				assert.Equal(t, fmt.Sprintf("image/jpeg, %d bytes", len(resp.RespData)), call.Result)
				return
			}
			assert.Equal(t, "application/json; encoding=utf-8", resp.ContentType)
			assert.Equal(t, string(resp.RespData), call.Result)
			answer := gjson.ParseBytes(resp.RespData)
			assert.Equal(t, "0", answer.Get("errcode").Raw)
			assert.Equal(t, "ok", answer.Get("errmsg").String())
			if len(api.Response) == 0 {
				assert.JSONEq(t, `{"errcode":0,"errmsg":"ok"}`, string(resp.RespData))
			}
			hasFields(t, "answer", api.Response, answer)
		})
	}
	assert.GreaterOrEqual(t, bare, 35, "APIs that answer nothing but ok")
}

func TestAnEmulatedAPIAnswersOnlyFieldsOfItsResponse(t *testing.T) {
	t.Parallel()
	for name := range newPlatform().features.apis {
		api, ok := catalog.Lookup(name)
		require.True(t, ok, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withPages("pages/home")
			resp := p.ask(t, p.begin(name), name, goodParams(api.Params()))
			if api.Binary {
				assert.Equal(t, "image/jpeg", resp.ContentType)
				return
			}
			answer := gjson.ParseBytes(resp.RespData)
			answer.ForEach(func(key, value gjson.Result) bool {
				i := slices.IndexFunc(api.Response, func(f catalog.Field) bool { return f.Name == key.String() })
				if i >= 0 && api.Response[i].Type == catalog.Object {
					inner := api.Response[i].Fields
					value.ForEach(func(key, _ gjson.Result) bool {
						assert.True(t, slices.ContainsFunc(inner, func(f catalog.Field) bool { return f.Name == key.String() }), "%s", key)
						return true
					})
				}
				assert.True(t, i >= 0 || key.String() == "errcode" || key.String() == "errmsg", "%s", key)
				return true
			})
		})
	}
}

func TestAnswersTellOfTheCallerAndTheTime(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	now := start
	p.Now = func() time.Time { return now }
	const api = "phonenumber.getPhoneNumber"
	s := p.begin(api, "wxa.sec.order.getOrder", "cloudbase.getOpenData")
	data := wire(object{"code": "a"})
	data.AppID = "wx2"
	w := p.post(t, openAPIRequest(s, api, data))
	assert.Contains(t, w.Body.String(), `"watermark":{"appid":"wx2","timestamp":1767323045}`)

	answer := gjson.ParseBytes(p.ask(t, s, "wxa.sec.order.getOrder", object{"transaction_id": "a"}).RespData)
	assert.Equal(t, "oAlice", answer.Get("order.openid").String())
	assert.Equal(t, start.Unix(), answer.Get("order.pay_time").Int())
	now = now.Add(time.Hour)
	answer = gjson.ParseBytes(p.ask(t, s, "wxa.sec.order.getOrder", object{"transaction_id": "a"}).RespData)
	assert.Equal(t, now.Unix(), answer.Get("order.pay_time").Int())
}

// TestRenamed: an API is the same by the name that it had before.
func TestRenamed(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	for api, c := range map[string]struct {
		params object
		want   string
	}{
		"subscribeMessage.getTemplateList":       {object{}, `"priTmplId":"priTmplId"`},
		"subscribeMessage.addTemplate":           {object{"tid": "401", "kid_list": []int{1, 2}, "scene_desc": "a"}, `"priTmplId":"priTmplId"`},
		"subscribeMessage.deleteTemplate":        {object{}, `priTmplId is required`},
		"customerServiceMessage.uploadTempMedia": {object{"type": "image", "media": aFile("")}, `{"errcode":41005,"errmsg":"media data missing rid: `},
		"ocr.vehicleLicense":                     {object{"type": "photo", "img_url": "https://a/b.png"}, `"plate_num":"plate_num"`},
	} {
		assert.Contains(t, string(p.ask(t, p.begin(api), api, c.params).RespData), c.want, api)
	}
	for _, api := range catalog.Older() {
		if now, ok := catalog.Renamed(api); ok {
			assert.NotEqual(t, api, now.Name)
		}
	}
}

func TestOlderNamesAnswerOKAndCheckNothing(t *testing.T) {
	t.Parallel()
	for _, api := range catalog.Older() {
		_, earlier := catalog.Earlier(api)
		if _, renamed := catalog.Renamed(api); earlier || renamed {
			continue
		}
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			s := p.begin(api)
			for _, params := range []object{{}, {"media": aFile("bytes"), "anything": json.RawMessage(`{"broken`)}} {
				resp := p.ask(t, s, api, params)
				assert.Zero(t, resp.ErrorCode)
				assert.JSONEq(t, `{"errcode":0,"errmsg":"ok"}`, string(resp.RespData))
			}
			for _, call := range s.Record.View().Calls {
				assert.Equal(t, []any{0, ""}, []any{call.ErrCode, call.Advice})
			}
			assert.Equal(t, noPermission, int(p.ask(t, p.begin(), api, nil).ErrorCode))
		})
	}
}
