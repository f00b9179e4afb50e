package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// webVariable makes this test binary a web server, as which it stands in the folders of functions.
const webVariable = "WXFN_TEST_WEB"

func TestMain(m *testing.M) {
	if os.Getenv(webVariable) != "" {
		fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), webProgram()))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// sight is what the web server sees of a request, and of itself.
type sight struct {
	Method, URI, Body string
	Header            http.Header
	Environ           []string
	PID               int
}

func webProgram() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(sight{r.Method, r.RequestURI, string(body), r.Header, os.Environ(), os.Getpid()})
	})
	// Calls the API whose path and query follow, by the sidecar, and prints all that it must keep to itself.
	routes.HandleFunc("/sidecar/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("secrets", os.Environ(), r.Header)
		relay(w, r, os.Getenv("WX_API_BASE_URL")+strings.TrimPrefix(r.RequestURI, "/sidecar"))
	})
	// The same at the plain door, with the token of the request or of the file.
	routes.HandleFunc("/token/", func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("X-WX-CLOUDBASE-ACCESS-TOKEN")
		if r.URL.Query().Has("file") {
			text, _ := os.ReadFile(os.Getenv("WX_CLOUDBASE_ACCESS_TOKEN_FILE"))
			token = string(text)
			fmt.Println("token", token)
		}
		token = r.URL.Query().Get("for") + token
		relay(w, r, os.Getenv("WXFN_URL")+strings.TrimPrefix(r.URL.Path, "/token")+"?cloudbase_access_token="+url.QueryEscape(token))
	})
	// The second of two requests prints the tokens of both.
	first := make(chan string)
	routes.HandleFunc("/both", func(_ http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("X-WX-CLOUDBASE-ACCESS-TOKEN")
		select {
		case first <- token:
		case other := <-first:
			fmt.Println("tokens", token, other)
		}
	})
	routes.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: first\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	routes.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) {
		fmt.Println("about to crash")
		os.Exit(7)
	})
	routes.HandleFunc("/crash-later", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		os.Exit(7)
	})
	routes.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	routes.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.WriteFile(r.URL.Query().Get("file"), nil, 0o600))
	})
	routes.HandleFunc("/ignore", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "without a look at the body") })
	routes.HandleFunc("/upgrade", func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw)
	})
	return routes
}

// relay passes on what is answered elsewhere.
func relay(w http.ResponseWriter, r *http.Request, to string) {
	resp, err := http.Post(to, "application/json", r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer resp.Body.Close()
	w.Header().Set("X-Seqid", resp.Header.Get("x-openapi-seqid"))
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}
