package host

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// brokenTime is how long a process that has broken off an answer may take to end: then that is why.
const brokenTime = 500 * time.Millisecond

// Invoke implements [Instance]. It passes a request on to the program, and the answer back as it comes, with what follows
// an upgrade. The program's side ends when the caller's does. What the program prints goes into the record of the request
// that came last, where there are several at once.
func (i *httpInstance) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	if i.fixed != nil {
		if !i.fixed.enter() {
			return nil, errNotBegun
		}
		defer i.fixed.leave()
	}
	if i.running.Add(1) == 1 {
		i.flush()
	} else {
		i.drain()
	}
	i.record.Store(c.Record)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.Request.Context(), cancel)()
	err := i.exchange(c.Answer, c.Request.WithContext(ctx))
	if i.running.Add(-1) == 0 {
		i.flush()
	} else {
		i.drain()
	}
	again := i.served.Swap(true)
	switch {
	case err == nil:
		return nil, nil
	case c.Request.Context().Err() != nil:
		return nil, ErrCallerGone
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errUnreachable) && again:
		return nil, errNotBegun
	}
	return nil, i.lost(err)
}

// lost explains an answer that did not come, or not whole.
func (i *httpInstance) lost(err error) *Failure {
	select {
	case <-i.done:
		return failed("the function %s before its answer was complete", i.ending())
	case <-time.After(brokenTime):
		return failed("the function broke off its answer: %v", err)
	}
}

// ErrCallerGone is the error of an exchange whose caller has not waited for the end of the answer.
var ErrCallerGone = failed("the caller went away before the answer was complete")

var errBrokenOff = errors.New("the answer is not complete")

// exchange is one request and its answer. When it returns an error, a part of the answer may have been written.
func (i *httpInstance) exchange(w http.ResponseWriter, r *http.Request) (err error) {
	proxy := &httputil.ReverseProxy{
		Transport: i.transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: i.address})
			p.Out.URL.RawQuery = p.In.URL.RawQuery // also what Go would not take for one
			p.Out.Host = p.In.Host                 // the caller's view, as in the cloud
			if i.key.required() {
				p.Out.Header.Set(keyHeader, i.key.value)
			}
			p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
			p.SetXForwarded()
			if _, there := p.Out.Header["User-Agent"]; !there {
				p.Out.Header.Set("User-Agent", "") // not that of Go
			}
		},
		BufferPool:   buffers{},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, failure error) { err = failure },
		ErrorLog:     noLog,
	}
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			err = errBrokenOff
		default:
			panic(v)
		}
	}()
	// What is sent while an answer comes is passed on, too.
	_ = http.NewResponseController(w).EnableFullDuplex() // where the connection can
	proxy.ServeHTTP(w, r)
	return err
}

// noLog is for what the errors say already.
var noLog = log.New(io.Discard, "", 0)

// buffers lets answers share the memory that they pass through.
type buffers struct{}

var spare = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// Get implements httputil.BufferPool.
func (buffers) Get() []byte { return spare.Get().(*[32 << 10]byte)[:] }

// Put implements httputil.BufferPool.
func (buffers) Put(b []byte) { spare.Put((*[32 << 10]byte)(b)) }
