package message

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
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
				assert.Equal(t, "argument invalid! data."+name+".value invalid", err.(*apicall.Error).Message)
				assert.Contains(t, err.(*apicall.Error).Advice, "a "+kind+" may be ")
			}
		}
	}
	for raw, valid := range map[string]bool{`5`: true, `5.5`: true, `1e3`: false, `-5`: false, `true`: false, `[1]`: false, `{"value":1}`: false} {
		assert.Equal(t, valid, checkKeyword("number1", json.RawMessage(`{"value":`+raw+`}`)) == nil, raw)
	}
}

func content(value string) json.RawMessage {
	return append(append([]byte(`{"value":`), apicall.Quote(value)...), '}')
}
