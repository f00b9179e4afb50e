package thirdparty

import (
	"io"
	"net/http"
	"testing"

	"github.com/medivhzhan/weapp/v3"
	"github.com/medivhzhan/weapp/v3/logger"
	"github.com/medivhzhan/weapp/v3/phonenumber"
	"github.com/medivhzhan/weapp/v3/request"
	"github.com/medivhzhan/weapp/v3/security"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWeapp(t *testing.T) {
	t.Parallel()
	app := weapp.NewClient(appID, appSecret)
	app.SetLogLevel(logger.Silent)
	session, err := app.Login("oAlice.weapp")
	require.NoError(t, err)
	require.NoError(t, session.GetResponseError())
	assert.Equal(t, "oAlice", session.OpenID)
	session, err = app.Login("oAlice.weapp")
	require.NoError(t, err)
	assert.ErrorContains(t, session.GetResponseError(), "code been used")

	picture := func(resp *http.Response, failure *request.CommonError, err error) []byte {
		t.Helper()
		require.NoError(t, err)
		require.NoError(t, failure.GetResponseError())
		defer func() { _ = resp.Body.Close() }()
		data, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return data
	}
	code := picture(app.CreateQRCode(&weapp.QRCodeCreator{Path: "page/index/index?a=1", Width: 280}))
	assertOpens(t, code, "jpeg", 280, `{"path":"page/index/index","query":{"a":"1"},"scene":1011,"appId":"`+appID+`"}`)
	// It sends the colour that it was not given as three empty texts.
	code = picture(app.GetQRCode(&weapp.QRCode{Path: "page/index/index", IsHyaline: true}))
	assertOpens(t, code, "png", 430, `{"path":"page/index/index","query":{},"scene":1047,"appId":"`+appID+`"}`)
	code = picture(app.GetUnlimitedQRCode(&weapp.UnlimitedQRCode{Scene: "a=1", Page: "page/none"})) // no check_path means that none is made
	assertOpens(t, code, "jpeg", 430, `{"path":"page/none","query":{"scene":"a%3D1"},"scene":1047,"appId":"`+appID+`"}`)
	_, failure, err := app.GetUnlimitedQRCode(&weapp.UnlimitedQRCode{Scene: "a=1", Page: "page/none", CheckPath: true})
	require.NoError(t, err)
	assert.EqualValues(t, 41030, failure.ErrCode)
	assert.Regexp(t, "^invalid page rid: ", failure.ErrMSG)

	checked, err := app.NewSecurity().MsgSecCheck(&security.MsgSecCheckRequest{Version: 2, Openid: "oAlice", Scene: 1, Content: "hello"})
	require.NoError(t, err)
	require.NoError(t, checked.GetResponseError())
	assert.Equal(t, "pass", checked.Result.Suggest)
	phone, err := app.NewPhonenumber().GetPhoneNumber(&phonenumber.GetPhoneNumberRequest{Code: "c"})
	require.NoError(t, err)
	require.NoError(t, phone.GetResponseError())
	assert.Len(t, phone.Data.PurePhoneNumber, 11)
}
