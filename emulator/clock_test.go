package emulator

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/openapi"
)

var clockStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is the clock that an emulator's goes by.
type world struct {
	mu  sync.Mutex
	now time.Time
}

func newWorld() *world { return &world{now: clockStart} }

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func TestTheClockIsHeldAndMoved(t *testing.T) {
	t.Parallel()
	const later = time.Hour // passes in the world after each step
	for name, c := range map[string]struct {
		steps []func(*Clock)
		want  time.Duration // after the start, when all is done
		held  bool
	}{
		"nothing":               {nil, 0, false},
		"held":                  {[]func(*Clock){(*Clock).Hold}, 0, true},
		"held later":            {[]func(*Clock){(*Clock).Go, (*Clock).Hold}, later, true},
		"held twice":            {[]func(*Clock){(*Clock).Hold, (*Clock).Hold}, 0, true},
		"held and let go":       {[]func(*Clock){(*Clock).Hold, (*Clock).Go}, later, false},
		"let go twice":          {[]func(*Clock){(*Clock).Hold, (*Clock).Go, (*Clock).Go}, 2 * later, false},
		"never held":            {[]func(*Clock){(*Clock).Go}, later, false},
		"moved":                 {[]func(*Clock){move(time.Minute)}, time.Minute + later, false},
		"moved back":            {[]func(*Clock){move(-time.Minute)}, -time.Minute + later, false},
		"moved while held":      {[]func(*Clock){(*Clock).Hold, move(time.Minute)}, time.Minute, true},
		"moved while held, go":  {[]func(*Clock){(*Clock).Hold, move(time.Minute), (*Clock).Go}, time.Minute + later, false},
		"moved, then held":      {[]func(*Clock){move(time.Minute), (*Clock).Hold, move(-time.Second)}, time.Minute + later - time.Second, true},
		"set":                   {[]func(*Clock){set(time.Minute)}, time.Minute + later, false},
		"set back":              {[]func(*Clock){move(later), set(-time.Minute)}, -time.Minute + later, false},
		"set while held":        {[]func(*Clock){(*Clock).Hold, set(time.Minute)}, time.Minute, true},
		"set while held, go":    {[]func(*Clock){(*Clock).Hold, set(-time.Minute), (*Clock).Go}, -time.Minute + later, false},
		"set 200 years ahead":   {[]func(*Clock){set(200 * 365 * 24 * time.Hour)}, 200*365*24*time.Hour + later, false},
		"set, held, set, moved": {[]func(*Clock){set(time.Minute), (*Clock).Hold, set(0), move(time.Second), (*Clock).Go}, time.Second + later, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			clock := newEmulator(t, Config{Now: w.Now}).Clock()
			for _, step := range c.steps {
				step(clock)
				w.pass(later)
			}
			assert.Equal(t, c.want, clock.Now().Sub(clockStart))
			assert.Equal(t, c.held, clock.Held())
		})
	}
}

func move(d time.Duration) func(*Clock) { return func(c *Clock) { c.Move(d) } }

func set(after time.Duration) func(*Clock) { return func(c *Clock) { c.Set(clockStart.Add(after)) } }

func TestTheClockIsForMany(t *testing.T) {
	t.Parallel()
	w := newWorld()
	clock := newEmulator(t, Config{Now: w.Now}).Clock()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				clock.Hold()
				clock.Move(time.Second)
				_, _ = clock.Now(), clock.Held()
				clock.Go()
			}
		})
	}
	all.Wait()
	assert.Equal(t, 800*time.Second, clock.Now().Sub(clockStart))
}

func TestTheJournalGoesByTheClock(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Now: newWorld().Now})
	e.Handle("f", handler(func(ctx context.Context) (any, error) {
		e.Clock().Move(time.Hour)
		return sendMessage(ctx)
	}), subscribeMessage)
	e.Clock().Move(time.Minute)
	result, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	view := e.journal.Find(result.RequestID).View()
	assert.Equal(t, clockStart.Add(time.Minute), view.Start)
	assert.Equal(t, time.Hour, view.Duration)
	call := e.Calls(subscribeMessage)[0]
	assert.Equal(t, clockStart.Add(time.Minute+time.Hour), call.Time)
	assert.Less(t, call.Duration, time.Hour, "how long a call takes goes by the real clock")
	assert.Equal(t, call.Time, e.Outbox("oAlice")[0].Time)
}

