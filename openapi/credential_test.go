package openapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// network records where each call goes, by whichever door, and answers none.
type network struct{ to []string }

var errNoNetwork = errors.New("there is no network")

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/cgi-bin/stable_token" {
		body, _ := io.ReadAll(r.Body)
		var q struct{ Appid string }
		_ = json.Unmarshal(body, &q)
		return jsonResponse(`{"access_token":"of-` + q.Appid + `","expires_in":7200}`), nil
	}
	target := *r.URL
	if strings.HasSuffix(target.Path, "/admin") {
		target.RawQuery = ""
	}
	n.to = append(n.to, target.String())
	return nil, errNoNetwork
}

func TestTheCredentialOfACall(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("of-file\n"), 0o600))
	const path = "/wxa/getwxacode"
	signing := map[string]string{"TENCENTCLOUD_SECRETID": "id", "TENCENTCLOUD_SECRETKEY": "key", "TCB_CONTEXT_CNFG": `{"URL":"http://cloud/admin"}`}
	header := map[string]string{"WX_CLOUDBASE_ACCESSTOKEN": "of-header"}
	app := map[string]string{"WX_APPID": "wx1", "WX_APPSECRET": "s3cret"}
	container := map[string]string{"CBR_ENV_ID": "env"}
	fileToo := map[string]string{"WX_CLOUDBASE_ACCESS_TOKEN_FILE": file}
	tests := []struct {
		fact       string
		opts       []openapi.Option
		invocation []map[string]string // nil: none
		process    []map[string]string
		file       string // the container's
		want       string
	}{
		{fact: "an app credential", opts: []openapi.Option{openapi.WithAppCredential("wx9", "s")}, want: "https://api.weixin.qq.com" + path + "?access_token=of-wx9"},
		{fact: "an access token", opts: []openapi.Option{openapi.WithAccessToken("a+b")}, want: "https://api.weixin.qq.com" + path + "?access_token=a%2Bb"},
		{fact: "a container's token", opts: []openapi.Option{openapi.WithCloudbaseAccessToken("c")}, want: "https://api.weixin.qq.com" + path + "?cloudbase_access_token=c"},
		{fact: "a container's token, for another app", opts: []openapi.Option{openapi.WithCloudbaseAccessToken("c"), openapi.WithAppID("wx2")},
			want: "https://api.weixin.qq.com" + path + "?cloudbase_access_token=wx2%40c"},
		{fact: "the open interface service", opts: []openapi.Option{openapi.WithOpenInterfaceService()}, want: "http://api.weixin.qq.com" + path},
		{fact: "the open interface service, for another app", opts: []openapi.Option{openapi.WithOpenInterfaceService(), openapi.WithAppID("wx2")},
			want: "http://api.weixin.qq.com" + path + "?from_appid=wx2"},
		{fact: "another base URL", opts: []openapi.Option{openapi.WithOpenInterfaceService(), openapi.WithBaseURL("http://127.0.0.1:1/x/")},
			process: []map[string]string{{"WX_API_BASE_URL": "http://elsewhere"}}, want: "http://127.0.0.1:1/x" + path},
		{fact: "the variable's base URL", opts: []openapi.Option{openapi.WithAccessToken("t")}, process: []map[string]string{{"WX_API_BASE_URL": "http://elsewhere"}},
			want: "http://elsewhere" + path + "?access_token=t"},
		{fact: "an option is before all else", opts: []openapi.Option{openapi.WithAccessToken("t")}, invocation: []map[string]string{signing, header},
			process: []map[string]string{signing, app, container, fileToo}, file: file, want: "https://api.weixin.qq.com" + path + "?access_token=t"},
		{fact: "the invocation's cloud call", invocation: []map[string]string{signing, header}, process: []map[string]string{app, container, fileToo}, want: "http://cloud/admin"},
		{fact: "the invocation's token", invocation: []map[string]string{header}, process: []map[string]string{signing, app, container, fileToo}, file: file,
			want: "https://api.weixin.qq.com" + path + "?cloudbase_access_token=of-header"},
		{fact: "the process's cloud call", process: []map[string]string{signing, app, container, fileToo}, file: file, want: "http://cloud/admin"},
		{fact: "the process's cloud call, in an invocation without a credential", invocation: []map[string]string{{}}, process: []map[string]string{signing}, want: "http://cloud/admin"},
		{fact: "the container's file", process: []map[string]string{app, container}, file: file, want: "https://api.weixin.qq.com" + path + "?cloudbase_access_token=of-file"},
		{fact: "the file that a variable names", process: []map[string]string{app, container, fileToo}, want: "https://api.weixin.qq.com" + path + "?cloudbase_access_token=of-file"},
		{fact: "the process's app", process: []map[string]string{app, container}, want: "https://api.weixin.qq.com" + path + "?access_token=of-wx1"},
		{fact: "an AppID without a secret is nothing", process: []map[string]string{{"WX_APPID": "wx1"}, container}, want: "http://api.weixin.qq.com" + path},
		{fact: "a container", process: []map[string]string{container}, want: "http://api.weixin.qq.com" + path},
		{fact: "nothing", invocation: []map[string]string{{"WX_APPID": "wx1", "WX_APPSECRET": "not the app's own"}}},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			together := func(parts []map[string]string) map[string]string {
				all := map[string]string{}
				for _, p := range parts {
					maps.Copy(all, p)
				}
				return all
			}
			ctx := t.Context()
			if tt.invocation != nil {
				ctx = cloudfn.NewContext(ctx, cloudfn.NewInvocation(together(tt.invocation), nil))
			}
			missing := filepath.Join(t.TempDir(), "missing")
			if tt.file != "" {
				missing = tt.file
			}
			n := &network{}
			c := openapi.NewClient(append(tt.opts, openapi.WithProcess(together(tt.process), missing), openapi.WithHTTPClient(&http.Client{Transport: n}))...)
			_, err := c.Wxacode.Get(ctx, &openapi.WxacodeGetRequest{Path: "p"})
			if tt.want == "" {
				assert.ErrorIs(t, err, openapi.ErrNoCredential)
				assert.Empty(t, n.to)
				return
			}
			assert.ErrorIs(t, err, errNoNetwork)
			assert.Equal(t, []string{tt.want}, n.to)
		})
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	token := openapi.WithAccessToken("t")
	for text, opts := range map[string][]openapi.Option{
		"openapi.WithAppCredential: an empty text is no credential; is a variable not set?":          {openapi.WithAppCredential("wx1", "")},
		"openapi.WithAccessToken: an empty text is no credential; is a variable not set?":            {openapi.WithAccessToken("")},
		"openapi.WithCloudbaseAccessToken: an empty text is no credential; is a variable not set?":   {openapi.WithCloudbaseAccessToken("")},
		"openapi.WithTokenSource(nil): it needs a source":                                            {openapi.WithTokenSource(nil)},
		"openapi.WithAccessToken and WithOpenInterfaceService: a client has one credential":          {token, openapi.WithOpenInterfaceService()},
		"openapi.WithTimeout(0s): it must be more than 0":                                            {token, openapi.WithTimeout(0)},
		"openapi.WithHTTPClient(nil): leave it out":                                                  {token, openapi.WithHTTPClient(nil)},
		`WithAppID("wx2") does not go with WithAccessToken: an access token is good for its own app`: {token, openapi.WithAppID("wx2")},
		`WX_API_BASE_URL: the base URL must be like "https://api.weixin.qq.com"`:                     {token, openapi.WithProcess(map[string]string{"WX_API_BASE_URL": "localhost:1"}, "")},
		`WithAppID("wx2") does not go with WX_APPID and WX_APPSECRET`:                                {openapi.WithAppID("wx2"), openapi.WithProcess(map[string]string{"WX_APPID": "wx1", "WX_APPSECRET": "s"}, "")},
	} {
		c := openapi.NewClient(append([]openapi.Option{openapi.WithProcess(nil, "")}, opts...)...)
		err := c.Call(t.Context(), "wxacode.get", nil, nil)
		assert.ErrorIs(t, err, openapi.CodeResourceSystem)
		assert.ErrorContains(t, err, text)
		assert.NotContains(t, err.Error(), "\n")
		assert.ErrorContains(t, c.CallFunction(t.Context(), "f", nil, nil), text)
	}
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	const sense = `the base URL must be like "https://api.weixin.qq.com": a scheme, a host, and at most a path`
	for _, base := range []string{
		"", "api.weixin.qq.com", "127.0.0.1:1", "https://", "https:///x", "https://:1", "http://[::1", "http://a:port", "http://a/%zz", "http://a\n",
		"ftp://a", "http://a/?b", "http://a#b", "http://a b", "http://user:passw0rd@a",
	} {
		w := &web{}
		err := callOnce(t.Context(), w.client(openapi.WithAccessToken("t"), openapi.WithBaseURL(base)))
		assert.ErrorContains(t, err, "openapi.WithBaseURL: "+sense, base)
		assert.NotContains(t, err.Error(), "passw0rd")
		assert.Empty(t, w.got)
		if base == "" {
			continue // a variable that is not set
		}
		err = callOnce(t.Context(), w.client(openapi.WithAccessToken("t"), openapi.WithProcess(map[string]string{"WX_API_BASE_URL": base}, "")))
		assert.ErrorContains(t, err, "WX_API_BASE_URL: "+sense, base)
		assert.NotContains(t, err.Error(), "passw0rd")
		assert.Empty(t, w.got)
	}
	for _, base := range []string{"http://a/b", "http://a/b/", "HTTP://a/b", "http://a/b//"} {
		w := &web{}
		require.NoError(t, callOnce(t.Context(), w.client(openapi.WithAccessToken("t"), openapi.WithBaseURL(base))))
		assert.True(t, strings.HasPrefix(w.url(), "http://a/b/wxa/"), w.url())
	}
}

func TestATokenFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	good := "first"
	w := &web{answer: func(r *http.Request) *http.Response {
		if r.URL.Query().Get("cloudbase_access_token") == good {
			return jsonResponse(`{"errcode":0}`)
		}
		return jsonResponse(`{"errcode":42001,"errmsg":"access_token expired"}`)
	}}
	c := w.client(openapi.WithProcess(map[string]string{"CBR_ENV_ID": "e"}, file))
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	calls := func() int { n := len(w.got); w.got = nil; return n }

	write(" first\n")
	require.NoError(t, callOnce(t.Context(), c))
	write("second")
	good = "second"
	require.NoError(t, callOnce(t.Context(), c))
	assert.Equal(t, 2, calls(), "a renewed file is read anew")

	good = "third"
	assert.ErrorIs(t, callOnce(t.Context(), c), openapi.CodeAccessTokenExpired)
	assert.Equal(t, 1, calls(), "the same token is not tried again")
	w.answer, good = func(r *http.Request) *http.Response {
		write("third") // the platform renews it just now
		if r.URL.Query().Get("cloudbase_access_token") == good {
			return jsonResponse(`{"errcode":0}`)
		}
		return jsonResponse(`{"errcode":42001,"errmsg":"access_token expired"}`)
	}, "third"
	require.NoError(t, callOnce(t.Context(), c))
	assert.Equal(t, 2, calls(), "once more with the new one")

	w.answer = nil
	write("")
	require.NoError(t, callOnce(t.Context(), c), "while it is written anew, the last token stands in")
	require.NoError(t, os.Remove(file))
	require.NoError(t, callOnce(t.Context(), c))
	assert.Contains(t, w.url(), "cloudbase_access_token=third")
	w.answer = func(*http.Request) *http.Response { return jsonResponse(`{"errcode":42001,"errmsg":"x"}`) }
	err := callOnce(t.Context(), c)
	assert.ErrorContains(t, err, "no access token: the token file "+file+": ")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestWorkThatOutlivesItsRequestGoesOnWithTheTokenOfTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	w := &web{answer: func(r *http.Request) *http.Response {
		if r.URL.Query().Get("cloudbase_access_token") == "new" {
			return jsonResponse(`{"errcode":0}`)
		}
		return jsonResponse(`{"errcode":42001,"errmsg":"access_token expired"}`)
	}}
	c := w.client(openapi.WithProcess(nil, file))
	ctx := cloudfn.NewContext(t.Context(), cloudfn.NewInvocation(map[string]string{"WX_CLOUDBASE_ACCESSTOKEN": "old"}, nil))
	assert.ErrorIs(t, callOnce(ctx, c), openapi.CodeAccessTokenExpired, "there is no file")
	assert.Len(t, w.got, 1)
	require.NoError(t, os.WriteFile(file, []byte("new"), 0o600))
	assert.NoError(t, callOnce(ctx, c))
}

