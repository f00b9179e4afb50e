package methods

import (
	"bytes"
	"encoding/json"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Params returns a JSON object with every parameter of an API, those of nested objects too, in the order of the catalogue
// and with names as users of the official SDK write them. Each value is one that the API accepts and that is not zero.
func Params(a *catalog.API) []byte { return example(a, a.Params(), tcb.CamelCase) }

// DocumentedParams returns what [Params] returns, with the names of the reference.
func DocumentedParams(a *catalog.API) []byte { return example(a, a.Params(), documented) }

// Answer returns a JSON object with every field of an API's answer, as the API's server writes it. An API that answers
// with bytes has fields only for the cases in which it does not.
func Answer(a *catalog.API) []byte {
	fields := append([]catalog.Field{{Name: "errcode", Type: catalog.Number}, {Name: "errmsg", Type: catalog.String}}, a.Response...)
	return example(a, fields, documented)
}

// Picture is a parameter of bytes, as JSON: some that are no text, and none that a picture needs.
const Picture = `{"contentType":"image/png","value":{"type":"Buffer","data":[137,80,78,71,0,255,34]}}`

// byPath and byName hold the JSON of values that have rules of their own: by API and path, else by name.
var byPath = map[string]string{
	"analysis.getPerformanceData params.field":                      `"networktype"`,
	"analysis.getPerformanceData module":                            `10016`,
	"cloudbase.addDelayedFunctionTask delayTime":                    `60`,
	"cloudbase.addDelayedFunctionTask data":                         `"{\"a\":1}"`,
	"cloudbase.describeExtensionUploadInfo ExtensionFiles.FileType": `"STATIC"`,
	"cloudbase.getStatistics action":                                `"smsMarketingOverviewData"`,
	"cloudbase.report reportAction":                                 `"openH5"`,
	"customerServiceMessage.send text.content":                      `"a <b> & 中\n\"quoted\" \\ 😀"`,
	"liveBroadcast.addGoods ids":                                    `[3,9007199254740993]`,
	"logistics.addOrder addSource":                                  `2`,
	"logistics.bindAccount type":                                    `"bind"`,
	"logistics.previewTemplate custom.addSource":                    `2`,
	"logistics.updatePath actionType":                               `300002`,
	"nearbyPoi.add picList":                                         `"{\"list\":[\"http://mmbiz.qpic.cn/a\"]}"`,
	"officialAccount.media.upload type":                             `"image"`,
	"operation.getDomainInfo action":                                `"getbizdomain"`,
	"operation.getFeedbackmedia recordId":                           `9007199254740993`, // a double has no such number
	"operation.realtimelogSearch level":                             `2`,
	"pluginManager.getPluginList action":                            `"list"`,
	"pluginManager.setDevPluginApplyStatus action":                  `"dev_apply_list"`,
	"search.submitPages pages.dataList.@type":                       `"wxsearch_cpdata"`,
	"search.submitPages pages.path":                                 `"page/index/index"`,
	"search.submitPages pages.query":                                `"a=1"`,
	"subscribeMessage.send data":                                    `{"characterString3":{"value":9007199254740993},"character_string2":{"value":"two"},"thing1":{"value":"中 <b>"}}`,
	"urlscheme.generate jumpWxa.path":                               `"page/index/index"`,
	"urlscheme.generateNFCScheme jumpWxa.path":                      `"page/index/index"`,
	"wxa.sec.order.uploadCombinedShippingInfo uploadTime":           `"2026-01-01T00:00:00.000+08:00"`,
	"wxa.sec.order.uploadShippingInfo uploadTime":                   `"2026-01-01T00:00:00.000+08:00"`,
	"wxacode.getUnlimited scene":                                    `"a=1&b=~2"`,
}

var byName = map[string]string{
	"appid":            `"wx0123456789abcdef"`,
	"b":                `30`,
	"beginDate":        `"20260101"`,
	"clientIp":         `"203.0.113.7"`,
	"command":          `"Typing"`,
	"desc":             `"1"`,
	"device":           `"@_all"`,
	"endDate":          `"20260101"`,
	"env":              `"env-1"`,
	"envVersion":       `"trial"`,
	"expireInterval":   `30`,
	"expireTime":       `1767225600`,
	"g":                `20`,
	"imgUrl":           `"https://example.com/a.png?b=1&c=<2>"`,
	"isCommNearby":     `"1"`,
	"lang":             `"en_US"`,
	"miniprogramState": `"trial"`,
	"msgtype":          `"text"`,
	"openid":           `"oABCD-0123456789_abcdefghijk"`,
	"orderby":          `"pv"`,
	"page":             `"page/index/index"`,
	"pageType":         `2`,
	"pageUrl":          `"page/index/index?a=1"`,
	"path":             `"page/index/index"`,
	"phoneNumberList":  `["+8613800000000"]`,
	"query":            `"a=1&b=2"`,
	"r":                `10`,
	"ratios":           `"1,2.35"`,
	"smsType":          `"Notification"`,
	"timestamp":        `1767225600`,
	"touser":           `"oABCD-0123456789_abcdefghijk"`,
	"updateType":       `"bind"`,
	"version":          `2`,
	"width":            `430`,
}

func documented(name string) string { return name }

func example(a *catalog.API, fields []catalog.Field, name func(string) string) []byte {
	e := exampler{api: a.Name, name: name}
	e.object(fields, "")
	return e.text.Bytes()
}

// exampler writes JSON.
type exampler struct {
	api  string
	name func(string) string
	text bytes.Buffer
}

func (e *exampler) object(fields []catalog.Field, path string) {
	separator := "{"
	for _, f := range fields {
		e.text.WriteString(separator + quote(e.name(f.Name)) + ":")
		e.value(f, path+tcb.CamelCase(f.Name))
		separator = ","
	}
	if len(fields) == 0 {
		e.text.WriteString(separator)
	}
	e.text.WriteByte('}')
}

func (e *exampler) value(f catalog.Field, path string) {
	rule, ruled := byPath[e.api+" "+path]
	if !ruled {
		rule, ruled = byName[tcb.CamelCase(f.Name)]
		ruled = ruled && kindOf(rule) == kind(f)
	}
	switch {
	case ruled:
		e.text.WriteString(rule)
	case f.Name == "errcode" && path == f.Name:
		e.text.WriteByte('0')
	case f.Type == catalog.Objects && len(f.Fields) > 0:
		e.text.WriteByte('[')
		e.object(f.Fields, path+".")
		e.text.WriteByte(',')
		e.object(f.Fields, path+".")
		e.text.WriteByte(']')
	case len(f.Fields) > 0:
		e.object(f.Fields, path+".")
	default:
		e.text.WriteString(scalars[kind(f)](f))
	}
}

// kind returns the type of a field, as far as its value goes.
func kind(f catalog.Field) catalog.Type {
	if f.Type == catalog.Any && f.Of != "" {
		return f.Of
	}
	return f.Type
}

// kindOf returns the type of a rule's value.
func kindOf(text string) catalog.Type {
	switch text[0] {
	case '"':
		return catalog.String
	case '[':
		return catalog.Array
	}
	return catalog.Number
}

// anything has names that are the caller's own, in each way of writing and, because a Go map has no order, sorted.
const anything = `{"character_string2":{"value":9007199254740993},"ownName":[1.5,null,{"OwnName":false}],"thing1":{"value":"中 <b>"}}`

var scalars = map[catalog.Type]func(catalog.Field) string{
	catalog.String: func(f catalog.Field) string { return quote("a " + f.Name) },
	catalog.Number: func(f catalog.Field) string {
		if f.Float {
			return "1.25"
		}
		return "1" // what most lists of choices have
	},
	catalog.Boolean: func(catalog.Field) string { return "true" },
	catalog.Object:  func(catalog.Field) string { return anything },
	catalog.Objects: func(catalog.Field) string { return "[" + anything + "]" },
	catalog.Numbers: func(catalog.Field) string { return "[3,5]" },
	catalog.Array: func(f catalog.Field) string {
		if f.Of == catalog.String || f.Of == "" {
			return `["one","two"]`
		}
		return "[1]"
	},
	catalog.File: func(catalog.Field) string { return Picture },
	catalog.Any:  func(catalog.Field) string { return anything },
}

func quote(s string) string {
	text, _ := json.Marshal(s) // text always encodes
	return string(text)
}
