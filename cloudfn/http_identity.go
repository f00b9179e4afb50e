package cloudfn

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// What the platform tells in the headers of a request, and the variable that tells it
// to an event. The keys are as http.Header has them. They are documented for Cloud Run;
// that an HTTP cloud function gets them too is our reading.
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/development/weixin/
// and, for the token, https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/container/cloudcall.html
var identityHeaders = []struct{ header, variable string }{
	{wxcloud.HeaderOpenID, wxcloud.VarOpenID},
	{wxcloud.HeaderAppID, wxcloud.VarAppID},
	{wxcloud.HeaderUnionID, wxcloud.VarUnionID},
	{wxcloud.HeaderFromOpenID, wxcloud.VarFromOpenID},
	{wxcloud.HeaderFromAppID, wxcloud.VarFromAppID},
	{wxcloud.HeaderFromUnionID, wxcloud.VarFromUnionID},
	{wxcloud.HeaderEnv, wxcloud.VarEnv},
	{wxcloud.HeaderSource, wxcloud.VarSource},
	{wxcloud.HeaderAccessToken, wxcloud.VarAccessToken},
	{wxcloud.HeaderClientIP, wxcloud.VarClientIP},
}

const requestIDHeader = "X-Request-Id"

// What an HTTP cloud function is told about itself with each request, and no caller
// can set. https://cloud.tencent.com/document/product/583/56124
const (
	scfRequestID = "X-Scf-Request-Id"
	scfName      = "X-Scf-Name"
	scfMemory    = "X-Scf-Memory"  // MB
	scfTimeout   = "X-Scf-Timeout" // ms
)

// identify returns the invocation that a request is, and takes from the request all
// that claims to be the platform's word and is not. The error is a request that
// claims two things at once.
func (f *front) identify(r *http.Request) (*Invocation, error) {
	environ, err := f.identity(r.Header)
	inv := newInvocation(environ, nil)
	inv.getenv = func(key string) string {
		if value, ok := environ[key]; ok {
			return value
		}
		return f.getenv(key)
	}
	inv.Function = f.getenv(wxcloud.VarFunctionName)
	if f.scf {
		inv.MemoryLimitMB, _ = strconv.Atoi(r.Header.Get(scfMemory))
		if inv.Function == "" {
			inv.Function = r.Header.Get(scfName)
		}
	}
	inv.RequestID = f.requestID(r.Header)
	return inv, err
}

// identity returns the variables that a request's headers hold. A variable without a
// header is there too, and empty: who calls is not for the process's own to say.
func (f *front) identity(header http.Header) (environ map[string]string, err error) {
	trusted := f.trusted && header.Get(wxcloud.HeaderSource) != ""
	for name := range header {
		if claimsIdentity(name) && (!trusted || strings.Contains(name, "_")) {
			delete(header, name)
		}
	}
	environ = make(map[string]string, len(identityHeaders))
	for _, h := range identityHeaders {
		values := header[h.header]
		if !trusted {
			values = nil
		}
		switch {
		case len(values) == 0:
			environ[h.variable] = ""
		case len(values) == 1 || h.header == wxcloud.HeaderClientIP:
			environ[h.variable] = values[0]
		default:
			err = fmt.Errorf("the request has the header %s %d times: whose word it is cannot be told", h.header, len(values))
		}
	}
	client, _, _ := strings.Cut(environ[wxcloud.VarClientIP], ",")
	environ[wxcloud.VarClientIP] = strings.TrimSpace(client)
	if environ[wxcloud.VarEnv] == "" {
		environ[wxcloud.VarEnv] = f.env
	}
	return environ, err
}

// claimsIdentity reports whether a header is one of X-WX-…, or would be to software
// that takes _ for -, as CGI does. The platform sends none with _.
func claimsIdentity(name string) bool {
	return len(name) >= len(wxcloud.HeaderPrefix) &&
		strings.EqualFold(strings.ReplaceAll(name[:len(wxcloud.HeaderPrefix)], "_", "-"), wxcloud.HeaderPrefix)
}

// requestID returns the id that the request has, or a new one. In an HTTP cloud
// function that is the platform's, which its own log has too.
func (f *front) requestID(header http.Header) string {
	if f.scf && !f.emulated() {
		if id := header.Get(scfRequestID); validRequestID(id) {
			return id
		}
	}
	if id := header.Get(requestIDHeader); validRequestID(id) {
		return id
	}
	return rand.Text()
}

// validRequestID reports whether an id, which may be anybody's, can stand in a log.
func validRequestID(id string) bool {
	return id != "" && len(id) <= 128 && strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
