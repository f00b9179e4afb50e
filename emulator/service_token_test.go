package emulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

const (
	checkPath = "/wxa/msg_sec_check"
	checkBody = `{"content": "hello", "version": 2, "scene": 1, "openid": "oAlice"}`
	codeBody  = `{"path": "page/index/index"}`
)

// variable returns a variable of a process.
func (s sight) variable(name string) string {
	for _, v := range s.Environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

func TestAFunctionCallsWhatItsConfigPermitsAndNothingElse(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil), Apps: map[string]string{"wxother": "secret"}})
	for name, c := range map[string]struct {
		path, body string
		code       int64
		want       string
	}{
		"through the sidecar":                   {"/sidecar" + checkPath, checkBody, 0, "pass"},
		"with the token of the request":         {"/token" + checkPath, checkBody, 0, "pass"},
		"with the token of the file":            {"/token" + checkPath + "?file", checkBody, 0, "pass"},
		"for another app, with a token":         {"/token" + checkPath + "?for=wxother@", checkBody, 0, "pass"},
		"for another app, through the sidecar":  {"/sidecar" + checkPath + "?from_appid=wxother", checkBody, 0, "pass"},
		"for an app that there is not":          {"/token" + checkPath + "?for=wxnone@", checkBody, 48001, `no app \"wxnone\"`},
		"for no app, through the sidecar":       {"/sidecar" + checkPath + "?from_appid=wxnone", checkBody, 48001, `no app \"wxnone\"`},
		"what is not permitted":                 {"/sidecar" + wxacodeGet, codeBody, 85107, `add \"wxacode.get\" to permissions.openapi in `},
		"what is not permitted, with a token":   {"/token" + wxacodeGet, codeBody, 85107, `add \"wxacode.get\" to permissions.openapi in `},
		"what config.json cannot permit":        {"/sidecar/cgi-bin/clear_quota", `{"appid": "` + DefaultAppID + `"}`, 85107, "call it with an access_token"},
		"a path that there is not":              {"/sidecar/wxa/nothing", checkBody, 40066, "/wxa/nothing"},
		"a wrong token":                         {"/token" + checkPath + "?for=x", checkBody, 40001, "given out no such cloudbase_access_token"},
		"an access token of its own":            {"/sidecar" + wxacodeGet + "?access_token=x", codeBody, 40001, ""},
		"an access token, for which it may ask": {"/sidecar/cgi-bin/stable_token", `{"grant_type": "client_credential", "appid": "wxother", "secret": "secret"}`, 0, "access_token"},
		"a function, which needs no permission": {"/sidecar/tcb/invokecloudfunction?env=env-1&name=other", `{"a": 1}`, 0, `{\"a\":1`},
	} {
		e.Handle("other", echo)
		resp, text := fetch(t, e, http.MethodPost, "/fn/web"+c.path, c.body, "X-WX-OPENID", "oAlice")
		assert.Equal(t, c.code, gjson.Get(text, "errcode").Int(), "%s: %s", name, text)
		assert.Contains(t, text, c.want, name)
		if c.code != 40001 && c.code != 40066 && !strings.Contains(c.path, "access_token=") && !strings.Contains(c.path, "stable_token") {
			assert.Len(t, resp.Header.Get("X-Seqid"), 32, name)
		}
		record := e.journal.Find(resp.Header.Get("X-Request-Id")).View()
		if c.code != 40001 {
			require.Len(t, record.Calls, 1, name)
			assert.Equal(t, int(c.code), record.Calls[0].ErrCode, name)
		}
	}
}

func TestACallBelongsToItsRequest(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	base, err := e.Listen()
	require.NoError(t, err)
	s := look(t, e, http.MethodGet, "/fn/run/x", "", "X-WX-OPENID", "oAlice")
	sidecar := strings.TrimPrefix(s.variable("WX_API_BASE_URL"), base)

	// The token of a request that is over, and the sidecar between requests.
	token := s.Header.Get("X-Wx-Cloudbase-Access-Token")
	for _, path := range []string{checkPath + "?cloudbase_access_token=" + token, sidecar + checkPath} {
		_, text := fetch(t, e, http.MethodPost, path, checkBody)
		assert.Zero(t, gjson.Get(text, "errcode").Int(), text)
		v := lastRecord(t, e, "run")
		assert.Equal(t, "https", v.Source, "a record of its own")
		require.Len(t, v.Calls, 1)
		assert.Nil(t, v.HTTP)
	}
	// Two requests at a time: the one with the token has its call, the call by the sidecar is the function's.
	resp, err := http.Get(base + "/fn/run/events")
	require.NoError(t, err)
	defer resp.Body.Close()
	for path, own := range map[string]bool{"/fn/run/token" + checkPath: true, "/fn/run/sidecar" + checkPath: false} {
		before := len(e.journal.All())
		resp, _ := fetch(t, e, http.MethodPost, path, checkBody)
		calls := e.journal.Find(resp.Header.Get("X-Request-Id")).View().Calls
		if own {
			assert.Len(t, calls, 1)
			assert.Len(t, e.journal.All(), before+1)
		} else {
			assert.Empty(t, calls)
			assert.Len(t, e.journal.All(), before+2)
		}
	}
}

