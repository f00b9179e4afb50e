// Package journal keeps the record of each invocation: made when a call arrives, written to by everything on its way.
package journal

import (
	"sync"
	"time"
)

// The bounds of what is kept.
const (
	maxRecords = 1000
	maxLines   = 1000 // of one invocation: the last ones
	maxLine    = 16 << 10
	maxCalls   = 1000 // of one invocation: the first ones
	maxText    = 4 << 10
)

// Record is what is known of one invocation. Its methods may be called at any time, also after its end.
type Record struct {
	RequestID string
	Function  string
	OpenID    string
	Source    string
	Start     time.Time

	mu     sync.Mutex
	end    time.Time
	cold   bool
	err    string
	lines  []Line
	first  int // lines dropped
	calls  []Call
	notify func(*Record, Line)
}

// Line is one line that a function printed.
type Line struct {
	Time   time.Time `json:"time"`
	Stream string    `json:"stream"` // stdout or stderr
	Text   string    `json:"text"`
}

// Call is one call that a function made.
type Call struct {
	Time     time.Time     `json:"time"`
	API      string        `json:"api"`
	Params   string        `json:"params,omitempty"`
	ErrCode  int           `json:"errCode"`
	ErrMsg   string        `json:"errMsg,omitempty"`
	Advice   string        `json:"advice,omitempty"`
	Duration time.Duration `json:"duration"`
}

// View is a record's content at one moment.
type View struct {
	RequestID string        `json:"requestID"`
	Function  string        `json:"function"`
	OpenID    string        `json:"openid,omitempty"`
	Source    string        `json:"source"`
	Start     time.Time     `json:"start"`
	Running   bool          `json:"running"`
	Duration  time.Duration `json:"duration"`
	ColdStart bool          `json:"coldStart"`
	Error     string        `json:"error,omitempty"`
	Dropped   int           `json:"linesDropped,omitempty"` // lines before the first one kept
	Output    []Line        `json:"output"`
	Calls     []Call        `json:"calls"`
}

// Journal keeps the last records.
type Journal struct {
	now    func() time.Time
	notify func(*Record, Line)

	mu      sync.Mutex
	records []*Record // a ring
	next    int
}

// New returns an empty journal. onLine, if not nil, is called for every line that a function prints.
func New(now func() time.Time, onLine func(*Record, Line)) *Journal {
	return &Journal{now: now, notify: onLine}
}

// Begin makes the record of an invocation.
func (j *Journal) Begin(requestID, function, openID, source string) *Record {
	r := &Record{RequestID: requestID, Function: function, OpenID: openID, Source: source, Start: j.now(), notify: j.notify}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.records) < maxRecords {
		j.records = append(j.records, r)
	} else {
		j.records[j.next] = r
		j.next = (j.next + 1) % maxRecords
	}
	return r
}

// Find returns the record of a request id; nil where there is none, or none any more.
func (j *Journal) Find(requestID string) *Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.records {
		if r.RequestID == requestID {
			return r
		}
	}
	return nil
}

// All returns the records kept, oldest first.
func (j *Journal) All() []*Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append(append([]*Record{}, j.records[j.next:]...), j.records[:j.next]...)
}

// Print adds a line of output. A line that is too long is cut.
func (r *Record) Print(at time.Time, stream, text string) {
	line := Line{Time: at, Stream: stream, Text: cut(text, maxLine)}
	r.mu.Lock()
	r.lines = append(r.lines, line)
	if len(r.lines) > 2*maxLines { // in bulk, so that a line costs no copy of all
		r.first += len(r.lines) - maxLines
		r.lines = append([]Line(nil), r.lines[len(r.lines)-maxLines:]...)
	}
	r.mu.Unlock()
	if r.notify != nil {
		r.notify(r, line)
	}
}

// Called adds a call that the function made.
func (r *Record) Called(c Call) {
	c.Params = cut(c.Params, maxText)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.calls) < maxCalls {
		r.calls = append(r.calls, c)
	}
}

// ColdStart notes that the invocation had an instance started for it.
func (r *Record) ColdStart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cold = true
}

// End closes the record; err is empty for a good end.
func (r *Record) End(at time.Time, err string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end, r.err = at, err
}

// LastLines returns the texts of the last n lines of output.
func (r *Record) LastLines(n int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var texts []string
	for _, l := range r.lines[max(0, len(r.lines)-n):] {
		texts = append(texts, l.Text)
	}
	return texts
}

// View returns what the record holds now.
func (r *Record) View() View {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := View{RequestID: r.RequestID, Function: r.Function, OpenID: r.OpenID, Source: r.Source, Start: r.Start,
		Running: r.end.IsZero(), ColdStart: r.cold, Error: r.err, Dropped: r.first}
	lines := r.lines
	if drop := len(lines) - maxLines; drop > 0 {
		lines, v.Dropped = lines[drop:], v.Dropped+drop
	}
	v.Output = append([]Line{}, lines...)
	v.Calls = append([]Call{}, r.calls...)
	if !v.Running {
		v.Duration = r.end.Sub(r.Start)
	}
	return v
}

func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n] + "…"
}