func TestATokenFileThatIsNoGood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte(" \n"), 0o600))
	for file, text := range map[string]string{
		empty:                         "it is empty; the platform writes it into each container of WeChat Cloud Run, and WX_CLOUDBASE_ACCESS_TOKEN_FILE names another one",
		filepath.Join(dir, "nowhere"): "the token file " + filepath.Join(dir, "nowhere") + ": ",
		dir:                           "the token file " + dir + ": ",
	} {
		w := &web{}
		err := callOnce(t.Context(), w.client(openapi.WithProcess(map[string]string{"WX_CLOUDBASE_ACCESS_TOKEN_FILE": file, "WX_APPID": "wx1", "WX_APPSECRET": "s"}, "")))
		assert.ErrorIs(t, err, openapi.CodeResourceSystem)
		assert.ErrorContains(t, err, text)
		assert.NotContains(t, err.Error(), "\n")
		assert.Empty(t, w.got)
	}
}

func TestSecretsOfHTTPSCallsAreShownNowhere(t *testing.T) {
	t.Parallel()
	const secret, token = "s3cret-0f-the-app", "t0ken/0f+the=app"
	source := sourceFunc(func(context.Context, string) (string, error) {
		return "", fmt.Errorf("central: %w", &url.Error{Op: "Get", URL: "http://central/?secret=" + secret, Err: io.EOF})
	})
	w := &web{}
	options := []openapi.Option{
		openapi.WithAppCredential("wx1", secret), openapi.WithAccessToken(token), openapi.WithCloudbaseAccessToken(token), openapi.WithTokenSource(source),
	}
	shown := func(what any) {
		t.Helper()
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "what", what)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "what", what)
		all := fmt.Sprintf("%v %+v %#v %s %q\n%s", what, what, what, what, what, log.String())
		for _, hidden := range []string{secret, token, url.QueryEscape(token)} {
			assert.NotContains(t, all, hidden)
		}
	}
	for _, option := range options {
		c := w.client(option)
		shown(option)
		for fact, answer := range map[string]func(*http.Request) *http.Response{
			"a page that shows the request": func(r *http.Request) *http.Response {
				return response(502, "text/html", "<html>bad gateway for "+r.URL.String()+" with "+r.URL.Query().Get("access_token")+secret)
			},
			"an error that shows the request": func(r *http.Request) *http.Response {
				text, _ := json.Marshal(map[string]any{"errcode": 40001, "errmsg": "no " + r.URL.RawQuery + " " + r.URL.Query().Get("access_token")})
				return jsonResponse(string(text))
			},
			"nothing": func(*http.Request) *http.Response { return response(500, "", "") },
		} {
			w.answer = func(r *http.Request) *http.Response {
				if r.URL.Path == "/cgi-bin/stable_token" && fact == "nothing" {
					return jsonResponse(`{"access_token":"` + token + `","expires_in":7200}`)
				}
				return answer(r)
			}
			shown(callOnce(t.Context(), c))
			shown(c.CallFunction(t.Context(), "f", nil, nil))
			shown(c.Call(t.Context(), "/wxa/x\x7f", nil, nil)) // no URL
			shown(c)
		}
	}
	c := openapi.NewClient(openapi.WithAccessToken(token), openapi.WithBaseURL("http://127.0.0.1:1"), openapi.WithTimeout(time.Second))
	shown(callOnce(t.Context(), c))
	shown(openapi.StableToken("wx1", token))
}

