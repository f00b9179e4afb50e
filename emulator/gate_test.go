package emulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// An author of this service knows nothing of wxfn: it is written as the documents of Cloud Run have it.
const plainService = `package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		resp, err := http.Post(r.URL.Query().Get("to"), "application/json", r.Body)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		w.Header().Set("Seq", resp.Header.Get("X-Openapi-Seqid"))
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	})
	http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}
`

func plainServiceProject(t *testing.T) string {
	return files(t, map[string]string{
		"service/go.mod":                "module service\n\ngo 1.26\n",
		"service/main.go":               plainService,
		"service/container.config.json": `{"containerPort": 80}`,
		"service/config.json":           `{"permissions": {"openapi": ["wxacode.get"]}}`,
	})
}

func TestAServiceReachesTheOpenInterfaceServiceByItsOwnName(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: plainServiceProject(t)})
	call := func(to, body string) (*http.Response, string) {
		resp, text := requestAs(t, e, http.MethodPost, "/fn/service/?to="+url.QueryEscape(to), body, nil)
		return resp, string(text)
	}
	resp, text := call("http://api.weixin.qq.com/wxa/getwxacode", `{"path":"page/index/index"}`)
	assert.Equal(t, "image/jpeg", resp.Header.Get("Content-Type"), "%.200s", text)
	assert.NotEmpty(t, resp.Header.Get("Seq"))
	calls := e.Calls("wxacode.get")
	require.Len(t, calls, 1)
	assert.Equal(t, []string{"service", DefaultOpenID}, []string{calls[0].Function, calls[0].OpenID})

	_, text = call("http://api.weixin.qq.com/cgi-bin/wxaapp/createwxaqrcode", `{"path":"page/index/index"}`)
	assert.Equal(t, int64(85107), gjson.Get(text, "errcode").Int(), text)
	assert.Contains(t, text, `add \"wxacode.createQRCode\" to permissions.openapi`)

	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Host+r.URL.Path+string(body)+r.Header.Get("Proxy-Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	_, text = call(elsewhere.URL+"/a", "b")
	assert.Equal(t, strings.TrimPrefix(elsewhere.URL, "http://")+"/ab", text)
}

// A client whose transport dials the emulator in place of a host of the platform reaches what stands for that host.
func TestGuardPlatformHosts(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	const ok, refused = http.StatusOK, http.StatusForbidden
	for _, c := range []struct {
		host   string
		served map[string]int
	}{
		{"api.weixin.qq.com", map[string]int{"/cgi-bin/token": ok, "/admin": refused}},
		{"API.weixin.qq.com:443", map[string]int{"/cgi-bin/token": ok, "/admin": refused}},
		{"tcb-admin.tencentyun.com", map[string]int{"/cgi-bin/token": refused, "/admin": ok}},
		{"tcb-open.tencentyun.com", map[string]int{"/cgi-bin/token": refused, "/admin": ok}},
		{"tcb-open.tencentcloudapi.com:443", map[string]int{"/cgi-bin/token": refused, "/admin": ok}},
		{"env.internal.ap-shanghai.tcb-api.tencentcloudapi.com", map[string]int{"/cgi-bin/token": refused, "/admin": ok}},
		{"api.weixin.qq.com.evil.example", map[string]int{"/cgi-bin/token": refused, "/admin": refused}},
		{"tcb-api.tencentcloudapi.com.evil.example", map[string]int{"/cgi-bin/token": refused, "/admin": refused}},
		{"sms.tencentcloudapi.com", map[string]int{"/cgi-bin/token": refused, "/admin": refused}},
	} {
		for _, never := range []string{"/invoke/f", "/_wxfn/journal", "/fn/f/", "/"} {
			c.served[never] = refused
		}
		for target, want := range c.served {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Host = c.host
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			assert.Equal(t, want, w.Code, "%s %s", c.host, target)
		}
	}
}
