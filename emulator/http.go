package emulator

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/gorilla/mux"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/control"
	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

// ServeHTTP serves the front doors: POST /invoke/{name} for functions that take events, /fn/{name}/… for those that serve
// HTTP, the admin endpoint /admin, the server API of api.weixin.qq.com (/cgi-bin/…, /wxa/… and others), and the control
// API /_wxfn/….
// Requests for a Host that is not this machine, and from pages of another origin, are refused.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := e.guard(r); err != nil {
		control.WriteError(w, http.StatusForbidden, err)
		return
	}
	e.handler.ServeHTTP(w, r)
}

func (e *Emulator) routes() http.Handler {
	routes := mux.NewRouter().UseEncodedPath().SkipClean(true)
	whole := func(h http.Handler) http.Handler { return timely(e.bodyTime, h) }
	routes.Path("/invoke/{name}").Methods(http.MethodPost).Handler(whole(http.HandlerFunc(e.serveInvoke)))
	routes.PathPrefix(fnPath).HandlerFunc(e.serveFn)
	routes.Path(adminPath).Handler(whole(e.platform))
	routes.PathPrefix(platform.SidecarPath).Handler(whole(e.platform.Sidecar()))
	routes.PathPrefix(api.Prefix).Handler(whole(e.authorized(control.New(control.Config{
		Scan:        e.platform.Scan,
		ScanPicture: e.platform.ScanPicture,
		Preview:     e.platform.Preview,
		Journal:     e.journal,
		Stubs:       &e.platform.Stubs,
		StubDir:     e.stubDir(),
		Outbox:      e.Outbox,
		PhoneCode:   e.PhoneCode,
		Clock:       e.changeClock,
		Functions:   e.describe,
		Done:        e.ctx.Done(),
	}))))
	routes.MatcherFunc(func(r *http.Request, _ *mux.RouteMatch) bool { return e.platform.ServesPath(r.URL.Path) }).Handler(whole(e.platform.Server()))
	routes.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control.WriteError(w, http.StatusNotFound, fmt.Errorf("nothing is served at %s; functions are at /invoke/NAME, and those that serve HTTP at /fn/NAME/", r.URL.Path))
	})
	routes.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		control.WriteError(w, http.StatusMethodNotAllowed, fmt.Errorf("%s does not take the method %s; use POST", r.URL.Path, r.Method))
	})
	return routes
}

// authorized asks for the token.
func (e *Emulator) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(e.token)) != 1 {
			control.WriteError(w, http.StatusUnauthorized, errors.New("the control API needs the header Authorization: Bearer TOKEN; the token stands in dev.json of the state folder"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveInvoke answers as wx.cloud.callFunction does.
func (e *Emulator) serveInvoke(w http.ResponseWriter, r *http.Request) {
	name, err := url.PathUnescape(mux.Vars(r)["name"])
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, err)
		return
	}
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if contentType != "application/json" {
		control.WriteError(w, http.StatusUnsupportedMediaType, fmt.Errorf("an event is JSON: send it with Content-Type: application/json, not %q", r.Header.Get("Content-Type")))
		return
	}
	// One byte more than any limit is enough to tell.
	event, err := io.ReadAll(io.LimitReader(r.Body, maxEvent+1))
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, fmt.Errorf("reading the event: %w", err))
		return
	}
	if len(event) <= maxEvent && len(bytes.TrimSpace(event)) == 0 {
		event = []byte("{}")
	}
	caller := e.callerOf(r)
	if err := wxcloud.CheckSource(caller.Source); err != nil {
		control.WriteError(w, http.StatusBadRequest, fmt.Errorf("X-WX-SOURCE: %w", err))
		return
	}
	result, failure := e.invoke(r.Context(), caller, name, event)
	if failure != nil {
		answer := map[string]any{"errCode": failure.ErrCode, "errMsg": failure.official(), "requestID": failure.RequestID}
		if failure.BuildError != "" {
			answer["buildError"] = failure.BuildError
		}
		control.WriteJSON(w, failure.status, answer)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = fmt.Fprintf(w, `{"result":%s,"errMsg":"cloud.callFunction:ok","requestID":%q`, result.JSON, result.RequestID)
	if result.BuildError != "" {
		text, _ := json.Marshal(result.BuildError) // text always encodes
		_, _ = fmt.Fprintf(w, `,"buildError":%s`, text)
	}
	_, _ = io.WriteString(w, "}")
}

// callerOf reads who calls from the headers that the platform itself uses.
func (e *Emulator) callerOf(r *http.Request) platform.Caller {
	c := platform.Caller{
		OpenID:  r.Header.Get(wxcloud.HeaderOpenID),
		UnionID: r.Header.Get(wxcloud.HeaderUnionID),
		AppID:   cmp.Or(r.Header.Get(wxcloud.HeaderAppID), e.config.AppID),
		Source:  cmp.Or(r.Header.Get(wxcloud.HeaderSource), SourceClient),
	}
	if c.OpenID == "" && (c.Source == SourceClient || c.Source == SourceDevTools) {
		c.OpenID = e.config.OpenID
	}
	c.ClientIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	return c
}

// describe tells what is served, for the control API.
func (e *Emulator) describe() []api.Function {
	list := []api.Function{}
	for _, name := range e.names() {
		if f, ok := e.function(name); ok {
			list = append(list, api.Function{Name: f.name, Kind: f.kind, Dir: f.dir})
		}
	}
	return list
}

// setField sets a field of a JSON object, at its end.
func setField(object []byte, name string, value []byte) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	gjson.ParseBytes(object).ForEach(func(k, v gjson.Result) bool {
		if k.String() != name {
			b.WriteString(k.Raw + ":" + v.Raw + ",")
		}
		return true
	})
	key, _ := json.Marshal(name) // text always encodes
	b.Write(key)
	b.WriteByte(':')
	b.Write(value)
	b.WriteByte('}')
	return b.Bytes()
}

// direct reaches the platform from handlers in this process, without a socket: the admin endpoint, and by every other path,
// whatever the host, the server API. Nothing that a handler calls leaves for the network.
type direct struct{ platform *platform.Platform }

const directURL = "http://wxfn.internal" + adminPath

// RoundTrip implements http.RoundTripper. When the request's context ends first, nobody waits for the answer.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in := r.Clone(ctx)
	in.Host = cmp.Or(r.Host, r.URL.Host)
	if in.Body == nil {
		in.Body = http.NoBody
	}
	door := d.platform.Server()
	if r.URL.Path == adminPath {
		door = d.platform
	}
	out := &recorder{header: http.Header{}, status: http.StatusOK}
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer in.Body.Close()
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				out.aborted = true
			default: // here it would end the process
				out.failed = fmt.Errorf("wxfn itself failed: panic: %v\n%s", v, debug.Stack())
			}
		}()
		door.ServeHTTP(out, in)
	}()
	select {
	case <-served:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if out.failed != nil {
		return nil, out.failed
	}
	body := io.Reader(&out.body)
	if out.aborted {
		body = io.MultiReader(body, brokenOff{})
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)),
		StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}, nil
}

// recorder is the http.ResponseWriter of a direct call.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	aborted bool
	failed  error
}

// brokenOff is the end of an answer whose connection was cut.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