func TestNoErrorOfATransportShowsTheToken(t *testing.T) {
	t.Parallel()
	const token = "t0ken/0f+the=app"
	tests := map[string]roundTripFunc{
		"a client inside": func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: context.Canceled}
		},
		"words of its own": func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("no way to %s: %w", r.URL, context.Canceled)
		},
		"an answer that breaks off": func(r *http.Request) (*http.Response, error) {
			answer := response(200, "image/png", "")
			answer.Body = io.NopCloser(brokenReader{fmt.Errorf("%s: %w", r.URL, context.Canceled)})
			return answer, nil
		},
	}
	for fact, transport := range tests {
		c := openapi.NewClient(openapi.WithAccessToken(token), openapi.WithHTTPClient(&http.Client{Transport: transport}))
		err := callOnce(t.Context(), c)
		assert.ErrorIs(t, err, context.Canceled, fact)
		for e := err; e != nil; e = errors.Unwrap(e) {
			assert.NotContains(t, e.Error(), url.QueryEscape(token), fact)
		}
	}
	redirect := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		answer := response(302, "", "")
		answer.Header.Set("Location", "http://[/?"+r.URL.RawQuery)
		return answer, nil
	})
	err := callOnce(t.Context(), openapi.NewClient(openapi.WithAccessToken(token), openapi.WithHTTPClient(&http.Client{Transport: redirect})))
	assert.ErrorContains(t, err, "failed to parse Location header")
	assert.NotContains(t, err.Error(), url.QueryEscape(token))
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func TestAnAnswerThatMayHoldATokenIsNotShown(t *testing.T) {
	t.Parallel()
	for _, answer := range []*http.Response{
		response(200, "application/json", `{"access_token":"t0ken-0f-the-app","exp`),
		response(502, "application/json", `{"access_token":"t0ken-0f-the-app","expires_in":7200}`),
		response(200, "text/plain", `access_token=t0ken-0f-the-app&expires_in=7200`),
	} {
		w := &web{answer: func(*http.Request) *http.Response { return answer }}
		err := callOnce(t.Context(), w.client(openapi.WithAppCredential("wx1", "s3cret")))
		assert.ErrorContains(t, err, "no access token: the answer is ")
		assert.ErrorContains(t, err, fmt.Sprintf("(status %d ", answer.StatusCode))
		assert.NotContains(t, err.Error(), "t0ken")
		assert.Len(t, w.got, 1)
	}
}
