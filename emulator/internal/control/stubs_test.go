package control_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/control"
	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

// ask sends a request, and returns the status and the answer.
func ask(handler http.Handler, method, target, body string) (status int, answer string) {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w.Code, strings.TrimSuffix(w.Body.String(), "\n")
}

// names returns the names of the stubs in an answer's list.
func names(list gjson.Result) (names []string) {
	for _, s := range list.Array() {
		names = append(names, s.Get("name").String())
	}
	return names
}

// withFile returns stubs with one of a project's file, and the control API for them.
func withFile(dir string) (*platform.Stubs, http.Handler) {
	stubs := &platform.Stubs{}
	stubs.SetFile(&config.Stubs{Stubs: []config.Stub{{Name: "file", API: "ocr.idcard", ErrCode: 45009, Line: 3}}}, "wxfn.stubs.json")
	return stubs, control.New(control.Config{Stubs: stubs, StubDir: dir})
}

func TestStubsAreListed(t *testing.T) {
	t.Parallel()
	stubs, handler := withFile("")
	const file = `{"name":"file","api":"ocr.idcard","errcode":45009,"from":"wxfn.stubs.json","answered":0}`
	status, answer := ask(handler, "GET", "/_wxfn/stubs", "")
	assert.Equal(t, 200, status)
	assert.Equal(t, "["+file+"]", answer)
	stubs.Add(&config.Stubs{Stubs: []config.Stub{{
		API: "wxacode.*", Params: map[string]any{"width": 430}, Fault: config.FaultCut, Delay: config.Delay{Min: time.Second, Max: 2 * time.Second},
	}}}, "a_test.go")
	const added = `{"api":"wxacode.*","params":{"width":430},"fault":"cut","delay":{"min":"1s","max":"2s"},"from":"a_test.go","answered":0}`
	_, answer = ask(handler, "GET", "/_wxfn/stubs", "")
	assert.Equal(t, "["+added+","+file+"]", answer, "in the order in which they are tried")
	for _, query := range []string{"unused=true", "unused=1", "unused=false", "unused="} {
		status, answer = ask(handler, "GET", "/_wxfn/stubs?"+query, "")
		assert.Equal(t, 200, status)
		assert.Equal(t, "["+added+","+file+"]", answer)
	}
	status, answer = ask(handler, "GET", "/_wxfn/stubs?unused=yes", "")
	assert.Equal(t, 400, status)
	assert.Contains(t, answer, "unused is true or false")

	status, answer = ask(handler, "DELETE", "/_wxfn/stubs", "")
	assert.Equal(t, 200, status)
	assert.Equal(t, "["+file+"]", answer, "the file's stay")
	_, answer = ask(control.New(control.Config{Stubs: &platform.Stubs{}}), "GET", "/_wxfn/stubs", "")
	assert.Equal(t, "[]", answer)
}

func TestStubsAreAddedInAnyShape(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "qr.jpg"), []byte("\xff\xd8"), 0o644))
	for name, c := range map[string]struct {
		body     string
		want     []string // names
		warnings []string
	}{
		"as the file":        {`{"stubs": [{"name": "a", "api": "wxacode.get"}, {"name": "b", "api": "wxacode.getUnlimited"}], "riskyTexts": ["x"]}`, []string{"a", "b", "file"}, nil},
		"one stub":           {`{"name": "a", "api": "wxacode.get", "result": {"n": 9007199254740993}}`, []string{"a", "file"}, nil},
		"an array":           {`[{"name": "a", "api": "wxacode.get", "errcode": 1}, {"name": "b", "api": "*"}]`, []string{"a", "b", "file"}, nil},
		"an empty array":     {`[]`, []string{"file"}, nil},
		"an empty object":    {`{}`, []string{"file"}, nil},
		"with comments":      {"// for the shop\n[{\"name\": \"a\", \"api\": \"wxacode.get\",},]", []string{"a", "file"}, nil},
		"a file":             {`{"name": "a", "api": "wxacode.get", "file": "qr.jpg"}`, []string{"a", "file"}, nil},
		"risky texts alone":  {`{"riskyTexts": ["x"]}`, []string{"file"}, nil},
		"phone numbers":      {`{"phoneNumbers": {"oAlice": "13800138000"}}`, []string{"file"}, nil},
		"an API that is new": {`{"name": "a", "api": "wxacode.gett"}`, []string{"a", "file"}, []string{`line 1: there is no API "wxacode.gett"; did you mean `}},
		"a field that is not known": {"[\n{\"name\": \"a\", \"api\": \"wxacode.get\", \"opneid\": \"oBob\"}]", []string{"a", "file"},
			[]string{`line 2: stubs[0].opneid is not known, and is ignored; did you mean "openid"?`}},
		"one that never answers": {"[{\"name\": \"a\", \"api\": \"*\"},\n{\"name\": \"b\", \"api\": \"wxacode.get\"}]", []string{"a", "b", "file"},
			[]string{`line 2: stubs[1] never answers: stubs[0] (line 1) takes every call that it could; move it up`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, handler := withFile(dir)
			status, answer := ask(handler, "POST", "/_wxfn/stubs", c.body)
			require.Equal(t, 200, status, answer)
			got := gjson.Parse(answer)
			assert.Equal(t, c.want, names(got.Get("stubs")))
			warnings := got.Get("warnings")
			require.True(t, warnings.IsArray(), answer)
			require.Len(t, warnings.Array(), len(c.warnings), answer)
			for i, w := range c.warnings {
				assert.Contains(t, warnings.Array()[i].String(), w)
			}
			if first := got.Get("stubs.0"); first.Get("name").String() == "a" {
				assert.Equal(t, "the request", first.Get("from").String())
			}
			if strings.Contains(c.body, "9007199254740993") {
				assert.Equal(t, "9007199254740993", got.Get("stubs.0.result.n").Raw)
			}
			_, list := ask(handler, "GET", "/_wxfn/stubs", "")
			assert.Equal(t, got.Get("stubs").Raw, list)
		})
	}
}

