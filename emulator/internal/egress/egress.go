// Package egress routes what functions, and commands that run beside an emulator, send out. Requests to the platform's
// hosts reach the emulator, or are refused if it does not emulate the host; everything else goes to the internet untouched.
//
// Each function has a [Gate], a port on the loopback interface. Programs reach it in two ways. Most HTTP clients follow
// HTTPS_PROXY and HTTP_PROXY, which carry the gate's own credential. Node programs load a hook that connects to the gate
// instead of the platform's hosts, and to nothing else. Either way TLS to the platform's hosts ends at the gate, with a
// certificate from an authority of this run; connections to other hosts are tunnelled, TLS and all.
//
// Clients that follow no proxy bypass the gate.
package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

const (
	headerTime = 10 * time.Second
	idleTime   = 3 * time.Minute // between requests
	dialTime   = 30 * time.Second
)

// Config configures an Egress; Dir and Admin are required.
type Config struct {
	// Dir returns the folder for the files that programs need to find their gate.
	Dir func() (string, error)
	// Admin is the admin endpoint.
	Admin http.Handler
	// Allow lists the platform's hosts that may be reached for real, in the form of Host.Pattern.
	Allow []string
	// Upstream returns the proxy for a request to the internet, as http.ProxyFromEnvironment does, which it is if nil.
	Upstream func(*http.Request) (*url.URL, error)
	// Log gets errors of connections; nothing is logged if nil.
	Log *slog.Logger
}

// Egress is the shared part of an emulator's gates. It is safe for concurrent use.
type Egress struct {
	Config
	allowed   []Host
	server    *http.Server
	tls       *tls.Config
	forward   *httputil.ReverseProxy
	transport *http.Transport

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup // tunnels, and the gates' listeners

	mu    sync.Mutex // held while files is made, and while Close cancels ctx
	files *files     // nil until the first gate is opened
}

// forwarded are the request headers that httputil.ReverseProxy removes.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// New returns an Egress, which neither listens nor writes files yet.
func New(c Config) *Egress {
	if c.Upstream == nil {
		c.Upstream = http.ProxyFromEnvironment
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e := &Egress{Config: c}
	for _, pattern := range c.Allow {
		e.allowed = append(e.allowed, Host{Pattern: hostName(pattern)})
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.transport = &http.Transport{Proxy: c.Upstream, DisableCompression: true, ForceAttemptHTTP2: true}
	e.forward = &httputil.ReverseProxy{
		Transport: e.transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.RawQuery = p.In.URL.RawQuery // even one that Go would not parse
			p.Out.Host = ""                        // that of the URL
			for _, name := range forwarded {       // the client's own
				if values, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = values
				}
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			refuse(w, http.StatusBadGateway, fmt.Sprintf("wxfn: %s cannot be reached: %v", r.URL.Host, err))
		},
	}
	e.server = &http.Server{
		Handler:           http.HandlerFunc(e.serve),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	return e
}

// Close closes all gates and their connections.
func (e *Egress) Close() {
	e.mu.Lock()
	e.cancel()
	e.mu.Unlock()
	_ = e.server.Close()
	e.running.Wait()
	e.transport.CloseIdleConnections()
}

// find is [Find] without the allowed hosts.
func (e *Egress) find(hostport string) *Host {
	if find(e.allowed, hostport) != nil {
		return nil
	}
	return Find(hostport)
}

// start runs f in a goroutine that Close waits for. It reports false, and does nothing, after Close.
func (e *Egress) start(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() != nil {
		return false
	}
	e.running.Go(f)
	return true
}

var errClosed = errors.New("the emulator is closed")

// shared returns the files that all gates share, and writes them on the first call.
func (e *Egress) shared() (*files, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() != nil {
		return nil, errClosed
	}
	if e.files != nil {
		return e.files, nil
	}
	dir, err := e.Dir()
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("the certificate authority of this run: %w", err)
	}
	made, err := writeFiles(dir, authority)
	if err != nil {
		return nil, err
	}
	e.tls = &tls.Config{GetCertificate: authority.leaf, NextProtos: []string{"http/1.1"}}
	e.files = made
	return made, nil
}
