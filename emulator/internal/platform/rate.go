package platform

import (
	"sync"
	"time"
)

// rate counts calls within the running minute of the platform's clock.
type rate struct {
	mu     sync.Mutex
	minute time.Time
	calls  map[string]int // by AppID
}

// take counts a call, unless limit calls of the app have been counted this minute.
func (r *rate) take(appID string, limit int, now time.Time) bool {
	minute := now.Truncate(time.Minute)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil || !minute.Equal(r.minute) {
		r.minute, r.calls = minute, map[string]int{}
	}
	if r.calls[appID] >= limit {
		return false
	}
	r.calls[appID]++
	return true
}
