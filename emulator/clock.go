package emulator

import (
	"fmt"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
)

// Clock is the emulated platform's: tokens, quotas and the journal go by it, links expire by it. A test may hold and move
// it. What happens in the test's own world goes by the real one: signatures, delays of stubs, timeouts of functions.
type Clock struct {
	base  func() time.Time
	moved func() // is called after each move

	mu     sync.Mutex
	offset time.Duration // what it is ahead of base
	held   bool
	at     time.Time // where it is held
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.held {
		return c.at
	}
	return c.base().Add(c.offset)
}

// Hold stops the clock, until it is let go.
func (c *Clock) Hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.held = c.now(), true
}

// Go lets the clock go on from where it was held.
func (c *Clock) Go() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held {
		c.held = false
		c.offset = c.at.Sub(c.base())
	}
}

// Held reports whether the clock stands.
func (c *Clock) Held() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// Move moves the clock, also while it is held: back, if d is negative.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	c.at = c.at.Add(d)
	c.offset += d
	c.mu.Unlock()
	c.moved()
}

// Set moves the clock to a time, at most 200 years away.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	d := t.Sub(c.now())
	c.at = t
	c.offset += d
	c.mu.Unlock()
	c.moved()
}

// Who changes the clock from outside may move it within these: times that JSON can tell, and differences that a duration
// can.
var (
	minClock = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	maxClock = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// changeClock returns the clock, after a change if it is not nil, for the control API.
func (e *Emulator) changeClock(change *api.ClockChange) (api.Clock, error) {
	if change != nil {
		if err := e.clock.apply(*change); err != nil {
			return api.Clock{}, err
		}
	}
	return api.Clock{Held: e.clock.Held(), Now: e.clock.Now()}, nil
}

// apply changes the clock; the error says which part is invalid; nothing has changed then.
func (c *Clock) apply(change api.ClockChange) error {
	var d time.Duration
	if change.Move != nil {
		var err error
		if d, err = time.ParseDuration(*change.Move); err != nil {
			return fmt.Errorf(`move is %q; write a duration, such as "90s" or "1h30m"`, *change.Move)
		}
	}
	to := c.Now()
	if change.Set != nil {
		to = *change.Set
	}
	to = to.Add(d)
	if moved := change.Set != nil || d != 0; moved && (to.Before(minClock) || !to.Before(maxClock)) {
		return fmt.Errorf("the clock would say %s; it can be moved to %d to %d", to.UTC().Format(time.DateTime), minClock.Year(), maxClock.Year()-1)
	}
	if change.Set != nil {
		c.Set(*change.Set)
	}
	c.Move(d)
	switch {
	case change.Hold == nil:
	case *change.Hold:
		c.Hold()
	default:
		c.Go()
	}
	return nil
}
