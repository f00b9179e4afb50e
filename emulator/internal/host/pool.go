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
	calls    int         // that it handles
	expiry   *time.Timer // ends it, while it is idle
	failure  error       // of a dead one that never was: why
}

// move changes the state of an instance. It is called under the lock.
func (s *slot) move(to state) {
	if !slices.Contains(moves[s.state], to) {
		panic(fmt.Sprintf("host: an instance cannot go from %s to %s", s.state, to))
	}
	s.state = to
}

// acquire returns an instance that has room, a new one, or the next that is released; it is busy then.
func (f *Function) acquire(ctx context.Context, rec *journal.Record) (*slot, error) {
	f.mu.Lock()
	if f.ctx.Err() != nil {
		f.mu.Unlock()
		return nil, errStopped
	}
	s := f.find()
	if s != nil {
		f.mu.Unlock()
		return f.begin(s, rec)
	}
	turn := make(chan *slot, 1)
	f.waiting = append(f.waiting, turn)
	f.mu.Unlock()
	select {
	case s = <-turn:
		return f.begin(s, rec)
	case <-ctx.Done():
		f.leave(turn)
		return nil, failed("the caller went away while all %d instances were busy", f.most())
	case <-f.ctx.Done():
		f.leave(turn)
		return nil, errStopped
	}
}

// begin makes of what a caller was given an instance that is running.
func (f *Function) begin(s *slot, rec *journal.Record) (*slot, error) {
	switch s.state {
	case starting:
		return f.start(s, rec)
	case dead:
		return nil, s.failure
	}
	return s, nil
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
		s.calls = 1
		s.move(busy)
		if s.calls < f.share {
			f.open = append(f.open, s)
		}
		f.dispatch()
		f.mu.Unlock()
		return s, nil
	}
	if stopped {
		err = errStopped
	}
	if f.share > 1 { // they waited for this one
		for len(f.waiting) > 0 {
			f.next() <- &slot{state: dead, failure: err}
		}
	}
	f.bury(s)
	f.mu.Unlock()
	if instance != nil {
		instance.Close()
	}
	return nil, err
}

// release takes back an instance that has one call less.
func (f *Function) release(s *slot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free(s)
}

// leave takes a caller out of the queue; one whose turn has come already passes it on.
func (f *Function) leave(turn chan *slot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.waiting, turn); i >= 0 {
		f.waiting = slices.Delete(f.waiting, i, i+1)
		return
	}
	switch s := <-turn; s.state {
	case starting:
		f.bury(s)
	case busy:
		f.free(s)
	}
}

// What follows is called under the lock.

// most returns how many instances there can be now; 0: no limit.
func (f *Function) most() int {
	if r, ok := f.runtime.(interface{ alone() bool }); ok && r.alone() {
		return 1
	}
	return f.max
}

// find returns an instance with room, or the place of a new one; nil where there is neither.
func (f *Function) find() *slot {
	if s := f.take(); s != nil {
		return s
	}
	if most := f.most(); most > 0 && len(f.slots) >= most {
		return nil
	}
	s := &slot{state: starting}
	f.slots[s] = struct{}{}
	return s
}

// take returns an instance with room, which has one call more now; nil where there is none.
func (f *Function) take() *slot {
	for len(f.open) > 0 {
		last := len(f.open) - 1
		s := f.open[last]
		if ended(s.instance) {
			f.open = f.open[:last]
			if s.calls == 0 { // else the last call buries it
				s.expiry.Stop()
				s.move(dead)
				delete(f.slots, s)
			}
			continue
		}
		if s.calls++; s.calls == 1 {
			s.expiry.Stop()
			s.move(busy)
		}
		if s.calls == f.share {
			f.open = f.open[:last]
		}
		return s
	}
	return nil
}

// free is release.
func (f *Function) free(s *slot) {
	full := s.calls == f.share
	s.calls--
	switch {
	case ended(s.instance):
		if s.calls == 0 {
			f.bury(s)
		}
		return
	case s.calls == 0:
		s.move(idle)
		s.expiry = time.AfterFunc(idleTime, func() { f.expire(s) })
	}
	if full {
		f.open = append(f.open, s)
	}
	f.dispatch()
}

// bury takes away an instance that is no more.
func (f *Function) bury(s *slot) {
	s.move(dead)
	delete(f.slots, s)
	f.shut(s)
	f.dispatch()
}

// shut has no further call come to an instance.
func (f *Function) shut(s *slot) {
	if i := slices.Index(f.open, s); i >= 0 {
		f.open = slices.Delete(f.open, i, i+1)
	}
}

// dispatch gives those who wait what there is for them, in their order.
func (f *Function) dispatch() {
	for len(f.waiting) > 0 {
		s := f.find()
		if s == nil {
			return
		}
		f.next() <- s
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
	if s.state != idle || f.ctx.Err() != nil { // it has got an event at the last moment, or is ended anyway
		f.mu.Unlock()
		return
	}
	f.shut(s)
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
