package openapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// tokenFile is where WeChat Cloud Run puts the token of a container, and renews it every 10 minutes.
const tokenFile = "/.tencentcloudbase/wx/cloudbase_access_token"

// The parameters of the URL that hold a token.
const (
	accessToken          = "access_token"
	cloudbaseAccessToken = "cloudbase_access_token"
)

// ErrNoCredential means that a call was made where nothing gives a credential for it.
var ErrNoCredential = errors.New("no credential: pass on the ctx that the handler was given, and run the function under " +
	"`wxfn dev`, in a test with emulatortest, or in the cloud; a program of your own sets WX_APPID and WX_APPSECRET, or uses openapi.WithAppCredential")

// door is a way to the platform, with the credential for it.
type door interface {
	// wireName returns the name that an API's parameter goes out with, for the one that users write.
	wireName(api, name string) string
	// callAPI calls an API, and returns its answer, good or bad. The error is an *Error.
	callAPI(ctx context.Context, api string, params []tcb.KeyValuePair) (*tcb.CommOpenAPIResp, error)
	// callFunction invokes a function, and returns the JSON text of its result. The error is an *Error where the platform
	// answered.
	callFunction(ctx context.Context, name string, event []byte) (result string, err error)
}

// credential is what HTTPS calls prove themselves with.
type credential struct {
	// from is the option or the variables that it comes from, for messages.
	from string
	// param is the parameter of the URL that the token goes into; empty for the open interface service, which adds one on
	// its own.
	param string
	// tokens returns the source of tokens for the calls of a route; nil where there are none. That secrets are in it, and
	// nowhere else, keeps them out of every Client that somebody prints.
	tokens func(route) TokenSource
}

func appCredential(from, appID, secret string) *credential {
	return &credential{from, accessToken, func(r route) TokenSource { return stableTokenOf(r, appID, secret) }}
}

func fixedToken(from, param, token string) *credential {
	return &credential{from, param, func(route) TokenSource {
		return tokenFunc(func(context.Context, string) (string, error) { return token, nil })
	}}
}

func openInterfaceService(from string) *credential { return &credential{from: from} }

// door finds the credential of a call: the client's own, else that of the invocation in ctx, else that of the process. The
// order is that of the package's documentation.
func (c *Client) door(ctx context.Context) (door, error) {
	if c.mistake != nil {
		return nil, c.mistake
	}
	own, way := noVariable, route{client: c.http, id: identity(c.http.Transport, c.http)}
	if inv, ok := cloudfn.FromContext(ctx); ok {
		own = inv.Getenv
		way.overTransport(inv)
	}
	chosen := c.credential
	switch {
	case chosen != nil:
	case signs(own):
		return cloudCall{c, own, way.transport}, nil
	case own(wxcloud.VarAccessToken) != "":
		chosen = c.headerToken(own)
	case signs(c.getenv):
		return cloudCall{c, c.getenv, way.transport}, nil
	default:
		chosen = c.found(own)
	}
	if chosen == nil {
		return nil, ErrNoCredential
	}
	if c.appID != "" && chosen.param == accessToken {
		return nil, fmt.Errorf("WithAppID(%q) does not go with %s: an access token is good for its own app only; use a credential of that app", c.appID, chosen.from)
	}
	if err := c.setBase(&way, own, chosen.param == ""); err != nil {
		return nil, err
	}
	d := &httpsCall{Client: c, route: way, credential: chosen, own: own}
	if chosen.tokens != nil {
		d.source = chosen.tokens(way)
	}
	return d, nil
}

func noVariable(string) string { return "" }

// signs reports whether there are the secrets of a cloud function, which sign cloud calls.
func signs(getenv func(string) string) bool {
	return getenv(wxcloud.VarSecretID) != "" && getenv(wxcloud.VarSecretKey) != ""
}

