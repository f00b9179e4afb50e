// Package phone is the phone numbers of users.
package phone

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/recent"
)

// Numbers are the phone numbers of users, and the codes that stand for them.
type Numbers struct {
	env   *apicall.Env
	set   *apicall.Layers[map[string]string] // by openid
	codes recent.Values[userCode]            // by app and code
}

// New returns numbers that nobody has set: each user has one of their own.
func New(env *apicall.Env) *Numbers {
	return &Numbers{env: env, set: apicall.NewLayers(func(into *map[string]string, from *config.Stubs) {
		if *into == nil {
			*into = map[string]string{}
		}
		maps.Copy(*into, from.PhoneNumbers)
	})}
}

// APIs returns the APIs that answer with numbers, by name.
func (n *Numbers) APIs() map[string]apicall.API {
	return map[string]apicall.API{"phonenumber.getPhoneNumber": n.getPhoneNumber}
}

// Set returns the numbers that tests and the stub file give to users.
func (n *Numbers) Set() apicall.Fixture { return n.set }

// codeLife is how long a code of a phone number can be used.
const codeLife = 5 * time.Minute

// userCode is a code that [Numbers.Code] made.
type userCode struct {
	openID  string
	expires time.Time
}

// Code returns a new code of a user's phone number, as the button of open-type getPhoneNumber gives it to a Mini
// Program. It is good once, within 5 minutes by the platform's clock.
func (n *Numbers) Code(openID string) string {
	b := make([]byte, 32)
	rand.Read(b)
	text := hex.EncodeToString(b)
	n.codes.Add(n.env.AppID+" "+text, userCode{openID, n.env.Now().Add(codeLife)})
	return text
}

// The errors about codes.
var (
	errInvalidOpenID = apicall.Error{Code: 40003, Message: "invalid openid"}
	errInvalidCode   = apicall.Error{Code: 40029, Message: "invalid code"}
)

// getPhoneNumber mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html. The code
// comes from a phone, which is not emulated: any one is good, once, but for one of wx.login, which is another kind. The
// number is that of the user whose code [Numbers.Code] made, else of the one that the parameter openid names, else of
// the one who called the function.
func (n *Numbers) getPhoneNumber(c *apicall.Call) (*apicall.Result, error) {
	openID, text := c.Text("openid"), c.Text("code")
	code, made := n.codes.Find(c.AppID + " " + text)
	switch {
	case made && openID != "" && openID != code.openID:
		return nil, errInvalidOpenID.Because("the code is one of %s, and openid is %s", code.openID, openID)
	case made && n.env.Now().After(code.expires):
		return nil, errInvalidCode.Because("the code was good until %s; a code lasts %s", code.expires.UTC().Format(time.RFC3339), codeLife)
	case !n.env.UseCode(c.AppID, text):
		return nil, errInvalidCode.Because("the code has been used, and a code is good once; that of wx.login is none for this")
	}
	number := n.of(cmp.Or(code.openID, openID, c.Caller.OpenID))
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
		"watermark": map[string]any{"timestamp": n.env.Now().Unix(), "appid": c.AppID},
	}}), nil
}

// of returns the number that was set for a user, else a number of the user's own that never changes.
func (n *Numbers) of(openid string) (number string) {
	given := false
	n.set.Visit(func(numbers *map[string]string) bool {
		number, given = (*numbers)[openid]
		return given
	})
	if given {
		return number
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(openid))
	return fmt.Sprintf("13%09d", h.Sum32()%1_000_000_000)
}
