package platform

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

func TestCloudCallsHaveALimitByTheMinute(t *testing.T) {
	t.Parallel()
	const api = "customerServiceMessage.setTyping"
	p := newPlatform()
	now := start.Truncate(time.Minute)
	p.Now = func() time.Time { return now }
	params := object{"touser": "oAlice", "command": "Typing"}
	one, other := p.begin(api, "search.imageSearch"), p.begin(api)
	other.Function = "other"
	use := func(calls int) {
		for range calls {
			assert.NoError(t, p.throttle())
		}
	}
	use(99_998)
	assert.Zero(t, p.try(t, one, api, params).ErrCode)
	assert.Zero(t, p.try(t, other, api, params).ErrCode, "the last one")
	for _, s := range []*Session{one, other} {
		call := p.try(t, s, api, params)
		assert.Equal(t, []any{45009, "reach max api minute limit", "more than 100000 calls of APIs within a minute"}, []any{call.ErrCode, call.ErrMsg, call.Advice})
	}
	assert.Equal(t, 45009, p.try(t, one, "search.imageSearch", nil).ErrCode, "all APIs together")
	assert.Equal(t, noPermission, p.try(t, other, "search.imageSearch", nil).ErrCode, "permission comes first")
	assert.NotEqual(t, 45009, p.try(t, one, api, nil).ErrCode, "so do parameters")
	addStubs(t, p, `{"api": "*", "errcode": 1}`)
	assert.Equal(t, 45009, p.try(t, one, api, params).ErrCode, "a stub does not answer")
	p.Stubs.Remove()

	now = now.Add(time.Minute - 1)
	assert.Equal(t, 45009, p.try(t, one, api, params).ErrCode, "the minute's last moment")
	now = now.Add(1)
	assert.Zero(t, p.try(t, one, api, params).ErrCode, "the next minute is free")
	use(99_999)
	assert.Equal(t, 45009, p.try(t, one, api, params).ErrCode, "a clock that is held stays in its minute")
	now = now.AddDate(-1, 0, 0)
	assert.Zero(t, p.try(t, one, api, params).ErrCode, "a clock that goes back is in another one")
	now = time.Date(1960, 1, 1, 0, 0, 30, 0, time.UTC)
	assert.Zero(t, p.try(t, one, api, params).ErrCode)
	now = time.Time{}
	assert.Zero(t, p.try(t, one, api, params).ErrCode)
}

func TestWhatIsRefusedBeforeDoesNotCountAsACall(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin("wxacode.get")
	for range 99_999 {
		assert.NoError(t, p.throttle())
	}
	assert.Equal(t, noPermission, p.try(t, s, "wxacode.createQRCode", nil).ErrCode)
	assert.Equal(t, apiNotFound, p.try(t, s, "wxacode.nothing", nil).ErrCode)
	assert.Equal(t, 40159, p.try(t, s, "wxacode.get", nil).ErrCode)
	assert.Zero(t, p.try(t, s, "wxacode.get", object{"path": "page"}).ErrCode)
	assert.Equal(t, 45009, p.try(t, s, "wxacode.get", object{"path": "page"}).ErrCode)
}

func TestEachAppHasItsOwnLimitOfGetUnlimited(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	now := start
	p.Now = func() time.Time { return now }
	s := p.begin(apiGetUnlimited)
	call := func(app string) string {
		data := wire(object{"scene": "a"})
		data.AppID = app
		return outcomeOf(t, p.post(t, openAPIRequest(s, apiGetUnlimited, data)))
	}
	for range 4_999 {
		assert.True(t, p.appCalls.take("wx1 "+apiGetUnlimited, maxUnlimitedCalls, now))
	}
	assert.Equal(t, "good", call(""))
	assert.Equal(t, apicall.ErrMinuteLimit.Message, call("wx1"))
	assert.Equal(t, "more than 5000 calls within a minute", s.Record.View().Calls[1].Advice)
	assert.Equal(t, "good", call("wx2"))
	now = now.Add(time.Minute)
	assert.Equal(t, "good", call("wx1"))
}

func TestCallersAtOnceGetExactlyTheLimit(t *testing.T) {
	t.Parallel()
	var r rate
	var all sync.WaitGroup
	var taken atomic.Int32
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if r.take("a", 5000, start) {
					taken.Add(1)
				}
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 5000, taken.Load())
}
