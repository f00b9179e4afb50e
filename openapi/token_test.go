package openapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/openapi"
)

// tokenServer is a platform that gives out stable tokens: "token-1", "token-2", ….
type tokenServer struct {
	mu         sync.Mutex
	n          int           // the current token's number
	life       time.Duration // 2 hours if 0
	issued     time.Time     // of the current one
	dead       map[string]bool
	fetches    []bool // whether forced
	calls      int
	refuseAll  bool
	failFetch  string        // the answer to who asks for a token, in place of one
	delay      time.Duration // of who asks for a token
	neverForce bool
}

func (s *tokenServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.URL.Path == "/cgi-bin/stable_token" && s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/cgi-bin/stable_token" {
		return jsonResponse(s.fetch(body)), nil
	}
	return jsonResponse(s.call(r.URL.Query().Get("access_token"))), nil
}

func (s *tokenServer) fetch(body []byte) string {
	var q struct {
		GrantType    string `json:"grant_type"`
		Appid        string
		Secret       string
		ForceRefresh bool `json:"force_refresh"`
	}
	if json.Unmarshal(body, &q) != nil || q.GrantType != "client_credential" || q.Appid != "wx1" || q.Secret != "s3cret" {
		return `{"errcode":40013,"errmsg":"invalid appid"}`
	}
	s.fetches = append(s.fetches, q.ForceRefresh)
	if s.failFetch != "" {
		return s.failFetch
	}
	life := s.life
	if life == 0 {
		life = 2 * time.Hour
	}
	left := life - time.Since(s.issued)
	if q.ForceRefresh && s.neverForce {
		return `{"errcode":45009,"errmsg":"reach max api daily quota limit"}`
	}
	if s.n == 0 || q.ForceRefresh || left <= 5*time.Minute {
		s.n++
		s.issued, left = time.Now(), life
	}
	return fmt.Sprintf(`{"access_token":"token-%d","expires_in":%d}`, s.n, int(left.Seconds()))
}

func (s *tokenServer) call(token string) string {
	s.calls++
	switch {
	case s.refuseAll || s.dead[token]:
		return `{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest rid: 1-2-3"}`
	case token == fmt.Sprint("token-", s.n), token == fmt.Sprint("token-", s.n-1) && time.Since(s.issued) <= 5*time.Minute:
		return `{"errcode":0,"errmsg":"ok"}`
	}
	return `{"errcode":42001,"errmsg":"access_token expired"}`
}

// forced returns how many refreshes were forced.
func (s *tokenServer) forced() (n int) {
	for _, f := range s.fetches {
		if f {
			n++
		}
	}
	return n
}

func (s *tokenServer) kill(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = map[string]bool{token: true}
}

func jsonResponse(text string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json; encoding=utf-8"}},
		Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text))}
}

// tokenClient is a client whose tokens and calls come from s.
func tokenClient(s *tokenServer) *openapi.Client {
	return openapi.NewClient(openapi.WithAppCredential("wx1", "s3cret"), openapi.WithHTTPClient(&http.Client{Transport: s}))
}

func callOnce(ctx context.Context, c *openapi.Client) error {
	_, err := c.NearbyPoi.SetShowStatus(ctx, &openapi.NearbyPoiSetShowStatusRequest{PoiID: "p", Status: 1})
	return err
}

func TestColdCallersFetchOneToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{delay: time.Second}
		h := &http.Client{Transport: s}
		var all sync.WaitGroup
		for range 32 {
			c := openapi.NewClient(openapi.WithAppCredential("wx1", "s3cret"), openapi.WithHTTPClient(h)) // as in a handler that makes one each time
			all.Go(func() { assert.NoError(t, callOnce(t.Context(), c)) })
		}
		all.Wait()
		assert.Equal(t, []bool{false}, s.fetches)
		assert.Equal(t, 32, s.calls)
	})
}

func TestACallerWhoLeavesTakesNothingFromTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{delay: 5 * time.Second}
		c := tokenClient(s)
		first, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			begin := time.Now()
			assert.ErrorIs(t, callOnce(first, c), context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(begin))
		})
		synctest.Wait()
		all.Go(func() { assert.NoError(t, callOnce(t.Context(), c)) })
		all.Wait()
		assert.Len(t, s.fetches, 1)
	})
}