func TestOfStubsWithAFaultNoneIsAdded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"a wrong type":          {"[{\"api\": \"wxacode.get\"},\n{\"api\": \"wxacode.get\", \"errcode\": \"45029\"}]", `line 2: stubs[1].errcode is a string, not a number; `},
		"two faults":            {"{\"stubs\": [{\"errcode\": 1},\n{\"api\": \"wxacode.get\", \"times\": -1}]}", `line 1: stubs[0] has no api; add "api": "wxacode.createQRCode"; line 2: stubs[1].times cannot be -1; write a whole number, 0 or more`},
		"of one stub":           {`{"api": "wxacode.get", "fault": "slow"}`, `line 1: fault cannot be "slow"; write "timeout", "cut" or "malformed"`},
		"a phone number":        {`{"phoneNumbers": {"oAlice": "home"}, "stubs": [{"api": "wxacode.get"}]}`, `line 1: phoneNumbers.oAlice `},
		"nothing":               {``, `say which stubs, in the form of wxfn.stubs.json: {"api": "subscribeMessage.send", "errcode": 43101}, or an array of these`},
		"a text":                {`"wxacode.get"`, `line 1: `},
		"null":                  {`null`, `line 1: `},
		"broken JSON":           {"{\"stubs\": [\n{\"api\": ", `line 2: `},
		"two values":            {`{"api": "wxacode.get"} {"api": "wxacode.get"}`, `line 1: `},
		"blanks":                {" \r\n", `say which stubs, `},
		"a list of lists":       {`[[{"api": "wxacode.get"}]]`, `line 1: stubs[0] is an array, not an object; `},
		"a file without folder": {`{"api": "wxacode.get", "file": "qr.jpg"}`, `line 1: file is "qr.jpg", and there is no folder that it is relative to; write an absolute path`},
		"a file that is none":   {`{"api": "wxacode.get", "file": "/no/such.jpg"}`, `line 1: file is "/no/such.jpg", which cannot be read: no such file or directory; name a file that can be read`},
		"11 MB":                 {`{"api": "` + strings.Repeat("x", 11<<20) + `"}`, `reading the stubs, of 10 MB at most: http: request body too large`},
		"deep nesting":          {strings.Repeat("[", 100000), `line 1: `},
	} {
		for _, method := range []string{"POST", "PUT"} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				stubs, handler := withFile("")
				stubs.Add(&config.Stubs{Stubs: []config.Stub{{Name: "before", API: "*", ErrCode: 1}}}, "a_test.go")
				status, answer := ask(handler, method, "/_wxfn/stubs", c.body)
				assert.Equal(t, 400, status)
				errMsg := gjson.Get(answer, "errMsg").String()
				assert.True(t, strings.HasPrefix(errMsg, c.want), errMsg)
				assert.Less(t, len(errMsg), 2000)
				_, list := ask(handler, "GET", "/_wxfn/stubs", "")
				assert.Equal(t, []string{"before", "file"}, names(gjson.Parse(list)))
			})
		}
	}
}

func TestPutTakesThePlaceOfAllThatWereAdded(t *testing.T) {
	t.Parallel()
	_, handler := withFile("")
	for i, c := range []struct {
		method, body string
		want         []string
	}{
		{"POST", `{"name": "a", "api": "*"}`, []string{"a", "file"}},
		{"POST", `{"name": "b", "api": "*"}`, []string{"a", "b", "file"}},
		{"PUT", `[{"name": "c", "api": "*"}, {"name": "d", "api": "*"}]`, []string{"c", "d", "file"}},
		{"PUT", `[]`, []string{"file"}},
	} {
		status, answer := ask(handler, c.method, "/_wxfn/stubs", c.body)
		require.Equal(t, 200, status, i)
		assert.Equal(t, c.want, names(gjson.Get(answer, "stubs")), i)
	}
}

