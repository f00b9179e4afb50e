package platform

import (
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

const maxLogins = 100 // of a user in a minute

// loginCode is what a code of wx.login looks like.
var loginCode = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,128}$`)

// login is /sns/jscode2session: it mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html. The code comes from a phone
// (wx.login), which is not emulated: any one is good, once. It stands for the emulator's user; one that begins with o, as
// openids do, for the user that it names: oAlice, and oAlice.2 when she logs in again.
func (p *Platform) login(r *serverRequest) (*apicall.Result, error) {
	code := r.Text("js_code")
	if err := p.authenticate(r, "secret", "authorization_code"); err != nil {
		return nil, err
	}
	openID := p.OpenID
	if strings.HasPrefix(code, "o") {
		openID, _, _ = strings.Cut(code, ".")
	}
	switch {
	case code == "":
		return nil, errCodeMissing.Because("js_code is required: what wx.login gives, or an openid")
	case !loginCode.MatchString(code):
		return nil, errInvalidCode.Because("js_code is %.40q; a code has at most 128 letters, digits, - _ and .", code)
	case !p.logins.take(r.AppID+" "+openID, maxLogins, p.Now()):
		return nil, errMinuteQuota.Because("a user may log in %d times a minute", maxLogins)
	case !p.useCode(r.AppID, code):
		return nil, errCodeUsed.Because("a code is good for one login; another one of the same user is %s.2", openID)
	}
	key := make([]byte, 16)
	rand.Read(key)
	sessionKey := base64.StdEncoding.EncodeToString(key)
	r.secrets = append(r.secrets, sessionKey)
	return apicall.JSON(map[string]any{"openid": openID, "session_key": sessionKey}), nil
}