func TestATokenIsRenewedWhileTheOldOneIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{}
		c := tokenClient(s)
		require.NoError(t, callOnce(t.Context(), c))
		time.Sleep(2*time.Hour - 5*time.Minute - time.Second)
		require.NoError(t, callOnce(t.Context(), c))
		synctest.Wait()
		assert.Len(t, s.fetches, 1, "too early for another")

		time.Sleep(time.Second)
		s.delay = 10 * time.Second
		var all sync.WaitGroup
		begin := time.Now()
		for range 8 {
			all.Go(func() { assert.NoError(t, callOnce(t.Context(), c)) })
		}
		all.Wait()
		assert.Equal(t, begin, time.Now(), "nobody waits for the new one")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.Equal(t, []bool{false, false}, s.fetches)
		time.Sleep(10 * time.Minute)
		require.NoError(t, callOnce(t.Context(), c))
		assert.Len(t, s.fetches, 2)
	})
}

func TestAFailedRenewalIsTriedAgainUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{}
		c := tokenClient(s)
		require.NoError(t, callOnce(t.Context(), c))
		time.Sleep(2*time.Hour - 4*time.Minute)
		s.failFetch = `{"errcode":-1,"errmsg":"system error"}`
		for range 5 {
			require.NoError(t, callOnce(t.Context(), c), "the old one is good")
			synctest.Wait()
		}
		assert.Len(t, s.fetches, 2, "not at every call")
		time.Sleep(10 * time.Second)
		require.NoError(t, callOnce(t.Context(), c))
		synctest.Wait()
		assert.Len(t, s.fetches, 3)
		time.Sleep(4 * time.Minute)
		err := callOnce(t.Context(), c)
		assert.ErrorIs(t, err, openapi.CodeUnknown)
		assert.EqualError(t, err, "errCode: -1 unknown error | errMsg: openapi.nearbyPoi.setShowStatus:fail no access token: system error")
		s.failFetch = ""
		assert.NoError(t, callOnce(t.Context(), c), "a failure is not kept")
	})
}

func TestARenewalThatFailsTooLateFailsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{}
		c := tokenClient(s)
		require.NoError(t, callOnce(t.Context(), c))
		time.Sleep(2*time.Hour - 5*time.Second)
		s.delay = time.Hour
		require.NoError(t, callOnce(t.Context(), c), "with the old one")
		synctest.Wait()
		s.delay = 0
		time.Sleep(6 * time.Second) // the old one has ended, and the renewal goes on
		require.NoError(t, callOnce(t.Context(), c))
		assert.Len(t, s.fetches, 2)
	})
}

func TestCallersRefusedWithOneTokenCauseOneRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{}
		c := tokenClient(s)
		require.NoError(t, callOnce(t.Context(), c))
		s.n, s.issued = 5, time.Now().Add(-time.Hour) // another machine has refreshed it by force
		s.kill("token-1")
		s.delay = time.Second
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { assert.NoError(t, callOnce(t.Context(), c)) })
		}
		all.Wait()
		assert.Equal(t, []bool{false, false}, s.fetches, "asked for normally, once")
		assert.Equal(t, 1+2*16, s.calls)
	})
}

func TestARefreshIsForcedWhereTheSameTokenComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{}
		c := tokenClient(s)
		require.NoError(t, callOnce(t.Context(), c))
		s.kill("token-1")
		require.NoError(t, callOnce(t.Context(), c))
		assert.Equal(t, []bool{false, false, true}, s.fetches)

		s.kill("token-2")
		time.Sleep(29 * time.Second)
		err := callOnce(t.Context(), c)
		assert.ErrorIs(t, err, openapi.CodeInvalidCredential)
		assert.EqualError(t, err, "errCode: 40001  | errMsg: openapi.nearbyPoi.setShowStatus:fail invalid credential, access_token is invalid or not latest rid: 1-2-3", "the refusal is the error")
		assert.Equal(t, []bool{false, false, true, false}, s.fetches, "within 30 s none is forced")
		time.Sleep(time.Second)
		require.NoError(t, callOnce(t.Context(), c))
		assert.Equal(t, []bool{false, false, true, false, false, true}, s.fetches)
	})
}

