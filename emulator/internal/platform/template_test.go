package platform

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// TestKeywordValues: values of a subscription message are bound by their keyword's type.
func TestKeywordValues(t *testing.T) {
	t.Parallel()
	many := strings.Repeat
	for kind, values := range map[string]struct{ good, bad []string }{
		"thing": {
			good: []string{"a", " ", many("中", 20), many("😀", 20), "广州 to 北京，3:00!", "¥5"},
			bad:  []string{many("a", 21), many("中", 21), many("😀", 21), "two\nlines", "a\ttab"},
		},
		"number": {
			good: []string{"0", "3.14", many("9", 32), "007"},
			bad:  []string{many("9", 33), "-1", "1,000", "1.", ".5", "1e3", "一", "1 ", "１"},
		},
		"letter":           {good: []string{"a", many("Z", 32)}, bad: []string{many("a", 33), "a b", "a1", "é", "中"}},
		"symbol":           {good: []string{"!", "#¥%…&", "😀"}, bad: []string{"!!!!!!", "a", "1", "中", "\n"}},
		"character_string": {good: []string{"2020-01/A#1", many("a", 32), "a b", "：😀"}, bad: []string{many("a", 33), "编号1", "a\n"}},
		"time": {
			good: []string{"15:01", "9:05", "00:00:59", "2019年10月1日 15:01", "2019年10月1日15:01", "10月1日 15:01", "2019-10-01 15:01:00", "2019.1.1 1:00",
				"15:01~16:01", "2019/10/01 15:01 ~ 2019/10/02 15:01"},
			bad: []string{"24:00", "15:60", "15", "15点", "2019年10月1日", "2019-10-01", "2019-13-01 15:01", "2019-10-0115:01", "15:01~", "15:01-16:01", "tomorrow 15:01", "15:01 "},
		},
		"date": {
			good: []string{"2019年10月1日", "2019年10月1日 15:01", "2015年01月05日", "2019年10月", "10月1日", "2018-01-01", "2018/01/01", "2018.01.01", "2018-01", "01-01", "2019-12-25 09:42",
				"2019年10月1日~2019年10月7日", "2019-10-01 15:01~16:01"},
			bad: []string{"15:01", "2019", "2019年", "20190101", "2019-02-32", "2019-00-01", "1569859200", "Oct 1", "2019-10-01T15:01", "2019-10-01~"},
		},
		"amount": {
			good: []string{"100", "￥100", "¥100.50", "$1", "100元", "￥1234567890.12元"},
			bad:  []string{"abc", "12345678901", "-1", "1,000", "100 元", "100美元", "¥", "￥￥1", "1元整", "一百元"},
		},
		"phone_number": {good: []string{"+86-0766-66888866", "13800138000", "138****8000", "(020) 8888"}, bad: []string{"+86-0766-668888661", "CALL-ME", "电话1"}},
		"car_number":   {good: []string{"粤A8Z888挂", "粤A12345", "A"}, bad: []string{"粤A8Z8888挂", "粤B·1234", "粤中A1", "A 1", "粤A-123"}},
		"name":         {good: []string{"某某", many("中", 10), many("a", 20), "Anne-Marie O'Hara", "阿里·买买提", "中a"}, bad: []string{many("中", 11), many("a", 21), "中" + many("a", 10), "user1", "a\nb"}},
		"phrase":       {good: []string{"配送中", many("中", 5)}, bad: []string{many("中", 6), "OK", "配送1", "配送中!", "配 送"}},
		"enum":         {good: []string{"任何"}},
		"site":         {good: []string{many("a", 100)}}, // no type that is known
	} {
		for _, name := range []string{kind + "1", kind + "02", kind} {
			for _, value := range values.good {
				assert.NoError(t, checkKeyword(name, content(value)), "%s %q", name, value)
			}
			for _, value := range values.bad {
				err := checkKeyword(name, content(value))
				require.Error(t, err, "%s %q", name, value)
				assert.Equal(t, "argument invalid! data."+name+".value invalid", err.(*apiError).message)
				assert.Contains(t, err.(*apiError).advice, "a "+kind+" may be ")
			}
		}
	}
	for raw, valid := range map[string]bool{`5`: true, `5.5`: true, `1e3`: false, `-5`: false, `true`: false, `[1]`: false, `{"value":1}`: false} {
		assert.Equal(t, valid, checkKeyword("number1", json.RawMessage(`{"value":`+raw+`}`)) == nil, raw)
	}
}

