package platform

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// What holds for access tokens, as
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getaccesstoken.html and
// api_getstableaccesstoken.html beside it have it.
const (
	tokenLife    = 7200 * time.Second
	tokenGrace   = 5 * time.Minute // for which a superseded token stays good
	tokenRenewal = 5 * time.Minute // before its end a stable token has a successor
	forcedGap    = 30 * time.Second
	maxForced    = 20 // a day

	// maxTokens bounds the tokens that are remembered of each app and each kind.
	maxTokens = 5000
)

// tokens are the access tokens of all apps. The zero value has none.
type tokens struct {
	mu      sync.Mutex
	byValue map[string]*accessToken
	plain   map[string]*tokenWorld // by app: those of /cgi-bin/token
	stable  map[string]*tokenWorld // those of /cgi-bin/stable_token, which nothing else supersedes
}

// tokenWorld is an app's tokens of one kind.
type tokenWorld struct {
	issued []*accessToken // the last one is the current one

	forced    int // refreshes of a stable token on the day
	forcedDay string
	forcedAt  time.Time
}

type accessToken struct {
	value, appID string
	ends         time.Time
	superseded   time.Time // from when on it is not the latest any more; zero if it still is
}

// app returns the app that a token stands for.
func (t *tokens) app(value string, now time.Time) (appID string, err error) {
	if value == "" {
		return "", errTokenMissing.Because("get one at /cgi-bin/stable_token, and add ?access_token=TOKEN to the URL")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	token := t.byValue[value]
	switch {
	case token == nil:
		return "", errInvalidToken.Because("this emulator has given out no such token; those of another run, and WeChat's own, are not good here")
	case !token.superseded.IsZero() && !now.Before(token.superseded):
		return "", errInvalidToken.Because("a newer token took its place, which counts since %s", token.superseded.UTC().Format(time.RFC3339))
	case !now.Before(token.ends):
		return "", errTokenExpired.Because("it was good until %s", token.ends.UTC().Format(time.RFC3339))
	}
	return token.appID, nil
}

// renew returns a new token of /cgi-bin/token. The one before stays good for a while.
func (t *tokens) renew(appID string, now time.Time) *accessToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := worldOf(&t.plain, appID)
	w.supersede(now.Add(tokenGrace))
	return t.issue(w, appID, now)
}

// keep returns the stable token: the same for as long as it lives, but for its last minutes.
func (t *tokens) keep(appID string, now time.Time) *accessToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := worldOf(&t.stable, appID)
	if token := w.current(); token != nil && token.ends.Sub(now) > tokenRenewal {
		return token
	}
	return t.issue(w, appID, now) // the old one is good to its end
}

// force returns a new stable token. Those before are worthless at once. The error is [errDailyLimit] or
// [errMinuteQuota]; which of them answers a refresh that comes too soon is not documented.
func (t *tokens) force(appID string, now time.Time) (*accessToken, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := worldOf(&t.stable, appID)
	if day := dayOf(now); day != w.forcedDay {
		w.forcedDay, w.forced = day, 0
	}
	if wait := forcedGap - now.Sub(w.forcedAt); !w.forcedAt.IsZero() && wait > 0 && wait <= forcedGap {
		return nil, errMinuteQuota.Because("the token was refreshed by force less than %s ago; the next time is in %s", forcedGap, wait.Round(time.Second))
	}
	if w.forced >= maxForced {
		return nil, errDailyLimit.Because("force_refresh is good for %d refreshes a day", maxForced)
	}
	w.forced++
	w.forcedAt = now
	w.supersede(now)
	return t.issue(w, appID, now), nil
}

// issue makes the current token of a world. It is called under the lock.
func (t *tokens) issue(w *tokenWorld, appID string, now time.Time) *accessToken {
	b := make([]byte, 96)
	rand.Read(b)
	token := &accessToken{value: "96_" + base64.RawURLEncoding.EncodeToString(b), appID: appID, ends: now.Add(tokenLife)}
	if t.byValue == nil {
		t.byValue = map[string]*accessToken{}
	}
	t.byValue[token.value] = token
	w.issued = append(w.issued, token)
	if len(w.issued) > maxTokens {
		delete(t.byValue, w.issued[0].value)
		w.issued = w.issued[1:]
	}
	return token
}

// supersede lets all tokens of a world be good until then, and no longer. A clock that was moved back has left some that
// were to be good for longer.
func (w *tokenWorld) supersede(at time.Time) {
	for _, old := range w.issued {
		if old.superseded.IsZero() || old.superseded.After(at) {
			old.superseded = at
		}
	}
}

func (w *tokenWorld) current() *accessToken {
	if len(w.issued) == 0 {
		return nil
	}
	return w.issued[len(w.issued)-1]
}

func worldOf(worlds *map[string]*tokenWorld, appID string) *tokenWorld {
	if *worlds == nil {
		*worlds = map[string]*tokenWorld{}
	}
	w := (*worlds)[appID]
	if w == nil {
		w = &tokenWorld{}
		(*worlds)[appID] = w
	}
	return w
}

// getToken is /cgi-bin/token.
func (p *Platform) getToken(r *serverRequest) (*apicall.Result, error) {
	if err := p.authenticate(r, "secret", grantToken); err != nil {
		return nil, err
	}
	now := p.Now()
	return p.tokenResult(p.tokens.renew(r.AppID, now), now), nil
}

// getStableToken is /cgi-bin/stable_token.
func (p *Platform) getStableToken(r *serverRequest) (*apicall.Result, error) {
	if force := r.Params["force_refresh"]; force.Given() && string(force.JSON) != "true" && string(force.JSON) != "false" {
		return nil, errDataFormat.Because("force_refresh must be true or false")
	}
	if err := p.authenticate(r, "secret", grantToken); err != nil {
		return nil, err
	}
	now := p.Now()
	if !r.Boolean("force_refresh", false) {
		return p.tokenResult(p.tokens.keep(r.AppID, now), now), nil
	}
	token, err := p.tokens.force(r.AppID, now)
	if err != nil {
		return nil, err
	}
	return p.tokenResult(token, now), nil
}

const grantToken = "client_credential"

// authenticate finds out which app a request is for that comes without a token. secretName is what the parameter with the
// secret is called there, grant what grant_type has to be; "" where there is none.
func (p *Platform) authenticate(r *serverRequest, secretName, grant string) error {
	appID, secret := r.Text("appid"), r.Text(secretName)
	have, known := p.Apps[appID]
	switch {
	case appID == "":
		return errAppIDMissing.Because("appid is required")
	case secret == "":
		return errSecretMissing.Because("%s is required", secretName)
	case grant != "" && r.Text("grant_type") != grant:
		return errGrantType.Because("grant_type is %q; it must be %s", r.Text("grant_type"), grant)
	case !known:
		return errInvalidAppID.Because("this emulator has no app %q; it has %s, and those of --app APPID:SECRET", appID, p.AppID)
	case secret != have:
		return errInvalidSecret.Because("that is not the secret of %s; --app %s:SECRET sets it", appID, appID)
	}
	r.AppID = appID
	return p.spend(r)
}

// tokenResult answers with a token, and keeps it out of the journal. What remains of it is never more than a whole life,
// not even where the clock was moved back.
func (p *Platform) tokenResult(token *accessToken, now time.Time) *apicall.Result {
	p.Journal.Redact(token.value)
	return apicall.JSON(map[string]any{"access_token": token.value, "expires_in": int(min(token.ends.Sub(now), tokenLife) / time.Second)})
}

// String keeps tokens out of messages.
func (t *accessToken) String() string { return fmt.Sprintf("a token of %s until %s", t.appID, t.ends) }
