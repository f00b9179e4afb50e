package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// parseStubs reads stubs as a file has them.
func parseStubs(t testing.TB, text string) *config.Stubs {
	stubs, findings := config.ParseStubs("stubs", []byte(text), "")
	for _, f := range findings {
		require.NotEqual(t, config.Error, f.Severity, f.String())
	}
	return stubs
}

// addStubs adds stubs as a test does.
func addStubs(t testing.TB, p *Platform, text string) { p.Stubs.Add(parseStubs(t, text), "test") }

// typing is an API that answers nothing but ok, with parameters that it takes.
const typing = "customerServiceMessage.setTyping"

var typingParams = object{"touser": "oAlice", "command": "Typing"}

func TestTheFirstStubThatMatchesAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, added string
		api         string
		params      object
		want        int // errcode
	}{
		"none":                          {},
		"the first of two":              {added: `[{"api": "` + typing + `", "errcode": 1}, {"api": "` + typing + `", "errcode": 2}]`, want: 1},
		"the second, where it matches":  {added: `[{"api": "wxacode.get", "errcode": 1}, {"api": "` + typing + `", "errcode": 2}]`, want: 2},
		"added before the file's":       {file: `{"api": "*", "errcode": 1}`, added: `{"api": "customerServiceMessage.*", "errcode": 2}`, want: 2},
		"the file's, where none is":     {file: `{"api": "*", "errcode": 1}`, added: `{"api": "wxacode.*", "errcode": 2}`, want: 1},
		"a pattern":                     {added: `{"api": "*.set*", "errcode": 1}`, want: 1},
		"another pattern":               {added: `{"api": "*.get*", "errcode": 1}`},
		"another case":                  {added: `{"api": "customerservicemessage.*", "errcode": 1}`},
		"its function":                  {added: `{"api": "*", "function": "hello", "errcode": 1}`, want: 1},
		"a pattern of functions":        {added: `{"api": "*", "function": "h*o", "errcode": 1}`, want: 1},
		"another function":              {added: `{"api": "*", "function": "hell", "errcode": 1}`},
		"its user":                      {added: `{"api": "*", "openid": "oAlice", "errcode": 1}`, want: 1},
		"another user":                  {added: `{"api": "*", "openid": "oBob", "errcode": 1}`},
		"a parameter":                   {added: `{"api": "*", "params": {"command": "Typing"}, "errcode": 1}`, want: 1},
		"another value":                 {added: `{"api": "*", "params": {"command": "CancelTyping"}, "errcode": 1}`},
		"two parameters":                {added: `{"api": "*", "params": {"command": "Typing", "touser": {"$like": "oA*"}}, "errcode": 1}`, want: 1},
		"one of two":                    {added: `{"api": "*", "params": {"command": "Typing", "touser": "oBob"}, "errcode": 1}`},
		"an absent one":                 {added: `{"api": "*", "params": {"more": {"$exists": false}}, "errcode": 1}`, want: 1},
		"a parameter deep within":       {api: "search.submitPages", params: goodOf("search.submitPages"), added: `{"api": "*", "params": {"pages.#.data_list.1.title": ["a", "a"]}, "errcode": 1}`, want: 1},
		"a name as an SDK's users have": {api: "wxacode.get", params: object{"path": "page", "line_color": object{"r": 1, "g": 2, "b": 3}}, added: `{"api": "*", "params": {"lineColor.g": 2}, "errcode": 1}`, want: 1},
		"a name as the catalogue has":   {api: "liveBroadcast.getPushUrl", params: object{"room_id": 7}, added: `{"api": "*", "params": {"roomId": 7}, "errcode": 1}`, want: 1},
		"a big number":                  {api: typing, params: object{"touser": "oAlice", "command": "Typing", "n": uint64(9007199254740993)}, added: `[{"api": "*", "params": {"n": 9007199254740992}, "errcode": 1}, {"api": "*", "params": {"n": 9007199254740993}, "errcode": 2}]`, want: 2},
		"a file":                        {api: "img.scanQRCode", params: object{"img": aFile("12345")}, added: `{"api": "*", "params": {"img": "file, 5 bytes"}, "errcode": 1}`, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			if c.file != "" {
				p.Stubs.SetFile(parseStubs(t, c.file), "wxfn.stubs.json")
			}
			if c.added != "" {
				addStubs(t, p, c.added)
			}
			if c.api == "" {
				c.api, c.params = typing, typingParams
			}
			call := p.try(t, p.begin(c.api), c.api, c.params)
			assert.Equal(t, c.want, call.ErrCode)
			assert.Equal(t, c.want != 0, call.Stub != "")
			assert.True(t, call.Stub == "" || call.NearMisses == nil)
		})
	}
}

