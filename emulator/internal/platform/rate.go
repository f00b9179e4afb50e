package platform

import (
	"sync"
	"time"
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

// maxCalls is how many cloud calls an environment may make in a minute.
const maxCalls = 100_000

// throttle counts a cloud call.
func (p *Platform) throttle() error {
	if !p.calls.take(p.Env, maxCalls, p.Now()) {
		return errMinuteLimit.because("more than %d cloud calls within a minute", maxCalls)
	}
	return nil
}
