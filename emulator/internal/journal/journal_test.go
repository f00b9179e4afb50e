package journal_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newJournal() *journal.Journal { return journal.New(func() time.Time { return start }, nil) }

func begin(j *journal.Journal, id string) *journal.Record {
	return j.Begin(id, "f", "oAlice", "wx_client")
}

func TestARecordTellsWhatWasWrittenToIt(t *testing.T) {
	t.Parallel()
	var noticed []string
	j := journal.New(func() time.Time { return start }, func(r *journal.Record, l journal.Line) { noticed = append(noticed, r.RequestID+" "+l.Text) })
	r := begin(j, "r-1")
	assert.Equal(t, journal.View{RequestID: "r-1", Function: "f", OpenID: "oAlice", Source: "wx_client", Start: start, Running: true,
		Output: []journal.Line{}, Calls: []journal.Call{}}, r.View())
	r.ColdStart()
	r.Print(start, "stdout", "one")
	r.Print(start, "stderr", "two")
	r.Called(journal.Call{API: "wxacode.createQRCode", Params: "{}"})
	r.End(start.Add(time.Second), errors.New("no good").Error())
	r.Print(start, "stdout", "after the end")
	v := r.View()
	assert.True(t, v.ColdStart)
	assert.False(t, v.Running)
	assert.Equal(t, time.Second, v.Duration)
	assert.Equal(t, "no good", v.Error)
	assert.Equal(t, []journal.Line{{start, "stdout", "one"}, {start, "stderr", "two"}, {start, "stdout", "after the end"}}, v.Output)
	assert.Equal(t, []journal.Call{{API: "wxacode.createQRCode", Params: "{}"}}, v.Calls)
	assert.Equal(t, []string{"r-1 one", "r-1 two", "r-1 after the end"}, noticed)
}

func TestTheLastLinesAreThoseOfEachStream(t *testing.T) {
	t.Parallel()
	r := begin(newJournal(), "r-1")
	assert.Empty(t, r.LastLines(10))
	for i, stream := range []string{"stderr", "stdout", "stdout", "stdout", "stderr"} {
		r.Print(start, stream, fmt.Sprint(i))
	}
	assert.Equal(t, []string{"3", "4"}, r.LastLines(1))
	assert.Equal(t, []string{"0", "2", "3", "4"}, r.LastLines(2))
	assert.Len(t, r.LastLines(10), 5)
	r.Print(start, "stdout", strings.Repeat("x", 10_000))
	assert.Equal(t, strings.Repeat("x", 4096)+"…", r.LastLines(1)[1])
}

func TestTheLastLinesBeginWithAPanic(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string // of stderr; "" stands for ten of a stack
		n     int
		want  []string
	}{
		"of a handler":         {[]string{"a", "2026/01/02 03:04:05 http: panic serving 127.0.0.1:1: no", "b", "", "c"}, 3, []string{"2026/01/02 03:04:05 http: panic serving 127.0.0.1:1: no", "b", "stack"}},
		"the last one":         {[]string{"panic: first", "", "panic: second", "", ""}, 2, []string{"panic: second", "stack"}},
		"among the last lines": {[]string{"a", "b", "panic: no", "c"}, 3, []string{"b", "panic: no", "c"}},
		"no panic":             {[]string{"no panic: here", "", "c"}, 2, []string{"stack", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := begin(newJournal(), "r-1")
			r.Print(start, "stdout", "panic: on the other stream")
			for _, line := range c.lines {
				if line != "" {
					r.Print(start, "stderr", line)
					continue
				}
				for range 10 {
					r.Print(start, "stderr", "stack")
				}
			}
			assert.Equal(t, append([]string{"panic: on the other stream"}, c.want...), r.LastLines(c.n))
		})
	}
}

func TestAJournalKeepsTheLastRecords(t *testing.T) {
	t.Parallel()
	j := newJournal()
	const n = 2345
	for i := range n {
		begin(j, fmt.Sprint(i))
	}
	all := j.All()
	require.Len(t, all, 1000)
	for i, r := range all {
		assert.Equal(t, fmt.Sprint(n-1000+i), r.RequestID)
	}
	assert.Nil(t, j.Find(fmt.Sprint(n-1001)))
	assert.Same(t, all[0], j.Find(fmt.Sprint(n-1000)))
}

