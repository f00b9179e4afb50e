package emulator

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPlainTokenIsSuperseded(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	first := s.plainToken()
	assert.Equal(t, int64(7200), first.Get("expires_in").Int())
	assert.False(t, first.Get("errcode").Exists())
	old := first.Get("access_token").String()
	s.Clock().Move(time.Hour)
	latest := s.plainToken().Get("access_token").String()
	assert.NotEqual(t, old, latest)
	s.Clock().Move(5*time.Minute - time.Second)
	assert.Zero(t, s.works(old), "both are good for 5 minutes")
	assert.Zero(t, s.works(latest))
	s.Clock().Move(time.Second)
	assert.EqualValues(t, 40001, s.works(old), "superseded")
	assert.Zero(t, s.works(latest))
	s.Clock().Move(2*time.Hour - 5*time.Minute - time.Second)
	assert.Zero(t, s.works(latest))
	s.Clock().Move(time.Second)
	assert.EqualValues(t, 42001, s.works(latest), "expired")
}

func TestAStableTokenStaysTheSame(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	first := s.stableToken("").Get("access_token").String()
	s.Clock().Move(2*time.Hour - 5*time.Minute - time.Second)
	again := s.stableToken(`,"force_refresh":false`)
	assert.Equal(t, first, again.Get("access_token").String())
	assert.EqualValues(t, 301, again.Get("expires_in").Int())
	s.Clock().Move(time.Second)
	renewed := s.stableToken("")
	second := renewed.Get("access_token").String()
	assert.NotEqual(t, first, second, "5 minutes before the end")
	assert.EqualValues(t, 7200, renewed.Get("expires_in").Int())
	assert.Zero(t, s.works(first), "both are good meanwhile")
	assert.Zero(t, s.works(second))
	s.Clock().Move(5 * time.Minute)
	assert.EqualValues(t, 42001, s.works(first))
	assert.Zero(t, s.works(second))

	plain := s.plainToken().Get("access_token").String()
	s.Clock().Move(10 * time.Minute)
	assert.Zero(t, s.works(second), "a world of their own")
	s.Clock().Move(30 * time.Second)
	assert.NotEmpty(t, s.stableToken(forced).Get("access_token").String())
	assert.EqualValues(t, 40001, s.works(second), "refreshed by force: no grace")
	assert.Zero(t, s.works(plain))
}

func TestAForcedRefreshHasItsLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	s := newServer(t, Config{Now: func() time.Time { return now }})
	for range 20 {
		require.Empty(t, s.stableToken(forced).Get("errmsg").String())
		s.Clock().Move(29 * time.Second)
		assert.EqualValues(t, 45011, s.stableToken(forced).Get("errcode").Int())
		s.Clock().Move(time.Second)
	}
	assert.EqualValues(t, 45009, s.stableToken(forced).Get("errcode").Int(), "20 a day")
	assert.NotEmpty(t, s.stableToken("").Get("access_token").String())
	s.Clock().Move(13 * time.Hour) // midnight in China
	assert.NotEmpty(t, s.stableToken(forced).Get("access_token").String())
}

func TestARunOverThreeLivesHasNoFailedCall(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	tokens := map[string]bool{}
	for range 3 * 120 {
		token := s.stableToken("").Get("access_token").String()
		tokens[token] = true
		require.Zero(t, s.works(token))
		s.Clock().Move(time.Minute)
	}
	assert.Len(t, tokens, 4, "the last one 5 minutes a life early")
}

func TestForcedRefreshesAtOnceGiveOneToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	var mu sync.Mutex
	good := map[string]bool{}
	refused := 0
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			answer := s.stableToken(forced)
			mu.Lock()
			defer mu.Unlock()
			if token := answer.Get("access_token").String(); token != "" {
				good[token] = true
			} else if assert.EqualValues(t, 45011, answer.Get("errcode").Int()) {
				refused++
			}
		})
	}
	all.Wait()
	assert.Len(t, good, 1)
	assert.Equal(t, 31, refused)
	for token := range good {
		assert.Zero(t, s.works(token))
		assert.Equal(t, token, s.stableToken("").Get("access_token").String())
	}
}

func TestTokensOutliveNothingWhenTheClockIsMovedBack(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	stable, plain := s.stableToken("").Get("access_token").String(), s.plainToken().Get("access_token").String()
	s.stableToken(forced)
	s.plainToken()
	s.Clock().Move(-24 * time.Hour)
	again := s.stableToken("")
	assert.EqualValues(t, 7200, again.Get("expires_in").Int(), "never more than a whole life")
	s.stableToken(forced)
	assert.EqualValues(t, 40001, s.works(stable))
	assert.EqualValues(t, 40001, s.works(again.Get("access_token").String()))
	s.plainToken()
	s.Clock().Move(5 * time.Minute)
	assert.EqualValues(t, 40001, s.works(plain))
}

func TestParametersOfATokenBelongIntoTheBody(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	q := url.Values{"grant_type": {"client_credential"}, "appid": {s.app}, "secret": {s.secret}}
	ask(s.Emulator, http.MethodPost, stablePath+"?"+q.Encode(), "{}")
	calls := s.Calls("auth.getStableAccessToken")
	require.Len(t, calls, 1)
	assert.Contains(t, calls[0].Advice, "secret is in the URL; in the cloud it has to be in the body")
	s.stableToken("")
	assert.Empty(t, s.Calls("auth.getStableAccessToken")[1].Advice)
}

func TestANewTokenHasItsWholeLifeThoughTheClockGoesOn(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	begin := time.Now()
	s := newServer(t, Config{Now: func() time.Time { return begin.Add(time.Duration(passed.Add(1)) * time.Millisecond) }})
	s.Clock().Go()
	assert.EqualValues(t, 7200, s.plainToken().Get("expires_in").Int())
	assert.EqualValues(t, 7200, s.stableToken("").Get("expires_in").Int())
}
