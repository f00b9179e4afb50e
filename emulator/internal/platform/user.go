package platform

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"strings"
)

// The labels and suggestions of security.msgSecCheck.
const (
	labelNormal = 100
	labelOther  = 21000
	pass        = "pass"
	risky       = "risky"
)

// checkText mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_msgseccheck.html. A text is risky
// that contains one of the texts that the stubs name; every other passes.
func (p *Platform) checkText(c *apiCall) (*apiResult, error) {
	suggest, label, keyword := pass, labelNormal, ""
	for _, name := range []string{"content", "title", "nickname", "signature"} {
		if found := p.Stubs.riskyIn(c.text(name)); found != "" {
			suggest, label, keyword = risky, labelOther, found
			break
		}
	}
	model := map[string]any{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}
	detail := []any{model}
	if keyword != "" {
		detail = append(detail, map[string]any{"strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label, "level": 90, "keyword": keyword})
	}
	return okResult(map[string]any{
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

// getPhoneNumber mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html. The code
// comes from a phone, which is not emulated: any one will do. The number is that of the user who called the function, or of
// the one that the parameter openid names.
func (p *Platform) getPhoneNumber(c *apiCall) (*apiResult, error) {
	number := p.Stubs.phoneNumber(cmp.Or(c.text("openid"), c.caller.OpenID))
	country, pure := "86", strings.TrimPrefix(number, "+86")
	if i := strings.IndexAny(number, " -"); i > 0 {
		country, pure = number[1:i], number[i+1:]
	}
	phone := pure
	if country != "86" {
		phone = "+" + country + pure
	}
	return okResult(map[string]any{"phone_info": map[string]any{
		"phoneNumber": phone, "purePhoneNumber": pure, "countryCode": country,
		"watermark": map[string]any{"timestamp": p.Now().Unix(), "appid": c.appID},
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
