package journal_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

const (
	token  = "3f9a1c7e5b2d8064f1e3a5c7092b4d6e8f0a1b2c3d4e5f60718293a4b5c6d7e8" // as of an invocation
	phrase = `p@ss "w<rd" & 100%/中文`
	pem    = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASC\nBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----\n"
)

// A secret is shown in no form and in no part that is of use, whichever record it would come in.
func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	asJSON := func(text string) string { b, _ := json.Marshal(text); return string(b) }
	std, raw := base64.StdEncoding, base64.RawURLEncoding
	for name, c := range map[string]struct{ text, want string }{
		"alone":                    {token, "[secret]"},
		"in a text":                {"token=" + token + ", good", "token=[secret], good"},
		"glued":                    {"x" + token + "y", "x[secret]y"},
		"twice":                    {token + token, "[secret][secret]"},
		"the first half":           {token[:32] + "…", "[secret]…"},
		"the second half":          {"…" + token[32:], "…[secret]"},
		"the middle":               {"…" + token[20:44] + "…", "…[secret]…"},
		"too little to be of use":  {token[:10], token[:10]},
		"another hexadecimal text": {strings.Repeat("0123456789abcdef", 4), strings.Repeat("0123456789abcdef", 4)},
		"in base64":                {"Basic " + std.EncodeToString([]byte("user:"+token)) + " ok", "Basic [secret] ok"},
		"in base64, later in it":   {std.EncodeToString([]byte(`{"a":"` + token + `"}`)), "[secret]"},
		"in base64 for URLs":       {"?t=" + raw.EncodeToString([]byte("xy"+token)), "?t=[secret]"},
		"in base64 after letters":  {"ab" + std.EncodeToString([]byte(token)), "[secret]"},
		"half in base64":           {std.EncodeToString([]byte(token[:40])), "[secret]"},
		"other base64":             {std.EncodeToString([]byte(strings.Repeat("hello", 20))), std.EncodeToString([]byte(strings.Repeat("hello", 20)))},

		"a phrase":                {"is " + phrase, "is [secret]"},
		"a phrase in JSON":        {asJSON(phrase), `"[secret]"`},
		"a phrase in plain JSON":  {`"` + strings.ReplaceAll(phrase, `"`, `\"`) + `"`, `"[secret]"`},
		"a phrase in a query":     {"?p=" + url.QueryEscape(phrase) + "&a", "?p=[secret]&a"},
		"a phrase in a path":      {"/" + url.PathEscape(phrase) + "/a", "/[secret]/a"},
		"a phrase in JavaScript":  {"%70%40ss%20%22w%3Crd%22%20%26%20100%25%2F%E4%B8%AD%E6%96%87", "[secret]"},
		"a phrase in ASCII":       {`\u0070@ss \"w\u003crd\" & 100%\/\u4e2d\u6587`, "[secret]"},
		"other escapes":           {`100%, 50%zz \q \`, `100%, 50%zz \q \`},
		"a phrase in base64":      {std.EncodeToString([]byte("u:" + phrase)), "[secret]"},
		"a phrase in base64, cut": {std.EncodeToString([]byte("u:" + phrase))[:34] + "…", "[secret]…"},

		"a key's line":    {"MIIEvgIBADANBgkqhkiG9w0BAQEFAASC", "[secret]"},
		"a key in JSON":   {asJSON(pem), `"-----BEGIN PRIVATE KEY-----\n[secret]\n[secret]\n-----END PRIVATE KEY-----\n"`},
		"a key's armour":  {"-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----"},
		"a short one":     {"the password is hunter2.", "the password is [secret]."},
		"a part of it":    {"hunter", "hunter"},
		"nothing at all":  {"", ""},
		"no UTF-8":        {"\xff" + token + "\xfe", "\xff[secret]\xfe"},
		"all of them":     {phrase + token + "hunter2" + pem, "[secret][secret][secret]-----BEGIN PRIVATE KEY-----\n[secret]\n[secret]\n-----END PRIVATE KEY-----\n"},
		"within a symbol": {"长" + token[:16] + "长", "长[secret]长"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJournal()
			begin(j, "r-1").Redact(token, "", "x")
			j.Redact(phrase, pem, "hunter2", "")
			r := begin(j, "r-2")
			r.Print(start, "stderr", c.text)
			r.Called(journal.Call{API: "a", Params: c.text, Result: c.text, ErrMsg: c.text, Advice: c.text, Stub: c.text, NearMisses: []string{c.text}})
			r.Requested("GET", c.text)
			r.Received([]byte(c.text))
			r.Returned([]byte(c.text))
			r.BuildError(c.text)
			r.End(start, c.text)
			v := r.View()
			call := v.Calls[0]
			for i, got := range []string{v.Output[0].Text, call.Params, call.Result, call.ErrMsg, call.Advice, call.Stub, call.NearMisses[0], v.HTTP.Path, v.Event, v.Result, v.BuildError, v.Error} {
				assert.Equal(t, c.want, got, i)
			}
		})
	}
}

// Wherever a long line is cut, what is left of a secret is of no use.
func TestSecretsAtACut(t *testing.T) {
	t.Parallel()
	r := begin(newJournal(), "r-1")
	r.Redact(token)
	text := strings.Repeat("x", 100) + token + strings.Repeat("y", 100)
	for n := 1; n < len(text); n++ {
		cut := r.Fit([]byte(text), n)
		assert.False(t, cut > 100 && cut < 100+len(token), n)
		for _, piece := range []string{text[:n], text[n:]} { // cut elsewhere
			shown := r.Clean(piece, len(text))
			for i := 0; i+16 <= len(token); i++ {
				assert.NotContains(t, shown, token[i:i+16], n)
			}
		}
	}
	assert.Equal(t, len(token), r.Fit([]byte(token+"z"), 5), "also where a line begins with it")

	// What shrinks by its secrets shows nothing of what is behind a first cut.
	event := []byte(strings.Repeat(token, 200))
	r.Received(event)
	assert.NotContains(t, r.View().Event, token[:16])
}

// A secret is hidden as long as its record is kept, and as its invocation runs.
func TestSecretsAreForgotten(t *testing.T) {
	t.Parallel()
	j := newJournal()
	first, running := begin(j, "first"), begin(j, "running")
	first.Redact(token)
	first.Redact(token)
	running.Redact("a-secret-of-an-invocation-that-runs")
	first.End(start, "")
	for n := range 998 {
		begin(j, fmt.Sprint(n))
	}
	r := begin(j, "last but one") // which takes the place of the first
	assert.Equal(t, token, r.Clean(token, 100))
	begin(j, "last")
	assert.Equal(t, "[secret]", r.Clean("a-secret-of-an-invocation-that-runs", 100))
	running.End(start, "")
	assert.Equal(t, "a-secret-of-an-invocation-that-runs", r.Clean("a-secret-of-an-invocation-that-runs", 100))
	running.Redact("another-secret-after-the-end")
	assert.Equal(t, "another-secret-after-the-end", r.Clean("another-secret-after-the-end", 100))
}

func BenchmarkClean(b *testing.B) {
	for name, text := range map[string]string{
		"a line":          "2026-01-02T03:04:05Z level=INFO msg=\"order is paid\" request_id=0b5f7a1e-7a31-4d6e-9c0f-2f6f0f3c9a11 id=17",
		"16 KB":           strings.Repeat("a line of some length, ", 700),
		"16 KB of base64": strings.Repeat("QUJDREVGR0hJSktM", 1000),
	} {
		b.Run(name, func(b *testing.B) {
			j := newJournal()
			for n := range 1000 {
				begin(j, fmt.Sprint(n)).Redact(fmt.Sprintf("%064x", n*0x1234567))
			}
			r := begin(j, "r-1")
			r.Redact(token)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r.Clean(text, journal.MaxLine)
			}
		})
	}
	b.Run("secrets", func(b *testing.B) {
		j := newJournal()
		b.ReportAllocs()
		for b.Loop() {
			r := begin(j, "r")
			r.Redact(token)
			r.End(start, "")
		}
	})
}
