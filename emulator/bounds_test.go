package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/tidwall/gjson"
)

// Bodies that are made to take time or memory are refused in the door's own form.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", echo)
	w := ask(e, http.MethodGet, "/cgi-bin/token?grant_type=client_credential&appid="+e.AppID()+"&secret="+e.AppSecret(), "")
	token := "?access_token=" + url.QueryEscape(gjson.Get(w.Body.String(), "access_token").String())
	const form, asJSON = "multipart/form-data; boundary=b", "application/json"
	part := "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
	deep := strings.Repeat(`{"a":`, 1<<20)
	for name, c := range map[string]struct{ path, contentType, body, field, want string }{
		"parts at the admin endpoint":        {"/admin", form, strings.Repeat(part, 100_000) + "--b--\r\n", "message", `part "a" comes twice`},
		"deep JSON at the admin endpoint":    {"/admin", asJSON, deep, "message", "exceeded max depth"},
		"too much at the admin endpoint":     {"/admin", asJSON, strings.Repeat(" ", 33<<20), "message", "too large"},
		"an upload of parts":                 {"/cv/ocr/idcard" + token, form, strings.Repeat(part, 100_000) + "--b--\r\n", "advice", "more than 1000 parts"},
		"an upload with a giant header":      {"/cv/ocr/idcard" + token, form, "--b\r\nX: " + strings.Repeat("x", 12<<20) + "\r\n\r\n1\r\n--b--\r\n", "advice", "the form cannot be read"},
		"deep JSON at the server API":        {"/wxa/getwxacode" + token, asJSON, deep, "advice", "the body is no JSON object"},
		"too much at the server API":         {"/wxa/getwxacode" + token, asJSON, strings.Repeat(" ", 33<<20), "advice", "the body is larger than 32 MB"},
		"one name again and again":           {"/wxa/getwxacode" + token, asJSON, `{` + strings.Repeat(`"access_token":1,`, 100_000) + `"a":1}`, "errcode", ""},
		"one name of the query, repeated":    {"/cgi-bin/express/business/path/get" + token, asJSON, `{` + strings.Repeat(`"a":1,`, 100_000) + `"a":1}`, "errcode", ""},
		"deep JSON for a function":           {"/invoke/f", asJSON, deep[:100_000], "errMsg", "not JSON"},
		"too much for a function":            {"/invoke/f", asJSON, strings.Repeat(" ", 33<<20), "errMsg", "too large"},
		"members of an event, and one twice": {"/invoke/f", asJSON, `{` + strings.Repeat(`"a":1,`, 15_000) + `"a":1}`, "errMsg", "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(e, http.MethodPost, c.path, c.body, "Content-Type", c.contentType)
			assert.Contains(t, gjson.Get(w.Body.String(), c.field).String(), c.want, fmt.Sprintf("%.300s", w.Body))
		})
	}
}