func TestNoMoreThan20RefreshesADayAreForced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{refuseAll: true}
		c := tokenClient(s)
		for range 50 {
			assert.ErrorIs(t, callOnce(t.Context(), c), openapi.CodeInvalidCredential)
			time.Sleep(20 * time.Second)
		}
		assert.Equal(t, 20, s.forced())
		assert.LessOrEqual(t, s.calls, 50+20, "one call more for each new token")
		time.Sleep(24 * time.Hour)
		assert.Error(t, callOnce(t.Context(), c))
		assert.Equal(t, 21, s.forced())
	})
}

func TestAForcedRefreshThatIsRefusedLeavesTheRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{refuseAll: true, neverForce: true}
		err := callOnce(t.Context(), tokenClient(s))
		assert.ErrorIs(t, err, openapi.CodeInvalidCredential)
		assert.Equal(t, 1, s.calls, "there is no other token to try")
	})
}

func TestAnAnswerWithoutATokenIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{failFetch: `{"errcode":0}`}
		err := callOnce(t.Context(), tokenClient(s))
		assert.ErrorIs(t, err, openapi.CodeResourceSystem)
		assert.ErrorContains(t, err, "no access token: the answer of /cgi-bin/stable_token has no access_token")
		assert.Zero(t, s.calls)
	})
}

func TestATokenThatLivesShortly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{life: time.Minute}
		c := tokenClient(s)
		for range 300 {
			require.NoError(t, callOnce(t.Context(), c))
			time.Sleep(time.Second)
		}
		assert.LessOrEqual(t, len(s.fetches), 31, "not one for each call")
	})
}

func TestATokenIsSharedByHTTPClientsOfOneTransport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{refuseAll: true}
		for range 30 {
			h := &http.Client{Transport: s, Timeout: 3 * time.Second}
			c := openapi.NewClient(openapi.WithAppCredential("wx1", "s3cret"), openapi.WithHTTPClient(h))
			assert.ErrorIs(t, callOnce(t.Context(), c), openapi.CodeInvalidCredential)
		}
		assert.Equal(t, 1, s.forced(), "within 30 s")
	})

	var fetches atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cgi-bin/stable_token" {
			fetches.Add(1)
		}
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":7200}`)
	}))
	defer server.Close()
	for range 3 { // net/http's own transport
		c := openapi.NewClient(openapi.WithAppCredential("wx1", "s3cret"), openapi.WithBaseURL(server.URL), openapi.WithHTTPClient(&http.Client{}))
		require.NoError(t, callOnce(t.Context(), c))
	}
	assert.EqualValues(t, 1, fetches.Load())
}

func TestAClientInAHurryTakesNothingFromTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{delay: 5 * time.Second}
		var all sync.WaitGroup
		for _, timeout := range []time.Duration{time.Second, 10 * time.Second} {
			h := &http.Client{Transport: s, Timeout: timeout}
			c := openapi.NewClient(openapi.WithAppCredential("wx1", "s3cret"), openapi.WithHTTPClient(h))
			all.Go(func() { assert.NoError(t, callOnce(t.Context(), c)) })
			synctest.Wait()
		}
		all.Wait()
		assert.Len(t, s.fetches, 1)
	})
}

func TestEachOfManyAppsKeepsItsToken(t *testing.T) {
	t.Parallel()
	fetches := 0
	h := &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/cgi-bin/stable_token" {
			fetches++
			return jsonResponse(`{"access_token":"t","expires_in":7200}`), nil
		}
		return jsonResponse(`{"errcode":0}`), nil
	})}
	const apps = 100
	for i := range 3 * apps {
		c := openapi.NewClient(openapi.WithAppCredential(fmt.Sprint("wx", i%apps), "s3cret"), openapi.WithHTTPClient(h))
		require.NoError(t, callOnce(t.Context(), c))
	}
	assert.Equal(t, apps, fetches)
}

func TestTheLifeOfAToken(t *testing.T) {
	t.Parallel()
	for life, fetches := range map[string]int{
		`,"expires_in":7200`:   1,
		`,"expires_in":"7200"`: 1,
		`,"expires_in":0`:      3,
		`,"expires_in":-1`:     3,
		`,"expires_in":null`:   3,
		`,"expires_in":"soon"`: 3,
		``:                     3,
	} {
		s := &tokenServer{n: 1, issued: time.Now(), failFetch: `{"errcode":0` + life + `,"access_token":"token-1"}`}
		c := tokenClient(s)
		for range 3 {
			require.NoError(t, callOnce(t.Context(), c), life)
		}
		assert.Len(t, s.fetches, fetches, life)
	}
}
