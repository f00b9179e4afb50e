package cloudfn

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// healthPath is for who asks whether the program is there: the platform itself
// only connects.
const healthPath = "/_health"

// What a connection may take. The idle time is longer than that of the proxies in
// front, so that they are the ones who close, and no request meets a connection that
// is being closed.
const (
	maxHeaderBytes = 64 << 10
	headerTime     = 10 * time.Second // from a request's start to the end of its headers
	idleTime       = 3 * time.Minute  // between requests
)

// wechatTime is how long a Mini Program waits for an answer of Cloud Run.
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/guide/debug/know.html
const wechatTime = 15 * time.Second

// serveHTTP is an HTTP cloud function.
// https://cloud.tencent.com/document/product/583/56124
func serveHTTP(stop context.Context, a *app) error { return a.serveRequests(stop, "9000", 0) }

// serveCloudRun is a container of Cloud Run.
func serveCloudRun(stop context.Context, a *app) error {
	return a.serveRequests(stop, "80", wechatTime)
}

// serveRequests serves on PORT, or else on standard. limit is how long an event from
// a Mini Program may take; 0 is no limit.
func (a *app) serveRequests(stop context.Context, standard string, limit time.Duration) error {
	l, err := a.listenOn(wxcloud.VarPort, standard)
	if err != nil {
		return err
	}
	ctx, cut := context.WithCancel(context.Background()) // all requests
	defer cut()
	f := newFront(a, limit)
	var open sync.WaitGroup // connections, but for those that were taken over
	server := &http.Server{
		Handler:           f,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Done()
			}
		},
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-stop.Done():
	}
	f.stopping.Store(true)
	// Shutdown would drop a request that has arrived and is not read yet.
	server.SetKeepAlivesEnabled(false)
	l.Close()
	<-served
	drained := make(chan struct{})
	go func() {
		open.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(a.drainTime):
		a.tellStillRunning()
		cut()
		server.Close()
	}
	return nil
}

// A front is what requests come to.
type front struct {
	*app
	limit    time.Duration // for an event from a Mini Program, 0 is none
	trusted  bool          // the platform sets the headers of identity
	scf      bool          // it sets its own too
	env      string        // the environment's id, where a request has none
	stopping atomic.Bool
}

func newFront(a *app, limit time.Duration) *front {
	f := &front{app: a, limit: limit, env: a.getenv(wxcloud.VarCloudRun), scf: a.getenv(wxcloud.VarRunEnv) == "SCF"}
	f.trusted = a.trustHeaders || f.scf || f.env != "" || a.emulated()
	for _, variable := range []string{wxcloud.VarEnv, wxcloud.VarNamespace} {
		if f.env == "" {
			f.env = a.getenv(variable)
		}
	}
	return f
}

// keyHeader has the instance's key, where there is one.
const keyHeader = "X-Wxfn-Instance-Key"

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.key != "" {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get(keyHeader)), []byte(f.key)) != 1 {
			http.Error(w, "this instance is its emulator's alone: call the function at "+f.getenv(wxcloud.VarEmulatorURL), http.StatusForbidden)
			return
		}
		r.Header.Del(keyHeader)
	}
	inv, err := f.identify(r)
	w.Header().Set(requestIDHeader, inv.RequestID)
	health := r.URL.Path == healthPath && (r.Method == http.MethodGet || r.Method == http.MethodHead)
	switch {
	case err != nil:
		writeFailure(w, inv, &failure{http.StatusBadRequest, wxcloud.InvalidParam, err.Error()})
	case health && f.stopping.Load():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case f.web == nil && health:
		writeHealth(w, inv)
	case f.web == nil:
		f.serveEvent(w, r, inv)
	case health:
		own := &unlessNotFound{ResponseWriter: w}
		f.serveWeb(own, r, inv)
		if own.notFound {
			writeHealth(w, inv)
		}
	default:
		f.serveWeb(w, r, inv)
	}
}

// serveWeb hands a request to the program's handler.
func (f *front) serveWeb(w http.ResponseWriter, r *http.Request, inv *Invocation) {
	f.running.add(inv)
	defer f.running.remove(inv)
	ctx := NewContext(r.Context(), inv)
	defer func() {
		switch value := recover(); value {
		case nil:
		case http.ErrAbortHandler:
			panic(value)
		default:
			f.panicked(ctx, value)
			panic(http.ErrAbortHandler) // what has been answered is not whole
		}
	}()
	f.web.ServeHTTP(w, r.WithContext(ctx))
}

// writeHealth answers that all is well, whatever headers another answer has set.
func writeHealth(w http.ResponseWriter, inv *Invocation) {
	clear(w.Header())
	w.Header().Set(requestIDHeader, inv.RequestID)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}

// unlessNotFound holds an answer of status 404 back.
type unlessNotFound struct {
	http.ResponseWriter
	notFound bool
}

func (w *unlessNotFound) WriteHeader(status int) {
	w.notFound = w.notFound || status == http.StatusNotFound // the first counts
	if !w.notFound {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *unlessNotFound) Write(p []byte) (int, error) {
	if w.notFound {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Flush is there for who asks for an http.Flusher.
func (w *unlessNotFound) Flush() {
	if !w.notFound {
		http.NewResponseController(w.ResponseWriter).Flush()
	}
}

func (w *unlessNotFound) Unwrap() http.ResponseWriter { return w.ResponseWriter }
