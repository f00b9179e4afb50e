package catalog

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNearestFindsWhatAWrongNameMeant(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, wrong string
		want        []string
	}{
		{"openapi before it", "openapi.wxacode.get", []string{"wxacode.get"}},
		{"the whole expression", "cloud.openapi.subscribeMessage.send", []string{"subscribeMessage.send"}},
		{"lower case", "wxacode.createqrcode", []string{"wxacode.createQRCode"}},
		{"Go's spelling", "Wxacode.CreateQRCode", []string{"wxacode.createQRCode"}},
		{"snake case", "subscribe_message.send", []string{"subscribeMessage.send"}},
		{"a letter missing in the method", "wxacode.getUnlimted", []string{"wxacode.getUnlimited"}},
		{"a letter missing in the namespace", "wxcode.get", []string{"wxacode.get"}},
		{"a letter too many", "security.msgSecChecks", []string{"security.msgSecCheck"}},
		{"a wrong letter", "phonenumber.getPhoneNunber", []string{"phonenumber.getPhoneNumber"}},
		{"two letters swapped", "subscribeMessage.sned", []string{"subscribeMessage.send"}},
		{"a short method misspelt", "wxacode.gte", []string{"wxacode.get"}},
		{"half a word missing", "wxacode.getUnlimit", []string{"wxacode.getUnlimited"}},
		{"half a method", "wxacode.create", []string{"wxacode.createQRCode"}},
		{"no namespace", "createQRCode", []string{"wxacode.createQRCode"}},
		{"no namespace and misspelt", "msgSecChek", []string{"security.msgSecCheck"}},
		{"a wrong namespace", "qrcode.createQRCode", []string{"wxacode.createQRCode"}},
		{"a part of the namespace", "media.upload", []string{"officialAccount.media.upload"}},
		{"the dot is missing", "wxacodegetUnlimited", []string{"wxacode.getUnlimited"}},
		{"a dot too many", "wxa.code.get", []string{"wxacode.get"}},
		{"the page's own name", "wxacode.getUnlimitedQRCode", []string{"wxacode.getUnlimited"}},
		{"the page's own name alone", "generateUrlLink", []string{"urllink.generate"}},
		{"the HTTPS path", "/wxa/getwxacodeunlimit", []string{"wxacode.getUnlimited"}},
		{"the HTTPS path's end", "createwxaqrcode", []string{"wxacode.createQRCode"}},
		{"an older name", "security.imgSecCheak", []string{"security.imgSecCheck"}},
		{"one method in two places", "getOrder", []string{"logistics.getOrder", "wxa.sec.order.getOrder"}},
		{"the nearer namespace first", "customerService.send", []string{"customerServiceMessage.send"}},
		{"the method's other half", "midas.balance", []string{"midas.getBalance", "midas.getBalanceSandbox"}},
		{"half a namespace", "subscribe.send", []string{"subscribeMessage.send"}},
		{"half of several namespaces", "message.send", []string{"subscribeMessage.send", "customerServiceMessage.send", "uniformMessage.send"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, Nearest(tc.wrong, 3))
		})
	}
}

func TestNearestOfAFarNameIsEmpty(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", ".", "..", "openapi.", "wxacode", "wxacode.", "wxacode.xyz", "foo.bar", "database.collection",
		"database.get", "wxacode.send", "callFunction", "uploadFile", "二维码.生成", strings.Repeat("wxacode.get", 1000),
	} {
		got := Nearest(name, 3)
		assert.NotNil(t, got, name)
		assert.Empty(t, got, name)
	}
}

func TestAKnownNameIsItsOwnNearest(t *testing.T) {
	t.Parallel()
	for _, target := range targets() {
		assert.Equal(t, []string{target.name}, Nearest(target.name, 3))
		assert.Equal(t, []string{target.name}, Nearest(strings.ToUpper(target.name), 3))
	}
}

func TestNearestGivesAtMostN(t *testing.T) {
	t.Parallel()
	assert.Len(t, Nearest("send", 2), 2)
	assert.Len(t, Nearest("send", 100), 5)
	assert.Empty(t, Nearest("send", 0))
	assert.Empty(t, Nearest("send", -1))
}

func TestDistanceCountsLettersMissingExtraWrongAndSwapped(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"get", "get", 0}, {"", "get", 3}, {"get", "gt", 1}, {"get", "geet", 1}, {"get", "gat", 1},
		{"send", "sned", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"qrcode", "wxacode", 3},
	} {
		assert.Equal(t, tc.want, distance(tc.a, tc.b), "%q %q", tc.a, tc.b)
		assert.Equal(t, tc.want, distance(tc.b, tc.a), "%q %q", tc.b, tc.a)
	}
}

func BenchmarkNearest(b *testing.B) {
	targets()
	for b.Loop() {
		if len(Nearest("qrcode.createQRCod", 3)) == 0 {
			b.Fatal("nothing found")
		}
	}
}