// goodOf returns good parameters of an API; none of an older one.
func goodOf(name string) object {
	api, ok := catalog.Lookup(name)
	if !ok {
		return object{}
	}
	return goodParams(api.Params())
}

func TestAStubAnswersSomeOfItsCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stubs string
		want  []int
	}{
		"all":                             {`{"api": "*", "errcode": 1}`, []int{1, 1, 1, 1, 1}},
		"the first two":                   {`{"api": "*", "times": 2, "errcode": 1}`, []int{1, 1, 0, 0, 0}},
		"all from the third":              {`{"api": "*", "after": 2, "errcode": 1}`, []int{0, 0, 1, 1, 1}},
		"the third, then recover":         {`{"api": "*", "after": 2, "times": 1, "errcode": 1}`, []int{0, 0, 1, 0, 0}},
		"one after the other":             {`[{"api": "*", "times": 2, "errcode": 1}, {"api": "*", "times": 2, "errcode": 2}]`, []int{1, 1, 2, 2, 0}},
		"every other":                     {`[{"api": "*", "times": 1, "errcode": 1}, {"api": "*", "after": 1, "times": 1, "errcode": 2}]`, []int{1, 0, 2, 0, 0}},
		"what passes goes to the next":    {`[{"api": "*", "after": 3, "errcode": 1}, {"api": "*", "errcode": 2}]`, []int{2, 2, 2, 1, 1}},
		"calls that others answered, not": {`[{"api": "*", "times": 3, "errcode": 1}, {"api": "*", "after": 1, "errcode": 2}]`, []int{1, 1, 1, 0, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			addStubs(t, p, c.stubs)
			s := p.begin(typing)
			var got []int
			for range c.want {
				got = append(got, p.try(t, s, typing, typingParams).ErrCode)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestCallersAtOnceGetExactlyTheAnswersOfAStub(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `[{"api": "*", "after": 50, "times": 100, "delay": {"min": "0s", "max": "1us"}, "errcode": 1}, {"api": "wxacode.get"}]`)
	s := p.begin(typing)
	var all sync.WaitGroup
	var answered atomic.Int32
	for range 8 {
		all.Go(func() {
			for range 50 {
				if failureOf(p.ask(t, s, typing, typingParams)).ErrCode == 1 {
					answered.Add(1)
				}
				p.Stubs.List()
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 100, answered.Load())
	assert.Equal(t, 100, p.Stubs.List()[0].Answered)
}

func TestStubsAreListedAsTheyAreTried(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	assert.Equal(t, []StubState{}, p.Stubs.List())
	file := parseStubs(t, "{\n\"stubs\": [\n{\"api\": \"a.b\", \"name\": \"one\", \"errcode\": 1},\n{\"api\": \"*\", \"errcode\": 2}]}")
	p.Stubs.SetFile(file, "wxfn.stubs.json")
	addStubs(t, p, `{"api": "wxacode.get", "errcode": 3}`)
	addStubs(t, p, `{"api": "wxacode.get", "times": 1, "errcode": 4}`)
	s := p.begin(typing)
	assert.Equal(t, `"*" (wxfn.stubs.json:4)`, p.try(t, s, typing, typingParams).Stub)
	p.try(t, s, typing, typingParams)
	list := func() (texts []string) {
		for _, one := range p.Stubs.List() {
			texts = append(texts, fmt.Sprintf("%d %s:%d %d", one.ErrCode, one.From, one.Line, one.Answered))
		}
		return texts
	}
	assert.Equal(t, []string{"3 test:1 0", "4 test:1 0", "1 wxfn.stubs.json:3 0", "2 wxfn.stubs.json:4 2"}, list())
	p.Stubs.SetFile(file, "wxfn.stubs.json")
	assert.Equal(t, []string{"3 test:1 0", "4 test:1 0", "1 wxfn.stubs.json:3 0", "2 wxfn.stubs.json:4 0"}, list(), "a file that is read again begins anew")
	p.Stubs.Remove()
	assert.Equal(t, []string{"1 wxfn.stubs.json:3 0", "2 wxfn.stubs.json:4 0"}, list())
	p.Stubs.SetFile(nil, "wxfn.stubs.json")
	assert.Empty(t, list())
	assert.Equal(t, []any{0, ""}, []any{p.try(t, s, typing, typingParams).ErrCode, p.try(t, s, typing, typingParams).Stub})
}

func TestAReplacedFileCountsAnew(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin(typing)
	for range 3 {
		p.Stubs.SetFile(parseStubs(t, `{"api": "*", "times": 1, "errcode": 1}`), "wxfn.stubs.json")
		assert.Equal(t, 1, p.try(t, s, typing, typingParams).ErrCode)
		assert.Equal(t, 0, p.try(t, s, typing, typingParams).ErrCode)
	}
}

func TestTheResultOfAStubIsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		result any
		want   string
	}{
		"nothing":               {map[string]any{}, `{"errcode":0,"errmsg":"ok"}`},
		"an empty object":       {raw(`{}`), `{"errcode":0,"errmsg":"ok"}`},
		"fields in order":       {raw(`{"z": 1, "a": [2, {"c": 3, "b": 4}]}`), `{"errcode":0,"errmsg":"ok","z":1,"a":[2,{"c":3,"b":4}]}`},
		"big integers":          {raw(`{"id": 12345678901234567890123, "x": 1.50}`), `{"errcode":0,"errmsg":"ok","id":12345678901234567890123,"x":1.50}`},
		"an errcode of its own": {raw(`{"a": 1, "errcode": 0}`), `{"a":1,"errcode":0}`},
		"an errmsg of its own":  {raw(`{"a": 1, "errmsg": "done"}`), `{"errcode":0,"a":1,"errmsg":"done"}`},
		"an inner errcode":      {raw(`{"a": {"errcode": 7}}`), `{"errcode":0,"errmsg":"ok","a":{"errcode":7}}`},
		"a value of Go":         {map[string]any{"b": 1, "a": "你"}, `{"errcode":0,"errmsg":"ok","a":"你","b":1}`},
		"a struct of Go":        {struct{ B, A int }{1, 2}, `{"errcode":0,"errmsg":"ok","B":1,"A":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			p.Stubs.Add(&config.Stubs{Stubs: []config.Stub{{API: typing, Result: c.result}}}, "test")
			s := p.begin(typing)
			resp := p.ask(t, s, typing, typingParams)
			assert.Equal(t, c.want, string(resp.RespData))
			assert.Equal(t, apicall.JSONType, resp.ContentType)
			assert.EqualValues(t, 200, resp.HTTPCode)
			call := s.Record.View().Calls[0]
			assert.Equal(t, []any{0, "", c.want}, []any{call.ErrCode, call.ErrMsg, call.Result})
		})
	}
}

func raw(text string) any { return json.RawMessage(text) }

func TestAResultWithAnErrorIsAFailureInTheRecord(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `{"api": "*", "result": {"errcode": 45009, "errmsg": "slow down", "more": 1}}`)
	s := p.begin(typing)
	assert.JSONEq(t, `{"errcode":45009,"errmsg":"slow down","more":1}`, string(p.ask(t, s, typing, typingParams).RespData))
	call := s.Record.View().Calls[0]
	assert.Equal(t, []any{45009, "slow down", ""}, []any{call.ErrCode, call.ErrMsg, call.Result})
}

func TestAnErrorOfAStubHasTheAPIsOwnMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		api, stub, want string
	}{
		{"wxacode.createQRCode", `{"api": "*", "errcode": 40159}`, "invalid length for path, or the data is not json string"},
		{"urllink.generate", `{"api": "*", "errcode": 40165}`, "invalid weapp pagepath"},
		{"subscribeMessage.send", `{"api": "*", "errcode": 43101}`, "the user has not subscribed to the message"}, // its page has it in Chinese
		{"wxacode.createQRCode", `{"api": "*", "errcode": 40003}`, "invalid openid"},                              // as others have it
		{"search.imageSearch", `{"api": "*", "errcode": 40003}`, "invalid openid"},
		{"wxacode.createQRCode", `{"api": "*", "errcode": -1}`, "system error"},
		{"wxacode.createQRCode", `{"api": "*", "errcode": 987654}`, "error"},
		{"wxacode.createQRCode", `{"api": "*", "errcode": 45029, "errmsg": "no more"}`, "no more"},
		{"wxacode.createQRCode", `{"api": "*", "errcode": -9007199254740991, "errmsg": "<\"你\n"}`, "<\"你\n"},
	} {
		p := newPlatform()
		addStubs(t, p, c.stub)
		s := p.begin(c.api)
		resp := p.ask(t, s, c.api, goodOf(c.api))
		failure := failureOf(resp)
		message, rid, _ := strings.Cut(failure.ErrMsg, " rid: ")
		assert.Equal(t, c.want, message)
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`, rid)
		assert.Equal(t, "a stub's answer", strings.Split(failure.Advice, ";")[0])
		call := s.Record.View().Calls[0]
		assert.Equal(t, []any{failure.ErrCode, c.want, ""}, []any{call.ErrCode, call.ErrMsg, call.Result})
	}
}

func TestASystemErrorOfAStub(t *testing.T) {
	t.Parallel()
	for _, code := range []int{-604100, -604101, -604102, -604103, -604104, -601001, -601002} {
		p := newPlatform()
		addStubs(t, p, fmt.Sprintf(`{"api": "*", "systemError": %d}`, code))
		s := p.begin(typing)
		resp := p.ask(t, s, typing, typingParams)
		assert.EqualValues(t, code, resp.ErrorCode)
		call := s.Record.View().Calls[0]
		assert.Equal(t, []any{code, wxcloud.Text(code), `"*" (test:1)`}, []any{call.ErrCode, call.ErrMsg, call.Stub})
		assert.NotEmpty(t, call.ErrMsg)
	}
}

func TestAFileOfAStubIsTheAnswer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		file, content, contentType string // contentType is the stub's own
		want                       string
	}{
		"by its name":       {file: "a.png", content: "no picture", want: "image/png"},
		"by its content":    {file: "a", content: "\xff\xd8\xff\xe0 a picture", want: "image/jpeg"},
		"by what it says":   {file: "b.png", content: "a", contentType: "audio/amr", want: "audio/amr"},
		"JSON":              {file: "a.json", content: `{"errcode":0,"a":1}`, want: "application/json"},
		"nothing in it":     {file: "empty.jpeg", want: "image/jpeg"},
		"bytes of any kind": {file: "c", content: "\x00\x01\xfe", want: "application/octet-stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(dir, c.file)
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			p := newPlatform()
			p.Stubs.Add(&config.Stubs{Stubs: []config.Stub{{API: "*", File: path, ContentType: c.contentType}}}, "test")
			s := p.begin("wxacode.get")
			resp := p.ask(t, s, "wxacode.get", object{"path": "page"})
			assert.Equal(t, c.want, resp.ContentType)
			assert.Equal(t, c.content, string(resp.RespData))
			if c.want != "application/json" {
				assert.Equal(t, fmt.Sprintf("%s, %d bytes", c.want, len(c.content)), s.Record.View().Calls[0].Result)
			}
			require.NoError(t, os.WriteFile(path, []byte("changed"), 0o600))
			assert.Equal(t, "changed", string(p.ask(t, s, "wxacode.get", object{"path": "page"}).RespData), "it is read at each call")
			require.NoError(t, os.Remove(path))
			call := p.try(t, s, "wxacode.get", object{"path": "page"})
			assert.Equal(t, -1, call.ErrCode)
			assert.Contains(t, call.Advice, `the file of stub "*" (test): open `)
		})
	}
}

func TestAStubOfAnUnknownAPIStillNeedsThePermission(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `[{"api": "brand.new", "result": {"a": 1}}, {"api": "brand.*", "errcode": 1}]`)
	s := p.begin("brand.new", "brand.newer")
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","a":1}`, string(p.ask(t, s, "brand.new", object{"anything": 1}).RespData))
	assert.EqualValues(t, noPermission, p.ask(t, p.begin(), "brand.new", nil).ErrorCode)
	assert.EqualValues(t, apiNotFound, p.ask(t, s, "brand.newer", nil).ErrorCode, "a pattern is for APIs that exist")
	p.Stubs.Remove()
	assert.EqualValues(t, apiNotFound, p.ask(t, s, "brand.new", nil).ErrorCode)
}

