package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

func TestAFailedStartGivesItsPlaceToTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{start: func(_ context.Context, number int) error {
			time.Sleep(time.Second)
			if number <= 2 {
				return fmt.Errorf("start %d failed", number)
			}
			return nil
		}}
		f := New("f", r, 3*time.Second, 0, 1)
		first, second, third := invokeLater(t.Context(), f, "1s"), invokeLater(t.Context(), f, "1s"), invokeLater(t.Context(), f, "1s")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.Equal(t, outcome{"start 1 failed", 1 * time.Second}, *first)
		assert.Equal(t, outcome{"start 2 failed", 2 * time.Second}, *second)
		assert.Equal(t, outcome{"3", 4 * time.Second}, *third)
		settled(t, f)
	})
}

func TestAnInstanceThatEndedIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{}
		f := New("f", r, 3*time.Second, 0, 1)
		dying, waiting := invokeLater(t.Context(), f, "1s die"), invokeLater(t.Context(), f, "1s")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, "the instance died", dying.text)
		assert.Equal(t, "2", waiting.text, "who waits gets a new one")
		r.started[1].end()
		assert.Equal(t, "3", invoke(f, "1s"), "one that ended while idle is not used")
		assert.Equal(t, "the function failed", invoke(f, "1s fail"))
		assert.Equal(t, "3", invoke(f, "1s"), "a failure is not the instance's end")
		settled(t, f)
	})
}

func TestATimeoutEndsTheInstance(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]string{
		0:                       "Invoking task timed out after 3 seconds",
		time.Second:             "Invoking task timed out after 1 seconds",
		20 * time.Second:        "Invoking task timed out after 20 seconds",
		100 * time.Millisecond:  "Invoking task timed out after 0.1 seconds",
		1500 * time.Millisecond: "Invoking task timed out after 1.5 seconds",
	} {
		t.Run(timeout.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &fakeRuntime{}
				f := New("f", r, timeout, 0, 1)
				_, err := f.Invoke(t.Context(), &Call{Event: []byte("1h"), Record: newRecord()})
				assert.Equal(t, &Failure{Code: wxcloud.FunctionTimeout, Message: want}, err)
				assert.Zero(t, r.alive())
				assert.Equal(t, "2", invoke(f, "1ms"))
				settled(t, f)
			})
		})
	}
}

func TestCloseEndsWhatRunsWaitsAndStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		aborted := make(chan struct{})
		r := &fakeRuntime{start: func(ctx context.Context, number int) error {
			if number < 3 {
				return nil
			}
			<-ctx.Done()
			time.Sleep(time.Second) // to end what it has begun
			close(aborted)
			return ctx.Err()
		}}
		f := New("f", r, time.Minute, 0, 3)
		idle, running := invokeLater(t.Context(), f, "1s"), invokeLater(t.Context(), f, "1m")
		time.Sleep(2 * time.Second)
		busy, starting, waiting := invokeLater(t.Context(), f, "1m"), invokeLater(t.Context(), f, "1s"), invokeLater(t.Context(), f, "1s")
		assert.Equal(t, "1", idle.text)

		begin := time.Now()
		f.Close()
		assert.Equal(t, time.Second, time.Since(begin), "as long as the slowest takes")
		select {
		case <-aborted:
		default:
			t.Error("Close did not wait for the start to be over")
		}
		synctest.Wait()
		for _, o := range []*outcome{running, busy, starting, waiting} {
			assert.Equal(t, errStopped.Message, o.text)
		}
		assert.Zero(t, r.alive())
		assert.Equal(t, errStopped.Message, invoke(f, "1s"))
		assert.Equal(t, 3, r.count(), "nothing starts any more")
		f.Close() // again
	})
}

func TestAnInstanceThatIsReadyTooLateIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRuntime{start: func(context.Context, int) error { time.Sleep(time.Second); return nil }}
		f := New("f", r, 0, 0, 1)
		call := invokeLater(t.Context(), f, "1s")
		f.Close()
		assert.Zero(t, r.alive())
		synctest.Wait()
		assert.Equal(t, errStopped.Message, call.text)
	})
}

func TestInstancesAreCountedRightWhateverHappens(t *testing.T) {
	t.Parallel()
	const most = 4
	for seed := range uint64(30) {
		share := 1 + 2*int(seed%3)
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			r := &fakeRuntime{start: func(_ context.Context, number int) error {
				time.Sleep(time.Duration(number%3) * time.Millisecond)
				if number%5 == 0 {
					return errors.New("no start")
				}
				return nil
			}}
			f := New("f", r, 10*time.Millisecond, 0, most)
			f.Share(share)
			var all sync.WaitGroup
			for range 200 {
				event := fmt.Sprintf("%dms%s", random.IntN(12), []string{"", "", " die", " fail"}[random.IntN(4)])
				begin, patience := time.Duration(random.IntN(50))*time.Millisecond, time.Duration(random.IntN(100))*time.Millisecond
				all.Go(func() {
					time.Sleep(begin)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					invokeAs(ctx, f, event)
				})
			}
			all.Wait()
			assert.LessOrEqual(t, r.most, most*share)
			settled(t, f)
			f.Close()
			assert.Zero(t, r.alive())
		})
	}
}
