package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn"
)

func TestNoCallerCanPretendToBeAnother(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{AppID: "wxapp"})
	e.Handle("echo", echo)
	e.Handle("decode", cloudfn.Func(func(_ context.Context, event struct {
		UserInfo struct{ AppID, OpenID string }
	}) (any, error) {
		return event.UserInfo, nil
	}))
	const info = `"userInfo":{"appId":"wxapp","openId":"oAlice"}}`
	for event, want := range map[string]string{
		`{"userInfo":{"openId":"oEve"}}`:                                        `{` + info,
		`{"userInfo":{"openId":"oEve"},"a":1,"userInfo":1}`:                     `{"a":1,` + info,
		`{"\u0075serInfo":{"openId":"oEve"},"a":{"userInfo":1}}`:                `{"a":{"userInfo":1},` + info,
		`{"USERINFO":{"openId":"oEve","appId":"wxevil"}}`:                       `{"USERINFO":{"openId":"oEve","appId":"wxevil"},` + info,
		`{"userInfo.openId":"oEve","userInfo ":1}`:                              `{"userInfo.openId":"oEve","userInfo ":1,` + info,
		"{ \"a\" : [ 1, {\"b\" : \"}\"} ] ,\n \"userInfo\" : null , \"c\":1e2}": `{"a":[ 1, {"b" : "}"} ],"c":1e2,` + info,
	} {
		w := askJSON(e, "echo", event, "X-WX-OPENID", "oAlice")
		assert.Equal(t, want, gjson.Get(w.Body.String(), "result").Raw)
		w = askJSON(e, "decode", event, "X-WX-OPENID", "oAlice")
		assert.Equal(t, `{"AppID":"wxapp","OpenID":"oAlice"}`, gjson.Get(w.Body.String(), "result").Raw, event)
	}
}

// FuzzEvent checks that who calls is added to an event, and that nothing else changes.
func FuzzEvent(f *testing.F) {
	for _, event := range []string{`{}`, ` {"a":1} `, `{"userInfo":{"openId":"oEve"},"userInfo":2}`, `{"a":{"userInfo":1},"b":[1,{"userInfo":2}]}`,
		`{"\u0075serInfo":1}`, `{"userInfo\u0000":1,"":2}`, `{"a":"\ud800","b":"}\\\""}`, `{"a":1,"a":2}`, `[{"userInfo":1}]`, `"userInfo"`, `1e999`,
		"{\"\xff\":1,\"\xef\xbf\xbd\":2}", `{"a" : 12345678901234567890 , "b":-0.0}`, "\u00a0{}", `{"userInfo":1,}`} {
		f.Add([]byte(event), "oAlice")
		f.Add([]byte(event), "")
	}
	f.Fuzz(func(t *testing.T, event []byte, openID string) {
		if !utf8.ValidString(openID) {
			t.Skip() // no header holds it
		}
		before := bytes.Clone(event)
		e := &Emulator{config: Config{AppID: "wxapp"}}
		got, err := acceptEvent(e.As(openID).who, event)
		require.Equal(t, before, event, "the caller's own event stays")
		if err != nil {
			require.False(t, json.Valid(event))
			return
		}
		require.True(t, json.Valid(event))
		require.True(t, json.Valid(got), "%s", got)
		if bytes.TrimSpace(event)[0] != '{' {
			require.Equal(t, bytes.TrimSpace(event), got)
			return
		}
		type field struct{ name, value string }
		var want, have []field
		gjson.ParseBytes(event).ForEach(func(k, v gjson.Result) bool {
			if k.String() != "userInfo" {
				want = append(want, field{k.Raw, v.Raw})
			}
			return true
		})
		gjson.ParseBytes(got).ForEach(func(k, v gjson.Result) bool {
			have = append(have, field{k.Raw, v.Raw})
			return true
		})
		require.NotEmpty(t, have)
		last := have[len(have)-1]
		require.Equal(t, `"userInfo"`, last.name)
		require.Equal(t, want, append([]field(nil), have[:len(have)-1]...))

		// As encoding/json understands it, there is one userInfo, and the rest is what it was.
		var is, was map[string]any
		decode := func(text []byte, v *map[string]any) {
			d := json.NewDecoder(bytes.NewReader(text))
			d.UseNumber()
			require.NoError(t, d.Decode(v))
		}
		decode(got, &is)
		decode(event, &was)
		if info, ok := is["userInfo"].(map[string]any); assert.True(t, ok) {
			require.Equal(t, "wxapp", info["appId"])
			got, ok := info["openId"].(string)
			require.Equal(t, openID, got)
			require.Equal(t, openID != "", ok, "a caller without an openid has no openId")
		}
		delete(is, "userInfo")
		delete(was, "userInfo")
		require.Equal(t, was, is)
	})
}
