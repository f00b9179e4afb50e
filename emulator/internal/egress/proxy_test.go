package egress

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func environ(t *testing.T, g *Gate) map[string]string {
	t.Helper()
	environ, err := g.Environ("")
	require.NoError(t, err)
	return environ
}

// trusting returns roots of a gate's file and of a server.
func trusting(t *testing.T, g *Gate, servers ...*httptest.Server) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	own, err := os.ReadFile(environ(t, g)["NODE_EXTRA_CA_CERTS"])
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(own))
	for _, s := range servers {
		pool.AddCert(s.Certificate())
	}
	return pool
}

// through returns a client that uses a gate as http.ProxyFromEnvironment would have it.
func through(t *testing.T, g *Gate, servers ...*httptest.Server) *http.Client {
	t.Helper()
	proxy, err := url.Parse(environ(t, g)["HTTPS_PROXY"])
	require.NoError(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: trusting(t, g, servers...)}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func get(t *testing.T, c *http.Client, url string) (status int, text string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func TestProxyPlatformHosts(t *testing.T) {
	t.Parallel()
	client := through(t, newGate(t, newEgress(t)))
	for url, want := range map[string]string{
		"https://api.weixin.qq.com/wxa/getwxacode?a=1":                     "server GET api.weixin.qq.com/wxa/getwxacode ",
		"https://API.weixin.qq.com:443/cgi-bin/token":                      "server GET API.weixin.qq.com:443/cgi-bin/token ",
		"https://sh.api.weixin.qq.com/cgi-bin/token":                       "server GET sh.api.weixin.qq.com/cgi-bin/token ",
		"http://api.weixin.qq.com/cgi-bin/token":                           "sidecar GET api.weixin.qq.com/cgi-bin/token ",
		"http://tcb-admin.tencentyun.com/admin":                            "admin GET tcb-admin.tencentyun.com/admin ",
		"http://tcb-open.tencentyun.com/admin":                             "admin GET tcb-open.tencentyun.com/admin ",
		"https://tcb-open.tencentcloudapi.com/admin":                       "admin GET tcb-open.tencentcloudapi.com/admin ",
		"https://tcb-admin.tencentcloudapi.com/admin":                      "admin GET tcb-admin.tencentcloudapi.com/admin ",
		"https://e.ap-shanghai.tcb-api.tencentcloudapi.com/admin":          "admin GET e.ap-shanghai.tcb-api.tencentcloudapi.com/admin ",
		"http://e.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin":  "admin GET e.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin ",
		"https://e.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin": "admin GET e.internal.ap-shanghai.tcb-api.tencentcloudapi.com/admin ",
	} {
		status, text := get(t, client, url)
		assert.Equal(t, http.StatusOK, status, url)
		assert.Equal(t, want, text, url)
	}
}

// A client shows why a host is refused: the reason of the answer to CONNECT, or the body.
func TestProxyRefusesOtherPlatformHosts(t *testing.T) {
	t.Parallel()
	client := through(t, newGate(t, newEgress(t)))
	for _, host := range []string{
		"api.mch.weixin.qq.com", "sms.tencentcloudapi.com", "tencentcloudapi.com", "cos.ap-shanghai.myqcloud.com",
		"636c-env-1250000000.tcb.qcloud.la", "env.api.tcloudbasegateway.com", "env.service.tcloudbase.com",
		"metadata.tencentyun.com", "env.tcloudbaseapp.com", "b-1.cos.ap-nanjing.tencentcos.cn",
	} {
		for _, scheme := range []string{"https", "http"} {
			_, text := get(t, client, scheme+"://"+host+"/x")
			assert.Contains(t, text, "wxfn: "+host+" (")
			assert.Contains(t, text, ") is not emulated, and function poster may not reach the real one; emulated are ")
			assert.Contains(t, text, "--allow-host "+host)
			assert.NotContains(t, text, "\n")
		}
	}
}

// What is not the platform's passes as it is: its TLS is its own.
func TestProxyPassesOtherHosts(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(say("there"))
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %q %q", r.URL, r.Header["Proxy-Authorization"], r.Header["X-Forwarded-For"])
	}))
	t.Cleanup(plain.Close)
	g := newGate(t, newEgress(t))
	client := through(t, g, secure)

	resp, err := client.Get(secure.URL + "/a")
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "there GET "+strings.TrimPrefix(secure.URL, "https://")+"/a ", string(body))
	assert.Equal(t, secure.Certificate().Raw, resp.TLS.PeerCertificates[0].Raw)

	r, err := http.NewRequest(http.MethodGet, plain.URL+"/a?b=%zz;c", nil)
	require.NoError(t, err)
	r.Header.Set("X-Forwarded-For", "10.0.0.1")
	resp, err = client.Do(r)
	require.NoError(t, err)
	body, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, `/a?b=%zz;c [] ["10.0.0.1"]`, string(body))

	plain.Close()
	status, text := get(t, client, plain.URL)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, text, "wxfn: "+strings.TrimPrefix(plain.URL, "http://")+" cannot be reached: ")
	_, text = get(t, client, strings.Replace(plain.URL, "http", "https", 1))
	assert.Contains(t, text, "wxfn: "+strings.TrimPrefix(plain.URL, "http://")+" cannot be reached: ")
}

