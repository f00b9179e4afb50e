package catalog

import (
	"slices"
	"strings"
)

// older lists, sorted, the names of cloud calls that are not in the data. They
// come from earlier editions of the reference, whose pages name the cloud call
// (customerServiceMessage, ocr, pluginManager, search, security,
// subscribeMessage, uniformMessage); from the config.json of functions of 2019,
// before subscribeMessage replaced templateMessage; from wx-server-sdk 4.0.2,
// which signs the calls of midas itself; and from the guide to an official
// account's cloud calls (officialAccount; its list goes on beyond these):
// https://developers.weixin.qq.com/minigame/dev/wxcloud/guide/web/openapi.html
var older = []string{
	"customerServiceMessage.getTempMedia",
	"customerServiceMessage.uploadTempMedia",
	"midas.cancelPay",
	"midas.cancelPaySandbox",
	"midas.getBalance",
	"midas.getBalanceSandbox",
	"midas.pay",
	"midas.paySandbox",
	"midas.present",
	"midas.presentSandbox",
	"ocr.vehicleLicense",
	"officialAccount.tags.batchTagging",
	"officialAccount.tags.batchUntagging",
	"officialAccount.tags.create",
	"officialAccount.tags.delete",
	"officialAccount.tags.get",
	"officialAccount.tags.getUserTagList",
	"officialAccount.tags.getUsers",
	"officialAccount.tags.update",
	"officialAccount.user.getList",
	"pluginManager.applyPlugin",
	"pluginManager.getPluginDevApplyList",
	"pluginManager.unbindPlugin",
	"search.imageSearch",
	"security.imgSecCheck",
	"subscribeMessage.addTemplate",
	"subscribeMessage.deleteTemplate",
	"subscribeMessage.getCategory",
	"subscribeMessage.getPubTemplateKeyWordsById",
	"subscribeMessage.getPubTemplateTitleList",
	"subscribeMessage.getTemplateList",
	"templateMessage.addTemplate",
	"templateMessage.deleteTemplate",
	"templateMessage.getTemplateLibraryById",
	"templateMessage.getTemplateLibraryList",
	"templateMessage.getTemplateList",
	"templateMessage.send",
	"uniformMessage.send",
}

// Older returns, sorted, the names of cloud calls that functions use although
// the Mini Program reference does not list them (any more). [Renamed] and
// [Earlier] know more of some; of the others nothing but the name is known here,
// and some, such as templateMessage.send, WeChat has since replaced.
func Older() []string { return slices.Clone(older) }

// retired lists the cloud calls that WeChat no longer offers, with what to use
// instead. By namespace: template messages were replaced by subscription
// messages in January 2020, unified service messages were given up later.
var retired = map[string]string{
	"templateMessage": "use subscribeMessage.send and the templates of subscription messages",
	"uniformMessage":  "use subscribeMessage.send",
}

// Retired reports whether WeChat no longer offers a cloud call that it once had,
// and what to use instead.
func Retired(name string) (instead string, ok bool) {
	namespace, _, _ := strings.Cut(name, ".")
	instead, ok = retired[namespace]
	return instead, ok && Known(name)
}

// renamed lists cloud calls that the reference now has under another name. The
// examples on its pages still use some of them.
var renamed = map[string]string{
	"customerServiceMessage.getTempMedia":         "officialAccount.media.get",
	"customerServiceMessage.uploadTempMedia":      "officialAccount.media.upload",
	"ocr.vehicleLicense":                          "ocr.drivingLicense",
	"subscribeMessage.addTemplate":                "officialAccount.newtmpl.addTemplate",
	"subscribeMessage.deleteTemplate":             "officialAccount.newtmpl.delTemplate",
	"subscribeMessage.getCategory":                "officialAccount.newtmpl.getCategory",
	"subscribeMessage.getPubTemplateKeyWordsById": "officialAccount.newtmpl.getPubTemplateKeywords",
	"subscribeMessage.getPubTemplateTitleList":    "officialAccount.newtmpl.getPubTemplateTitles",
	"subscribeMessage.getTemplateList":            "officialAccount.newtmpl.getTemplate",
}

// Renamed returns the API that an older name stands for.
func Renamed(name string) (*API, bool) { return Lookup(renamed[name]) }

// EarlierForm is a form that an API had before, and that WeChat still answers.
type EarlierForm struct {
	*API
	Instead string // what to do in place of it
}

// earlier lists the 1.0 forms of content security. A call without version is
// one of them. Their pages:
// https://developers.weixin.qq.com/miniprogram/dev/framework/security.msgSecCheck-v1.html,
// security.mediaCheckAsync-v1.html and security.imgSecCheck.html beside it.
var earlier = []EarlierForm{
	{&API{
		Name: "security.imgSecCheck", Title: "imgSecCheck", Method: "POST", Path: "/wxa/img_sec_check",
		Request: []Field{{Name: "media", Type: File, Required: true, Doc: "the image, at most 1 MB"}},
	}, "use security.mediaCheckAsync with version: 2"},
	{&API{
		Name: "security.mediaCheckAsync", Title: "mediaCheckAsync", Method: "POST", Path: "/wxa/media_check_async",
		Request: []Field{
			{Name: "media_url", Type: String, Required: true, Doc: "address of the image or the audio file"},
			{Name: "media_type", Type: Number, Required: true, Doc: "1 audio, 2 image"},
		},
		Response: []Field{{Name: "trace_id", Type: String}},
	}, "add version: 2, scene and openid"},
	{&API{
		Name: "security.msgSecCheck", Title: "msgSecCheck", Method: "POST", Path: "/wxa/msg_sec_check",
		Request: []Field{{Name: "content", Type: String, Required: true, Doc: "the text, at most 500 KB"}},
		Errors:  []Error{{47001, "data format error"}, {87014, "risky content"}},
	}, "add version: 2, scene and openid"},
}

// Earlier returns the form that an API had before its present one, or before it
// was left out of the reference.
func Earlier(name string) (EarlierForm, bool) {
	i := slices.IndexFunc(earlier, func(f EarlierForm) bool { return f.Name == name })
	if i < 0 {
		return EarlierForm{}, false
	}
	return earlier[i], true
}
