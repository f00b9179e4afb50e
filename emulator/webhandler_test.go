package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// codes answers requests with codes, and with whoever calls.
func codes(client *openapi.Client) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /code/{path...}", func(w http.ResponseWriter, r *http.Request) {
		code, err := client.Wxacode.Get(r.Context(), &openapi.WxacodeGetRequest{Path: r.PathValue("path")})
		if err != nil {
			w.WriteHeader(http.StatusTeapot)
			_ = json.NewEncoder(w).Encode(err)
			return
		}
		_, _ = w.Write(code.Buffer)
	})
	routes.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		inv, _ := cloudfn.FromContext(r.Context())
		fmt.Fprint(w, inv.Function, inv.OpenID, inv.UnionID, inv.AppID, inv.Env, inv.Source, r.Header.Get("X-WX-OPENID"), r.RequestURI)
	})
	routes.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("no more") })
	routes.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1")
		<-r.Context().Done()
		if r.URL.RawQuery != "" {
			http.Error(w, r.Context().Err().Error(), http.StatusTeapot)
		}
	})
	routes.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	return routes
}

func getAs(t *testing.T, c *Caller, url string) (status int, body string, err error) {
	t.Helper()
	resp, err := (&http.Client{Transport: c}).Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func TestAnHTTPHandlerIsServedInThisProcess(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Timeout: time.Minute})
	e.HandleHTTP("web", codes(openapi.NewClient()), "wxacode.get")
	e.HandleHTTP("nopermission", codes(openapi.NewClient()))
	e.HandleHTTP("app", codes(openapi.NewClient(openapi.WithAppCredential(e.AppID(), e.AppSecret()))))
	alice := e.As("oAlice").WithUnionID("uAlice")

	for _, name := range []string{"web", "app"} {
		status, body, err := getAs(t, alice, "http://"+name+"/code/page/index/index")
		require.NoError(t, err)
		require.Equal(t, 200, status, body)
		options, err := e.ScanPicture([]byte(body))
		require.NoError(t, err)
		assert.Equal(t, "page/index/index", options.Path)
	}
	calls := e.Calls("wxacode.get").By("web")
	require.Len(t, calls, 1)
	assert.Equal(t, "oAlice", calls[0].OpenID)

	status, body, err := getAs(t, alice, "http://nopermission/code/page/index/index")
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, status)
	assert.Contains(t, body, `"errCode":85107`)
	assert.Contains(t, e.Calls("wxacode.get").By("nopermission")[0].Advice, `add "wxacode.get" to the permissions that HandleHTTP("nopermission", …) is given`)

	_, body, _ = getAs(t, alice, "http://web/who?a=%2F")
	assert.Equal(t, "weboAliceuAlice"+DefaultAppID+DefaultEnv+"wx_clientoAlice/who?a=%2F", body)
	_, body, _ = getAs(t, alice.Via(""), "http://web/who")
	assert.Equal(t, "web"+DefaultEnv+"/who", body, "a call from outside of WeChat has no caller")

	status, body, _ = getAs(t, alice, "http://web/panic")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, body, "panic: no more")
	_, body, err = getAs(t, alice, "http://web/half")
	assert.Error(t, err)
	assert.Equal(t, "half", body)

	var invalid *Error
	_, err = alice.Invoke(t.Context(), "web", nil)
	require.True(t, errors.As(err, &invalid))
	assert.ErrorContains(t, err, "web serves HTTP, and takes no events; send it requests at /fn/web/")
}

func TestAnHTTPHandlerHasItsTime(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Timeout: time.Millisecond})
	e.HandleHTTP("web", codes(nil))
	for _, url := range []string{"http://web/late", "http://web/late?and=answers"} {
		status, body, err := getAs(t, e.As("oAlice"), url)
		require.NoError(t, err)
		assert.Equal(t, http.StatusGatewayTimeout, status)
		assert.Contains(t, body, "-504003")
	}
}

func TestRequestsToAnHTTPHandlerAreAnsweredSideBySide(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	const n = 16
	var together sync.WaitGroup
	together.Add(n)
	e.HandleHTTP("web", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		together.Done()
		together.Wait()
		inv, _ := cloudfn.FromContext(r.Context())
		fmt.Fprint(w, inv.OpenID)
	}))
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			openid := fmt.Sprint("o", i)
			_, body, err := getAs(t, e.As(openid), "http://web/")
			assert.NoError(t, err)
			assert.Equal(t, openid, body)
		})
	}
	all.Wait()
}

func TestATestsRequestGoesToTheFunctionThatItNames(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Timeout: time.Minute})
	e.HandleHTTP("web", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) }))
	for _, uri := range []string{"/", "/a//b/", "/a%2Fb?", "/../other/x?y=100%;z", "/./a"} {
		status, body, err := getAs(t, e.As("oAlice"), "http://web"+uri)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, uri, body)
	}
	_, body, err := getAs(t, e.As("oAlice"), "http://web?x=1")
	require.NoError(t, err)
	assert.Equal(t, "/?x=1", body)
}