func TestAStubAnswersOnlyWhatThePlatformLetsPass(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `{"api": "*", "times": 1, "result": {}}`)
	assert.Equal(t, noPermission, p.try(t, p.begin(), typing, typingParams).ErrCode)
	assert.Equal(t, 40159, p.try(t, p.begin("wxacode.get"), "wxacode.get", nil).ErrCode)
	assert.Equal(t, 0, p.Stubs.List()[0].Answered)
	call := p.try(t, p.begin("wxacode.get"), "wxacode.get", object{"path": strings.Repeat("a", 2000), "more": 1})
	assert.Equal(t, []any{0, `{"errcode":0,"errmsg":"ok"}`, "wxacode.get has no parameter more"}, []any{call.ErrCode, call.Result, call.Advice}, "the API's own checks are its own")
}

func TestADelayPassesBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stub string
		code int
	}{
		"and the API answers":  {`{"api": "*", "delay": "1m30s"}`, 0},
		"of a result":          {`{"api": "*", "delay": "1m30s", "result": {}}`, 0},
		"of an error":          {`{"api": "*", "delay": "1m30s", "errcode": 1}`, 1},
		"of a system error":    {`{"api": "*", "delay": "1m30s", "systemError": -604102}`, -604102},
		"of a malformed one":   {`{"api": "*", "delay": "1m30s", "fault": "malformed"}`, malformedAnswer},
		"a minimum alone":      {`{"api": "*", "delay": {"min": "1m30s"}, "errcode": 1}`, 1},
		"a range of one value": {`{"api": "*", "delay": {"min": "1m30s", "max": "1m30s"}, "errcode": 1}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlatform()
				addStubs(t, p, c.stub)
				s := p.begin(typing)
				begin := time.Now()
				p.post(t, openAPIRequest(s, typing, wire(typingParams)))
				assert.Equal(t, 90*time.Second, time.Since(begin))
				call := s.Record.View().Calls[0]
				assert.Equal(t, []any{c.code, 90 * time.Second, `"*" (test:1)`}, []any{call.ErrCode, call.Duration, call.Stub})
			})
		})
	}
}

func TestADelayWithASeedIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		draw := func(delay string) (delays []time.Duration) {
			p := newPlatform()
			addStubs(t, p, `{"api": "*", "delay": `+delay+`}`)
			s := p.begin(typing)
			for range 20 {
				begin := time.Now()
				p.post(t, openAPIRequest(s, typing, wire(typingParams)))
				delays = append(delays, time.Since(begin))
			}
			return delays
		}
		first := draw(`{"min": "1s", "max": "3s", "seed": 7}`)
		assert.Equal(t, first, draw(`{"min": "1s", "max": "3s", "seed": 7}`))
		assert.NotEqual(t, first, draw(`{"min": "1s", "max": "3s", "seed": 8}`))
		none := draw(`{"min": "1s", "max": "3s"}`)
		assert.Equal(t, none, draw(`{"min": "1s", "max": "3s"}`), "no seed is one, too")
		for _, delay := range slices.Concat(first, none) {
			assert.True(t, time.Second <= delay && delay <= 3*time.Second, delay)
		}
		assert.Greater(t, slices.Max(first)-slices.Min(first), time.Second/2, "they are spread")
	})
}

func TestACallerThatGoesAwayEndsADelay(t *testing.T) {
	t.Parallel()
	for _, stub := range []string{`{"api": "*", "delay": "10m", "errcode": 1}`, `{"api": "*", "fault": "timeout"}`, `{"api": "*", "delay": "1s", "fault": "timeout"}`} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlatform()
			addStubs(t, p, stub)
			s := p.begin(typing)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			begin := time.Now()
			w := p.send(p.sign(t, openAPIRequest(s, typing, wire(typingParams)), p.credential, time.Now()).WithContext(ctx))
			assert.Equal(t, 5*time.Second, time.Since(begin))
			assert.Equal(t, "SYS_ERR", outcomeOf(t, w))
			call := s.Record.View().Calls[0]
			assert.Equal(t, []any{connectionFailed, 5 * time.Second, `"*" (test:1)`}, []any{call.ErrCode, call.Duration, call.Stub})
			assert.NotEmpty(t, call.ErrMsg)
		})
	}
}

func TestAnAnswerThatNeverComesEndsWithTheEmulator(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlatform()
		done := make(chan struct{})
		p.Done = done
		addStubs(t, p, `{"api": "*", "fault": "timeout"}`)
		s := p.begin(typing)
		ended := false
		go func() {
			p.post(t, openAPIRequest(s, typing, wire(typingParams)))
			ended = true
		}()
		time.Sleep(24 * time.Hour) // of the bubble's own clock
		synctest.Wait()
		assert.False(t, ended)
		assert.Empty(t, s.Record.View().Calls, "the record has it when it ends")
		close(done)
		synctest.Wait()
		assert.True(t, ended)
		call := s.Record.View().Calls[0]
		assert.Equal(t, []any{connectionFailed, "no answer"}, []any{call.ErrCode, call.ErrMsg})
	})
}

func TestACutAnswerArrivesInHalf(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `{"api": "*", "fault": "cut"}`)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	s := p.begin(typing)
	r, err := openAPIRequest(s, typing, wire(typingParams)).HTTP(t.Context(), tcb.Origin{URL: server.URL + "/admin", Seq: "1", SDKVersion: "test"}, p.credential, time.Now())
	require.NoError(t, err)
	resp, err := server.Client().Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NoError(t, resp.Body.Close())
	assert.NotEmpty(t, body)
	assert.EqualValues(t, 2*len(body), resp.ContentLength)
	call := s.Record.View().Calls[0]
	assert.Equal(t, []any{connectionFailed, "the connection was cut", `"*" (test:1)`}, []any{call.ErrCode, call.ErrMsg, call.Stub})

	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		p.send(p.sign(t, openAPIRequest(s, typing, wire(typingParams)), p.credential, time.Now()))
	})
}

func TestAMalformedAnswerIsNoJSON(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `{"api": "*", "fault": "malformed"}`)
	s := p.begin(typing)
	resp := p.ask(t, s, typing, typingParams)
	assert.Equal(t, apicall.JSONType, resp.ContentType)
	assert.NotEmpty(t, resp.RespData)
	assert.False(t, json.Valid(resp.RespData))
	call := s.Record.View().Calls[0]
	assert.Equal(t, []any{malformedAnswer, "the answer is malformed"}, []any{call.ErrCode, call.ErrMsg})
}

func TestAStubThatOnlyDelaysPassesTheCallOn(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	addStubs(t, p, `[{"api": "*", "name": "slow", "delay": "1us"}, {"api": "*", "name": "never", "times": 1, "errcode": 1}]`)
	s := p.begin(apiSubscribeMessage, "wxacode.get")
	call := p.try(t, s, apiSubscribeMessage, object{"touser": "oBob", "template_id": "t", "data": object{}})
	assert.Equal(t, []any{0, `"slow" (test:1)`}, []any{call.ErrCode, call.Stub})
	assert.Len(t, p.Outbox("oBob"), 1, "the API itself has answered")
	assert.Equal(t, 40159, p.try(t, s, "wxacode.get", object{"path": strings.Repeat("a", 2000)}).ErrCode)
	assert.Equal(t, 2, p.Stubs.List()[0].Answered)
}

func TestNearMissesTellWhyNoStubAnswered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stubs string
		calls int
		want  []string
	}{
		"no stub":           {calls: 1},
		"of another API":    {stubs: `{"api": "wxacode.get", "function": "x"}`, calls: 1},
		"another function":  {stubs: `{"api": "*", "function": "x*"}`, calls: 1, want: []string{`"*" (test:1): function is "hello", not "x*"`}},
		"another user":      {stubs: `{"api": "*", "name": "a name", "openid": "oBob"}`, calls: 1, want: []string{`"a name" (test:1): openid is "oAlice", not "oBob"`}},
		"another value":     {stubs: `{"api": "*", "params": {"command": "Cancel", "n": 1, "touser": {"$like": "b*"}}}`, calls: 1, want: []string{`"*" (test:1): command is "Typing", not "Cancel"; n is missing, not 1; touser is "oAlice", not like "b*"`}},
		"calls that pass":   {stubs: `{"api": "*", "after": 3}`, calls: 2, want: []string{`"*" (test:1): after is 3, and this is call number 2`}},
		"calls that passed": {stubs: `{"api": "*", "times": 2}`, calls: 3, want: []string{`"*" (test:1): times is 2, and it has answered so many`}},
		"several": {stubs: `[{"api": "*", "function": "x"}, {"api": "*", "function": "y"}]`, calls: 1, want: []string{
			`"*" (test:1): function is "hello", not "x"`, `"*" (test:1): function is "hello", not "y"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			if c.stubs != "" {
				addStubs(t, p, c.stubs)
			}
			s := p.begin(typing)
			for range c.calls - 1 {
				p.try(t, s, typing, typingParams)
			}
			call := p.try(t, s, typing, typingParams)
			assert.Equal(t, c.want, call.NearMisses)
			assert.Empty(t, call.Stub)
		})
	}
}

