package thirdparty

import (
	"testing"

	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/credential"
	"github.com/silenceper/wechat/v2/miniprogram"
	"github.com/silenceper/wechat/v2/miniprogram/config"
	"github.com/silenceper/wechat/v2/miniprogram/qrcode"
	"github.com/silenceper/wechat/v2/miniprogram/security"
	"github.com/silenceper/wechat/v2/miniprogram/subscribe"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestSilenceper(t *testing.T) {
	t.Parallel()
	plain := miniprogram.NewMiniProgram(&config.Config{AppID: appID, AppSecret: appSecret, Cache: cache.NewMemory()})
	stable := miniprogram.NewMiniProgram(&config.Config{AppID: appID, AppSecret: appSecret, Cache: cache.NewMemory()})
	stable.SetAccessTokenHandle(credential.NewStableAccessToken(appID, appSecret, credential.CacheKeyMiniProgramPrefix, cache.NewMemory()))
	for token, app := range map[string]*miniprogram.MiniProgram{"plain": plain, "stable": stable} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			session, err := app.GetAuth().Code2Session("oAlice.silenceper-" + token)
			require.NoError(t, err)
			assert.Equal(t, "oAlice", session.OpenID)
			assert.Len(t, session.SessionKey, 24)
			_, err = app.GetAuth().Code2Session("oAlice.silenceper-" + token)
			assert.ErrorContains(t, err, "errcode=40163 , errmsg=code been used rid: ")

			codes := app.GetQRCode()
			picture, err := codes.CreateWXAQRCode(qrcode.QRCoder{Path: "page/index/index?a=1", Width: 280})
			require.NoError(t, err)
			assertOpens(t, picture, "jpeg", 280, `{"path":"page/index/index","query":{"a":"1"},"scene":1011,"appId":"`+appID+`"}`)
			picture, err = codes.GetWXACode(qrcode.QRCoder{Path: "page/index/index", IsHyaline: true, LineColor: &qrcode.Color{R: "200", G: "30", B: "0"}, EnvVersion: "trial"})
			require.NoError(t, err)
			assertOpens(t, picture, "png", 430, `{"path":"page/index/index","query":{},"scene":1047,"appId":"`+appID+`","envVersion":"trial"}`)
			picture, err = codes.GetWXACodeUnlimit(qrcode.QRCoder{Scene: "a=1"})
			require.NoError(t, err)
			assertOpens(t, picture, "jpeg", 430, `{"path":"page/index/index","query":{"scene":"a%3D1"},"scene":1047,"appId":"`+appID+`"}`)
			_, err = codes.GetWXACodeUnlimit(qrcode.QRCoder{Scene: "a=1", Page: "page/none"})
			assert.ErrorContains(t, err, "errcode=41030 , errmsg=invalid page rid: ")

			checked, err := app.GetSecurity().MsgCheck(&security.MsgCheckRequest{OpenID: "oAlice", Scene: 1, Content: "hello"})
			require.NoError(t, err)
			assert.EqualValues(t, "pass", checked.Result.Suggest)
			assert.EqualValues(t, 100, checked.Result.Label)
			assert.NoError(t, app.GetSubscribe().Send(&subscribe.Message{ToUser: "oAlice", TemplateID: "T1", Data: map[string]*subscribe.DataItem{"thing1": {Value: "hello"}}}))

			result, err := app.GetTcb().InvokeCloudFunction("wxfn-local", "createqrcode", `{"path":"page/index/index?b=2"}`)
			require.NoError(t, err)
			assert.Equal(t, "image/jpeg", gjson.Get(result.RespData, "contentType").String())
			_, err = app.GetTcb().InvokeCloudFunction("wxfn-local", "nopermission", "{}")
			assert.ErrorContains(t, err, "-604101")
		})
	}
}