func TestALinkExpiresByTheClock(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Now: newWorld().Now})
	var link string
	e.Handle("f", handler(func(ctx context.Context) (any, error) {
		var answer struct{ URLLink string }
		err := openapi.Call(ctx, "urllink.generate", map[string]any{
			"path": "page/index", "query": "a=1", "expireType": 0, "expireTime": clockStart.Add(time.Hour).Unix(),
		}, &answer)
		link = answer.URLLink
		return nil, err
	}), "urllink.generate")
	_, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	want := &LaunchOptions{Path: "page/index", Query: map[string]string{"a": "1"}, Scene: 1194, AppID: DefaultAppID}
	for _, c := range []struct {
		at  time.Duration
		err error
	}{{0, nil}, {time.Hour - time.Second, nil}, {time.Hour + time.Second, ErrExpired}, {48 * time.Hour, ErrExpired}, {0, nil}} {
		e.Clock().Set(clockStart.Add(c.at))
		options, err := e.Scan(link)
		if c.err != nil {
			assert.ErrorIs(t, err, c.err, c.at)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want, options)
	}
}

func TestAPermissionsDelayGoesByTheClock(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"f/index.js": "exports.main = () => 1", "f/config.json": `{"permissions": {"openapi": []}}`})
	e := newEmulator(t, Config{Dir: dir, PermissionDelay: 10 * time.Minute})
	e.Clock().Hold()
	require.False(t, e.Permitted("f", "wxacode.get"))
	writeFile(t, dir+"/f/config.json", `{"permissions": {"openapi": ["wxacode.get"]}}`)
	assert.False(t, e.Permitted("f", "wxacode.get"))
	e.Clock().Move(10*time.Minute - 1)
	assert.False(t, e.Permitted("f", "wxacode.get"))
	e.Clock().Move(1)
	assert.True(t, e.Permitted("f", "wxacode.get"))
}

func TestAPermissionCountsThoughTheClockIsMovedBack(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"at once": 0, "after the delay": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := files(t, map[string]string{"f/index.js": "exports.main = () => 1"})
			e := newEmulator(t, Config{Dir: dir, PermissionDelay: delay})
			e.Clock().Hold()
			require.False(t, e.Permitted("f", "wxacode.get"))
			writeFile(t, dir+"/f/config.json", `{"permissions": {"openapi": ["wxacode.get"]}}`)
			e.Clock().Move(-24 * time.Hour)
			assert.Equal(t, delay == 0, e.Permitted("f", "wxacode.get"))
			e.Clock().Move(delay)
			assert.True(t, e.Permitted("f", "wxacode.get"))
		})
	}
}