func TestTheTokenFileIsRenewedWhenTheClockIsMoved(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	e.Clock().Hold()
	s := look(t, e, http.MethodGet, "/fn/web/x", "")
	file := s.variable("WX_CLOUDBASE_ACCESS_TOKEN_FILE")
	read := func() string {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		return string(text)
	}
	code := func(token string) int64 {
		_, text := fetch(t, e, http.MethodPost, checkPath+"?cloudbase_access_token="+token, checkBody)
		return gjson.Get(text, "errcode").Int()
	}
	first, header := read(), s.Header.Get("X-Wx-Cloudbase-Access-Token")
	e.Clock().Move(10*time.Minute - time.Second)
	assert.Equal(t, first, read())
	e.Clock().Move(time.Second)
	second := read()
	assert.NotEqual(t, first, second)
	e.Clock().Move(20*time.Minute - time.Second)
	third := read()
	assert.NotEqual(t, second, third)
	assert.Equal(t, []int64{0, 0, 0, 0}, []int64{code(first), code(second), code(third), code(header)}, "each is good for 30 minutes")
	e.Clock().Move(time.Second)
	assert.Equal(t, []int64{42001, 0, 0, 42001}, []int64{code(first), code(second), code(third), code(header)})
	e.Clock().Move(-time.Hour)
	assert.NotEqual(t, third, read(), "a clock that was moved back renews it, too")
	e.Clock().Set(e.Clock().Now().Add(24 * time.Hour))
	assert.Zero(t, code(read()))

	// A process of that time reads what is new.
	_, text := fetch(t, e, http.MethodPost, "/fn/web/token"+checkPath+"?file", checkBody)
	assert.Zero(t, gjson.Get(text, "errcode").Int(), text)
	require.NoError(t, e.Close())
	assert.NoFileExists(t, file)
}

func TestAFunctionThatIsGoneHasNoTokens(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	base, err := e.Listen()
	require.NoError(t, err)
	s := look(t, e, http.MethodGet, "/fn/web/x", "")
	e.drop("web")
	e.replaced.Wait()
	_, text := fetch(t, e, http.MethodPost, checkPath+"?cloudbase_access_token="+s.Header.Get("X-Wx-Cloudbase-Access-Token"), checkBody)
	assert.Equal(t, int64(40001), gjson.Get(text, "errcode").Int(), text)
	sidecar := s.variable("WX_API_BASE_URL")
	resp, text := fetch(t, e, http.MethodPost, strings.TrimPrefix(sidecar, base)+checkPath, checkBody)
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	assert.Equal(t, int64(41001), gjson.Get(text, "errcode").Int(), text)
	assert.NotContains(t, text, "_sidecar")
	assert.NoFileExists(t, s.variable("WX_CLOUDBASE_ACCESS_TOKEN_FILE"))
}

func TestNeitherTokensNorSidecarsAreInTheJournal(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	var secrets []string
	s := look(t, e, http.MethodGet, "/fn/web/x", "")
	text, err := os.ReadFile(s.variable("WX_CLOUDBASE_ACCESS_TOKEN_FILE"))
	require.NoError(t, err)
	_, key, _ := strings.Cut(s.variable("WX_API_BASE_URL"), "/_sidecar/")
	require.NotEmpty(t, key)
	proxy, err := url.Parse(s.variable("http_proxy"))
	require.NoError(t, err)
	proxyKey, _ := proxy.User.Password()
	require.NotEmpty(t, proxyKey)
	secrets = append(secrets, string(text), key, proxyKey, s.Header.Get("X-Wx-Cloudbase-Access-Token"))
	for _, path := range []string{"/fn/web/sidecar" + checkPath, "/fn/web/token" + checkPath, "/fn/web/token" + checkPath + "?file", "/fn/web/sidecar" + wxacodeGet} {
		fetch(t, e, http.MethodPost, path, checkBody)
	}
	fetch(t, e, http.MethodGet, "/fn/web/x?token="+string(text), "")
	for _, record := range e.journal.All() {
		view, err := json.Marshal(record.View())
		require.NoError(t, err)
		for _, secret := range secrets {
			assert.NotContains(t, string(view), secret)
		}
	}
	assert.Contains(t, strings.Join(outputOf(e, "web"), "\n"), "[secret]")
}

// outputOf returns what a function printed in all its invocations.
func outputOf(e *Emulator, function string) (lines []string) {
	for _, record := range e.journal.All() {
		if record.Function == function {
			for _, l := range record.View().Output {
				lines = append(lines, l.Text)
			}
		}
	}
	return lines
}

func TestStubsAnswerCallsOfWebServers(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	require.NoError(t, e.Stub(
		Stub{API: "security.msgSecCheck", OpenID: "oBob", Function: "web", ErrCode: 85113, ErrMsg: "cloudbase_token is not ready yet, please try again later"},
	))
	for user, code := range map[string]int64{"oBob": 85113, "oAlice": 0} {
		_, text := fetch(t, e, http.MethodPost, "/fn/web/sidecar"+checkPath, checkBody, "X-WX-OPENID", user)
		assert.Equal(t, code, gjson.Get(text, "errcode").Int(), user)
	}
}

func TestWhatAWebServerCallsIsRecorded(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil), Record: true})
	_, text := fetch(t, e, http.MethodPost, "/fn/web/sidecar"+wxacodeGet, codeBody)
	assert.NotContains(t, text, "errcode")
	recorded, err := e.Recorded()
	require.NoError(t, err)
	require.Len(t, recorded, 1)
	assert.Equal(t, []string{"wxacode.get"}, recorded[0].Missing)
}
