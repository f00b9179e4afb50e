// Package journal keeps the record of each invocation: made when a call arrives, written to by everything on its way.
package journal

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// MaxLine is the length of the longest line that a record holds, in bytes.
const MaxLine = 16 << 10

// The bounds of what is kept, so that no function can fill the memory.
const (
	maxRecords = 1000
	maxLines   = 1000      // of one invocation: the last ones
	maxOutput  = 256 << 10 // bytes of these lines
	maxCalls   = 1000      // of one invocation: the first ones
	maxText    = 4 << 10   // bytes of each text of a call
	maxCalled  = 256 << 10 // bytes of all texts of the calls
	maxError   = 256 << 10
)

// Record is what is known of one invocation. Its methods may be called at any time, also after its end.
type Record struct {
	RequestID string
	Function  string
	OpenID    string
	Source    string
	Start     time.Time

	mu   sync.Mutex
	end  time.Time
	cold bool
	err  string

	http       *Exchange
	event      string
	result     string
	buildError string
	lines      []Line
	printed    int // bytes in lines
	dropped    int // lines before the first one
	calls      []Call
	called     int // bytes in calls
	missed     int // bytes in their near misses

	journal   *Journal
	wide      []string          // secrets that are hidden in all records
	narrow    []string          // those that are hidden in this one, each with what stands in its place
	replacer  *strings.Replacer // of these; nil where there are none
	evicted   bool              // the journal keeps it no longer
	forgotten bool              // its secrets are hidden no longer
}

// Line is one line that a function printed.
type Line struct {
	Time   time.Time
	Stream string // stdout or stderr
	Text   string
}

// Call is one call that a function made.
type Call struct {
	Time    time.Time
	API     string
	Params  string
	Result  string // of a good end; bytes as their type and number
	ErrCode int
	ErrMsg  string
	RID     string // what errmsg ends with for the caller
	Advice  string
	// Stub answered in place of the API; NearMisses are the stubs that almost did, with why they did not.
	Stub       string
	NearMisses []string
	Duration   time.Duration
}

// Exchange is the HTTP request of an invocation, and its answer.
type Exchange struct {
	Method string
	Path   string // as the function sees it, with the query
	Status int    // 0 as long as there is no answer
}

// View is a record's content at one moment.
type View struct {
	RequestID string
	Function  string
	OpenID    string
	Source    string
	Start     time.Time
	Running   bool
	Duration  time.Duration
	ColdStart bool
	HTTP      *Exchange // of a function that serves HTTP
	Event     string    // what the function was called with, its start where it is long
	Result    string    // what it returned, likewise
	Error     string
	// BuildError is why the function that ran is not the newest.
	BuildError string
	Dropped    int // lines before the first one kept
	Output     []Line
	Calls      []Call
}

// Journal keeps the last records.
type Journal struct {
	now    func() time.Time
	notify func(*Record, Line)

	mu      sync.Mutex
	records []*Record // a ring
	next    int

	followers map[*follower]struct{}

	secrets secrets
}

// New returns an empty journal. onLine, if not nil, is called for every line that a function prints.
func New(now func() time.Time, onLine func(*Record, Line)) *Journal {
	return &Journal{now: now, notify: onLine, followers: map[*follower]struct{}{}}
}

// Redact hides secrets from now on: in all that records show, whoever's they are, [secret] stands in their place. That holds
// for parts of them where a line was cut, for their lines, and for their forms in JSON, in URLs and in base64.
func (j *Journal) Redact(secrets ...string) {
	for _, secret := range secrets {
		if len(secret) > 1 { // nothing is no secret
			j.secrets.hide(secret)
		}
	}
}

// Begin makes the record of an invocation.
func (j *Journal) Begin(requestID, function, openID, source string) *Record {
	r := &Record{RequestID: requestID, Function: function, OpenID: openID, Source: source, Start: j.now(), journal: j}
	j.keep(r)
	r.tell(Event{Type: Begin})
	return r
}

