package main

import (
	"strings"
	"unicode"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// initialisms are the words that Go writes in one case.
var initialisms = map[string]string{
	"api": "API", "appid": "AppID", "html": "HTML", "http": "HTTP", "id": "ID", "ids": "IDs", "ip": "IP", "json": "JSON",
	"md5": "MD5", "ocr": "OCR", "openid": "OpenID", "pv": "PV", "sms": "SMS", "unionid": "UnionID", "url": "URL", "uv": "UV",
}

// goName returns an official name in Go spelling: "line_color" and "lineColor"
// become LineColor, "trace_id" TraceID, "scanQRCode" ScanQRCode.
func goName(name string) string {
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

// words splits a name at underscores and other marks, and before capitals.
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

// camelCase and snakeCase convert names as the SDK does.
func camelCase(name string) string {
	var b []byte
	for i := 0; i < len(name); i++ {
		if name[i] == '_' && i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z' {
			i++
			b = append(b, name[i]-'a'+'A')
			continue
		}
		b = append(b, name[i])
	}
	return string(b)
}

func snakeCase(name string) string {
	var b strings.Builder
	for i, r := range name {
		if 'A' <= r && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// typeName returns the name of the type of an object field: the namespace's and
// the name that kinds share, or the method's and the field's.
func typeName(namespace, method string, f catalog.Field) string {
	if f.As != "" {
		return namespace + f.As
	}
	name := goName(f.Name)
	if f.Type == catalog.Objects {
		name = one(name)
	}
	return namespace + method + name
}

// one returns the name of one of a list's elements.
func one(name string) string {
	switch {
	case strings.HasSuffix(name, "List") && name != "List":
		return strings.TrimSuffix(name, "List")
	case name == "List" || name == "Data":
		return "Item"
	case strings.HasSuffix(name, "Goods"), strings.HasSuffix(name, "ss"), !strings.HasSuffix(name, "s"):
		return name
	}
	return strings.TrimSuffix(name, "s")
}
