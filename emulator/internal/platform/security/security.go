// Package security is the checks of what users write.
package security

import (
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// Checker checks texts.
type Checker struct {
	env   *apicall.Env
	risky *apicall.Layers[[]string]
}

// New returns a checker that lets every text pass.
func New(env *apicall.Env) *Checker {
	return &Checker{env: env, risky: apicall.NewLayers(func(into *[]string, from *config.Stubs) {
		*into = append(*into, from.RiskyTexts...)
	})}
}

// APIs returns the APIs that check texts, by name.
func (k *Checker) APIs() map[string]apicall.API {
	return map[string]apicall.API{"security.msgSecCheck": k.checkText}
}

// RiskyTexts returns the texts that make a text risky if it contains one of them, ignoring case.
func (k *Checker) RiskyTexts() apicall.Fixture { return k.risky }

// The labels and suggestions of checks.
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
// A text is risky that contains one of the [Checker.RiskyTexts]; every other passes.
func (k *Checker) checkText(c *apicall.Call) (*apicall.Result, error) {
	if c.Earlier {
		content := c.Text("content")
		if k.riskyIn(content) != "" || slices.Contains(sampleTexts, content) {
			return nil, errRiskyContent.Because("the text contains one of riskyTexts, or is one of the platform's samples")
		}
		return apicall.OK(nil), nil
	}
	suggest, label, keyword := pass, labelNormal, ""
	for _, name := range []string{"content", "title", "nickname", "signature"} {
		if found := k.riskyIn(c.Text(name)); found != "" {
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
		"trace_id": k.env.RID(),
		"result":   map[string]any{"suggest": suggest, "label": label},
	}), nil
}

// riskyIn returns the first risky text that a text contains, or "" if there is none.
func (k *Checker) riskyIn(text string) (found string) {
	text = strings.ToLower(text)
	k.risky.Visit(func(texts *[]string) bool {
		i := slices.IndexFunc(*texts, func(one string) bool { return one != "" && strings.Contains(text, strings.ToLower(one)) })
		if i >= 0 {
			found = (*texts)[i]
		}
		return i >= 0
	})
	return found
}