func (j *Journal) keep(r *Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.records) < maxRecords {
		j.records = append(j.records, r)
	} else {
		j.records[j.next].forget()
		j.records[j.next] = r
		j.next = (j.next + 1) % maxRecords
	}
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

// Redact hides secrets, as [Journal.Redact] does, for as long as the journal keeps the record. Short ones, which may be in
// any text, are hidden in this record only.
func (r *Record) Redact(secrets ...string) {
	r.mu.Lock()
	for _, secret := range secrets {
		switch {
		case len(secret) < 2, slices.Contains(r.wide, secret), slices.Contains(r.narrow, secret): // nothing is no secret
		case len(secret) < minWide:
			r.narrow = append(r.narrow, secret, hidden)
			r.replacer = strings.NewReplacer(r.narrow...)
		case !r.forgotten:
			r.journal.secrets.hide(secret)
			r.wide = append(r.wide, secret)
		}
	}
	exchange := r.http
	r.mu.Unlock()
	if exchange != nil { // which came before anyone knew
		path := r.Clean(exchange.Path, maxText)
		r.mu.Lock()
		r.http = &Exchange{Method: r.http.Method, Path: path, Status: r.http.Status}
		r.mu.Unlock()
	}
}

// forget makes the secrets of a record that is kept no longer plain texts again; those of an invocation that is running,
// when it ends.
func (r *Record) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.evicted = true; !r.end.IsZero() {
		r.release()
	}
}

// release is called under the lock.
func (r *Record) release() {
	r.journal.secrets.reveal(r.wide...)
	r.wide, r.forgotten = nil, true
}

// Clean returns a text that someone may see: without secrets, and then at most n bytes long.
func (r *Record) Clean(text string, n int) string {
	r.mu.Lock()
	replacer := r.replacer
	r.mu.Unlock()
	text = r.journal.secrets.replace(text)
	if replacer != nil {
		text = replacer.Replace(text)
	}
	return Cut(text, n)
}

// lookAhead is how far behind the place where a line is cut the end of a secret is looked for, in bytes.
const lookAhead = 1 << 10

// Fit returns where to cut a line that is longer than n bytes: at a whole character, and not within a secret.
func (r *Record) Fit(line []byte, n int) int {
	n = Fit(line, n)
	for _, found := range r.journal.secrets.find(string(line[:min(len(line), n+lookAhead)])) {
		if found.from < n && n < found.to {
			if found.from > 0 {
				return found.from
			}
			return found.to
		}
	}
	return n
}

// Requested notes an HTTP request; path has its query.
func (r *Record) Requested(method, path string) {
	exchange := &Exchange{Method: r.Clean(method, maxText), Path: r.Clean(path, maxText)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.http = exchange
}

// Answered notes the status of the answer.
func (r *Record) Answered(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.http = &Exchange{Method: r.http.Method, Path: r.http.Path, Status: status} // a view may have the other one
}

// Received notes the event.
func (r *Record) Received(event []byte) {
	text := r.Clean(string(event[:Fit(event, 2*maxText)]), maxText)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event = text
}

// Returned notes the result.
func (r *Record) Returned(result []byte) {
	text := r.Clean(string(result[:Fit(result, 2*maxText)]), maxText)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = text
}

// Print adds a line of output. A line that is longer than [MaxLine] is cut.
func (r *Record) Print(at time.Time, stream, text string) {
	line := Line{Time: at, Stream: stream, Text: r.Clean(text, MaxLine)}
	r.mu.Lock()
	r.lines = append(r.lines, line)
	r.printed += len(line.Text)
	if len(r.lines) > 2*maxLines || r.printed > 2*maxOutput { // in bulk, so that a line costs no copy of all
		r.trim()
	}
	r.mu.Unlock()
	if r.journal.notify != nil {
		r.journal.notify(r, line)
	}
	r.tell(Event{Type: Print, Line: &line})
}

// trim drops the first lines, so that the others are within the bounds. It is called under the lock.
func (r *Record) trim() {
	n := 0
	for len(r.lines)-n > maxLines || r.printed > maxOutput {
		r.printed -= len(r.lines[n].Text)
		n++
	}
	if n > 0 {
		r.dropped += n
		r.lines = append([]Line(nil), r.lines[n:]...)
	}
}

// Called adds a call that the function made.
func (r *Record) Called(c Call) {
	size := len(c.API)
	for _, text := range []*string{&c.Params, &c.Result, &c.ErrMsg, &c.Advice, &c.Stub} {
		*text = r.Clean(*text, maxText)
		size += len(*text)
	}
	c.NearMisses = slices.Clone(c.NearMisses) // they show values of parameters
	missed := 0
	for i, miss := range c.NearMisses {
		c.NearMisses[i] = r.Clean(miss, maxText)
		missed += len(c.NearMisses[i])
	}
	r.mu.Lock()
	if r.missed += missed; r.missed > maxCalled {
		c.NearMisses = nil // the calls themselves are worth more
	}
	if len(r.calls) < maxCalls && r.called+size <= maxCalled {
		r.calls = append(r.calls, c)
		r.called += size
	}
	r.mu.Unlock()
	r.tell(Event{Type: Called, Call: &c})
}

// ColdStart notes that the invocation had an instance started for it.
func (r *Record) ColdStart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cold = true
}

