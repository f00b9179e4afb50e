package emulator

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn"
)

// ask sends a request to the front doors, without a socket.
func ask(e *Emulator, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:7911"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

// askJSON sends an event.
func askJSON(e *Emulator, name, event string, headers ...string) *httptest.ResponseRecorder {
	return ask(e, http.MethodPost, "/invoke/"+url.PathEscape(name), event, append([]string{"Content-Type", "application/json"}, headers...)...)
}

func TestTheAnswerIsThatOfCallFunction(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("echo", echo)
	// Whatever the result is, it comes as it is.
	for _, result := range []string{`null`, `1.50`, `"<你> & \u4f60 %s %d 100%"`, `[ 1,  2 ]`, `{ "a" : {"b":1e400} , "a": 2 }`, `12345678901234567890`} {
		e.Handle("f", bytesHandler(func(context.Context, []byte) ([]byte, error) { return []byte(result), nil }))
		w := askJSON(e, "f", "{}")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
		id := gjson.Get(w.Body.String(), "requestID").String()
		assert.NotNil(t, e.journal.Find(id))
		assert.Equal(t, `{"result":`+result+`,"errMsg":"cloud.callFunction:ok","requestID":"`+id+`"}`, w.Body.String())
	}
	e.Handle("fails", handler(func(context.Context) (any, error) { return nil, fmt.Errorf("<no> & \"good\"") }))
	w := askJSON(e, "fails", "{}")
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Equal(t, `{"errCode":-504002,"errMsg":"cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: <no> & \"good\"","requestID":"`+
		gjson.Get(w.Body.String(), "requestID").String()+`"}`+"\n", w.Body.String())
}

func TestWhatTheFrontDoorTakes(t *testing.T) {
	t.Parallel()
	const asJSON = "application/json"
	e := newEmulator(t, Config{AppID: "wxapp", OpenID: "oDefault"})
	for _, name := range []string{"echo", "a/b", "你好 世界", "100%", "a?b", ".."} {
		e.Handle(name, echo)
	}
	const info = `"userInfo":{"appId":"wxapp","openId":"oDefault"}`
	big := func(bytes int) string { return `"` + strings.Repeat("x", bytes-2) + `"` }
	for name, c := range map[string]struct {
		method, path, contentType, body string
		headers                         []string
		status                          int
		want                            string // the result, or a part of the message
	}{
		"an object":                             {body: `{"a":1}`, status: 200, want: `{"a":1,` + info + `}`},
		"no body":                               {status: 200, want: `{` + info + `}`},
		"blanks":                                {body: " \r\n\t", status: 200, want: `{` + info + `}`},
		"a list":                                {body: `[1]`, status: 200, want: `[1]`},
		"a number":                              {body: `1.0`, status: 200, want: `1.0`},
		"null":                                  {body: `null`, status: 200, want: `null`},
		"a charset":                             {contentType: "application/json; charset=utf-8", body: `1`, status: 200, want: `1`},
		"another case":                          {contentType: "Application/JSON", body: `1`, status: 200, want: `1`},
		"a slash in the name":                   {path: "/invoke/a%2Fb", body: `1`, status: 200, want: `1`},
		"a name of any script":                  {path: "/invoke/%E4%BD%A0%E5%A5%BD%20%E4%B8%96%E7%95%8C", body: `1`, status: 200, want: `1`},
		"a percent sign":                        {path: "/invoke/100%25", body: `1`, status: 200, want: `1`},
		"a question mark":                       {path: "/invoke/a%3Fb", body: `1`, status: 200, want: `1`},
		"a query":                               {path: "/invoke/echo?a=1", body: `1`, status: 200, want: `1`},
		"100 KB":                                {body: big(100 << 10), status: 200, want: big(100 << 10)},
		"6 MB less a little, but not of a user": {body: big(1 << 20), headers: []string{"X-WX-SOURCE", "wx_http"}, status: 200, want: big(1 << 20)},

		"GET":                      {method: http.MethodGet, status: 405, want: "/invoke/echo does not take the method GET; use POST"},
		"PUT":                      {method: http.MethodPut, status: 405, want: "/invoke/echo does not take the method PUT; use POST"},
		"OPTIONS":                  {method: http.MethodOptions, status: 405, want: "/invoke/echo does not take the method OPTIONS; use POST"},
		"text":                     {contentType: "text/plain", body: `{}`, status: 415, want: `an event is JSON: send it with Content-Type: application/json, not "text/plain"`},
		"no content type":          {contentType: "-", body: `{}`, status: 415, want: `an event is JSON: send it with Content-Type: application/json, not ""`},
		"a form":                   {contentType: "application/x-www-form-urlencoded", body: `a=1`, status: 415, want: `an event is JSON`},
		"broken JSON":              {body: `{"a":`, status: 400, want: "the event is not JSON: unexpected end of JSON input"},
		"two values":               {body: `{}{}`, status: 400, want: "the event is not JSON: invalid character '{' after top-level value"},
		"no UTF-8":                 {body: "{\"\xff\": 1", status: 400, want: "the event is not JSON"},
		"over 100 KB":              {body: big(100<<10 + 1), status: 413, want: "-501007 invalid parameters | errMsg: the event is too large: 102401 bytes; at most 100 KB"},
		"over 100 KB in DevTools":  {body: big(100<<10 + 1), headers: []string{"X-WX-SOURCE", "wx_devtools"}, status: 413, want: "at most 100 KB"},
		"over 6 MB":                {body: big(6<<20 + 5), headers: []string{"X-WX-SOURCE", "wx_http"}, status: 413, want: "at most 6144 KB"},
		"no name":                  {path: "/invoke/", status: 404, want: "nothing is served at /invoke/; functions are at /invoke/NAME"},
		"two names":                {path: "/invoke/a/b", status: 404, want: "nothing is served at /invoke/a/b"},
		"a path that is not clean": {path: "//invoke/../invoke/echo", status: 404, want: "nothing is served at //invoke/../invoke/echo"},
		"an unknown name":          {path: "/invoke/%E4%BD%A0", body: "{}", status: 404, want: `there is no function "你"; there are: .., 100%, a/b, a?b, echo, 你好 世界`},
		"elsewhere":                {path: "/admin/x", status: 404, want: "nothing is served at /admin/x"},
		"at the control API":       {path: "/_wxfn/functions", method: http.MethodGet, status: 401, want: "the control API needs the header Authorization: Bearer TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.method == "" {
				c.method = http.MethodPost
			}
			if c.path == "" {
				c.path = "/invoke/echo"
			}
			if c.contentType == "" {
				c.contentType = asJSON
			}
			if c.contentType != "-" {
				c.headers = append(c.headers, "Content-Type", c.contentType)
			}
			w := ask(e, c.method, c.path, c.body, c.headers...)
			assert.Equal(t, c.status, w.Code)
			answer := gjson.Parse(w.Body.String())
			require.True(t, gjson.Valid(w.Body.String()), w.Body)
			if c.status == http.StatusOK {
				assert.Equal(t, c.want, answer.Get("result").Raw)
				return
			}
			assert.Contains(t, answer.Get("errMsg").String(), c.want)
			assert.Negative(t, answer.Get("errCode").Int())
			assert.NotContains(t, w.Body.String(), e.token)
			if c.status == http.StatusMethodNotAllowed {
				assert.Equal(t, http.MethodPost, w.Header().Get("Allow"))
			}
		})
	}
}

