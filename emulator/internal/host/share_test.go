package host

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

func TestAnInstanceTakesAsManyCallsAsItShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{}
		f := New("f", r, 3*time.Second, 0, 2)
		f.Share(2)
		var calls []*outcome
		for range 5 {
			calls = append(calls, invokeLater(t.Context(), f, "1s"))
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		assert.Equal(t, []outcome{{"1", time.Second}, {"1", time.Second}, {"2", time.Second}, {"2", time.Second}},
			[]outcome{*calls[0], *calls[1], *calls[2], *calls[3]})
		assert.Equal(t, 2*time.Second, calls[4].after, "the fifth waits for a place")
		settled(t, f)
	})
}

func TestWhoComesDuringTheStartSharesTheInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{start: func(context.Context, int) error { time.Sleep(time.Second); return nil }}
		f := New("f", r, NoTimeout, 0, 1)
		f.Share(Unbounded)
		var calls []*outcome
		for range 100 {
			calls = append(calls, invokeLater(t.Context(), f, "1h"))
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		for _, c := range calls {
			assert.Equal(t, outcome{"1", time.Hour + time.Second}, *c)
		}
		settled(t, f)
	})
}

func TestWhoWaitsForASharedInstanceThatDoesNotStartFailsWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{start: func(_ context.Context, number int) error {
			time.Sleep(time.Second)
			if number == 1 {
				return errors.New("no start")
			}
			return nil
		}}
		f := New("f", r, 0, 0, 1)
		f.Share(Unbounded)
		first, second := invokeLater(t.Context(), f, "1s"), invokeLater(t.Context(), f, "1s")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, []outcome{{"no start", time.Second}, {"no start", time.Second}}, []outcome{*first, *second})
		assert.Equal(t, "2", invoke(f, "1s"), "the next call tries anew")
		settled(t, f)
	})
}

func TestATimeoutDoesNotEndAnInstanceThatOthersShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{}
		f := New("f", r, NoTimeout, 0, 1)
		f.Share(Unbounded)
		other := invokeLater(t.Context(), f, "1m")
		c := newCall("1h")
		c.Timeout = 15 * time.Second
		_, err := f.Invoke(t.Context(), c)
		assert.Equal(t, &Failure{Code: wxcloud.FunctionTimeout, Message: "Invoking task timed out after 15 seconds"}, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, outcome{"1", time.Minute}, *other)
		assert.Equal(t, 1, r.alive())
		settled(t, f)
	})
}

func TestASharedInstanceThatEndsIsBuriedByTheLastOfItsCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{}
		f := New("f", r, NoTimeout, 0, 1)
		f.Share(Unbounded)
		one, two := invokeLater(t.Context(), f, "1s die"), invokeLater(t.Context(), f, "1h")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, "the instance died", one.text)
		assert.Equal(t, "the instance ended", two.text)
		assert.Equal(t, "2", invoke(f, "1s"))
		settled(t, f)
	})
}

// lonely is a runtime that can have one instance only, until it knows better.
type lonely struct {
	fakeRuntime
	alike atomic.Bool
}

func (r *lonely) alone() bool { return !r.alike.Load() }

func (r *lonely) Start(ctx context.Context, rec *journal.Record) (Instance, error) {
	i, err := r.fakeRuntime.Start(ctx, rec)
	time.Sleep(time.Second)
	r.alike.Store(true)
	return i, err
}

func TestTheFirstInstanceIsStartedAloneWhereItHasToShowHowManyThereCanBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &lonely{}
		f := New("f", r, time.Minute, 0, 3)
		var calls []*outcome
		for range 3 {
			calls = append(calls, invokeLater(t.Context(), f, "10s"))
		}
		require.Equal(t, 1, r.count())
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, outcome{"1", 11 * time.Second}, *calls[0])
		assert.Equal(t, []time.Duration{12 * time.Second, 12 * time.Second}, []time.Duration{calls[1].after, calls[2].after})
		settled(t, f)
	})
}
