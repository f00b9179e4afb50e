package emulator

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// raw sends a request to the emulator's socket as it is, and returns the status and the body of the answer.
func raw(t testing.TB, e *Emulator, line string, headers ...string) (status int, body string) {
	t.Helper()
	base, err := e.Listen()
	require.NoError(t, err)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "%s HTTP/1.1\r\n%s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", line, strings.Join(headers, "\r\n"))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

// Pages elsewhere reach no door, whatever kind of request they make; other clients and pages of this machine do.
func TestForeignPages(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", echo)
	e.HandleHTTP("web", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served") }))
	doors := []string{"POST /invoke/f", "GET /invoke/f", "GET /fn/web/", "POST /fn/web/", "POST /admin", "GET /_wxfn/functions", "GET /cgi-bin/token", "GET /_sidecar/x/wxa/getwxacode", "GET /nothing"}
	const local = "Host: localhost:7911"
	for name, c := range map[string]struct {
		headers []string
		refused string
	}{
		"no browser":                      {headers: []string{local}},
		"typed in":                        {headers: []string{local, "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"}},
		"its own page":                    {headers: []string{local, "Sec-Fetch-Site: same-origin"}},
		"a page on another port":          {headers: []string{local, "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"}},
		"a page on another port, CORS":    {headers: []string{"Host: 127.0.0.1:7911", "Origin: http://localhost:3000", "Sec-Fetch-Site: cross-site"}},
		"IPv6":                            {headers: []string{"Host: [::1]:7911", "Origin: http://[::1]:7911"}},
		"an empty Origin":                 {headers: []string{local, "Origin:"}},
		"another forwarded host":          {headers: []string{local, "X-Forwarded-Host: evil.example"}},
		"an image":                        {headers: []string{local, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, refused: "page of another site"},
		"a link":                          {headers: []string{local, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, refused: "open http://localhost:7911 in a tab"},
		"a value of tomorrow":             {headers: []string{local, "Sec-Fetch-Site: elsewhere"}, refused: "page of another site"},
		"two values":                      {headers: []string{local, "Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"}, refused: "page of another site"},
		"a WebSocket":                     {headers: []string{local, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x", "Origin: https://evil.example"}, refused: "is foreign"},
		"an Origin":                       {headers: []string{local, "Origin: https://evil.example"}, refused: "is foreign"},
		"an Origin, said to be the same":  {headers: []string{local, "Origin: https://evil.example", "Sec-Fetch-Site: same-origin"}, refused: "is foreign"},
		"two Origins, the second foreign": {headers: []string{local, "Origin: http://localhost:7911", "Origin: https://evil.example"}, refused: `"https://evil.example" is foreign`},
		"two Origins, the first empty":    {headers: []string{local, "Origin:", "Origin: https://evil.example"}, refused: "is foreign"},
		"two Origins in one":              {headers: []string{local, "Origin: http://localhost:7911, https://evil.example"}, refused: "is foreign"},
		"no Origin to name":               {headers: []string{local, "Origin: null"}, refused: "is foreign"},
		"an Origin that begins alike":     {headers: []string{local, "Origin: http://localhost.evil.example"}, refused: "is foreign"},
		"an Origin with a user":           {headers: []string{local, "Origin: http://localhost@evil.example"}, refused: "is foreign"},
		"an Origin of a user":             {headers: []string{local, "Origin: http://evil.example@localhost"}, refused: "is foreign"},
		"an Origin with a path":           {headers: []string{local, "Origin: http://localhost/evil.example"}, refused: "is foreign"},
		"an Origin of another scheme":     {headers: []string{local, "Origin: chrome-extension://localhost"}, refused: "is foreign"},
		"an Origin with no port":          {headers: []string{local, "Origin: http://localhost:abc"}, refused: "is foreign"},
		"DNS rebinding":                   {headers: []string{"Host: evil.example:7911", "Origin: http://evil.example:7911"}, refused: "not this machine's"},
		"DNS rebinding, a plain GET":      {headers: []string{"Host: evil.example:7911", "Sec-Fetch-Site: same-origin"}, refused: "not this machine's"},
		"forwarded":                       {headers: []string{"Host: evil.example", "X-Forwarded-Host: localhost", "Forwarded: host=localhost"}, refused: "not this machine's"},
		"no port":                         {headers: []string{"Host: localhost:abc"}, refused: "not this machine's"},
		"a port too large":                {headers: []string{"Host: localhost:65536"}, refused: "not this machine's"},
		"an empty port":                   {headers: []string{"Host: localhost:"}, refused: "not this machine's"},
		"a longer name":                   {headers: []string{"Host: localhost.evil.example"}, refused: "not this machine's"},
		"an address in a name":            {headers: []string{"Host: 127.0.0.1.evil.example"}, refused: "not this machine's"},
		"a dot at the end":                {headers: []string{"Host: localhost.:7911"}, refused: "not this machine's"},
		"a dot after an address":          {headers: []string{"Host: 127.0.0.1."}, refused: "not this machine's"},
		"a user":                          {headers: []string{"Host: evil.example@localhost:7911"}, refused: "malformed Host"},
		"a user named localhost":          {headers: []string{"Host: localhost@evil.example"}, refused: "malformed Host"},
		"IPv6, bare":                      {headers: []string{"Host: ::1"}, refused: "not this machine's"},
		"IPv6, open":                      {headers: []string{"Host: [::1"}, refused: "not this machine's"},
		"IPv6, a zone":                    {headers: []string{"Host: [::1%25lo]:7911"}, refused: "not this machine's"},
		"IPv6, more than an address":      {headers: []string{"Host: [::1].evil.example"}, refused: "not this machine's"},
		"brackets around a name":          {headers: []string{"Host: [localhost]"}, refused: "not this machine's"},
		"an address as a number":          {headers: []string{"Host: 2130706433"}, refused: "not this machine's"},
		"an address in short":             {headers: []string{"Host: 127.1"}, refused: "not this machine's"},
		"any address":                     {headers: []string{"Host: 0.0.0.0:7911"}, refused: "not this machine's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, door := range doors {
				status, body := raw(t, e, door, c.headers...)
				if c.refused == "" {
					assert.NotEqual(t, http.StatusForbidden, status, "%s: %s", door, body)
					continue
				}
				assert.Contains(t, []int{http.StatusForbidden, http.StatusBadRequest}, status, "%s: %s", door, body)
				assert.Contains(t, strings.ReplaceAll(body, `\"`, `"`), c.refused, door)
			}
		})
	}
}

// A request line that names a host is not about the Host header: what it names counts.
func TestAbsoluteRequestLines(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.HandleHTTP("web", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served") }))
	base, err := e.Listen()
	require.NoError(t, err)
	for line, want := range map[string]int{
		"GET " + base + "/fn/web/":       200,
		"GET http://localhost:1/fn/web/": 200, // its Host is this machine's
		"GET http://evil.example@" + strings.TrimPrefix(base, "http://") + "/fn/web/": 200,
		"GET http://evil.example/fn/web/":                                             403,
		"GET http://localhost.:1/fn/web/":                                             403,
		"GET http://localhost:abc/fn/web/":                                            400,
		"CONNECT evil.example:443":                                                    403,
	} {
		status, body := raw(t, e, line, "Host: localhost")
		assert.Equal(t, want, status, "%s: %s", line, body)
	}
	status, _ := raw(t, e, "GET "+base+"/fn/web/", "Host: localhost", "Origin: https://evil.example")
	assert.Equal(t, http.StatusForbidden, status)
}

// Where a name was chosen to listen on, pages of its domain are not its own.
func TestSameSiteOfAChosenName(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Addr: "devbox.example:7911"})
	e.Handle("f", echo)
	assert.Equal(t, http.StatusForbidden, askJSON(e, "f", "1", "Host", "devbox.example:7911", "Sec-Fetch-Site", "same-site").Code)
	assert.Equal(t, http.StatusOK, askJSON(e, "f", "1", "Host", "devbox.example:7911", "Sec-Fetch-Site", "same-origin").Code)
	assert.Equal(t, http.StatusOK, askJSON(e, "f", "1", "Host", "localhost", "Sec-Fetch-Site", "same-site").Code)
	assert.Equal(t, http.StatusOK, askJSON(e, "f", "1", "Host", "127.0.0.1", "Sec-Fetch-Site", "same-site").Code)
}