// headerToken is the token that a request brought. Work that goes on for longer than it lives takes the container's file.
func (c *Client) headerToken(own func(string) string) *credential {
	token := own(wxcloud.VarAccessToken)
	return &credential{wxcloud.VarAccessToken, cloudbaseAccessToken, func(route) TokenSource {
		return tokenFunc(func(_ context.Context, refused string) (string, error) {
			if refused != "" {
				if another, err := c.files.token(c.fileOf(own), refused); err == nil {
					return another, nil
				}
			}
			return token, nil
		})
	}}
}

// fileOf returns the path of the token file of a container; empty where there is none.
func (c *Client) fileOf(own func(string) string) string {
	file := cmp.Or(own(wxcloud.VarTokenFile), c.getenv(wxcloud.VarTokenFile))
	if file == "" && c.files.have(c.tokenFile) {
		file = c.tokenFile
	}
	return file
}

// found returns what the process has for HTTPS calls; nil if nothing.
func (c *Client) found(own func(string) string) *credential {
	file := c.fileOf(own)
	appID, secret := c.getenv(wxcloud.VarAppID), c.getenv(wxcloud.VarAppSecret)
	switch {
	case file != "":
		return &credential{"the file " + file, cloudbaseAccessToken, func(route) TokenSource {
			return tokenFunc(func(_ context.Context, refused string) (string, error) { return c.files.token(file, refused) })
		}}
	case appID != "" && secret != "":
		return appCredential(wxcloud.VarAppID+" and "+wxcloud.VarAppSecret, appID, secret)
	case cmp.Or(own(wxcloud.VarCloudRun), c.getenv(wxcloud.VarCloudRun)) != "":
		return openInterfaceService(wxcloud.VarCloudRun)
	}
	return nil
}

// route is where HTTPS calls go.
type route struct {
	base      string // the URL before the path of an API
	client    *http.Client
	transport http.RoundTripper // in place of the client's; nil: the network
	id        any               // tells routes apart that have the same base
}

// overTransport sends what belongs to an invocation by the way to the platform that it brings, if it brings one.
func (r *route) overTransport(inv *cloudfn.Invocation) {
	if t := inv.Transport(); t != nil {
		r.transport, r.id = t, identity(t, inv)
	}
}

// identity tells transports apart, nil being net/http's own; one that cannot be compared is known by what it belongs to. An
// http.Client is not what to go by: some programs make one for each request.
func identity(t http.RoundTripper, owner any) any {
	if t == nil || reflect.ValueOf(t).Comparable() {
		return t
	}
	return owner
}

// setBase sets the base URL. An invocation that brings its own way to the platform knows none but its own base: what the
// process says of the network is not for it.
func (c *Client) setBase(r *route, own func(string) string, plain bool) error {
	r.base = own(wxcloud.VarBaseURL)
	if r.transport == nil {
		r.base = cmp.Or(c.baseURL, r.base, c.getenv(wxcloud.VarBaseURL))
	}
	switch r.base = strings.TrimRight(r.base, "/"); {
	case r.base != "":
		if err := checkBaseURL(r.base); err != nil {
			return fmt.Errorf("%s: %w", wxcloud.VarBaseURL, err)
		}
	case plain:
		r.base = "http://api.weixin.qq.com" // where a sidecar of the container adds a token
	default:
		r.base = "https://api.weixin.qq.com"
	}
	return nil
}

func checkBaseURL(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(base, "?#@ ") {
		return errors.New(`the base URL must be like "https://api.weixin.qq.com": a scheme, a host, and at most a path`)
	}
	return nil
}

// environment returns the id of the environment that a function is in which is called over HTTPS.
func (d *httpsCall) environment() string {
	return cmp.Or(d.env, d.own(wxcloud.VarEnv), d.own(wxcloud.VarNamespace), d.getenv(wxcloud.VarCloudRun), d.getenv(wxcloud.VarEnv), d.getenv(wxcloud.VarNamespace))
}
