// Package platform is the cloud as a function sees it: the environment of an invocation, its token, the admin endpoint
// and the APIs behind it.
//
// It has two doors. A cloud call comes to the admin endpoint, and is checked in the platform's order: signature, token, API,
// permission, parameters, quota. An HTTPS call comes to the server API, as to api.weixin.qq.com: path, method, access token,
// body, and then the same. Parameters are compared with the catalogue. Then a stub answers, if one matches; else the API:
// those whose effect is emulated are an [apicall.API] of a feature, a package below this one; the others answer with what the
// catalogue says of their response. Writing answers to the wire is done in one place.
package platform

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/recent"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Caller is who calls a function.
type Caller = apicall.Caller

// Functions is how a function calls another one.
type Functions interface {
	// Call runs a function for another one. The error is a *tcb.Error.
	Call(ctx context.Context, caller Caller, name string, event []byte) (*tcb.InvokeResult, error)
}

// Config is what a Platform is made of; AppID, Env, Store, Functions and Now are required.
type Config struct {
	AppID, Env string
	// AnyEnv has functions call the environment by any name, because Env is not one that somebody gave.
	AnyEnv bool
	// Warn is told what a user should know of. Optional.
	Warn func(text string)
	// OpenID is the user whom a code of wx.login stands for that names nobody.
	OpenID string
	// Apps are the secrets of the apps that can get access tokens, by AppID.
	Apps map[string]string
	// Journal has the record of each HTTPS call; without one nobody sees them.
	Journal *journal.Journal
	// Served is told of the end of each HTTPS call. Optional.
	Served    func(*journal.Record)
	Store     *store.Store
	Functions Functions
	// Pages returns the pages of the Mini Program; nil where its app.json is not known. Optional.
	Pages func() *config.Pages
	// Now is the clock of tokens and quotas, which a test may move.
	Now func() time.Time
	// Done ends the calls that a stub keeps from an answer.
	Done <-chan struct{}
}

// Platform is safe for concurrent use.
type Platform struct {
	Config
	credential tcb.Credential
	calls      rate // cloud calls of the environment
	appCalls   rate // of the APIs that each app may call so often in a minute, by app and API
	usage      usage
	tokens     tokens
	logins     rate                         // of users of apps
	usedCodes  recent.Values[bool]          // of wx.login and of phone numbers, by app and code
	otherEnvs  recent.Values[bool]          // that were taken for Env
	failed     recent.Values[failedRequest] // HTTPS calls, by the rid of their error
	services   services
	endpoints  func() map[string]*endpoint // of the server API, by path; made when the first call comes
	prefixes   func() map[string]bool
	// httpTimeout is how long a function may take that was called over the HTTP API.
	httpTimeout time.Duration
	// Stubs answer calls in place of APIs.
	Stubs    Stubs
	features features

	mu       sync.RWMutex
	sessions map[string]*Session // by token
}

// Session is a running invocation as the platform knows it.
type Session struct {
	RequestID, Function string
	Caller              Caller
	Record              *journal.Record
	// Permitted tells whether the function's config.json permits an API, and if not, what to add to which file.
	Permitted func(api string) (ok bool, advice string)

	token string
}

// New returns a platform with a credential of its own.
func New(c Config) *Platform {
	if c.Pages == nil {
		c.Pages = func() *config.Pages { return nil }
	}
	if c.Warn == nil {
		c.Warn = func(string) {}
	}
	if c.Journal == nil {
		c.Journal = journal.New(c.Now, nil)
	}
	p := &Platform{
		Config:      c,
		httpTimeout: httpTimeout,
		endpoints:   sync.OnceValue(newEndpoints),
		prefixes:    sync.OnceValue(newPrefixes),
		credential: tcb.Credential{
			SecretID:     "AKID" + randomHex(16),
			SecretKey:    randomHex(16),
			SessionToken: randomHex(32),
		},
		sessions: map[string]*Session{},
	}
	p.features, p.Stubs.fixtures = newFeatures(p)
	p.Journal.Redact(p.credential.SecretID, p.credential.SecretKey, p.credential.SessionToken)
	for _, secret := range p.Apps {
		if len(secret) >= minSecret {
			p.Journal.Redact(secret)
		}
	}
	return p
}

// Begin mints the token of an invocation, and returns the variables that the platform injects into it. adminURL is
// where the function reaches the admin endpoint.
func (p *Platform) Begin(s *Session, adminURL string) (environ map[string]string) {
	s.token = randomHex(32)
	p.mu.Lock()
	p.sessions[s.token] = s
	p.mu.Unlock()
	return p.environ(s, adminURL)
}

// End makes the token of an invocation worthless.
func (p *Platform) End(s *Session) {
	p.mu.Lock()
	delete(p.sessions, s.token)
	p.mu.Unlock()
}

func (p *Platform) session(token string) (*Session, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s, ok := p.sessions[token]
	return s, ok
}

// now returns the time on the platform's clock.
func (p *Platform) now() time.Time { return p.Now() }

// useCode uses up a code of an app, and reports whether it was unused.
func (p *Platform) useCode(appID, code string) bool { return p.usedCodes.Add(appID+" "+code, true) }

// takeMinute counts a call of an API that each app may call limit times in a minute.
func (p *Platform) takeMinute(c *apicall.Call, limit int) bool {
	return p.appCalls.take(c.AppID+" "+c.Name, limit, p.Now())
}

// pagesOf returns the pages of an app; nil where its app.json is not known, as of every app but the project's.
func (p *Platform) pagesOf(appID string) *config.Pages {
	if appID != p.AppID {
		return nil
	}
	return p.Pages()
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// rid returns an id in the form that real answers carry at the end of errmsg.
func (p *Platform) rid() string {
	return fmt.Sprintf("%x-%s-%s", p.Now().Unix(), randomHex(4), randomHex(4))
}
