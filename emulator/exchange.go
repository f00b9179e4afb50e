package emulator

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/control"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/openapi"
)

// fnPath is where the paths of functions that serve HTTP begin.
const fnPath = "/fn/"

// What holds for a request that WeChat passes on to a Cloud Run service (callContainer), as
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/development/call/faq.html has it.
const (
	containerTimeout = 15 * time.Second
)

// serveFn answers at /fn/{name}/…, as wx.cloud.callHTTPFunction, wx.cloud.callContainer and public addresses lead to a
// function. Headers choose who calls, as at /invoke; an empty X-WX-SOURCE stands for a call from outside of WeChat, which
// has none of them.
func (e *Emulator) serveFn(w http.ResponseWriter, r *http.Request) {
	name, path, err := splitFn(r.URL)
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, err)
		return
	}
	caller := e.callerOf(r)
	if sources, there := r.Header[wxcloud.HeaderSource]; there && sources[0] == "" {
		caller = platform.Caller{ClientIP: caller.ClientIP}
	} else if err := wxcloud.CheckSource(caller.Source); err != nil {
		control.WriteError(w, http.StatusBadRequest, fmt.Errorf("X-WX-SOURCE: %w; leave it empty for a call from outside of WeChat", err))
		return
	}
	a := &answer{ResponseWriter: w, requestID: uuid.NewString()}
	failure := e.exchange(a, r, caller, name, path)
	switch {
	case failure == nil:
	case a.status != 0:
		panic(http.ErrAbortHandler) // a part of the answer is on its way
	default:
		clear(a.Header())                     // of another answer
		a.Header().Set("Connection", "close") // what the caller still sends, nobody reads
		control.WriteJSON(a, failure.status, map[string]any{"errCode": failure.ErrCode, "errMsg": failure.text(), "requestID": failure.RequestID})
	}
}

// splitFn takes a function's name off a URL, and returns what is left of it, with its escapes as they came.
func splitFn(u *url.URL) (name string, path *url.URL, err error) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), fnPath), "/")
	if name, err = url.PathUnescape(name); err != nil {
		return "", nil, err
	}
	path = &url.URL{RawPath: "/" + rest, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery}
	path.Path, err = url.PathUnescape(path.RawPath)
	return name, path, err
}

// exchange runs an HTTP exchange from its start to its record. The error is nil where the function has answered.
func (e *Emulator) exchange(a *answer, r *http.Request, caller platform.Caller, name string, path *url.URL) *Error {
	record := e.journal.Begin(a.requestID, name, caller.OpenID, caller.Source)
	record.Requested(r.Method, path.RequestURI())
	begin := time.Now()
	err := e.pass(a, r, path, &platform.Session{RequestID: a.requestID, Function: name, Caller: caller, Record: record})
	if a.status != 0 {
		record.Answered(a.status)
	}
	view := record.View()
	log := e.log.With("function", name, "request_id", a.requestID, "duration", time.Since(begin).Round(100*time.Microsecond), "cold", view.ColdStart)
	logCalls(log, view.Calls)
	what := view.HTTP.Method + " " + view.HTTP.Path
	if err == nil || errors.Is(err, host.ErrCallerGone) && a.status != 0 {
		record.End(e.clock.Now(), "")
		log.Info(fmt.Sprintf("%s: %d", what, a.status))
		return nil
	}
	failure := explain(err, record)
	switch {
	case failure.ErrCode == wxcloud.FunctionTimeout:
		failure.status = http.StatusGatewayTimeout
	case errors.As(err, new(*host.Failure)):
		failure.status = http.StatusBadGateway
	}
	if a.status == 0 && !errors.Is(err, host.ErrCallerGone) {
		record.Answered(failure.status) // which the caller is told
	}
	record.End(e.clock.Now(), failure.text())
	log.Error(what + ": " + failure.text())
	return failure
}