// Some clients (old axios) send the proxy a request for an https URL as they would one for http.
func TestProxyTakesHTTPSWithoutATunnel(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(say("there"))
	t.Cleanup(secure.Close)
	e := newEgress(t)
	e.transport.TLSClientConfig = &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	g := newGate(t, e)
	for url, want := range map[string]string{
		"https://api.weixin.qq.com/a": "server GET api.weixin.qq.com/a ",
		"http://api.weixin.qq.com/a":  "sidecar GET api.weixin.qq.com/a ",
		secure.URL + "/a":             "there GET " + strings.TrimPrefix(secure.URL, "https://") + "/a ",
		"https://a.myqcloud.com/a":    `{"errcode":-1,"errmsg":"` + Find("a.myqcloud.com").refusal("a.myqcloud.com", "function poster") + `"}`,
	} {
		_, text := raw(t, g, "GET "+url+" HTTP/1.1\r\nHost: ignored.example\r\nProxy-Authorization: "+basic(g.key)+"\r\n\r\n")
		assert.Equal(t, want, text, url)
	}
}

func basic(key string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth("wxfn", key)
	return r.Header.Get("Authorization")
}

// raw sends a request to a gate as it is written.
func raw(t *testing.T, g *Gate, request string) (status int, text string) {
	t.Helper()
	c, err := net.Dial("tcp", g.listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	_, err = io.WriteString(c, request)
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// Who has not the gate's credential cannot use it as a proxy, and pages cannot use it at all.
func TestGateRefusesStrangers(t *testing.T) {
	t.Parallel()
	g := newGate(t, newEgress(t))
	other := g.egress.Gate(caller("another"))
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"a tunnel":              {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 407},
		"a tunnel to WeChat":    {"CONNECT api.weixin.qq.com:443 HTTP/1.1\r\nHost: api.weixin.qq.com:443\r\n\r\n", 407},
		"a request":             {"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 407},
		"a guess":               {"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: " + basic("guess") + "\r\n\r\n", 407},
		"another's credential":  {"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: " + basic(other.key) + "\r\n\r\n", 407},
		"a page":                {"GET / HTTP/1.1\r\nHost: " + g.listener.Addr().String() + "\r\n\r\n", 403},
		"a page, by rebinding":  {"GET / HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\r\n", 403},
		"a page of WeChat":      {"GET /cgi-bin/token HTTP/1.1\r\nHost: api.weixin.qq.com\r\nOrigin: http://api.weixin.qq.com\r\n\r\n", 403},
		"a request by the hook": {"GET /cgi-bin/token HTTP/1.1\r\nHost: api.weixin.qq.com\r\n\r\n", 200},
	} {
		status, text := raw(t, g, c.request)
		assert.Equal(t, c.status, status, "%s: %s", name, text)
		assert.NotContains(t, text, g.key)
	}
}

// A developer's own proxy is used for the internet, and never for the platform's hosts.
func TestUpstreamProxy(t *testing.T) {
	t.Parallel()
	secure, plain := httptest.NewTLSServer(say("there")), httptest.NewServer(say("there"))
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	var asked sync.Map
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"), true)
		if r.Method != http.MethodConnect {
			(&httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}}).ServeHTTP(w, r)
			return
		}
		out, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, "no such host there", http.StatusBadGateway)
			return
		}
		in, _, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go pipe(in, out)
		pipe(out, in)
	}))
	t.Cleanup(upstream.Close)
	proxy, err := url.Parse(strings.Replace(upstream.URL, "://", "://me:pass@", 1))
	require.NoError(t, err)
	client := through(t, newGate(t, newEgress(t, func(c *Config) {
		c.Upstream = func(r *http.Request) (*url.URL, error) {
			if r.URL.Hostname() == "localhost" { // as NO_PROXY would have it
				return nil, nil
			}
			return proxy, nil
		}
	})), secure)
	_, text := get(t, client, secure.URL+"/a")
	assert.Contains(t, text, "there GET ")
	_, text = get(t, client, plain.URL+"/a")
	assert.Contains(t, text, "there GET ")
	_, text = get(t, client, "https://api.weixin.qq.com/a")
	assert.Contains(t, text, "server GET ")
	_, text = get(t, client, strings.Replace(plain.URL, "127.0.0.1", "localhost", 1)+"/a")
	assert.Contains(t, text, "there GET ")
	_, text = get(t, client, "https://127.0.0.1:1/")
	assert.Contains(t, text, "wxfn: 127.0.0.1:1 cannot be reached: by the proxy http://me:xxxxx@"+proxy.Host+": it answers 502 Bad Gateway")
	var list []string
	asked.Range(func(key, _ any) bool { list = append(list, key.(string)); return true })
	assert.ElementsMatch(t, []string{
		"CONNECT " + strings.TrimPrefix(secure.URL, "https://") + " Basic bWU6cGFzcw==",
		"GET " + strings.TrimPrefix(plain.URL, "http://") + " Basic bWU6cGFzcw==",
		"CONNECT 127.0.0.1:1 Basic bWU6cGFzcw==",
	}, list)
}

