package emulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// login changes a code of wx.login for a session.
func (s server) login(code string, more ...string) gjson.Result {
	q := url.Values{"grant_type": {"authorization_code"}, "appid": {s.app}, "secret": {s.secret}, "js_code": {code}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return gjson.Parse(ask(s.Emulator, http.MethodGet, "/sns/jscode2session?"+q.Encode(), "").Body.String())
}

func TestACodeOfLoginIsChangedForASession(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{OpenID: "oMe"})
	keys := map[string]bool{}
	for code, openid := range map[string]string{
		"0a3yCb100UOxcV1Hgh200zzzzz3yCb1V": "oMe", "2": "oMe", "oAlice": "oAlice", "oAlice.2": "oAlice", "oAlice.3.x": "oAlice", "o6_bmjrPTlm6_2sgVt7hMZOPfL2M": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M",
	} {
		session := s.login(code)
		assert.Equal(t, openid, session.Get("openid").String(), session.Raw)
		assert.False(t, session.Get("errcode").Exists())
		key, err := base64.StdEncoding.DecodeString(session.Get("session_key").String())
		assert.NoError(t, err)
		assert.Len(t, key, 16)
		keys[string(key)] = true
		used := s.login(code)
		assert.EqualValues(t, 40163, used.Get("errcode").Int(), "a code is good once")
		assert.Regexp(t, "^code been used rid: ", used.Get("errmsg").String())
	}
	assert.Len(t, keys, 6)
}

func TestALoginIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{Apps: map[string]string{"wx2": "s2"}})
	for name, c := range map[string]struct {
		code int64
		more []string
	}{
		"no code":                  {41008, []string{"js_code", ""}},
		"no code as they are":      {40029, []string{"js_code", "the code"}},
		"a long code":              {40029, []string{"js_code", strings.Repeat("x", 129)}},
		"another grant":            {40002, []string{"grant_type", "client_credential"}},
		"no app":                   {41002, []string{"appid", ""}},
		"no secret":                {41004, []string{"secret", ""}},
		"an unknown app":           {40013, []string{"appid", "wx3"}},
		"a wrong secret":           {40125, []string{"secret", "x"}},
		"another app's secret":     {40125, []string{"secret", "s2"}},
		"another app, this secret": {40125, []string{"appid", "wx2"}},
	} {
		assert.Equal(t, c.code, s.login("c", c.more...).Get("errcode").Int(), name)
	}
	assert.Equal(t, DefaultOpenID, s.login("c").Get("openid").String(), "none of them used the code up")
	assert.Equal(t, DefaultOpenID, server{s.Emulator, "wx2", "s2"}.login("c").Get("openid").String(), "nor does another app")
	for i := range 100 {
		require.NotEmpty(t, s.login(fmt.Sprint("oAlice.", i)).Get("openid").String())
	}
	assert.EqualValues(t, 45011, s.login("oAlice.x").Get("errcode").Int(), "100 a minute")
	assert.NotEmpty(t, s.login("oBob").Get("openid").String(), "for each user")
	s.Clock().Move(time.Minute)
	assert.NotEmpty(t, s.login("oAlice.x").Get("openid").String())
}

func TestOneOfManyLoginsWithACodeIsGood(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	var mu sync.Mutex
	answers := map[int64]int{}
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			code := s.login("c").Get("errcode").Int()
			mu.Lock()
			defer mu.Unlock()
			answers[code]++
		})
	}
	all.Wait()
	assert.Equal(t, map[int64]int{0: 1, 40163: 31}, answers)
}
