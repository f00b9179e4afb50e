package platform

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// The labels and suggestions of security.msgSecCheck.
const (
	labelNormal = 100
	labelOther  = 21000
	pass        = "pass"
	risky       = "risky"
)

// sampleTexts are risky in the 1.0 form of security.msgSecCheck, by its page: for trying whether a call arrives.
var sampleTexts = []string{"特3456书yuuo莞6543李zxcz蒜7782法fgnv级", "完2347全dfji试3726测asad感3847知qwez到"}

var errRiskyContent = apicall.Error{Code: 87014, Message: "risky content"}

// checkText mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_msgseccheck.html, and the 1.0 form of
// https://developers.weixin.qq.com/miniprogram/dev/framework/security.msgSecCheck-v1.html, in which a risky text is an error.
// A text is risky that contains one of the texts that the stubs name; every other passes.
func (p *Platform) checkText(c *apicall.Call) (*apicall.Result, error) {
	if c.Earlier {
		content := c.Text("content")
		if p.Stubs.riskyIn(content) != "" || slices.Contains(sampleTexts, content) {
			return nil, errRiskyContent.Because("the text contains one of riskyTexts, or is one of the platform's samples")
		}
		return apicall.OK(nil), nil
	}
	suggest, label, keyword := pass, labelNormal, ""
	for _, name := range []string{"content", "title", "nickname", "signature"} {
		if found := p.Stubs.riskyIn(c.Text(name)); found != "" {
			suggest, label, keyword = risky, labelOther, found
			break
		}
	}
	model := map[string]any{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}
	detail := []any{model}
	if keyword != "" {
		detail = append(detail, map[string]any{"strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label, "level": 90, "keyword": keyword})
	}
	return apicall.OK(map[string]any{
		"detail":   detail,
		"trace_id": p.rid(),
		"result":   map[string]any{"suggest": suggest, "label": label},
	}), nil
}

// riskyIn returns the first risky text that a text contains; "" if there is none.
func (s *Stubs) riskyIn(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = strings.ToLower(text)
	for _, l := range []layer{s.added, s.file} {
		for _, one := range l.risky {
			if one != "" && strings.Contains(text, strings.ToLower(one)) {
				return one
			}
		}
	}
	return ""
}

// phoneCodeLife is how long a code of a phone number can be used.
const phoneCodeLife = 5 * time.Minute

// phoneCode is a code that [Platform.PhoneCode] made.
type phoneCode struct {
	openID  string
	expires time.Time
}

// PhoneCode returns a new code of a user's phone number, as the button of open-type getPhoneNumber gives it to a Mini
// Program. It is good once, within 5 minutes by the platform's clock.
func (p *Platform) PhoneCode(openID string) string {
	code := randomHex(32)
	p.phoneCodes.add(p.AppID+" "+code, phoneCode{openID, p.Now().Add(phoneCodeLife)})
	return code
}

// getPhoneNumber mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html. The code
// comes from a phone, which is not emulated: any one is good, once, but for one of wx.login, which is another kind. The
// number is that of the user whose code [Platform.PhoneCode] made, else of the one that the parameter openid names, else of
// the one who called the function.
func (p *Platform) getPhoneNumber(c *apicall.Call) (*apicall.Result, error) {
	openID, key := c.Text("openid"), c.AppID+" "+c.Text("code")
	code, made := p.phoneCodes.find(key)
	switch {
	case made && openID != "" && openID != code.openID:
		return nil, errInvalidOpenID.Because("the code is one of %s, and openid is %s", code.openID, openID)
	case made && p.Now().After(code.expires):
		return nil, errInvalidCode.Because("the code was good until %s; a code lasts %s", code.expires.UTC().Format(time.RFC3339), phoneCodeLife)
	case !p.usedCodes.add(key, true):
		return nil, errInvalidCode.Because("the code has been used, and a code is good once; that of wx.login is none for this")
	}
	number := p.Stubs.phoneNumber(cmp.Or(code.openID, openID, c.Caller.OpenID))
	country, pure := "86", strings.TrimPrefix(number, "+86")
	if i := strings.IndexAny(number, " -"); i > 0 {
		country, pure = number[1:i], number[i+1:]
	}
	phone := pure
	if country != "86" {
		phone = "+" + country + pure
	}
	return apicall.OK(map[string]any{"phone_info": map[string]any{
		"phoneNumber": phone, "purePhoneNumber": pure, "countryCode": country,
		"watermark": map[string]any{"timestamp": p.Now().Unix(), "appid": c.AppID},
	}}), nil
}

// phoneNumber returns the number that the stubs give a user; without one, a number of his own that never changes.
func (s *Stubs) phoneNumber(openid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range []layer{s.added, s.file} {
		if number, ok := l.phones[openid]; ok {
			return number
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(openid))
	return fmt.Sprintf("13%09d", h.Sum32()%1_000_000_000)
}