func TestTheHeadersSayWhoCalls(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{AppID: "wxapp", OpenID: "oDefault"})
	e.Handle("who", handler(func(ctx context.Context) (any, error) {
		inv, _ := cloudfn.FromContext(ctx)
		return []string{inv.OpenID, inv.UnionID, inv.AppID, inv.Source, inv.ClientIP}, nil
	}))
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"nobody in particular": {nil, `["oDefault","","wxapp","wx_client","192.0.2.1"]`},
		"somebody":             {[]string{"X-WX-OPENID", "oAlice", "X-WX-UNIONID", "uAlice", "X-WX-APPID", "wxother"}, `["oAlice","uAlice","wxother","wx_client","192.0.2.1"]`},
		"in another case":      {[]string{"x-wx-openid", "oAlice"}, `["oAlice","","wxapp","wx_client","192.0.2.1"]`},
		"DevTools":             {[]string{"X-WX-SOURCE", "wx_devtools"}, `["oDefault","","wxapp","wx_devtools","192.0.2.1"]`},
		"the HTTP API":         {[]string{"X-WX-SOURCE", "wx_http"}, `["","","wxapp","wx_http","192.0.2.1"]`},
		"a timer":              {[]string{"X-WX-SOURCE", "wx_trigger"}, `["","","wxapp","wx_trigger","192.0.2.1"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := askJSON(e, "who", "{}", c.headers...)
			assert.Equal(t, c.want, gjson.Get(w.Body.String(), "result").Raw)
		})
	}
}

func TestOnlyThisMachineIsServed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		addr, host, origin string
		refused            string
		allowed            []string
	}{
		"loopback":                     {host: "127.0.0.1:7911"},
		"loopback, another address":    {host: "127.1.2.3:7911"},
		"localhost":                    {host: "localhost:7911"},
		"localhost in capitals":        {host: "LocalHost"},
		"IPv6":                         {host: "[::1]:7911"},
		"IPv6 without a port":          {host: "[::1]"},
		"its own page":                 {host: "localhost:7911", origin: "http://localhost:7911"},
		"another page of this machine": {host: "localhost:7911", origin: "http://127.0.0.1:3000"},
		"a chosen name":                {addr: "devbox:7911", host: "devbox:7911", origin: "http://devbox:7911"},
		"a chosen address":             {addr: "10.0.0.5:7911", host: "10.0.0.5:7911"},
		"any address of this machine":  {addr: "0.0.0.0:7911", host: "10.0.0.5:7911"},
		"any address, in short":        {addr: ":7911", host: "10.0.0.5:7911"},
		"its own page at any address":  {addr: ":7911", host: "10.0.0.5:7911", origin: "http://10.0.0.5:7911"},
		"an allowed name":              {addr: "0.0.0.0:7911", allowed: []string{"other", "Dev.example"}, host: "dev.example:80", origin: "https://dev.example"},
		"an allowed address":           {allowed: []string{"10.0.0.5"}, host: "10.0.0.5:7911"},
		"an allowed IPv6 address":      {allowed: []string{"[2001:db8:0::1]"}, host: "[2001:db8::1]:7911"},

		"another name":                       {host: "evil.example:7911", refused: `the Host "evil.example:7911" is not this machine's`},
		"another name that begins alike":     {host: "localhost.evil.example", refused: `the Host "localhost.evil.example" is not`},
		"another address":                    {host: "10.0.0.5:7911", refused: `the Host "10.0.0.5:7911" is not`},
		"no name":                            {host: "", refused: `the Host "" is not`},
		"another name, listening everywhere": {addr: "0.0.0.0:7911", host: "evil.example", refused: `the Host "evil.example" is not`},
		"no name, listening everywhere":      {addr: ":7911", host: "", refused: `the Host "" is not`},
		"a page at another address":          {addr: ":7911", host: "10.0.0.5:7911", origin: "http://203.0.113.6", refused: `the Origin "http://203.0.113.6" is foreign`},
		"a name below an allowed one":        {allowed: []string{"dev.example"}, host: "evil.dev.example", refused: `the Host "evil.dev.example" is not`},
		"a name above an allowed one":        {allowed: []string{"*.dev.example"}, host: "dev.example", refused: `the Host "dev.example" is not`},
		"another page":                       {host: "127.0.0.1", origin: "http://evil.example", refused: `the Origin "http://evil.example" is foreign`},
		"another page, by TLS":               {host: "127.0.0.1", origin: "https://evil.example", refused: `the Origin "https://evil.example" is foreign`},
		"a page without an origin":           {host: "127.0.0.1", origin: "null", refused: `the Origin "null" is foreign`},
		"a file":                             {host: "127.0.0.1", origin: "file://", refused: `the Origin "file://" is foreign`},
		"a broken origin":                    {host: "127.0.0.1", origin: "http://[", refused: `the Origin "http://[" is foreign`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, Config{Addr: c.addr, AllowHosts: c.allowed})
			e.Handle("f", echo)
			for path, status := range map[string]int{"/invoke/f": 200, "/admin": 200, "/_wxfn/functions": 200, "/nothing": 404} {
				headers := []string{"Host", c.host, "Content-Type", "application/json", "Authorization", "Bearer " + e.Token()}
				if c.origin != "" {
					headers = append(headers, "Origin", c.origin)
				}
				method := http.MethodPost
				if path == "/_wxfn/functions" {
					method = http.MethodGet
				}
				w := ask(e, method, path, "{}", headers...)
				if c.refused == "" {
					assert.Equal(t, status, w.Code, path)
					continue
				}
				assert.Equal(t, http.StatusForbidden, w.Code, path)
				assert.Contains(t, gjson.Get(w.Body.String(), "errMsg").String(), c.refused)
				assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
			}
			if c.refused != "" {
				assert.Empty(t, e.journal.All())
			}
		})
	}
}

