package egress

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// serve answers requests to a gate: those to the proxy, and those for the platform's hosts that the hook or a tunnel
// brings here.
func (e *Egress) serve(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	toProxy := r.Method == http.MethodConnect || r.URL.Host != ""
	switch {
	case toProxy && c.tunnel == "" && !c.gate.admits(r):
		w.Header().Set("Proxy-Authenticate", `Basic realm="wxfn"`)
		refuse(w, http.StatusProxyAuthRequired, fmt.Sprintf("wxfn: this proxy is for %s, which finds it in HTTPS_PROXY", c.gate.caller.Name))
	case c.tunnel == "" && r.Header.Get("Origin") != "":
		refuse(w, http.StatusForbidden, "wxfn: pages may not use this port")
	case r.Method == http.MethodConnect:
		e.connect(w, r, c.gate)
	case toProxy && e.find(r.URL.Host) == nil:
		e.forward.ServeHTTP(w, r)
	case e.find(r.Host) == nil:
		refuse(w, http.StatusForbidden, fmt.Sprintf("wxfn: the Host %q is not the platform's", r.Host))
	default:
		secure := c.secure()
		if r.URL.Host != "" {
			secure = r.URL.Scheme == "https"
		}
		e.answer(w, r, c.gate, secure)
	}
}

// answer stands in for one of the platform's hosts.
func (e *Egress) answer(w http.ResponseWriter, r *http.Request, g *Gate, secure bool) {
	host := e.find(r.Host)
	r.Header.Del("Proxy-Authorization")
	r.Header.Del("Proxy-Connection")
	switch {
	case host.Door == Admin && r.URL.Path == "/admin":
		e.Admin.ServeHTTP(w, r)
	case host.Door == Admin:
		refuse(w, http.StatusNotFound, fmt.Sprintf("wxfn: %s of %s is not emulated: only /admin is, the admin endpoint", r.URL.Path, hostName(r.Host)))
	case host.Door == Server && secure:
		g.caller.Server.ServeHTTP(w, r)
	case host.Door == Server:
		g.caller.Plain.ServeHTTP(w, r)
	default:
		refuse(w, http.StatusBadGateway, g.refusal(host, r.Host))
	}
}

// refusal returns the reason why a host cannot be reached, and reports it.
func (g *Gate) refusal(host *Host, hostport string) string {
	text := host.refusal(hostName(hostport), g.caller.Name)
	g.caller.Refused(text)
	return text
}

// connect answers a CONNECT request. A refusal is in the status line: clients show that, and not the body.
func (e *Egress) connect(w http.ResponseWriter, r *http.Request, g *Gate) {
	host := e.find(r.Host)
	var out net.Conn
	var err error
	var refusal string
	switch {
	case host != nil && host.Door == Closed:
		refusal = g.refusal(host, r.Host)
	case host == nil:
		if out, err = e.dial(r); err != nil {
			refusal = fmt.Sprintf("wxfn: %s cannot be reached: %v", r.Host, err)
		}
	}
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		if out != nil {
			_ = out.Close()
		}
		return
	}
	if refusal != "" {
		_, _ = fmt.Fprintf(in, "HTTP/1.1 502 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", oneLine(refusal))
		_ = in.Close()
		return
	}
	_ = in.SetDeadline(time.Time{})
	_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n")
	in = &readerConn{in, buffered}
	if out == nil {
		// Serve returns at once: it goes on in a goroutine of its own.
		if err := e.server.Serve(&once{&conn{Conn: in, gate: g, tunnel: r.Host}}); errors.Is(err, http.ErrServerClosed) {
			_ = in.Close()
		}
		return
	}
	if !e.start(func() { e.tunnel(in, out) }) {
		_ = in.Close()
		_ = out.Close()
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// tunnel copies both ways until both have ended, or the emulator is closed.
func (e *Egress) tunnel(in, out net.Conn) {
	end := func() {
		_ = in.Close()
		_ = out.Close()
	}
	defer end()
	defer context.AfterFunc(e.ctx, end)()
	var sending sync.WaitGroup
	sending.Go(func() { pipe(out, in) })
	pipe(in, out)
	sending.Wait()
}

// pipe copies until from ends, and passes the end on.
func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return
	}
	_ = to.Close()
}

// dial connects to a host on the internet, through the developer's own proxy if there is one for it.
func (e *Egress) dial(r *http.Request) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTime}
	proxy, err := e.Upstream(&http.Request{URL: &url.URL{Scheme: "https", Host: r.Host}})
	if err != nil {
		return nil, err
	}
	if proxy == nil {
		return dialer.DialContext(r.Context(), "tcp", r.Host)
	}
	var conn net.Conn
	switch proxy.Scheme {
	case "http":
		conn, err = dialer.DialContext(r.Context(), "tcp", net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), "80")))
	case "https":
		conn, err = (&tls.Dialer{NetDialer: dialer}).DialContext(r.Context(), "tcp", net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), "443")))
	default:
		err = errors.New("it speaks no HTTP; set HTTPS_PROXY to a proxy that does")
	}
	if err != nil {
		return nil, fmt.Errorf("by the proxy %s: %w", proxy.Redacted(), err)
	}
	_ = conn.SetDeadline(time.Now().Add(dialTime))
	ask := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: r.Host}, Host: r.Host, Header: http.Header{}}
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		basic := http.Request{Header: http.Header{}}
		basic.SetBasicAuth(user.Username(), password)
		ask.Header["Proxy-Authorization"] = basic.Header["Authorization"]
	}
	err = ask.Write(conn)
	reader := bufio.NewReader(conn)
	if err == nil {
		var resp *http.Response
		if resp, err = http.ReadResponse(reader, ask); err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("it answers %s", resp.Status)
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("by the proxy %s: %w", proxy.Redacted(), err)
	}
	_ = conn.SetDeadline(time.Time{})
	return &readerConn{conn, reader}, nil
}

// refuse answers with one line.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	body, _ := json.Marshal(map[string]any{"errcode": -1, "errmsg": text}) // text always encodes
	_, _ = w.Write(body)
}
