package cloudfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// An Invocation is one call of the function: who calls, from where, and with which
// variables. It is what getWXContext() is to the official SDK. Get it with
// [FromContext]. A field that the platform has not set is empty. Printed, it shows its
// fields, and none of its variables, as credentials are among them.
//
// The identity is the platform's word, not the caller's: trust OpenID, and not what
// the event says about who sends it. Of a request it is what the platform's headers
// X-WX-… say, where it is the platform that sets them and WeChat that the request
// comes from ([TrustHeaders]); else there is none.
//
// Official document:
// https://developers.weixin.qq.com/miniprogram/dev/wxcloud/reference-sdk-api/utils/Cloud.getWXContext.html
type Invocation struct {
	RequestID string // of this call
	Function  string // the function's name; Cloud Run does not tell it
	OpenID    string // the user, as this Mini Program knows them; none from a timer or the HTTP API
	AppID     string // the Mini Program
	UnionID   string // the user, as all apps of the account know them
	Env       string // the cloud environment's id

	// Source is how the call came about, the chain joined by commas: wx_client from
	// a Mini Program, wx_devtools, wx_http, wx_trigger from a timer, and scf from
	// another function, as in "wx_client,scf".
	Source string

	ClientIP      string // the caller's IPv4 address; of a request it may be an IPv6 address
	MemoryLimitMB int    // the function's memory, in MB

	// getenv returns a variable. Credentials are among them, and an Invocation is
	// printed and logged as a whole: a function shows none of them.
	getenv    func(key string) string
	transport http.RoundTripper
}

// NewInvocation returns an invocation with a copy of the variables in environ, and
// with the fields that they hold: OpenID is WX_OPENID, AppID WX_APPID, UnionID
// WX_UNIONID, Env TCB_ENV or else SCF_NAMESPACE, Source TCB_SOURCE and ClientIP
// WX_CLIENTIP. RequestID, Function and MemoryLimitMB are the caller's to set.
//
// transport is how calls that are made on behalf of this invocation reach the
// platform. Nil, as in every function that runs in a process of its own, is the
// network; a platform within this process passes the way to itself.
func NewInvocation(environ map[string]string, transport http.RoundTripper) *Invocation {
	return newInvocation(maps.Clone(environ), transport)
}

// newInvocation is NewInvocation for who will not touch environ any more.
func newInvocation(environ map[string]string, transport http.RoundTripper) *Invocation {
	inv := &Invocation{
		OpenID:    environ[wxcloud.VarOpenID],
		AppID:     environ[wxcloud.VarAppID],
		UnionID:   environ[wxcloud.VarUnionID],
		Env:       environ[wxcloud.VarEnv],
		Source:    environ[wxcloud.VarSource],
		ClientIP:  environ[wxcloud.VarClientIP],
		getenv:    func(key string) string { return environ[key] },
		transport: transport,
	}
	if inv.Env == "" {
		inv.Env = environ[wxcloud.VarNamespace]
	}
	return inv
}

// Getenv returns the invocation's own variable of that name, and "" when it has
// none. Variables of the process, such as those in the function's configuration,
// are os.Getenv's: they are the same for all invocations. In a custom runtime, whose
// events come without variables, and for requests, whose headers hold but a few, they
// are the invocation's too.
func (inv *Invocation) Getenv(key string) string {
	if inv.getenv == nil {
		return ""
	}
	return inv.getenv(key)
}

// Transport returns how calls on behalf of this invocation reach the platform. Nil
// is the network.
func (inv *Invocation) Transport() http.RoundTripper { return inv.transport }

type invocationKey struct{}

// NewContext returns a context that carries inv. The runtime does this before it
// calls a handler; a test does it to call a handler as someone.
func NewContext(ctx context.Context, inv *Invocation) context.Context {
	return context.WithValue(ctx, invocationKey{}, inv)
}

// FromContext returns the invocation that ctx belongs to. It reports false outside
// of one.
func FromContext(ctx context.Context) (*Invocation, bool) {
	inv, ok := ctx.Value(invocationKey{}).(*Invocation)
	return inv, ok && inv != nil
}

// environMap takes "key=value" apart.
func environMap(list []string) map[string]string {
	environ := make(map[string]string, len(list))
	for _, variable := range list {
		key, value, _ := strings.Cut(variable, "=")
		environ[key] = value
	}
	return environ
}

// parseEnviron adds a JSON object of variables to environ. A value that is not a
// string stands as its JSON text, and null as the empty string. No error shows a
// value: there are credentials among them.
func parseEnviron(environ map[string]string, text string) error {
	if text == "" {
		return nil
	}
	err := json.Unmarshal([]byte(text), &environ)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		// Not all of them are strings. The usual case is spared this second look.
		err = parseMixedEnviron(environ, text)
	}
	if err != nil {
		return fmt.Errorf("cloudfn: the invocation's variables are not a JSON object: %w", err)
	}
	return nil
}

func parseMixedEnviron(environ map[string]string, text string) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return err
	}
	for key, value := range values {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		environ[key] = s
	}
	return nil
}