// The hosts that older official SDKs send their requests to are the admin endpoint's, and nothing else's.
func TestAdminHosts(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	for host, allowed := range map[string]bool{
		"tcb-admin.tencentyun.com":                           true,
		"tcb-open.tencentyun.com:80":                         true,
		"TCB-Open.tencentcloudapi.com":                       true,
		"env-1.ap-shanghai.tcb-api.tencentcloudapi.com":      true,
		"tcb-admin.tencentyun.com.evil.example":              false,
		"evil-tcb-admin.tencentyun.com":                      false,
		"env-1.ap-shanghai.tcb-api.tencentcloudapi.com.evil": false,
	} {
		status := http.StatusForbidden
		if allowed {
			status = http.StatusOK
		}
		assert.Equal(t, status, ask(e, http.MethodPost, "/admin", "{}", "Host", host).Code, host)
		assert.Equal(t, http.StatusForbidden, ask(e, http.MethodPost, "/invoke/f", "{}", "Host", host).Code, host)
	}
}

func TestTheControlAPIAsksForTheToken(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", echo)
	askJSON(e, "f", "{}")
	for header, status := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer x": 401, e.Token(): 401, "Basic " + e.Token(): 401, "Bearer " + e.Token() + "x": 401,
		"Bearer " + e.Token(): 200,
	} {
		for _, path := range []string{"/_wxfn/functions", "/_wxfn/journal", "/_wxfn/stubs", "/_wxfn/stubs?unused=true", "/_wxfn/outbox", "/_wxfn/clock"} {
			w := ask(e, http.MethodGet, path, "", "Authorization", header)
			assert.Equal(t, status, w.Code, header)
		}
	}
	w := ask(e, http.MethodGet, "/_wxfn/functions", "", "Authorization", "Bearer "+e.Token())
	assert.JSONEq(t, `[{"name":"f","kind":"handler"}]`, w.Body.String())
	w = ask(e, http.MethodGet, "/_wxfn/scan?content=x", "", "Authorization", "Bearer "+e.Token())
	assert.Equal(t, http.StatusNotFound, w.Code)
}