func TestNearMissesAreBounded(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	var stubs config.Stubs
	conditions := map[string]any{}
	for n := range 1000 {
		conditions[fmt.Sprint("field", n)] = strings.Repeat("长", 1000)
	}
	for n := range 10_000 {
		stubs.Stubs = append(stubs.Stubs, config.Stub{API: "*", Name: fmt.Sprint(n), Function: "other"})
	}
	stubs.Stubs[0].Params = conditions
	p.Stubs.Add(&stubs, "test")
	s := p.begin(typing)
	call := p.try(t, s, typing, object{"touser": "oAlice", "command": strings.Repeat("a", 1<<20)})
	assert.Zero(t, call.ErrCode)
	require.Len(t, call.NearMisses, 5)
	assert.LessOrEqual(t, len(strings.Join(call.NearMisses, "")), 3000)
	assert.True(t, strings.HasPrefix(call.NearMisses[0], `"0" (test): function is "hello", not "other"; field0 is missing, not "长`))
	assert.Equal(t, `"1" (test): function is "hello", not "other"`, call.NearMisses[1])

	stubs = config.Stubs{Stubs: []config.Stub{{API: "*", ErrCode: 1}}}
	p.Stubs.Add(&stubs, "test")
	call = p.try(t, s, typing, typingParams)
	assert.Equal(t, []any{1, `"*" (test)`}, []any{call.ErrCode, call.Stub}, "the last of 10,001")
	assert.Empty(t, call.NearMisses)
}

