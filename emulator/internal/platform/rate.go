package platform

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// rate counts calls within the running minute of the platform's clock.
type rate struct {
	mu     sync.Mutex
	minute time.Time
	calls  map[string]int // by who makes them
}

// take counts a call, unless limit calls of who makes it have been counted this minute.
func (r *rate) take(who string, limit int, now time.Time) bool {
	minute := now.Truncate(time.Minute)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil || !minute.Equal(r.minute) {
		r.minute, r.calls = minute, map[string]int{}
	}
	if r.calls[who] >= limit {
		return false
	}
	r.calls[who]++
	return true
}

// forget takes back what was counted of callers whose names have a prefix.
func (r *rate) forget(prefix string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.calls, func(who string, _ int) bool { return strings.HasPrefix(who, prefix) })
}

// maxCalls is how many calls an environment may make in a minute.
const maxCalls = 100_000

// throttle counts a call.
func (p *Platform) throttle() error {
	if !p.calls.take(p.Env, maxCalls, p.Now()) {
		return apicall.ErrMinuteLimit.Because("more than %d calls of APIs within a minute", maxCalls)
	}
	return nil
}

// usage counts the HTTPS calls that apps make of each path within the day, which begins in China.
type usage struct {
	mu       sync.Mutex
	day      string
	calls    map[usageKey]int
	month    string
	clearing map[string]int // by app, how often it had its counts cleared this month
}

type usageKey struct{ appID, path string }

// china is where the platform's days begin.
var china = time.FixedZone("UTC+8", 8*60*60)

func dayOf(now time.Time) string { return now.In(china).Format(time.DateOnly) }

// roll begins a new day's count where the old one is over. It is called under the lock.
func (u *usage) roll(now time.Time) {
	if day := dayOf(now); u.calls == nil || day != u.day {
		u.day, u.calls = day, map[usageKey]int{}
	}
	if month := dayOf(now)[:len("2006-01")]; u.clearing == nil || month != u.month {
		u.month, u.clearing = month, map[string]int{}
	}
}

// take counts a call, unless the app has made limit of them today.
func (u *usage) take(appID, path string, limit int, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.roll(now)
	key := usageKey{appID, path}
	if u.calls[key] >= limit {
		return false
	}
	u.calls[key]++
	return true
}

// today returns how many calls have been counted.
func (u *usage) today(appID, path string, now time.Time) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.roll(now)
	return u.calls[usageKey{appID, path}]
}

// clear takes back what was counted of an app, unless it has had that limit times this month.
func (u *usage) clear(appID string, limit int, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.roll(now)
	if u.clearing[appID] >= limit {
		return false
	}
	u.clearing[appID]++
	for key := range u.calls {
		if key.appID == appID {
			delete(u.calls, key)
		}
	}
	return true
}