func TestARecordKeepsTheLastLines(t *testing.T) {
	t.Parallel()
	r := begin(newJournal(), "r-1")
	for i := range 2500 {
		r.Print(start, "stdout", fmt.Sprint(i))
		if i%99 != 0 {
			continue // a look at the record must not matter
		}
		v := r.View()
		kept := min(i+1, 1000)
		require.Len(t, v.Output, kept)
		require.Equal(t, i+1-kept, v.Dropped)
		require.Equal(t, fmt.Sprint(i), v.Output[kept-1].Text)
	}
}

func TestARecordKeepsTheFirstCalls(t *testing.T) {
	t.Parallel()
	r := begin(newJournal(), "r-1")
	for i := range 1500 {
		r.Called(journal.Call{API: fmt.Sprint(i), Params: "{}"})
	}
	calls := r.View().Calls
	require.Len(t, calls, 1000)
	assert.Equal(t, "999", calls[999].API)
}

func TestAJournalMayBeUsedByAllAtOnce(t *testing.T) {
	t.Parallel()
	j := newJournal()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 300 {
				r := begin(j, fmt.Sprint(i, n))
				all.Go(func() { r.Print(start, "stdout", "late") })
				r.Called(journal.Call{})
				r.End(start, "")
				r.View()
				if n%50 == 0 {
					for _, r := range j.All() {
						r.View()
					}
				}
				j.Find("0 0")
			}
		})
	}
	all.Wait()
	assert.Len(t, j.All(), 1000)
}

func TestTextsAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"", 0, ""}, {"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"长长", 3, "长…"}, {"长长", 4, "长…"}, {"长长", 5, "长…"}, {"长长", 6, "长长"},
		{"😀", 3, "…"}, {"a", 0, "…"}, {"\x80\x80\x80\x80\x80\x80", 5, "\x80\x80\x80\x80\x80…"},
	} {
		assert.Equal(t, c.want, journal.Cut(c.text, c.n), "%q %d", c.text, c.n)
	}
}

// FuzzBounds checks that no function can fill the memory, whatever it prints and calls.
func FuzzBounds(f *testing.F) {
	f.Add("a line", 1, 10)
	f.Add(strings.Repeat("长", 10_000), 3, 500)
	f.Add("\xff\xfe", 20_000, 2500)
	f.Add("", 0, 3000)
	f.Fuzz(func(t *testing.T, text string, repeat, lines int) {
		if repeat < 0 || lines < 0 || lines > 3000 || repeat > 100_000/(len(text)+1) {
			t.Skip()
		}
		text = strings.Repeat(text, repeat)
		valid := utf8.ValidString(text)
		r := begin(newJournal(), "r-1")
		for range lines {
			r.Print(start, "stdout", text)
			r.Called(journal.Call{API: "a", Params: text, ErrMsg: text, Advice: text})
		}
		r.End(start, text)
		v := r.View()
		assert.Equal(t, lines, v.Dropped+len(v.Output), "no line is forgotten in the count")
		assert.LessOrEqual(t, len(v.Output), 1000)
		assert.LessOrEqual(t, len(v.Calls), 1000)
		if lines > 0 {
			assert.NotEmpty(t, v.Output)
			assert.NotEmpty(t, v.Calls)
		}
		size := len(v.Error)
		for _, l := range v.Output {
			size += len(l.Text)
			kept, cut := strings.CutSuffix(l.Text, "…")
			if len(kept) > journal.MaxLine || !strings.HasPrefix(text, kept) || valid && !utf8.ValidString(l.Text) || !cut && l.Text != text {
				t.Fatalf("%q was kept as %q", text, l.Text)
			}
		}
		for _, c := range v.Calls {
			size += len(c.API) + len(c.Params) + len(c.ErrMsg) + len(c.Advice)
		}
		assert.LessOrEqual(t, size, 1<<20)
	})
}
