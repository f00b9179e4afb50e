package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

const (
	callTimeout   = 15 * time.Second // the official SDK's
	maxAnswerSize = 64 << 20         // the largest media are 10 MB
)

// Client calls APIs with options of its own. The package's functions and namespaces use one without options; make
// another only where an option is needed. A Client may be used by many goroutines.
type Client struct {
	Namespaces

	env, appID, cgiName string
	keepCase            bool
	http                *http.Client

	// What the client takes from the process it runs in.
	getenv func(string) string
	now    func() time.Time
	seq    atomic.Uint64
}

var defaultClient = NewClient()

// Option changes how a [Client] calls.
type Option func(*Client)

// WithEnv calls into the environment with this id, instead of the one that the function runs in.
func WithEnv(id string) Option { return func(c *Client) { c.env = id } }

// WithAppID calls on behalf of another app that has authorized this one: cloud.openapi({appid}) of the official SDK.
func WithAppID(appID string) Option { return func(c *Client) { c.appID = appID } }

// WithV2 calls over the second version of the platform's gateway: cloud.openapi({version: "v2"}) of the official SDK.
func WithV2() Option { return func(c *Client) { c.cgiName = "commrpcv2" } }

// WithoutConvertCase leaves the names of parameters and results as they are: cloud.openapi({convertCase: false}) of the
// official SDK. For [Client.Call], parameters must then be named as in the reference, and so are results. Typed methods send
// the reference's names: roomId, which otherwise goes out as room_id; names of your own, in an object that the reference
// leaves open, stay as they are.
func WithoutConvertCase() Option { return func(c *Client) { c.keepCase = true } }

// WithHTTPClient sends requests by h: for a proxy, say. An invocation that brings its own way to the platform, as under
// the emulator inside a test, still goes that way.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// NewClient returns a client.
func NewClient(opts ...Option) *Client {
	c := &Client{http: sharedHTTP, getenv: os.Getenv, now: time.Now}
	c.bind(c)
	for _, o := range opts {
		o(c)
	}
	return c
}

// sharedHTTP keeps more idle connections than net/http's default: all of a function's calls go to one host.
var sharedHTTP = func() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: t}
}()

// post sends q to the admin endpoint with the credential of ctx, and returns the answer's body and content type.
func (c *Client) post(ctx context.Context, q *tcb.Request) (body []byte, contentType string, err error) {
	a, err := c.ambient(ctx)
	if err != nil {
		return nil, "", err
	}
	q.EnvName = a.envName(c.env)
	q.CloudAPIToken, q.CloudbaseAccessToken = a.tokens()
	q.TCBSessionToken = a.getenv("TCB_SESSIONTOKEN")
	credential := a.credential()
	q.SessionToken = credential.SessionToken

	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now := c.now()
	r, err := q.HTTP(ctx, tcb.Origin{
		URL:        a.endpoint(q.EnvName),
		Seq:        c.nextSeq(a.getenv("TCB_SEQID"), now),
		Source:     a.getenv("TCB_SOURCE"),
		Region:     a.getenv("TENCENTCLOUD_REGION"),
		TraceLog:   a.getenv("TCB_TRACELOG"),
		SDKVersion: sdkVersion,
	}, credential, now)
	if err != nil {
		return nil, "", err
	}
	client := c.http
	if a.transport != nil {
		client = &http.Client{Transport: a.transport}
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswerSize+1))
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("reading the answer: %w", err)
	case resp.StatusCode != http.StatusOK:
		return nil, "", fmt.Errorf("%s | [%s]", resp.Status, r.URL)
	case len(body) > maxAnswerSize:
		return nil, "", fmt.Errorf("the answer is larger than %d MB", maxAnswerSize>>20)
	}
	return body, resp.Header.Get("Content-Type"), nil
}

// nextSeq returns an id for a request, in the form of the official SDK.
func (c *Client) nextSeq(invocation string, now time.Time) string {
	id := strconv.FormatInt(now.UnixMilli(), 16) + "_" + strconv.FormatUint(c.seq.Add(1), 16)
	if invocation != "" {
		id = invocation + "-" + id
	}
	return id
}

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

// ErrNoCredential means that a call was made outside any cloud function.
var ErrNoCredential = errors.New("no credential: pass on the ctx that the handler was given, and run the function under " +
	"`wxfn dev`, in a test with emulatortest, or in the cloud")

// ambient is what the platform injected into the invocation that makes a call.
type ambient struct {
	getenv    func(string) string
	transport http.RoundTripper // nil: the network
}

// ambient finds the credential for ctx: of the invocation in it, else of the process, where that is a cloud function's.
func (c *Client) ambient(ctx context.Context) (ambient, error) {
	a := ambient{getenv: c.getenv}
	if inv, ok := cloudfn.FromContext(ctx); ok {
		a = ambient{getenv: inv.Getenv, transport: inv.Transport()}
	}
	if a.getenv("TENCENTCLOUD_SECRETID") == "" || a.getenv("TENCENTCLOUD_SECRETKEY") == "" {
		return a, ErrNoCredential
	}
	return a, nil
}

func (a ambient) credential() tcb.Credential {
	return tcb.Credential{
		SecretID:     a.getenv("TENCENTCLOUD_SECRETID"),
		SecretKey:    a.getenv("TENCENTCLOUD_SECRETKEY"),
		SessionToken: a.getenv("TENCENTCLOUD_SESSIONTOKEN"),
	}
}

// tokens returns the token of the invocation, else that of a container.
func (a ambient) tokens() (cloudAPI, cloudbase string) {
	if a.getenv("TRIGGER_SRC") == "timer" {
		cloudAPI = a.getenv("WX_TRIGGER_API_TOKEN_V0")
	}
	if cloudAPI == "" {
		cloudAPI = a.getenv("WX_API_TOKEN")
	}
	if cloudAPI == "" {
		cloudbase = a.getenv("WX_CLOUDBASE_ACCESSTOKEN")
	}
	return cloudAPI, cloudbase
}

func (a ambient) envName(chosen string) string {
	for _, name := range []string{chosen, a.getenv("TCB_ENV"), a.getenv("SCF_NAMESPACE")} {
		if name != "" {
			return name
		}
	}
	return ""
}

var envID = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// endpoint returns the admin endpoint's URL: the one that the platform (or an emulator) names in TCB_CONTEXT_CNFG, else
// the region's, which a cloud function reaches by the internal network.
func (a ambient) endpoint(env string) string {
	var named struct{ URL string }
	if json.Unmarshal([]byte(a.getenv("TCB_CONTEXT_CNFG")), &named) == nil && named.URL != "" {
		return named.URL
	}
	host := "tcb-api.tencentcloudapi.com/admin"
	if region := a.getenv("TENCENTCLOUD_REGION"); region != "" {
		host = region + "." + host
	}
	scheme := "https://"
	if a.getenv("TENCENTCLOUD_RUNENV") == "SCF" {
		scheme, host = "http://", "internal."+host
	}
	if envID.MatchString(env) {
		host = env + "." + host
	}
	return scheme + host
}