func TestAClientThatGoesAwayStopsNothing(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	base, err := e.Listen()
	require.NoError(t, err)
	begun, goOn := make(chan struct{}), make(chan struct{})
	e.Handle("f", handler(func(ctx context.Context) (any, error) {
		close(begun)
		<-goOn
		return nil, ctx.Err()
	}))
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, base+"/invoke/f", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		_, err := http.DefaultTransport.RoundTrip(r)
		gone <- err
	}()
	<-begun
	leave()
	assert.ErrorIs(t, <-gone, context.Canceled)
	close(goOn)
	record := e.journal.All()[0]
	require.Eventually(t, func() bool { return !record.View().Running }, 10*time.Second, time.Millisecond)
	assert.Empty(t, record.View().Error)
}

func TestABodyThatIsBrokenOffCallsNothing(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", echo)
	base, err := e.Listen()
	require.NoError(t, err)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /invoke/f HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\":1}")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Empty(t, e.journal.All())
}

func TestListenSaysWhichAddressCannotBeHad(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().String()
	for addr, want := range map[string]string{
		taken:             "cannot listen on " + taken + ": bind: address already in use",
		"7911":            "cannot listen on 7911: address 7911: missing port in address",
		"127.0.0.1:99999": "cannot listen on 127.0.0.1:99999: address 99999: invalid port",
	} {
		e := newEmulator(t, Config{Addr: addr})
		for range 2 {
			_, err := e.Listen()
			assert.EqualError(t, err, want)
		}
		e.Handle("f", echo)
		_, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
		assert.NoError(t, err, "what needs no socket works")
		require.NoError(t, e.Close())
	}
}

func TestTheBaseURLIsOneToCall(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"", ":0", "0.0.0.0:0", "[::]:0", "localhost:0"} {
		e := newEmulator(t, Config{Addr: addr})
		e.Handle("f", echo)
		base, err := e.Listen()
		require.NoError(t, err)
		assert.Regexp(t, `^http://127\.0\.0\.1:[1-9]\d*$`, base, addr)
		resp, err := http.Post(base+"/invoke/f", "application/json", strings.NewReader("1"))
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusOK, resp.StatusCode)
	}
}

func TestListenIsTheSameForAll(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", echo)
	first, err := e.Listen()
	require.NoError(t, err)
	second, err := e.Listen()
	require.NoError(t, err)
	assert.Equal(t, first, second)
	resp, err := http.Post(first+"/invoke/f", "application/json", strings.NewReader("[]"))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, e.Close())
	_, err = net.Dial("tcp", strings.TrimPrefix(first, "http://"))
	assert.Error(t, err)
}

func TestAllowHostsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"", "dev.example:7911", "http://dev.example", "a,b", "*", "dev.*.example", "a b"} {
		_, err := New(Config{AllowHosts: []string{host}})
		assert.ErrorContains(t, err, fmt.Sprintf("AllowHosts: %q is not a host; write a name or an address", host))
	}
}
