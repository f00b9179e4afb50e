package host

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// idleTime is how long an instance waits for the next event before it is ended, as in the cloud after some minutes.
const idleTime = 5 * time.Minute

// state is where an instance is in its life.
type state int

const (
	starting state = iota
	idle           // waiting for an event
	busy           // handling one
	draining       // ending: it gets no event any more
	dead
)

func (s state) String() string {
	return [...]string{"starting", "idle", "busy", "draining", "dead"}[s]
}

// moves are the ways from one state to another; there is no other.
var moves = map[state][]state{
	starting: {busy, dead},
	idle:     {busy, draining, dead},
	busy:     {idle, dead},
	draining: {dead},
}

// slot is the place of an instance among those that a function may have.
type slot struct {
	state    state
	instance Instance    // nil while it is starting
	expiry   *time.Timer // ends it, while it is idle
}

// move changes the state of an instance. It is called under the lock.
func (s *slot) move(to state) {
	if !slices.Contains(moves[s.state], to) {
		panic(fmt.Sprintf("host: an instance cannot go from %s to %s", s.state, to))
	}
	s.state = to
}

// acquire returns an idle instance, a new one, or the next that is released; it is busy then.
func (f *Function) acquire(ctx context.Context, rec *journal.Record) (*slot, error) {
	f.mu.Lock()
	if f.ctx.Err() != nil {
		f.mu.Unlock()
		return nil, errStopped
	}
	if s := f.takeIdle(); s != nil {
		f.mu.Unlock()
		return s, nil
	}
	if f.max == 0 || len(f.slots) < f.max {
		s := f.newSlot()
		f.mu.Unlock()
		return f.start(s, rec)
	}
	turn := make(chan *slot, 1)
	f.waiting = append(f.waiting, turn)
	f.mu.Unlock()
	select {
	case s := <-turn:
		if s.state == starting {
			return f.start(s, rec)
		}
		return s, nil
	case <-ctx.Done():
		f.leave(turn)
		return nil, failed("the caller went away while all %d instances were busy", f.max)
	case <-f.ctx.Done():
		f.leave(turn)
		return nil, errStopped
	}
}

// start starts the instance of a new slot.
func (f *Function) start(s *slot, rec *journal.Record) (*slot, error) {
	f.mu.Lock()
	if f.ctx.Err() != nil {
		f.bury(s)
		f.mu.Unlock()
		return nil, errStopped
	}
	f.starts.Add(1)
	f.mu.Unlock()
	defer f.starts.Done()

	rec.ColdStart()
	instance, err := f.runtime.Start(f.ctx, rec)
	f.mu.Lock()
	stopped := f.ctx.Err() != nil
	if err == nil && !stopped {
		s.instance = instance
		s.move(busy)
		f.mu.Unlock()
		return s, nil
	}
	f.bury(s)
	f.mu.Unlock()
	if err == nil {
		instance.Close()
	}
	if stopped {
		err = errStopped
	}
	return nil, err
}

// release takes back an instance whose invocation is over.
func (f *Function) release(s *slot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free(s)
}

// free is release, under the lock.
func (f *Function) free(s *slot) {
	switch {
	case ended(s.instance):
		f.bury(s)
	case len(f.waiting) > 0:
		f.next() <- s
	default:
		s.move(idle)
		s.expiry = time.AfterFunc(idleTime, func() { f.expire(s) })
		f.idle = append(f.idle, s)
	}
}

// leave takes a caller out of the queue; one whose turn has come already passes it on.
func (f *Function) leave(turn chan *slot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.waiting, turn); i >= 0 {
		f.waiting = slices.Delete(f.waiting, i, i+1)
		return
	}
	if s := <-turn; s.state == starting {
		f.bury(s)
	} else {
		f.free(s)
	}
}

// newSlot, takeIdle, bury and next are called under the lock.

func (f *Function) newSlot() *slot {
	s := &slot{state: starting}
	f.slots[s] = struct{}{}
	return s
}

// takeIdle returns an idle instance, busy now, or nil.
func (f *Function) takeIdle() *slot {
	for len(f.idle) > 0 {
		s := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		s.expiry.Stop()
		if !ended(s.instance) {
			s.move(busy)
			return s
		}
		s.move(dead)
		delete(f.slots, s)
	}
	return nil
}

// bury takes away an instance that is no more. The caller who waits longest may start another in its place.
func (f *Function) bury(s *slot) {
	s.move(dead)
	delete(f.slots, s)
	if len(f.waiting) > 0 {
		f.next() <- f.newSlot()
	}
}

// next returns the turn of the caller who waits longest.
func (f *Function) next() chan *slot {
	turn := f.waiting[0]
	f.waiting = f.waiting[1:]
	return turn
}

// expire ends an instance that has been idle too long.
func (f *Function) expire(s *slot) {
	f.mu.Lock()
	i := slices.Index(f.idle, s)
	if i < 0 || f.ctx.Err() != nil { // it has got an event at the last moment, or is ended anyway
		f.mu.Unlock()
		return
	}
	f.idle = slices.Delete(f.idle, i, i+1)
	s.move(draining)
	delete(f.slots, s)
	f.drains.Add(1)
	f.mu.Unlock()
	defer f.drains.Done()
	s.instance.Close()
	f.mu.Lock()
	s.move(dead)
	f.mu.Unlock()
}
