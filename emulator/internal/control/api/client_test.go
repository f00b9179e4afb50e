package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/control"
	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// serve returns a client of a handler, and checks that each request has the token.
func serve(t *testing.T, handler http.Handler) api.Client {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return api.Client{URL: server.URL, Token: "secret"}
}

// Each value arrives at the client as the emulator has it.
func TestClientValues(t *testing.T) {
	t.Parallel()
	j := journal.New(func() time.Time { return start }, nil)
	r := j.Begin("r-1", "hello", "oAlice", "wx_client")
	r.ColdStart()
	r.Requested("GET", "/a?b")
	r.Answered(200)
	r.Received([]byte("{}"))
	r.Returned([]byte("1"))
	r.BuildError("does not build")
	r.Print(start, "stdout", "<你好>")
	call := journal.Call{Time: start, API: "wxacode.get", Params: "{}", Result: "image", ErrCode: -1, ErrMsg: "m", RID: "rid", Advice: "a",
		Stub: "s", NearMisses: []string{"n"}, Duration: 1234567 * time.Nanosecond}
	r.Called(call)
	r.End(start.Add(1500*time.Millisecond), "failed")
	clock := api.Clock{Now: start}
	message := platform.Message{OpenID: "o/你 1", API: "subscribeMessage.send", TemplateID: "T", Page: "p", Content: json.RawMessage(`{"a":1}`), AppID: "wx1", Time: start}
	options := &platform.LaunchOptions{Path: "p", Query: map[string]string{"a": "&="}, Scene: 1011, AppID: "wx1", EnvVersion: "trial"}
	client := serve(t, control.New(control.Config{
		Journal:   j,
		Functions: func() []api.Function { return []api.Function{{Name: "hello", Kind: "go", Dir: "/x"}} },
		Scan: func(content string) (*platform.LaunchOptions, error) {
			assert.Equal(t, "weixin://dl?a=b&c=d", content)
			return options, nil
		},
		ScanPicture: func(file []byte) (*platform.LaunchOptions, error) {
			assert.Equal(t, "png", string(file))
			return options, nil
		},
		Preview: func(path string) ([]byte, error) { return []byte("jpeg of " + path), nil },
		Stubs:   &platform.Stubs{},
		Outbox: func(openid string) []platform.Message {
			assert.Equal(t, message.OpenID, openid)
			return []platform.Message{message}
		},
		PhoneCode: func(openid string) string { return "code of " + openid },
		Clock: func(change *api.ClockChange) (api.Clock, error) {
			if change != nil {
				assert.Equal(t, api.ClockChange{Set: &start, Move: new("90s"), Hold: new(true)}, *change)
				clock.Held = true
			}
			return clock, nil
		},
	}))
	ctx := t.Context()

	invocation := api.Invocation{RequestID: "r-1", Function: "hello", OpenID: "oAlice", Source: "wx_client", Start: start,
		Duration: api.Milliseconds(1500 * time.Millisecond), ColdStart: true, HTTP: &api.Exchange{Method: "GET", Path: "/a?b", Status: 200},
		Event: "{}", Result: "1", Error: "failed", BuildError: "does not build",
		Output: []api.Line{{Time: start, Stream: "stdout", Text: "<你好>"}},
		Calls: []api.Call{{Time: start, API: "wxacode.get", Params: "{}", Result: "image", ErrCode: -1, ErrMsg: "m", RID: "rid", Advice: "a",
			Stub: "s", NearMisses: []string{"n"}, Duration: api.Milliseconds(1234567 * time.Nanosecond)}}}
	one, err := client.Invocation(ctx, "r-1")
	require.NoError(t, err)
	assert.Equal(t, &invocation, one)
	all, err := client.Journal(ctx, api.JournalFilter{Function: "hello", OpenID: "oAlice", Errors: true, Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, []api.Invocation{invocation}, all)

	for _, none := range []api.JournalFilter{{Function: "other"}, {OpenID: "o&你=1"}} {
		all, err = client.Journal(ctx, none)
		require.NoError(t, err)
		assert.Empty(t, all)
	}
	_, err = client.Journal(ctx, api.JournalFilter{Limit: api.MaxLimit + 1})
	assert.EqualError(t, err, `limit is "10001"; write a whole number from 1 to 10000`)

	functions, err := client.Functions(ctx)
	require.NoError(t, err)
	assert.Equal(t, []api.Function{{Name: "hello", Kind: "go", Dir: "/x"}}, functions)

	scanned, err := client.Scan(ctx, "weixin://dl?a=b&c=d")
	require.NoError(t, err)
	assert.Equal(t, (*api.LaunchOptions)(options), scanned)
	scanned, err = client.ScanPicture(ctx, []byte("png"))
	require.NoError(t, err)
	assert.Equal(t, (*api.LaunchOptions)(options), scanned)
	jpeg, err := client.Preview(ctx, "p?a=b&c")
	require.NoError(t, err)
	assert.Equal(t, "jpeg of p?a=b&c", string(jpeg))

	added, err := client.AddStubs(ctx, []byte(`{"name": "a", "api": "wxacode.gett", "delay": {"min": "1s", "max": "2s", "seed": 3}}`))
	require.NoError(t, err)
	assert.Equal(t, []api.StubState{{From: "the request", Stub: config.Stub{Name: "a", API: "wxacode.gett",
		Delay: config.Delay{Min: time.Second, Max: 2 * time.Second, Seed: 3}}}}, added.Stubs)
	assert.Len(t, added.Warnings, 1)
	replaced, err := client.ReplaceStubs(ctx, []byte(`{"name": "b", "api": "*", "params": {"width": 430}}`))
	require.NoError(t, err)
	require.Len(t, replaced.Stubs, 1)
	for _, unused := range []bool{true, false} {
		stubs, err := client.Stubs(ctx, api.StubFilter{Unused: unused, Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, replaced.Stubs, stubs)
	}
	stubs, err := client.RemoveStubs(ctx)
	require.NoError(t, err)
	assert.Empty(t, stubs)

	messages, err := client.Outbox(ctx, api.OutboxFilter{OpenID: message.OpenID})
	require.NoError(t, err)
	assert.Equal(t, []api.Message{api.Message(message)}, messages)
	code, err := client.PhoneCode(ctx, "oAlice")
	require.NoError(t, err)
	assert.Equal(t, "code of oAlice", code)

	now, err := client.Clock(ctx)
	require.NoError(t, err)
	assert.Equal(t, api.Clock{Now: start}, now)
	now, err = client.ChangeClock(ctx, api.ClockChange{Set: &start, Move: new("90s"), Hold: new(true)})
	require.NoError(t, err)
	assert.Equal(t, api.Clock{Held: true, Now: start}, now)
}

// A stream has all events after Follow, and ends with the emulator.
func TestClientFollow(t *testing.T) {
	t.Parallel()
	j := journal.New(func() time.Time { return start }, nil)
	done := make(chan struct{})
	client := serve(t, control.New(control.Config{Journal: j, Done: done}))
	j.Begin("r-0", "before", "", "")
	events, err := client.Follow(t.Context())
	require.NoError(t, err)
	r := j.Begin("r-1", "f", "oAlice", "wx_client")
	r.Print(start, "stderr", "a\nb")
	r.Called(journal.Call{Time: start, API: "wxacode.get", Duration: time.Millisecond})
	r.End(start.Add(time.Second), "failed")
	var got []api.Event
	for event, err := range events {
		require.NoError(t, err)
		if got = append(got, event); event.Type == api.EventEnd {
			close(done)
		}
	}
	view := api.Invocation{RequestID: "r-1", Function: "f", OpenID: "oAlice", Source: "wx_client", Start: start, Running: true, Output: []api.Line{}, Calls: []api.Call{}}
	ended := view
	ended.Running, ended.Duration, ended.Error = false, api.Milliseconds(time.Second), "failed"
	assert.Equal(t, []api.Event{
		{Type: api.EventBegin, RequestID: "r-1", Function: "f", Invocation: &view},
		{Type: api.EventLine, RequestID: "r-1", Function: "f", Line: &api.Line{Time: start, Stream: "stderr", Text: "a\nb"}},
		{Type: api.EventCall, RequestID: "r-1", Function: "f", Call: &api.Call{Time: start, API: "wxacode.get", Duration: api.Milliseconds(time.Millisecond)}},
		{Type: api.EventEnd, RequestID: "r-1", Function: "f", Invocation: &ended},
	}, got)
}

// A stream ends without an error when its context does, and with one when the connection breaks.
func TestClientFollowEnds(t *testing.T) {
	t.Parallel()
	client := serve(t, control.New(control.Config{Journal: journal.New(time.Now, nil)}))
	ctx, cancel := context.WithCancel(t.Context())
	events, err := client.Follow(ctx)
	require.NoError(t, err)
	cancel()
	for range events {
		assert.Fail(t, "an event after the end")
	}

	broken := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("event: line\ndata: {\"type\":\"line\"}\n\n"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	events, err = broken.Follow(t.Context())
	require.NoError(t, err)
	var texts []string
	for event, err := range events {
		if err != nil {
			texts = append(texts, err.Error())
			continue
		}
		texts = append(texts, event.Type)
	}
	assert.Equal(t, []string{"line", "the emulator broke off its journal: unexpected EOF"}, texts)
}

// An error is one line that says who refused, and why.
func TestClientErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"refused":             {401, `{"errCode":-1,"errMsg":"no token"}`, "no token"},
		"refused by no JSON":  {404, "<html>", "404 Not Found"},
		"refused by nothing":  {500, "", "500 Internal Server Error"},
		"an answer of others": {200, "<html>", "the emulator at URL has another control API: its answer to /_wxfn/functions: invalid character '<' looking for beginning of value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			_, err := client.Functions(t.Context())
			require.Error(t, err)
			assert.Equal(t, c.want, strings.ReplaceAll(err.Error(), client.URL, "URL"))
			if c.status != 200 {
				_, err = client.Follow(t.Context())
				assert.EqualError(t, err, c.want)
				refused := &api.Error{}
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, c.status, refused.StatusCode)
				assert.Contains(t, refused.Status, http.StatusText(c.status))
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		_, err := api.Client{URL: server.URL}.Functions(t.Context())
		require.Error(t, err)
		assert.Regexp(t, "^the emulator at "+server.URL+" does not answer: dial tcp ", err.Error())
	})
}

// JSON has milliseconds with fractions, and keeps each nanosecond.
func TestMilliseconds(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0", time.Second: "1000", 1: "0.000001", 1234567: "1.234567", -time.Millisecond: "-1", 24*time.Hour + 1: "86400000.000001",
	} {
		text, err := json.Marshal(api.Milliseconds(d))
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
		var back api.Milliseconds
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, d, time.Duration(back), want)
	}
	assert.Error(t, json.Unmarshal([]byte(`"1s"`), new(api.Milliseconds)))
}
