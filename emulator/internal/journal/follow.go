package journal

// Event is one thing that happened in an invocation.
type Event struct {
	// Type is begin, line, call or end; lost tells that a reader was too slow for Lost events.
	Type      string
	RequestID string
	Function  string
	Line      *Line
	Call      *Call
	// Invocation is what is known at a begin or an end.
	Invocation *View
	Lost       int
}

// The types of events.
const (
	Begin  = "begin"
	Print  = "line"
	Called = "call"
	End    = "end"
	Lost   = "lost"
)

// followerBuffer is how many events a follower may be behind; what comes then is lost to it, and nothing waits.
const followerBuffer = 4096

// follower is a reader of what happens.
type follower struct {
	events chan Event
	lost   int // since the last event, under the journal's lock
}

// Follow returns what happens from now on, until stop is called.
func (j *Journal) Follow() (events <-chan Event, stop func()) {
	f := &follower{events: make(chan Event, followerBuffer)}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.followers[f] = struct{}{}
	return f.events, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.followers, f)
	}
}

// publish tells the followers. It is called without the record's lock.
func (j *Journal) publish(event Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for f := range j.followers {
		if f.lost > 0 && len(f.events) < cap(f.events) {
			f.events <- Event{Type: Lost, Lost: f.lost}
			f.lost = 0
		}
		select {
		case f.events <- event:
		default:
			f.lost++
		}
	}
}

// following reports whether anyone reads, so that nothing is made for nobody.
func (j *Journal) following() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.followers) > 0
}

// tell publishes an event of the record.
func (r *Record) tell(event Event) {
	if !r.journal.following() {
		return
	}
	event.RequestID, event.Function = r.RequestID, r.Function
	if event.Type == Begin || event.Type == End {
		v := r.View()
		v.Output, v.Calls = []Line{}, []Call{} // they have been told one by one
		event.Invocation = &v
	}
	r.journal.publish(event)
}
