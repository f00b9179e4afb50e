package emulator

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/emulator/internal/control"
)

// serverHost is the host of the server API in the cloud. In a container, http://api.weixin.qq.com is the open interface
// service (开放接口服务), which needs no token.
const serverHost = "api.weixin.qq.com"

func isServerHost(hostport string) bool {
	name, ok := hostName(hostport)
	return ok && strings.EqualFold(name, serverHost)
}

// proxyEnviron are the variables by which programs find the proxy that has http://api.weixin.qq.com answered by the
// sidecar of a service. Many HTTP clients mind them by themselves; Node does from version 24 on.
func proxyEnviron(base, key string) map[string]string {
	proxy := strings.Replace(base, "://", "://sidecar:"+key+"@", 1)
	const here = "localhost,127.0.0.1,::1"
	return map[string]string{"http_proxy": proxy, "HTTP_PROXY": proxy, "no_proxy": here, "NO_PROXY": here, "NODE_USE_ENV_PROXY": "1"}
}

// isForProxy tells whether a request names another server: another host, or another port of this one.
func (e *Emulator) isForProxy(r *http.Request) bool {
	if r.URL.Host == "" {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !e.ownHost(r.URL.Host) || ok && cmp.Or(r.URL.Port(), "80") != strconv.Itoa(local.Port)
}

// serveProxy answers requests that a service sends to other hosts, without TLS: those for WeChat by the service's sidecar,
// and others by passing them on.
func (e *Emulator) serveProxy(w http.ResponseWriter, r *http.Request) {
	key := proxyKey(r)
	switch {
	case r.Method == http.MethodConnect:
		control.WriteError(w, http.StatusMethodNotAllowed, fmt.Errorf("this proxy is for http:// only; requests to https://%s go there by themselves", r.Host))
	case !e.platform.KnowsSidecar(key):
		w.Header().Set("Proxy-Authenticate", `Basic realm="wxfn"`)
		control.WriteError(w, http.StatusProxyAuthRequired, fmt.Errorf("this is a proxy for the functions that the emulator runs, which find it in HTTP_PROXY; %s is another host", r.Host))
	case isServerHost(r.URL.Host):
		e.platform.ServeSidecar(w, r, key)
	default:
		(&httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) {
				p.Out.URL.RawQuery = p.In.URL.RawQuery // also what Go would not take for one
				p.Out.Host = ""                        // that of the URL
			},
			ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
				control.WriteError(w, http.StatusBadGateway, fmt.Errorf("%s cannot be reached: %w", r.URL.Host, err))
			},
		}).ServeHTTP(w, r)
	}
}

// proxyKey returns what a client of the proxy proves itself with.
func proxyKey(r *http.Request) string {
	asServer := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	_, key, _ := asServer.BasicAuth()
	return key
}