func content(value string) json.RawMessage {
	return append(append([]byte(`{"value":`), quote(value)...), '}')
}

// TestKeywordErrors: errmsg names the keyword as the platform does.
func TestKeywordErrors(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"%d%s":{"value":""}}`:   "argument invalid! data.%d%s.value is empty rid: ",
		`{"thing1":{"value":""}}`: "argument invalid! data.thing1.value is empty rid: ",
		`{"thing1":{}}`:           "argument invalid! data.thing1.value is empty rid: ",
		`{"phrase2":{"value":"四个字的词"},"phrase3":{"value":"五个字的词语"}}`: "argument invalid! data.phrase3.value invalid rid: ",
	} {
		p := newPlatform()
		resp := p.ask(t, p.begin(apiSubscribeMessage), apiSubscribeMessage, object{"touser": "oBob", "template_id": "T", "data": json.RawMessage(data)})
		answer := gjson.ParseBytes(resp.RespData)
		assert.Equal(t, "47003", answer.Get("errcode").Raw)
		assert.True(t, strings.HasPrefix(answer.Get("errmsg").String(), want), answer)
		assert.Empty(t, p.Outbox(""))
	}
}

// TestConsent: where consents are asked for, each is good for one message, or a long-term one for all.
func TestConsent(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin(apiSubscribeMessage)
	send := func(user, template string) int {
		return p.try(t, s, apiSubscribeMessage, object{"touser": user, "template_id": template, "data": object{"thing1": object{"value": "a"}}}).ErrCode
	}
	assert.Zero(t, send("oAlice", "T"), "nobody asks for consents")
	p.Stubs.SetFile(parseStubs(t, `{"subscriptions": {"oAlice": {"T": 1}, "oBob": {"T": -1}}}`), "file")
	assert.Equal(t, []int{0, 43101, 43101, 0, 0}, []int{send("oAlice", "T"), send("oAlice", "T"), send("oAlice", "U"), send("oBob", "T"), send("oBob", "T")})
	assert.Equal(t, 43101, send("oCarol", "T"))
	call := p.try(t, s, apiSubscribeMessage, object{"touser": "oCarol", "template_id": "T", "data": object{}})
	assert.Equal(t, "user refuse to accept the msg", call.ErrMsg)
	assert.Equal(t, "subscriptions give oCarol no further message of template T; a consent is good for one message", call.Advice)

	addStubs(t, p, `{"subscriptions": {"oAlice": {"T": 1, "U": 0}}}`)
	addStubs(t, p, `{"subscriptions": {"oAlice": {"T": 1}}}`)
	assert.Equal(t, []int{0, 0, 43101, 43101}, []int{send("oAlice", "T"), send("oAlice", "T"), send("oAlice", "T"), send("oAlice", "U")}, "consents add up")
	addStubs(t, p, `{"subscriptions": {"oAlice": {"T": 1}}}`)
	assert.Equal(t, 47003, p.try(t, s, apiSubscribeMessage, object{"touser": "oAlice", "template_id": "T", "data": object{"phrase1": object{"value": "a"}}}).ErrCode)
	assert.Zero(t, send("oAlice", "T"), "what is refused uses none up")
	p.Stubs.Remove()
	assert.Equal(t, 43101, send("oAlice", "T"), "the file still asks for consents")
	p.Stubs.SetFile(nil, "file")
	assert.Zero(t, send("oAlice", "T"))
	addStubs(t, p, `{"subscriptions": {}}`)
	assert.Equal(t, 43101, send("oAlice", "T"), "consents are asked for, and there is none")
}