// BuildError notes why the function that runs is not the newest.
func (r *Record) BuildError(why string) {
	why = r.Clean(why, maxError)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buildError = why
}

// End closes the record; err is empty for a good end.
func (r *Record) End(at time.Time, err string) {
	err = r.Clean(err, maxError)
	r.mu.Lock()
	r.end, r.err = at, err
	if r.evicted {
		r.release()
	}
	r.mu.Unlock()
	r.tell(Event{Type: End})
}

// LastLines returns the texts of the last n lines of each stream, in the order in which they came, long ones cut. Of each,
// because what a crash says on stderr may arrive before the last of stdout. Where a Go program tells of a panic before
// those, n lines from there on stand in their place: the end of a stack says nothing.
func (r *Record) LastLines(n int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	streams := map[string][]int{} // where the lines of each are
	for i, l := range r.lines {
		streams[l.Stream] = append(streams[l.Stream], i)
	}
	var shown []int
	for _, lines := range streams {
		first := max(0, len(lines)-n)
		for i, line := range slices.Backward(lines) {
			if panicLine.MatchString(r.lines[line].Text) {
				first = min(first, i)
				break
			}
		}
		shown = append(shown, lines[first:min(first+n, len(lines))]...)
	}
	slices.Sort(shown)
	var texts []string
	for _, i := range shown {
		texts = append(texts, Cut(r.lines[i].Text, maxText))
	}
	return texts
}

// panicLine is how a Go program begins to tell of a panic, net/http with it.
var panicLine = regexp.MustCompile(`^(panic|fatal error): |\bhttp: panic serving `)

// View returns what the record holds now.
func (r *Record) View() View {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trim()
	v := View{RequestID: r.RequestID, Function: r.Function, OpenID: r.OpenID, Source: r.Source, Start: r.Start,
		Running: r.end.IsZero(), ColdStart: r.cold, HTTP: r.http, Event: r.event, Result: r.result, Error: r.err, BuildError: r.buildError, Dropped: r.dropped}
	v.Output = append([]Line{}, r.lines...)
	v.Calls = append([]Call{}, r.calls...)
	if !v.Running {
		v.Duration = r.end.Sub(r.Start)
	}
	return v
}

// Cut returns a text that is at most n bytes long, the mark of what was cut away not counted.
func Cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:Fit(text, n)] + "…"
}

// Fit returns the length of the longest start of text that is at most n bytes long and ends with a whole character.
func Fit[T string | []byte](text T, n int) int {
	if len(text) <= n {
		return len(text)
	}
	for end := n; end > n-utf8.UTFMax && end >= 0; end-- {
		if utf8.RuneStart(text[end]) {
			return end
		}
	}
	return n // no text at all
}