func TestTheClockIsChangedOverTheControlAPI(t *testing.T) {
	t.Parallel()
	const form = `; write {"hold": true, "move": "90s", "set": "2026-01-02T03:04:05Z"}, or some of it: `
	for name, c := range map[string]struct {
		method, body string
		status       int
		want         string // the answer, or the start of its errMsg
	}{
		"asked":                       {"GET", ``, 200, `{"held":false,"now":"2026-01-02T03:04:05Z"}`},
		"held":                        {"POST", `{"hold": true}`, 200, `{"held":true,"now":"2026-01-02T03:04:05Z"}`},
		"moved":                       {"POST", `{"move": "1h30m"}`, 200, `{"held":false,"now":"2026-01-02T04:34:05Z"}`},
		"moved back":                  {"POST", `{"move": "-5s"}`, 200, `{"held":false,"now":"2026-01-02T03:04:00Z"}`},
		"set":                         {"POST", `{"set": "2027-01-02T03:04:05+08:00"}`, 200, `{"held":false,"now":"2027-01-01T19:04:05Z"}`},
		"set, then moved, then held":  {"POST", `{"hold": true, "move": "1s", "set": "2027-01-02T03:04:05Z"}`, 200, `{"held":true,"now":"2027-01-02T03:04:06Z"}`},
		"let go, though it goes":      {"POST", `{"hold": false}`, 200, `{"held":false,"now":"2026-01-02T03:04:05Z"}`},
		"nothing changed":             {"POST", `{}`, 200, `{"held":false,"now":"2026-01-02T03:04:05Z"}`},
		"no change":                   {"POST", ``, 400, `say what to change: {"hold": true}, {"move": "90s"} or {"set": "2026-01-02T03:04:05Z"}`},
		"no duration":                 {"POST", `{"set": "2027-01-02T03:04:05Z", "move": "tomorrow", "hold": true}`, 400, `move is "tomorrow"; write a duration, such as "90s" or "1h30m"`},
		"a number for a duration":     {"POST", `{"move": 90}`, 400, `the change is {"move": 90}` + form},
		"too long a duration":         {"POST", `{"move": "9999999h"}`, 400, `move is "9999999h"; write a duration`},
		"no time":                     {"POST", `{"set": "2026-01-02"}`, 400, `the change is {"set": "2026-01-02"}` + form},
		"a time too far away":         {"POST", `{"set": "9999-12-31T23:59:59Z", "hold": true}`, 400, `the clock would say 9999-12-31 23:59:59; it can be moved to 1970 to 2199`},
		"a time too long ago":         {"POST", `{"set": "0001-01-01T00:00:00Z"}`, 400, `the clock would say 0001-01-01 00:00:00; it can be moved to 1970 to 2199`},
		"moved too far":               {"POST", `{"move": "2000000h", "hold": true}`, 400, `the clock would say 2254-`},
		"a field that there is not":   {"POST", `{"advance": "1h"}`, 400, `the change is {"advance": "1h"}` + form + `json: unknown field "advance"`},
		"no JSON":                     {"POST", `hold`, 400, `the change is hold` + form},
		"a list":                      {"POST", `[]`, 400, `the change is []` + form},
		"broken JSON":                 {"POST", `{"hold": true`, 400, `the change is {"hold": true` + form},
		"two changes":                 {"POST", `{"hold": true} {"move": "1h"}`, 400, `the change is {"hold": true} {"move": "1h"}` + form + `something follows it`},
		"a text for yes":              {"POST", `{"hold": "true"}`, 400, `the change is {"hold": "true"}` + form},
		"a very long change":          {"POST", `{"move": "` + string(make([]byte, 2000)) + `"}`, 400, `http: request body too large`},
		"a method that there is not":  {"PUT", `{"hold": true}`, 405, `/_wxfn/clock does not take the method PUT`},
		"another that there is not":   {"DELETE", ``, 405, `/_wxfn/clock does not take the method DELETE`},
		"null, which changes nothing": {"POST", `null`, 200, `{"held":false,"now":"2026-01-02T03:04:05Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, Config{Now: newWorld().Now})
			w := ask(e, c.method, "/_wxfn/clock", c.body, "Authorization", "Bearer "+e.Token())
			assert.Equal(t, c.status, w.Code)
			require.True(t, gjson.Valid(w.Body.String()))
			if c.status == http.StatusOK {
				assert.Equal(t, c.want+"\n", w.Body.String())
				assert.Equal(t, gjson.Get(c.want, "held").Bool(), e.Clock().Held())
				return
			}
			errMsg := gjson.Get(w.Body.String(), "errMsg").String()
			assert.Equal(t, c.want, errMsg[:min(len(c.want), len(errMsg))])
			assert.Equal(t, clockStart, e.Clock().Now(), "nothing has changed")
			assert.False(t, e.Clock().Held())
			assert.Equal(t, http.StatusUnauthorized, ask(e, c.method, "/_wxfn/clock", c.body).Code)
		})
	}
}