func TestStubsComeAndGoFromManySides(t *testing.T) {
	t.Parallel()
	_, handler := withFile("")
	var all sync.WaitGroup
	for range 4 {
		for _, r := range [][2]string{{"POST", `{"name": "a", "api": "*"}`}, {"PUT", `{"name": "b", "api": "*"}`}, {"GET", ""}, {"DELETE", ""}} {
			all.Go(func() {
				for range 20 {
					status, _ := ask(handler, r[0], "/_wxfn/stubs", r[1])
					assert.Equal(t, 200, status)
				}
			})
		}
	}
	all.Wait()
	_, answer := ask(handler, "DELETE", "/_wxfn/stubs", "")
	assert.Equal(t, []string{"file"}, names(gjson.Parse(answer)))
}

func TestTheOutboxIsThatOfAUser(t *testing.T) {
	t.Parallel()
	handler := control.New(control.Config{Outbox: func(openid string) []platform.Message {
		if openid == "o/你 1" {
			return []platform.Message{{OpenID: openid, API: "customerServiceMessage.send", Type: "text", Content: json.RawMessage(`{"content":"<hi>"}`),
				AppID: "wx1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
		}
		return []platform.Message{}
	}})
	for target, want := range map[string]string{
		"/_wxfn/outbox?openid=o%2F%E4%BD%A0+1": `[{"openid":"o/你 1","api":"customerServiceMessage.send","msgtype":"text","content":{"content":"<hi>"},"appId":"wx1","time":"2026-01-02T03:04:05Z"}]`,
		"/_wxfn/outbox?openid=oBob":            `[]`,
		"/_wxfn/outbox":                        `[]`,
	} {
		status, answer := ask(handler, "GET", target, "")
		assert.Equal(t, 200, status)
		assert.Equal(t, want, answer)
	}
}

func TestTheClockIsAskedAndChanged(t *testing.T) {
	t.Parallel()
	handler := control.New(control.Config{Clock: func(change *api.ClockChange) (api.Clock, error) {
		switch {
		case change == nil:
			return api.Clock{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, nil
		case change.Move != nil:
			return api.Clock{}, errors.New("the change is bad")
		}
		return api.Clock{Held: *change.Hold, Now: *change.Set}, nil
	}})
	for name, c := range map[string]struct {
		method, body string
		status       int
		want         string
	}{
		"asked":     {"GET", "", 200, `{"held":false,"now":"2026-01-02T03:04:05Z"}`},
		"changed":   {"POST", `{"set": "2027-01-02T03:04:05Z", "hold": true}`, 200, `{"held":true,"now":"2027-01-02T03:04:05Z"}`},
		"refused":   {"POST", `{"move": "1s"}`, 400, `{"errCode":-1,"errMsg":"the change is bad"}`},
		"no change": {"POST", "", 400, `{"errCode":-1,"errMsg":"say what to change: {\"hold\": true}, {\"move\": \"90s\"} or {\"set\": \"2026-01-02T03:04:05Z\"}"}`},
		"too long":  {"POST", strings.Repeat("x", 1025), 400, `{"errCode":-1,"errMsg":"http: request body too large"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := ask(handler, c.method, "/_wxfn/clock", c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.want, answer)
		})
	}
}

func TestOtherMethodsAreNone(t *testing.T) {
	t.Parallel()
	handler := control.New(control.Config{Stubs: &platform.Stubs{}})
	for _, r := range [][2]string{{"PATCH", "/_wxfn/stubs"}, {"POST", "/_wxfn/outbox"}, {"DELETE", "/_wxfn/outbox"}, {"PUT", "/_wxfn/clock"}} {
		status, answer := ask(handler, r[0], r[1], "{}")
		assert.Equal(t, 405, status)
		assert.Equal(t, `{"errCode":-1,"errMsg":"`+r[1]+` does not take the method `+r[0]+`"}`, answer)
	}
}

// Ten thousand stubs are added by one request in about a second, on a machine that has nothing else to do.
func BenchmarkManyStubs(b *testing.B) {
	var list []string
	for n := range 10_000 {
		list = append(list, fmt.Sprintf(`{"api": "wxacode.get", "params": {"path": "p%d"}, "errcode": 45009}`, n))
	}
	body := "[" + strings.Join(list, ", ") + "]"
	for b.Loop() {
		status, answer := ask(control.New(control.Config{Stubs: &platform.Stubs{}}), "POST", "/_wxfn/stubs", body)
		require.Equal(b, http.StatusOK, status, "%.200s", answer)
	}
}
