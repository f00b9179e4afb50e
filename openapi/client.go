package openapi

import (
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"
)

const (
	callTimeout   = 15 * time.Second // the official SDK's
	maxAnswerSize = 64 << 20         // the largest media are 10 MB
)

// Client calls APIs with options of its own. The package's functions and namespaces use one without options; make
// another only where an option is needed. A Client may be used by many goroutines.
type Client struct {
	Namespaces

	env, appID, cgiName, baseURL string
	keepCase                     bool
	timeout                      time.Duration
	http                         *http.Client
	credential                   *credential // nil: the one that is found
	mistake                      error       // of the options: what every call fails with

	// What the client takes from the process it runs in.
	getenv    func(string) string
	now       func() time.Time
	tokenFile string
	files     *tokenFiles
	seq       atomic.Uint64
}

var defaultClient = NewClient()

// Option changes how a [Client] calls. An option that makes no sense is reported by every call of the client.
type Option func(*Client)

// WithEnv calls into the environment with this id, instead of the one that the function runs in.
func WithEnv(id string) Option { return func(c *Client) { c.env = id } }

// WithAppID calls on behalf of another app that has authorized this one: cloud.openapi({appid}) of the official SDK. In
// an HTTPS call it is from_appid for the open interface service, and stands before the token of a container; an access
// token is good for its own app only, so that an app credential or an access token does not go with it.
func WithAppID(appID string) Option { return func(c *Client) { c.appID = appID } }

// WithV2 calls over the second version of the platform's gateway: cloud.openapi({version: "v2"}) of the official SDK. It
// means nothing for HTTPS calls.
func WithV2() Option { return func(c *Client) { c.cgiName = "commrpcv2" } }

// WithoutConvertCase leaves the names of parameters and results as they are: cloud.openapi({convertCase: false}) of the
// official SDK. For [Client.Call], parameters must then be named as in the reference, and so are results. Typed methods send
// the reference's names: roomId, which otherwise goes out as room_id; names of your own, in an object that the reference
// leaves open, stay as they are.
func WithoutConvertCase() Option { return func(c *Client) { c.keepCase = true } }

// WithHTTPClient sends requests by h: for a proxy, say. An invocation that brings its own way to the platform, as under
// the emulator inside a test, still goes that way. HTTPS calls follow no redirection, whatever h says.
func WithHTTPClient(h *http.Client) Option {
	return func(c *Client) {
		if h == nil {
			c.mistaken("WithHTTPClient(nil): leave it out for the usual client")
			return
		}
		c.http = h
	}
}

// WithTimeout bounds a call: everything from the token to the end of the answer. It is 15 seconds by default.
func WithTimeout(d time.Duration) Option {
	return func(c *Client) {
		if d <= 0 {
			c.mistaken("WithTimeout(%s): it must be more than 0", d)
		}
		c.timeout = d
	}
}

// WithBaseURL sends HTTPS calls to url in place of https://api.weixin.qq.com, and of http://api.weixin.qq.com for the open
// interface service; so does the variable WX_API_BASE_URL. A path is put before those of APIs.
func WithBaseURL(url string) Option {
	return func(c *Client) {
		if err := checkBaseURL(url); err != nil {
			c.mistaken("WithBaseURL: %v", err) // the URL may hold a password
		}
		c.baseURL = url
	}
}

// WithAppCredential calls over HTTPS with the stable access token of an app, from its AppID and AppSecret, wherever the
// program runs. The token is fetched when it is first needed, shared by all clients with the same credential, base URL and
// transport, renewed before it ends while calls go on with the old one, and fetched anew where the platform refuses it.
//
// Programs on several machines need no store that they share: the platform gives the same stable token to whoever asks,
// and while one takes over from another, both are good for 5 minutes. It is refreshed by force, which makes the old one
// worthless everywhere, only where the platform refuses it and yet gives out no other; at most 20 times a day, 30 seconds
// apart. Access tokens of /cgi-bin/token, which other programs may use, are not touched.
//
// Mirrors https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html.
func WithAppCredential(appID, secret string) Option {
	return withCredential(appCredential("WithAppCredential", appID, secret), appID, secret)
}

// WithAccessToken calls over HTTPS with an access token that you have, as long as it is good.
func WithAccessToken(token string) Option {
	return withCredential(fixedToken("WithAccessToken", accessToken, token), token)
}

// WithCloudbaseAccessToken calls over HTTPS with a token of WeChat Cloud Run, the header X-WX-CLOUDBASE-ACCESS-TOKEN of a
// request from WeChat. The environment's allow list must have the path of the API, or the call fails with
// [CodePathNotAllowed].
//
// Mirrors https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloudrun/src/guide/weixin/token.html.
func WithCloudbaseAccessToken(token string) Option {
	return withCredential(fixedToken("WithCloudbaseAccessToken", cloudbaseAccessToken, token), token)
}

// WithOpenInterfaceService calls from a container of WeChat Cloud Run without any token, by plain HTTP to
// api.weixin.qq.com: the open interface service (开放接口服务) beside the container adds one. The environment's allow list
// must have the path of the API.
//
// Mirrors https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloudrun/src/guide/weixin/open.html.
func WithOpenInterfaceService() Option {
	return withCredential(openInterfaceService("WithOpenInterfaceService"))
}

// WithTokenSource calls over HTTPS with the access tokens of s.
func WithTokenSource(s TokenSource) Option {
	return func(c *Client) {
		if s == nil {
			c.mistaken("WithTokenSource(nil): it needs a source")
			return
		}
		withCredential(&credential{"WithTokenSource", accessToken, func(route) TokenSource { return s }})(c)
	}
}

// withCredential is the option that chooses a credential, which is made of parts.
func withCredential(chosen *credential, parts ...string) Option {
	return func(c *Client) {
		if slices.Contains(parts, "") {
			c.mistaken("%s: an empty text is no credential; is a variable not set?", chosen.from)
		}
		if c.credential != nil {
			c.mistaken("%s and %s: a client has one credential", c.credential.from, chosen.from)
		}
		c.credential = chosen
	}
}

// mistaken notes what is wrong with the options, the first thing if there are several.
func (c *Client) mistaken(format string, args ...any) {
	if c.mistake == nil {
		c.mistake = fmt.Errorf("openapi."+format, args...)
	}
}

// NewClient returns a client.
func NewClient(opts ...Option) *Client {
	c := &Client{http: sharedHTTP, timeout: callTimeout, getenv: os.Getenv, now: time.Now, tokenFile: tokenFile, files: new(tokenFiles)}
	c.bind(c)
	for _, o := range opts {
		o(c)
	}
	return c
}

// sharedHTTP keeps more idle connections than net/http's default: all of a function's calls go to one host. What a program
// has put in place of the default stays as it is.
var sharedHTTP = func() *http.Client {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultClient
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: t}
}()

// sdkVersion is "wxfn/<version>" of the module that the program was built with.
var sdkVersion = func() string {
	const module = "github.com/wxcloud-go/wxfn"
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && m.Version != "" && m.Version != "(devel)" {
				version = m.Version
			}
		}
	}
	return "wxfn/" + version
}()