// pass has a function answer a request.
func (e *Emulator) pass(a *answer, r *http.Request, path *url.URL, s *platform.Session) (err error) {
	defer contain(&err)
	f, leave, ok := e.enter(s.Function)
	if !ok {
		return e.unknown(s.Function)
	}
	defer leave()
	if f.dir != "" && f.folder.Kind == config.KindNone {
		_, err := f.ready(r.Context(), e.buildOne)
		return err // which says why
	}
	if f.service == nil {
		return &Error{ErrCode: wxcloud.InvalidParam, status: http.StatusBadRequest,
			message: fmt.Sprintf("%s takes events, and serves no HTTP; call it with POST /invoke/%s", f.name, url.PathEscape(f.name))}
	}
	s.Permitted = f.permitted
	s.Record.BuildError(f.outdatedBy())
	limit := e.limitOf(f, r, s.Caller)
	if r.ContentLength > limit.bytes {
		return limit.exceeded()
	}
	hosted, err := f.ready(r.Context(), e.buildOne)
	if err != nil {
		return err
	}
	token := f.service.Begin(s)
	defer f.service.End(s)
	s.Record.Redact(token)
	body := &limitedBody{ReadCloser: r.Body, left: limit.bytes}
	out := r.Clone(r.Context())
	out.URL, out.RequestURI, out.Body = path, path.RequestURI(), body
	e.setHeaders(out.Header, s, token)
	if f.folder.Kind != config.KindCloudRun {
		setFunctionHeaders(out.Header, s.RequestID, hosted)
	}
	_, err = hosted.Invoke(r.Context(), &host.Call{RequestID: s.RequestID, Record: s.Record, Request: out, Answer: a, Timeout: limit.timeout,
		Environ: e.platform.RequestEnviron(s, token)})
	if err != nil && body.exceeded {
		return limit.exceeded()
	}
	return err
}

// setHeaders replaces what a caller says about itself by what the platform knows.
func (e *Emulator) setHeaders(h http.Header, s *platform.Session, token string) {
	for name := range h {
		// Some servers make one name of these.
		switch known := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-")); {
		case strings.HasPrefix(known, wxcloud.HeaderPrefix), strings.HasPrefix(known, "X-Scf-"), known == wxcloud.HeaderClientIP, known == "X-Request-Id":
			delete(h, name)
		}
	}
	h.Set("X-Request-Id", s.RequestID)
	h.Set(wxcloud.HeaderClientIP, s.Caller.ClientIP)
	if s.Caller.Source == "" {
		return
	}
	for name, value := range e.platform.Headers(s, token) {
		if value != "" {
			h.Set(name, value)
		}
	}
}

// setFunctionHeaders tells an HTTP function about itself, as https://cloud.tencent.com/document/product/583/56124 has it.
func setFunctionHeaders(h http.Header, requestID string, f *host.Function) {
	h.Set("X-Scf-Request-Id", requestID)
	h.Set("X-Scf-Name", f.Name)
	h.Set("X-Scf-Memory", strconv.Itoa(f.MemoryMB))
	if f.Timeout > 0 {
		h.Set("X-Scf-Timeout", strconv.FormatInt(f.Timeout.Milliseconds(), 10))
	}
}

// limit is what holds for a request.
type limit struct {
	bytes   int64         // of its body
	timeout time.Duration // 0: the function's own
	code    int           // of the error about too many bytes
}

// limitOf returns what holds for a request to a function. A connection that is upgraded may last.
func (e *Emulator) limitOf(f *function, r *http.Request, caller platform.Caller) limit {
	fromClient := caller.Source == SourceClient || caller.Source == SourceDevTools
	switch upgrade := r.Header.Get("Upgrade") != ""; {
	case f.folder.Kind == config.KindCloudRun && fromClient && !upgrade:
		return limit{bytes: maxClientEvent, timeout: containerTimeout, code: wxcloud.ContainerLimit}
	default:
		return limit{bytes: maxEvent, code: wxcloud.InvalidParam}
	}
}

func (l limit) exceeded() error {
	return &Error{ErrCode: openapi.Code(l.code), status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("the request is too large: its body has at most %d KB", l.bytes>>10)}
}

// limitedBody is a body of at most so many bytes.
type limitedBody struct {
	io.ReadCloser
	left     int64
	exceeded bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.exceeded = true
		return 0, errors.New("the request is too large")
	}
	return n, err
}

// answer is the answer of a function on its way to the caller.
type answer struct {
	http.ResponseWriter
	requestID string
	status    int // 0 until it has begun
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if status >= http.StatusOK && a.status == 0 {
		a.status = status
		a.Header().Set("X-Request-Id", a.requestID)
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

// Hijack implements http.Hijacker.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.status = http.StatusSwitchingProtocols
	}
	return conn, buffered, err
}

// Flush implements http.Flusher, which handlers in this process look for.
func (a *answer) Flush() {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(a.ResponseWriter).Flush() // where it can
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