func TestPatternsThatTakeForEverDoNot(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	pattern := strings.Repeat("*a", 200) + "*b"
	stubs := config.Stubs{}
	for range 100 {
		stubs.Stubs = append(stubs.Stubs, config.Stub{API: strings.Repeat("*", 10_000) + "x", Function: pattern, Params: map[string]any{"command": map[string]any{"$like": pattern}}},
			config.Stub{API: "*", Function: pattern, OpenID: pattern, Params: map[string]any{"command": map[string]any{"$like": pattern}, `list.#(x%"` + pattern + `")`: 1}})
	}
	p.Stubs.Add(&stubs, "test")
	s := p.begin(typing)
	s.Function, s.Caller.OpenID = strings.Repeat("a", 10_000), strings.Repeat("a", 10_000)
	text := strings.Repeat("a", 10_000)
	call := p.try(t, s, typing, object{"touser": "a", "command": text, "list": []any{object{"x": text}}})
	assert.Zero(t, call.ErrCode)
}

func TestStubsMayChangeWhileTheyAnswer(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin(typing, "security.msgSecCheck", "phonenumber.getPhoneNumber", "brand.new")
	one := parseStubs(t, `{"stubs": [{"api": "*", "params": {"command": "Typing"}, "result": {"a": 1}}], "riskyTexts": ["a"], "phoneNumbers": {"oAlice": "1"}}`)
	var all sync.WaitGroup
	for _, work := range []func(){
		func() { p.Stubs.Add(one, "test") },
		func() { p.Stubs.Remove() },
		func() { p.Stubs.SetFile(one, "file") },
		func() { p.Stubs.SetFile(nil, "file") },
		func() { p.Stubs.List() },
		func() { p.ask(t, s, typing, typingParams) },
		func() { p.ask(t, s, "security.msgSecCheck", goodOf("security.msgSecCheck")) },
		func() { p.ask(t, s, "phonenumber.getPhoneNumber", object{"code": "a"}) },
		func() { p.ask(t, s, "brand.new", nil) },
	} {
		all.Go(func() {
			for range 100 {
				work()
			}
		})
	}
	all.Wait()
}

func TestAStubWhoseResultIsNoJSONIsASystemError(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	p.Stubs.Add(&config.Stubs{Stubs: []config.Stub{{API: "*", Result: func() {}}}}, "test")
	s := p.begin(typing)
	call := p.try(t, s, typing, typingParams)
	assert.Equal(t, -1, call.ErrCode)
	assert.Contains(t, call.Advice, `the result of stub "*" (test): `)
}
