package egress

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Gate is the way out of one function, or of one command.
type Gate struct {
	egress   *Egress
	caller   string       // as messages call it: "function poster"
	server   http.Handler // https://api.weixin.qq.com
	plain    http.Handler // http://api.weixin.qq.com
	key      string       // of the proxy
	listener *net.TCPListener
	files    *files
	hook     string // the path of the hook's file
}

// Open returns a gate for a caller, whom messages call by that name. server answers https://api.weixin.qq.com, and plain
// the same without TLS, which is the open interface service of a container.
func (e *Egress) Open(caller string, server, plain http.Handler) (*Gate, error) {
	shared, err := e.shared()
	if err != nil {
		return nil, err
	}
	g := &Gate{egress: e, caller: caller, server: server, plain: plain, key: rand.Text(), files: shared}
	if g.listener, err = net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, fmt.Errorf("a port for what %s sends out: %w", caller, err)
	}
	if g.hook, err = shared.writeHook(g); err != nil {
		_ = g.listener.Close()
		return nil, err
	}
	if !e.start(func() { _ = e.server.Serve(&gateListener{g.listener, g}) }) {
		g.Close()
		return nil, errClosed
	}
	return g, nil
}

// Close frees the gate's port. What goes through it now goes on.
func (g *Gate) Close() {
	_ = g.listener.Close()
	g.files.remove(g.hook)
}

// Key returns what programs prove themselves with to the proxy. It is a secret.
func (g *Gate) Key() string { return g.key }

func (g *Gate) port() int { return g.listener.Addr().(*net.TCPAddr).Port }

// proxy returns the URL of the gate as a proxy, with its credential.
func (g *Gate) proxy() string {
	u := url.URL{Scheme: "http", User: url.UserPassword("wxfn", g.key), Host: g.listener.Addr().String()}
	return u.String()
}

// admits reports whether a request to the proxy has the gate's credential.
func (g *Gate) admits(r *http.Request) bool {
	credential := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	_, key, _ := credential.BasicAuth()
	return subtle.ConstantTimeCompare([]byte(key), []byte(g.key)) == 1
}

// gateListener accepts the connections of a gate.
type gateListener struct {
	*net.TCPListener
	gate *Gate
}

// Accept implements net.Listener.
func (l *gateListener) Accept() (net.Conn, error) {
	c, err := l.TCPListener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, gate: l.gate}, nil
}
