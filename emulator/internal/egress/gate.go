package egress

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
)

// Gate is the way out of one function or command. It starts to listen when its environment is first asked for.
type Gate struct {
	caller Caller
	egress *Egress
	key    string // of the proxy

	mu       sync.Mutex
	closed   bool
	listener *net.TCPListener // nil until it listens
	files    *files
	hook     string // the path of the hook's file
}

// Caller is who a gate is for.
type Caller struct {
	// Name names it in messages: "function poster".
	Name string
	// Server answers https://api.weixin.qq.com, and Plain http://api.weixin.qq.com, which in a container is the open
	// interface service.
	Server, Plain http.Handler
	// Refused is called with the reason of each refusal, which some HTTP clients do not show. Optional.
	Refused func(text string)
}

// Gate returns a gate for a caller.
func (e *Egress) Gate(c Caller) *Gate {
	if c.Refused == nil {
		c.Refused = func(string) {}
	}
	return &Gate{egress: e, caller: c, key: rand.Text()}
}

// open makes the gate listen, once.
func (g *Gate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return errClosed
	case g.listener != nil:
		return nil
	}
	shared, err := g.egress.shared()
	if err != nil {
		return err
	}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return fmt.Errorf("a port for what %s sends out: %w", g.caller.Name, err)
	}
	hook, err := shared.writeHook(g, listener.Addr().(*net.TCPAddr).Port)
	if err == nil && !g.egress.start(func() { _ = g.egress.server.Serve(&gateListener{listener, g}) }) {
		err = errClosed
	}
	if err != nil {
		_ = listener.Close()
		return err
	}
	g.listener, g.files, g.hook = listener, shared, hook
	return nil
}

// Close frees the gate's port. Open connections stay open.
func (g *Gate) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	if g.listener != nil {
		_ = g.listener.Close()
		_ = os.Remove(g.hook)
	}
}

// Key returns the password of the gate's proxy, a secret.
func (g *Gate) Key() string { return g.key }

// proxy returns the proxy URL of the gate, credential included.
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
