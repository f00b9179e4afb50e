package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// TokenSource gives the access tokens of HTTPS calls. It is used by many goroutines. [WithAppCredential] has one of its
// own; another is needed only where tokens come from elsewhere, such as a server that holds the secret. [NewTokenSource]
// is what such a server gives them out from.
type TokenSource interface {
	// Token returns a token that is good now. refused is empty or, for a call that the platform has just refused for its
	// token, that token: then Token returns another, with which the call is made once more. A source that has no other
	// returns refused, and the call ends with the platform's refusal.
	Token(ctx context.Context, refused string) (token string, err error)
}

// NewTokenSource returns the source of an app's stable access token that [WithAppCredential] has, and shares the token with
// it: for other programs' calls, and for other libraries. It is kept in memory. opts say where and how it is fetched
// ([WithBaseURL], [WithHTTPClient], [WithTimeout]). An error of the platform is an [*Error].
func NewTokenSource(appID, secret string, opts ...Option) TokenSource {
	c := NewClient(append(slices.Clip(opts), WithAppCredential(appID, secret))...)
	return tokenFunc(func(ctx context.Context, refused string) (string, error) {
		way, err := c.door(ctx)
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		return way.(*httpsCall).token(ctx, stableTokenName, refused)
	})
}

type tokenFunc func(ctx context.Context, refused string) (string, error)

func (f tokenFunc) Token(ctx context.Context, refused string) (string, error) { return f(ctx, refused) }

// stableTokenName is the request for a stable token in messages.
const stableTokenName = "openapi.auth.getStableAccessToken"

// The rules of stable tokens, as
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html has them.
const (
	renewBefore = 5 * time.Minute // the end, when the platform has a successor, and both are good
	forceGap    = 30 * time.Second
	maxForces   = 20               // in a day
	renewGap    = 10 * time.Second // ours: how soon a renewal that brought nothing new is tried again
)

// stableToken keeps the stable access token of an app, in memory. Several processes and machines need no store that they
// share: asked normally, the platform gives the same token to everyone until 5 minutes before its end, and from then on
// the old and the new one are both good. Only a forced refresh makes the old one worthless for all others; so it is the
// last resort, and they get the new one by asking normally.
type stableToken struct {
	appID string
	// fetch asks the platform for the token and for how long it lives.
	fetch func(ctx context.Context, force bool) (token string, life time.Duration, err error)

	mu     sync.Mutex
	token  string
	renew  time.Time // from when on the first caller has it renewed, while all use the old one
	ends   time.Time
	asking *asking // under way; nil if not
	forced []time.Time
}

// asking is a request for the token, which any number of callers wait for.
type asking struct {
	refused string // the token that it is to replace
	renewal bool   // nobody waited for it when it began
	done    chan struct{}
	token   string
	err     error
}

// Token implements [TokenSource].
func (s *stableToken) Token(ctx context.Context, refused string) (string, error) {
	for {
		s.mu.Lock()
		now := time.Now()
		if token := s.token; token != refused && now.Before(s.ends) {
			if s.asking == nil && !now.Before(s.renew) {
				s.ask(ctx, "", true)
			}
			s.mu.Unlock()
			return token, nil
		}
		if s.asking == nil {
			s.ask(ctx, refused, false)
		}
		a := s.asking
		s.mu.Unlock()
		select {
		case <-a.done:
		case <-ctx.Done():
			return "", ctx.Err()
		}
		// A renewal may have failed long ago, because a cloud function stands still between its invocations; and what was
		// under way when a token was refused did not know of it.
		failedRenewal := a.err != nil && a.renewal
		sameAgain := a.err == nil && a.token == refused && a.refused != refused
		if !failedRenewal && !sameAgain {
			return a.token, a.err
		}
	}
}