func TestAllowedHosts(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	e := newEgress(t, func(c *Config) {
		c.Allow = []string{"sms.tencentcloudapi.com", "*.myqcloud.com"}
		c.Upstream = func(r *http.Request) (*url.URL, error) {
			asked.Store(r.URL.Host)
			return nil, fmt.Errorf("there is no internet here")
		}
	})
	g := newGate(t, e)
	for _, host := range []string{"sms.tencentcloudapi.com", "a.cos.ap-x.myqcloud.com"} {
		_, text := get(t, through(t, g), "https://"+host+"/")
		assert.Contains(t, text, "there is no internet here")
		assert.Equal(t, host+":443", asked.Load())
	}
	_, text := get(t, through(t, g), "https://cvm.tencentcloudapi.com/")
	assert.Contains(t, text, "is not emulated")
	out := run(t, g.NodeEnviron, "", "node", "-e", `
		require('dns').lookup = (name, options, done) => done(new Error('looked up ' + name))
		for (const name of ['sms.tencentcloudapi.com', 'cvm.tencentcloudapi.com']) {
			require('https').get('https://' + name).on('error', err => console.log(err.message.slice(0, 40)))
		}`)
	assert.Contains(t, out, "looked up sms.tencentcloudapi.com")
	assert.Contains(t, out, "wxfn: cvm.tencentcloudapi.com (")
}

// The authority of a run is worth nothing for hosts that are not the platform's.
func TestAuthority(t *testing.T) {
	t.Parallel()
	g := newGate(t, newEgress(t))
	roots := trusting(t, g)
	handshake := func(serverName string) error {
		c, err := net.Dial("tcp", g.listener.Addr().String())
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		return tls.Client(c, &tls.Config{RootCAs: roots, ServerName: serverName}).Handshake()
	}
	assert.NoError(t, handshake("api.weixin.qq.com"))
	assert.NoError(t, handshake("a.b.c.tcb-api.tencentcloudapi.com"))
	assert.Error(t, handshake("example.com"))
	assert.Error(t, handshake("api.weixin.qq.com.example.com"))

	a, err := newAuthority()
	require.NoError(t, err)
	leaf, err := a.leaf(&tls.ClientHelloInfo{}) // of a client that names no host
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(leaf.Certificate[0])
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	_, err = cert.Verify(x509.VerifyOptions{Roots: pool, DNSName: "api.weixin.qq.com"})
	assert.NoError(t, err)
	again, err := a.leaf(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	assert.Same(t, leaf, again)
	for i := range 2 * maxLeaves {
		_, err := a.leaf(&tls.ClientHelloInfo{ServerName: fmt.Sprintf("env-%d.tcb-api.tencentcloudapi.com", i)})
		require.NoError(t, err)
	}
	assert.LessOrEqual(t, len(a.leaves), maxLeaves)
}

// Many clients at once, and nothing of them is left after Close, tunnels that are idle included.
func TestCloseEndsEverything(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	secure := httptest.NewTLSServer(say("there"))
	e := newEgress(t)
	var all sync.WaitGroup
	for i := range 8 {
		g := e.Gate(caller(fmt.Sprint("function ", i)))
		client := through(t, g, secure)
		for range 4 {
			all.Go(func() {
				for _, url := range []string{"https://api.weixin.qq.com/a", secure.URL, "http://tcb-admin.tencentyun.com/admin", "https://cvm.tencentcloudapi.com/"} {
					_, text := get(t, client, url)
					assert.NotEmpty(t, text)
				}
			})
		}
		if i%2 == 0 {
			all.Go(func() { g.Close() })
		}
	}
	all.Wait()
	e.Close()
	_, err := e.Gate(caller("too late")).Environ("")
	assert.ErrorContains(t, err, "closed")
	secure.Close()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 10*time.Second, time.Millisecond,
		"goroutines are left") // one is this check's own
}
