package message

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// keywordType is a type of a template's keywords (订阅消息参数类别).
type keywordType struct {
	values *regexp.Regexp
	rule   string // what a value may be
}

// The parts of dates and times, of which dates are written as 2019年10月1日, or with - / or . between.
const (
	clock     = `(?:(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)`
	year      = `[0-9]{4}`
	month     = `(?:0?[1-9]|1[0-2])`
	day       = `(?:0?[1-9]|[12][0-9]|3[01])`
	inChinese = `(?:` + year + `年` + month + `月(?:` + day + `日)?|` + month + `月` + day + `日)`
	inDigits  = `(?:` + year + `[-/.]` + month + `(?:[-/.]` + day + `)?|` + month + `[-/.]` + day + `)`

	someTime = `(?:(?:` + inChinese + ` *|` + inDigits + ` +)?` + clock + `)`
	someDate = `(?:` + inChinese + `(?: *` + clock + `)?|` + inDigits + `(?: +` + clock + `)?)`
)

// keywordTypes are the types by the prefix of a keyword's name (thing1 is a thing), as
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage.html
// lists them. Lengths count characters, as Unicode has them: an emoji is one, but for those that are put together from
// several. Values of enum depend on the template, and any passes.
var keywordTypes = map[string]keywordType{
	"thing":            newKeywordType(`\P{Cc}{1,20}`, "at most 20 characters, and no line breaks"),
	"number":           newKeywordType(`[0-9]{1,32}(?:\.[0-9]{1,32})?`, "at most 32 digits, which may have a decimal point"),
	"letter":           newKeywordType(`[A-Za-z]{1,32}`, "at most 32 letters a-z, A-Z"),
	"symbol":           newKeywordType(`[^\pL\pN\p{Cc}]{1,5}`, "at most 5 symbols, neither letters nor digits"),
	"character_string": newKeywordType(`[^\p{Han}\p{Cc}]{1,32}`, "at most 32 digits, letters and symbols, none of them Chinese"),
	"time":             newKeywordType(someTime+`(?: *~ *`+someTime+`)?`, "a time of 24 hours (15:01), which may follow a date (2019年10月1日 15:01), or two with ~ between"),
	"date":             newKeywordType(someDate+`(?: *~ *(?:`+someDate+`|`+clock+`))?`, "a date (2019年10月1日, 2019-10-01), which a time may follow (15:01), or two with ~ between"),
	"amount":           newKeywordType(`\p{Sc}?[0-9]{1,10}(?:\.[0-9]{1,10})?元?`, "at most 10 digits, which may have a decimal point, one currency symbol in front (¥) and 元 at the end"),
	"phone_number":     newKeywordType(`[^\pL\p{Cc}]{1,17}`, "at most 17 digits and symbols"),
	"car_number":       newKeywordType(`[\p{Han}A-Za-z0-9](?:[A-Za-z0-9]{0,6}[\p{Han}A-Za-z0-9])?`, "at most 8 letters and digits, of which the first and the last may be Chinese"),
	"name":             newKeywordType(`(?:[^\pN\p{Cc}]{1,10}|[^\p{Han}\pN\p{Cc}]{1,20})`, "at most 10 characters, 20 where none is Chinese, and no digits"),
	"phrase":           newKeywordType(`\p{Han}{1,5}`, "at most 5 Chinese characters, and nothing else"),
}

func newKeywordType(values, rule string) keywordType {
	return keywordType{regexp.MustCompile(`^` + values + `$`), rule}
}

var errTemplateContent = apicall.Error{Code: 47003, Message: "argument invalid!"}

// checkKeyword returns the error about what the parameter data has for a keyword: {"value": …} with a text or a number.
func checkKeyword(name string, content json.RawMessage) error {
	invalid := func(what, format string, args ...any) error {
		e, value := errTemplateContent, "data."+journal.Cut(name, 100)+".value "
		e.Message += " " + value + what
		return e.Because("%s%s", value, fmt.Sprintf(format, args...))
	}
	value := gjson.ParseBytes(content).Get("value")
	switch {
	case !value.Exists(), value.Type == gjson.Null, value.Type == gjson.String && value.Str == "":
		return invalid("is empty", `is missing or empty; it is {"value": …} with a text or a number`)
	case value.Type != gjson.String && value.Type != gjson.Number:
		return invalid("invalid", "must be a text or a number")
	}
	kind, text := strings.TrimRight(name, "0123456789"), value.String()
	if value.Type == gjson.Number {
		text = value.Raw // as it was written
	}
	if t, ok := keywordTypes[kind]; ok && !t.values.MatchString(text) {
		return invalid("invalid", "is %q, of %d characters; a %s may be %s", journal.Cut(text, 100), utf8.RuneCountInString(text), kind, t.rule)
	}
	return nil
}

// checkKeywords returns the error about the first keyword that is not as its type wants it.
func checkKeywords(data map[string]json.RawMessage) error {
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if err := checkKeyword(name, data[name]); err != nil {
			return err
		}
	}
	return nil
}