// ask starts a request. It outlives the call that started it, because others wait for it, too.
func (s *stableToken) ask(ctx context.Context, refused string, renewal bool) {
	a := &asking{refused: refused, renewal: renewal, done: make(chan struct{})}
	s.asking = a
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	go func() {
		defer cancel()
		begin := time.Now()
		token, life, err := s.fetch(ctx, false)
		if err == nil && refused != "" && token == refused && s.mayForce(time.Now()) {
			if another, itsLife, failed := s.fetch(ctx, true); failed == nil {
				token, life = another, itsLife
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		a.token, a.err = token, err
		s.renew = begin.Add(renewGap)
		if err == nil {
			s.token, s.ends = token, begin.Add(life)
			if planned := s.ends.Add(-renewBefore); planned.After(s.renew) {
				s.renew = planned
			}
		}
		s.asking = nil
		close(a.done)
	}()
}

// mayForce reports whether a forced refresh is within the platform's limits, and counts it.
func (s *stableToken) mayForce(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.forced)
	if n > 0 && now.Sub(s.forced[n-1]) < forceGap || n >= maxForces && now.Sub(s.forced[n-maxForces]) < 24*time.Hour {
		return false
	}
	s.forced = append(s.forced[max(0, n-maxForces+1):], now)
	return true
}

// Format keeps the token out of whatever prints s.
func (s *stableToken) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "the access token of %s", s.appID) }

// stableTokens are the tokens of all app credentials that the process uses: two clients with the same one, and the same way
// to the platform, fetch one token.
var stableTokens struct {
	sync.Mutex
	of map[stableTokenKey]*stableToken
}

type stableTokenKey struct {
	appID, secret, base string
	route               any
}

// maxStableTokens bounds them. A token that is dropped is fetched again, and is still the same.
const maxStableTokens = 1024

// stableTokenOf returns the token of an app, for the calls of a route.
func stableTokenOf(r route, appID, secret string) TokenSource {
	key := stableTokenKey{appID, secret, r.base, r.id}
	stableTokens.Lock()
	defer stableTokens.Unlock()
	s := stableTokens.of[key]
	if s == nil {
		if stableTokens.of == nil {
			stableTokens.of = map[stableTokenKey]*stableToken{}
		}
		for some := range stableTokens.of {
			if len(stableTokens.of) < maxStableTokens {
				break
			}
			delete(stableTokens.of, some)
		}
		forAll := *r.client
		forAll.Timeout = 0 // what one client is in a hurry for, others wait for
		r.client = &forAll
		s = &stableToken{appID: appID, fetch: func(ctx context.Context, force bool) (string, time.Duration, error) {
			return r.stableToken(ctx, appID, secret, force)
		}}
		stableTokens.of[key] = s
	}
	return s
}

// stableToken asks the platform for the stable token of an app. The error is an *Error where the platform refused it.
func (r route) stableToken(ctx context.Context, appID, appSecret string, force bool) (token string, life time.Duration, err error) {
	body, err := json.Marshal(map[string]any{"grant_type": "client_credential", "appid": appID, "secret": appSecret, "force_refresh": force})
	if err != nil {
		return "", 0, err
	}
	const path = "/cgi-bin/stable_token"
	resp, err := r.exchange(ctx, request{method: http.MethodPost, path: path, contentType: jsonType, body: body, secret: secret(appSecret)})
	if err != nil {
		return "", 0, err
	}
	resp.private = true
	answer, err := resp.answer(stableTokenName, path)
	if err != nil {
		return "", 0, err
	}
	var got struct {
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	_ = json.Unmarshal(answer.RespData, &got) // what it has not is told by what is empty
	if got.AccessToken == "" {
		return "", 0, fmt.Errorf("the answer of %s has no access_token", path)
	}
	// A proxy may write the number as text. Without one, the token is for the calls that wait for it.
	seconds, _ := strconv.Atoi(plainText(got.ExpiresIn))
	return got.AccessToken, time.Duration(seconds) * time.Second, nil
}

// tokenFiles are the files that hold tokens and are renewed by the platform. They are read anew for each call, which costs
// less than to be wrong, and what they held last stands in for a file that is gone while it is written anew.
type tokenFiles struct {
	mu   sync.Mutex
	last map[string]string // by path
}

// have reports whether there is a file, or was one.
func (f *tokenFiles) have(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last[path] != "" {
		return true
	}
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// token returns the token in a file, as a [TokenSource] does.
func (f *tokenFiles) token(path, refused string) (string, error) {
	text, err := os.ReadFile(path)
	token := strings.TrimSpace(string(text))
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.last[path]
	switch {
	case token != "":
		if f.last == nil {
			f.last = map[string]string{}
		}
		f.last[path] = token
		return token, nil
	case last != "" && last != refused:
		return last, nil
	case err == nil:
		err = errors.New("it is empty")
	default:
		err = errors.Unwrap(err) // without the path
	}
	return "", fmt.Errorf("the token file %s: %w; the platform writes it into each container of WeChat Cloud Run, and %s names another one", path, err, wxcloud.VarTokenFile)
}
