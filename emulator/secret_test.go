package emulator

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
)

// syncBuffer is a log that several write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A function's error and panic show no secret of its invocation: not to the caller, not in the log, not in the journal.
func TestErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"error", "panic", "long error", "http"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			log := new(syncBuffer)
			e := newEmulator(t, Config{Log: slog.New(slog.NewJSONHandler(log, nil))})
			var mu sync.Mutex
			secrets := []string{e.Token(), e.AppSecret()}
			tell := func(ctx context.Context) string {
				inv, _ := cloudfn.FromContext(ctx)
				mu.Lock()
				defer mu.Unlock()
				for _, name := range []string{"WX_API_TOKEN", "TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN", "WX_CLOUDBASE_ACCESSTOKEN"} {
					if secret := inv.Getenv(name); secret != "" {
						secrets = append(secrets, secret)
					}
				}
				return strings.Join(secrets, " and ")
			}
			e.Handle("f", handler(func(ctx context.Context) (any, error) {
				switch how {
				case "panic":
					panic(tell(ctx))
				case "long error": // which is cut within a secret
					all := tell(ctx)
					return nil, errors.New(strings.Repeat("x", 64<<10-len(all)+10) + all)
				}
				return nil, errors.New(tell(ctx))
			}))
			e.HandleHTTP("web", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { panic(tell(r.Context())) }))
			var answer string
			if how == "http" {
				answer = ask(e, http.MethodGet, "/fn/web/", "").Body.String()
			} else {
				answer = askJSON(e, "f", "{}").Body.String()
			}
			journal := ask(e, http.MethodGet, "/_wxfn/journal", "", "Authorization", "Bearer "+e.Token()).Body.String()
			assert.Contains(t, answer, "[secret] and [secret]")
			require.Greater(t, len(secrets), 2)
			for _, secret := range secrets {
				for _, shown := range []string{answer, journal, log.String()} {
					assert.NotContains(t, shown, secret[:len(secret)/2])
					assert.NotContains(t, shown, secret[len(secret)/2:])
				}
			}
		})
	}
}

// One process answers several requests: it shows the tokens of none of them, whichever record its output goes into.
func TestSecretsOfConcurrentRequests(t *testing.T) {
	t.Parallel()
	log := new(syncBuffer)
	e := newEmulator(t, Config{Dir: webProject(t, nil), Log: slog.New(slog.NewTextHandler(log, nil))})
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { fetch(t, e, http.MethodGet, "/fn/run/both", "") })
	}
	both.Wait()
	var lines []string
	for _, r := range e.journal.All() {
		for _, line := range r.View().Output {
			lines = append(lines, line.Text)
		}
	}
	assert.Contains(t, lines, "tokens [secret] [secret]")
	assert.Contains(t, log.String(), "tokens [secret] [secret]")
}

// What looks secret among envVariables is hidden from the first line on.
func TestSecretVariables(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, map[string]string{"cloudbaserc.json": `{"functionRoot": ".", "functions": [
		{"name": "run", "envVariables": {"` + webVariable + `": "1", "DB_PASSWORD": "hunter2hunter2", "MODE": "production-mode"}}]}`})})
	fetch(t, e, http.MethodPost, "/fn/run/sidecar/wxa/x", "{}")
	output := ""
	for _, line := range lastRecord(t, e, "run").Output {
		output += line.Text + "\n"
	}
	assert.Contains(t, output, "DB_PASSWORD=[secret]")
	assert.Contains(t, output, "MODE=production-mode")
	assert.NotRegexp(t, regexp.MustCompile(`sidecar:[A-Z0-9]{8}`), output)
}

func TestSecretsOfVariables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		name, value string
		want        []string
	}{
		"a password":             {"DB_PASSWORD", "hunter2", []string{"hunter2"}},
		"a key":                  {"API_KEY", "abcdef123456", []string{"abcdef123456"}},
		"a key in camel case":    {"apiKey", "abcdef123456", []string{"abcdef123456"}},
		"any key":                {"tencentMapKey", "ABCDE-FGHIJ", []string{"ABCDE-FGHIJ"}},
		"a secret":               {"WX_APPSECRET", "abcdef123456", []string{"abcdef123456"}},
		"a URL with a password":  {"MONGO_URL", "mongodb://user:p%40ssword@db.example/x", []string{"p@ssword", "p%40ssword"}},
		"a URL with a token":     {"HOOK", "https://example.com/send?key=abcdef-123", []string{"abcdef-123"}},
		"a service account":      {"ACCOUNT", `{"user": "someone", "private_key": "abcdef123456"}`, []string{"abcdef123456"}},
		"a private key":          {"CERT", `-----BEGIN PRIVATE KEY-----\nabc`, []string{"-----BEGIN PRIVATE KEY-----\nabc"}},
		"a mode":                 {"MODE", "production", nil},
		"a URL":                  {"TOKEN_URL", "https://example.com/token", nil},
		"a time":                 {"TOKEN_TTL", "7200 seconds", nil},
		"a path":                 {"PRIVATE_KEY_PATH", "/etc/keys/private.pem", nil},
		"a number":               {"MAX_TOKENS", "1000000", nil},
		"too short to be hidden": {"PASSWORD", "abc", nil},
		"an author":              {"AUTHOR", "somebody", nil},
		"a monkey":               {"monkey", "somebody", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := secretValues(map[string]string{c.name: c.value})
			slices.Sort(got)
			slices.Sort(c.want)
			assert.Equal(t, c.want, got)
		})
	}
}

// A web server that knows nothing of an instance's key is sent none.
func TestForeignServersSeeNoKey(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: webProject(t, nil)})
	for name := range look(t, e, http.MethodGet, "/fn/web/", "").Header {
		assert.NotContains(t, strings.ToLower(name), "wxfn")
	}
}
