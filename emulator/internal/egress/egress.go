// Package egress is the way out of functions, and of commands that run beside an emulator: what they send to the
// platform's hosts reaches the emulator, or is refused where no part of the emulator stands for the host; all else goes to
// the internet as it is.
//
// Each of them has a [Gate]: a port of the loopback interface. Programs come to it in two ways. Most HTTP clients follow
// HTTPS_PROXY and HTTP_PROXY, with a credential that is the gate's own. Node programs load a hook that connects to the
// gate in place of the platform's hosts, and only of these. In both cases TLS for the platform's hosts ends here, by
// certificates of an authority of this run; other hosts are tunnelled, and their TLS is not touched.
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

// What a connection may take.
const (
	headerTime = 10 * time.Second
	idleTime   = 3 * time.Minute // between requests
	dialTime   = 30 * time.Second
)

// Config is what an Egress is made of; Dir and Admin are required.
type Config struct {
	// Dir returns the folder for the files that programs need to find their gate.
	Dir func() (string, error)
	// Admin is the admin endpoint.
	Admin http.Handler
	// Allow are the hosts of the platform that are reached as they are, as [Host.Pattern] has them.
	Allow []string
	// Upstream returns the proxy for a request to the internet, as http.ProxyFromEnvironment does, which it is if nil.
	Upstream func(*http.Request) (*url.URL, error)
	// Log gets what is wrong with connections; nothing is logged if nil.
	Log *slog.Logger
}

// Egress is what the gates of an emulator share. It is safe for concurrent use.
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

// forwarded are the headers that httputil.ReverseProxy takes away.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// New returns an Egress, which listens and writes nothing yet.
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
			for _, name := range forwarded {       // which are the client's own
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

// Close closes all gates and what goes through them.
func (e *Egress) Close() {
	e.mu.Lock()
	e.cancel()
	e.mu.Unlock()
	_ = e.server.Close()
	e.running.Wait()
	e.transport.CloseIdleConnections()
}

// find is [Find], without the hosts that are reached as they are.
func (e *Egress) find(hostport string) *Host {
	if find(e.allowed, hostport) != nil {
		return nil
	}
	return Find(hostport)
}

// start runs f in a goroutine that Close waits for, and reports whether it did: after Close it does not.
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

// shared returns the files that all gates share, made when the first one asks.
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
