package catalog

import (
	"strings"
	"unicode"
)

// initialisms are the words that Go writes in one case.
var initialisms = map[string]string{
	"api": "API", "appid": "AppID", "html": "HTML", "http": "HTTP", "id": "ID", "ids": "IDs", "ip": "IP", "json": "JSON",
	"md5": "MD5", "ocr": "OCR", "openid": "OpenID", "pv": "PV", "sms": "SMS", "unionid": "UnionID", "url": "URL", "uv": "UV",
}

// GoName returns an official name in Go spelling: "line_color" and "lineColor"
// become LineColor, "trace_id" TraceID, "scanQRCode" ScanQRCode, and a
// namespace "wxa.sec.order" WxaSecOrder.
func GoName(name string) string {
	var b strings.Builder
	for _, word := range words(name) {
		if known, ok := initialisms[strings.ToLower(word)]; ok {
			b.WriteString(known)
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// GoMethod returns the method of package openapi that calls the API: the name
// of its receiver's type, "WxacodeAPI", and its own, "CreateQRCode".
func (a *API) GoMethod() (receiver, method string) {
	i := strings.LastIndexByte(a.Name, '.')
	return GoName(a.Name[:i]) + "API", GoName(a.Name[i+1:])
}

// words splits a name at dots, underscores and other marks, and before capitals.
func words(name string) []string {
	var found []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			found = append(found, string(word))
		}
		word = nil
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0:
			afterSmall := !unicode.IsUpper(runes[i-1])
			beforeSmall := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterSmall || beforeSmall {
				end()
			}
		}
		word = append(word, r)
	}
	end()
	return found
}
