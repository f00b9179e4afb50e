package emulator

import (
	"cmp"
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

func TestTheProxyIsForServicesOnly(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: plainServiceProject(t)})
	base, err := e.Listen()
	require.NoError(t, err)
	f, _ := e.function("service")
	key := f.service.Key()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "there")
	}))
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		user    *url.Userinfo
		refused int
	}{
		"a service": {url.UserPassword("sidecar", key), 0},
		"a guess":   {url.UserPassword("sidecar", "guess"), http.StatusProxyAuthRequired},
		"nobody":    {nil, http.StatusProxyAuthRequired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, err := url.Parse(base)
			require.NoError(t, err)
			proxy.User = c.user
			client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
			t.Cleanup(client.CloseIdleConnections)
			for target, status := range map[string]int{
				elsewhere.URL: http.StatusOK, // which is not the emulator: its port is another one
				strings.Replace(elsewhere.URL, "127.0.0.1", "0.0.0.0", 1): http.StatusOK, // leads to this machine, too
				"http://api.weixin.qq.com/wxa/none":                       http.StatusNotFound,
			} {
				resp, err := client.Get(target)
				require.NoError(t, err)
				text, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				assert.NoError(t, resp.Body.Close())
				assert.NotContains(t, string(text), key)
				assert.Equal(t, cmp.Or(c.refused, status), resp.StatusCode, "%s: %s", target, text)
			}
		})
	}
}

func TestWeChatsNameLeadsToTheServerAPIAndToNothingElse(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	for target, want := range map[string]int{
		"/cgi-bin/token": http.StatusOK, "/invoke/f": http.StatusForbidden, "/admin": http.StatusForbidden,
		"/_wxfn/journal": http.StatusForbidden, "/fn/f/": http.StatusForbidden,
	} {
		for _, host := range []string{"api.weixin.qq.com", "API.weixin.qq.com:443"} {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Host = host
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			assert.Equal(t, want, w.Code, "%s %s", host, target)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/cgi-bin/token", nil)
	r.Host = "api.weixin.qq.com.evil.example"
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	assert.Equal(t, http.StatusForbidden, w.Code)
}
