package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// fakeRuntime starts instances that do what their event says, in the time of a bubble.
type fakeRuntime struct {
	start func(ctx context.Context, number int) error // nil: starts at once

	mu      sync.Mutex
	started []*fakeInstance
	busy    int
	most    int // busy at once
}

type fakeInstance struct {
	runtime *fakeRuntime
	number  int
	life    context.Context
	end     context.CancelFunc
}

func (r *fakeRuntime) Start(ctx context.Context, _ *journal.Record) (Instance, error) {
	r.mu.Lock()
	i := &fakeInstance{runtime: r, number: len(r.started) + 1}
	i.life, i.end = context.WithCancel(context.Background())
	r.started = append(r.started, i)
	r.mu.Unlock()
	if r.start != nil {
		if err := r.start(ctx, i.number); err != nil {
			i.end()
			return nil, err
		}
	}
	return i, nil
}

func (r *fakeRuntime) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.started)
}

// alive counts the instances that have not ended.
func (r *fakeRuntime) alive() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.started {
		if i.life.Err() == nil {
			n++
		}
	}
	return n
}

// Invoke takes an event such as "2s" or "2s die", and returns the instance's number.
func (i *fakeInstance) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	i.runtime.mu.Lock()
	i.runtime.busy++
	i.runtime.most = max(i.runtime.most, i.runtime.busy)
	i.runtime.mu.Unlock()
	defer func() {
		i.runtime.mu.Lock()
		i.runtime.busy--
		i.runtime.mu.Unlock()
	}()
	duration, what, _ := strings.Cut(string(c.Event), " ")
	d, err := time.ParseDuration(duration)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-i.life.Done():
		return nil, errors.New("the instance ended")
	}
	switch what {
	case "die":
		i.end()
		return nil, errors.New("the instance died")
	case "fail":
		return nil, errors.New("the function failed")
	}
	return fmt.Append(nil, i.number), nil
}

func (i *fakeInstance) Done() <-chan struct{} { return i.life.Done() }
func (i *fakeInstance) Close()                { time.Sleep(100 * time.Millisecond); i.end() }
func (i *fakeInstance) Kill()                 { i.end() }

func newRecord() *journal.Record {
	return journal.New(time.Now, nil).Begin("r-1", "f", "oAlice", "wx_client")
}

func newCall(event string) *Call {
	return &Call{RequestID: "r-1", Event: []byte(event), Environ: map[string]string{"WX_OPENID": "oAlice"}, Record: newRecord()}
}

// invoke calls f, and returns the result, or the failure's text.
func invoke(f *Function, event string) string {
	return invokeAs(context.Background(), f, event)
}

func invokeAs(ctx context.Context, f *Function, event string) string {
	result, err := f.Invoke(ctx, newCall(event))
	if err != nil {
		return err.Error()
	}
	return string(result)
}

// outcome is what a call that runs in the background has come to.
type outcome struct {
	text  string
	after time.Duration
}

func invokeLater(ctx context.Context, f *Function, event string) *outcome {
	o := &outcome{}
	begin := time.Now()
	go func() {
		o.text = invokeAs(ctx, f, event)
		o.after = time.Since(begin)
	}()
	synctest.Wait()
	return o
}

// settled checks that a function's books are in order when nothing runs.
func settled(t *testing.T, f *Function) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	assert.Empty(t, f.waiting)
	assert.Len(t, f.open, len(f.slots), "all are idle")
}

func TestTheLastUsedInstanceIsUsedNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{}
		f := New("f", r, 0, 0, 0)
		assert.Equal(t, "1", invoke(f, "1s"))
		assert.Equal(t, "1", invoke(f, "1s"))
		first, second := invokeLater(t.Context(), f, "2s"), invokeLater(t.Context(), f, "1s")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, "1", first.text)
		assert.Equal(t, "2", second.text)
		assert.Equal(t, "1", invoke(f, "1s"), "the one that was busy last")
		settled(t, f)
	})
}

func TestWhoWaitsIsServedInOrderAndLosesNoTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{}
		f := New("f", r, 3*time.Second, 0, 2)
		var calls []*outcome
		for range 6 {
			calls = append(calls, invokeLater(t.Context(), f, "2s"))
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		for i, c := range calls {
			assert.Contains(t, []string{"1", "2"}, c.text, "call %d", i)
			assert.Equal(t, time.Duration(i/2+1)*2*time.Second, c.after, "call %d: the wait is not of its 3 s", i)
		}
		assert.Equal(t, 2, r.count())
		settled(t, f)
	})
}

func TestAReleasedInstanceIsNotSnatchedFromWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := New("f", &fakeRuntime{}, 3*time.Second, 0, 1)
		eager := func() *outcome { // calls again the moment its call is over
			o := &outcome{}
			go func() {
				for range 3 {
					o.text = invoke(f, "1s")
				}
			}()
			synctest.Wait()
			return o
		}()
		patient := invokeLater(t.Context(), f, "1s")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.Equal(t, "1", eager.text)
		assert.Equal(t, 2*time.Second, patient.after, "after the one call that was there before it")
	})
}

func TestACallerWhoLeavesTheQueueHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := New("f", &fakeRuntime{}, 3*time.Second, 0, 1)
		running := invokeLater(t.Context(), f, "2s")
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		impatient := invokeLater(ctx, f, "1s")
		patient := invokeLater(t.Context(), f, "1s")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		assert.Equal(t, "the caller went away while all 1 instances were busy", impatient.text)
		assert.Equal(t, outcome{"1", 2 * time.Second}, *running)
		assert.Equal(t, outcome{"1", 3 * time.Second}, *patient)
		settled(t, f)
	})
}

func TestATurnThatComesTooLateIsPassedOn(t *testing.T) {
	t.Parallel()
	f := New("f", &fakeRuntime{}, 0, 0, 1)
	assert.Equal(t, "1", invoke(f, "0s"))
	s := f.take()
	for _, next := range []chan *slot{make(chan *slot, 1), nil} {
		turn := make(chan *slot, 1)
		f.waiting = []chan *slot{turn}
		f.free(s) // and at this moment the caller goes away
		if next != nil {
			f.waiting = []chan *slot{next}
		}
		f.leave(turn)
		if next != nil {
			assert.Same(t, s, <-next, "who comes after has it")
		}
	}
	settled(t, f)
}

func TestACallerWhoGoesAwayDoesNotStopItsInvocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := New("f", &fakeRuntime{}, 3*time.Second, 0, 1)
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		call := invokeLater(ctx, f, "2s")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, outcome{"1", 2 * time.Second}, *call)
	})
}

func TestWhatIsNoResultIsMadeOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		result, want string
		code         int
	}{
		"JSON as it is":         {result: "{ \"a\" : 1.0,\n\"b\":\"<\\u4f60>\"}", want: "{ \"a\" : 1.0,\n\"b\":\"<\\u4f60>\"}"},
		"nothing":               {result: "", want: "null"},
		"plain text":            {result: "hello, \"world\"", want: `"hello, \"world\""`},
		"1 MB":                  {result: strings.Repeat("1", 1<<20), want: strings.Repeat("1", 1<<20)},
		"a byte more than 1 MB": {result: strings.Repeat("1", 1<<20+1), want: "the result is 1048577 bytes; at most 1 MB (1048576 bytes) reach the caller", code: wxcloud.ResultSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := New("f", constant(c.result), 0, 0, 0)
			result, err := f.Invoke(t.Context(), &Call{Record: newRecord()})
			if c.code != 0 {
				assert.Equal(t, &Failure{Code: c.code, Message: c.want}, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, string(result))
		})
	}
}

// constant is a runtime whose instances always return the same.
type constant string

func (c constant) Start(context.Context, *journal.Record) (Instance, error) { return c, nil }
func (c constant) Invoke(context.Context, *Call) ([]byte, error)            { return []byte(c), nil }
func (constant) Done() <-chan struct{}                                      { return nil }
func (constant) Close()                                                     {}
func (constant) Kill()                                                      {}

func TestAFailureIsNoLongerThanPeopleRead(t *testing.T) {
	t.Parallel()
	err := asFailure(&Failure{Code: wxcloud.FunctionExecute, Message: strings.Repeat("长", 1<<20), Stack: strings.Repeat("x", 1<<20)}, newRecord())
	assert.LessOrEqual(t, len(err.Message), maxMessage+len("…"))
	assert.LessOrEqual(t, len(err.Stack), maxMessage+len("…"))
	assert.Equal(t, strings.Repeat("长", maxMessage/3)+"…", err.Message)
}

func TestAnInstanceIsEndedWhenItHasBeenIdleTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := New("f", &fakeRuntime{}, 3*time.Second, 0, 2)
		defer f.Close()
		assert.Equal(t, "1", invoke(f, "0s"))
		time.Sleep(idleTime - time.Second)
		assert.Equal(t, "1", invoke(f, "0s"), "a call keeps it")
		time.Sleep(idleTime - time.Second)
		assert.Equal(t, "1", invoke(f, "0s"))
		time.Sleep(idleTime + time.Second)
		synctest.Wait()
		assert.Equal(t, "2", invoke(f, "0s"), "another one is started")
		settled(t, f)
	})
}

func TestAnInstanceMakesNoOtherMovesThanTheLegalOnes(t *testing.T) {
	t.Parallel()
	legal := 0
	for from := starting; from <= dead; from++ {
		for to := starting; to <= dead; to++ {
			s := &slot{state: from}
			if slices.Contains(moves[from], to) {
				legal++
				assert.NotPanics(t, func() { s.move(to) })
				assert.Equal(t, to, s.state)
			} else {
				assert.PanicsWithValue(t, fmt.Sprintf("host: an instance cannot go from %s to %s", from, to), func() { s.move(to) })
			}
		}
	}
	assert.Equal(t, 8, legal)
}

// JSON is UTF-8, and a result that is none can be told from one with U+FFFD only before it is JSON.
func TestTextsAreUTF8(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "你好": "你好", "\ufffd": "\ufffd", "a\xff\xe4\xbdb": `a\xff\xe4\xbdb`} {
		assert.Equal(t, want, valid(text))
	}
}
