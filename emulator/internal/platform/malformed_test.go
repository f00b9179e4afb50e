package platform

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

func TestABadSignatureIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at      time.Duration
		change  func(*http.Request)
		message string
	}{
		"none":             {change: func(r *http.Request) { r.Header.Del("Authorization") }, message: tcb.ErrNoSignature.Error()},
		"of another kind":  {change: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, message: tcb.ErrNoSignature.Error()},
		"no time":          {change: func(r *http.Request) { r.Header.Del("X-Timestamp") }, message: "X-Timestamp must be a Unix time in seconds"},
		"another time":     {change: func(r *http.Request) { r.Header.Set("X-Timestamp", "1") }, message: tcb.ErrSignatureTime.Error()},
		"old":              {at: -11 * time.Minute, message: tcb.ErrSignatureTime.Error()},
		"of the future":    {at: 11 * time.Minute, message: tcb.ErrSignatureTime.Error()},
		"another secretId": {change: func(r *http.Request) { replaceHeader(r, "Authorization", "AKID", "AKIX") }, message: tcb.ErrUnknownSecretID.Error()},
		"another header":   {change: func(r *http.Request) { r.Header.Set("User-Agent", "other") }, message: tcb.ErrSignature.Error()},
		"another query":    {change: func(r *http.Request) { r.URL.RawQuery += "&a=1" }, message: tcb.ErrSignature.Error()},
		"another body":     {change: func(r *http.Request) { replaceBody(r, "wxacode.createQRCode", "wxacode.getUnlimited") }, message: tcb.ErrSignature.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			r := p.sign(t, openAPIRequest(p.begin(), "wxacode.createQRCode", pairs()), p.credential, time.Now().Add(c.at))
			if c.change != nil {
				c.change(r)
			}
			w := p.send(r)
			_, err := tcb.ReadOpenAPI(w.Header().Get("Content-Type"), w.Body.Bytes())
			var refused *tcb.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "SIGN_PARAM_INVALID", refused.Code)
			assert.Contains(t, refused.Message, c.message)
			for _, secret := range []string{p.credential.SecretKey, p.credential.SessionToken} {
				assert.NotContains(t, w.Body.String(), secret)
			}
		})
	}
}

func replaceHeader(r *http.Request, name, old, new string) {
	r.Header.Set(name, strings.Replace(r.Header.Get(name), old, new, 1))
}

func replaceBody(r *http.Request, old, new string) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), old, new, 1)))
}

func TestAMalformedRequestIsInvalid(t *testing.T) {
	t.Parallel()
	const form = "multipart/form-data; boundary=b"
	for name, c := range map[string]struct{ method, contentType, body, want string }{
		"GET":                  {method: http.MethodGet, want: "the method is GET; the admin endpoint takes POST"},
		"no content type":      {want: `content type "": mime: no media type`},
		"another content type": {contentType: "text/plain", want: `content type "text/plain": the admin endpoint takes`},
		"no boundary":          {contentType: "multipart/form-data", body: "x", want: "multipart"},
		"empty form":           {contentType: form, want: "the parameter action is missing"},
		"no form":              {contentType: form, body: "hello", want: "the parameter action is missing"},
		"cut off form":         {contentType: form, body: "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nwx.ope", want: "unexpected EOF"},
		"part without a name":  {contentType: form, body: "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", want: "a part has no name"},
		"part twice": {contentType: form, body: strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nx\r\n", 2) + "--b--\r\n",
			want: `part "action" comes twice`},
		"form without action": {contentType: form, body: "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n", want: "the parameter action is missing"},
		"no JSON":             {contentType: "application/json", body: "{", want: "JSON body: "},
		"JSON list":           {contentType: "application/json", body: "[]", want: "JSON body: "},
		"JSON without action": {contentType: "application/json", body: "{}", want: "the parameter action is missing"},
		"endless":             {contentType: form, want: "http: request body too large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.method == "" {
				c.method = http.MethodPost
			}
			var body io.Reader = strings.NewReader(c.body)
			if name == "endless" {
				body = io.MultiReader(strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"requestData\"\r\n\r\n"), endless{})
			}
			r := httptest.NewRequest(c.method, adminURL, body)
			r.Header.Set("Content-Type", c.contentType)
			w := newPlatform().send(r)
			_, err := tcb.ReadOpenAPI(w.Header().Get("Content-Type"), w.Body.Bytes())
			var refused *tcb.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "INVALID_PARAM", refused.Code)
			assert.Contains(t, refused.Message, "malformed request to the admin endpoint: ")
			assert.Contains(t, refused.Message, c.want)
			assert.NotContains(t, refused.Message, "\n")
		})
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestMalformedProtobufIsInvalid(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"no message":   "\xff\xff\xff",
		"wrong type":   "\x10\x01",
		"cut off":      "\x08\x00\x12\x05\x0a",
		"pair cut off": "\x08\x00\x12\x03\x0a\x05\x0a",
		"group":        "\x13",
		"plain text":   "hello",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			s := p.begin("wxacode.createQRCode")
			q := openAPIRequest(s, "wxacode.createQRCode", pairs())
			q.RequestData = []byte(data)
			w := p.post(t, q)
			assert.Equal(t, "INVALID_PARAM", outcomeOf(t, w))
			assert.Contains(t, w.Body.String(), "malformed requestData: ")
			assert.Empty(t, s.Record.View().Calls)
		})
	}
}
