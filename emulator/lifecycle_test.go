package emulator

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

func TestAHandlerThatIsReplacedEndsWhatItHasBegun(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	begun, goOn := make(chan struct{}), make(chan struct{})
	e.Handle("f", handler(func(ctx context.Context) (any, error) {
		close(begun)
		<-goOn
		_, err := createQRCode(ctx)
		return "old", err
	}), "wxacode.createQRCode")
	old := make(chan string)
	go func() {
		result, err := e.As("oAlice").Invoke(context.Background(), "f", nil)
		if err != nil {
			old <- err.Error()
			return
		}
		old <- string(result.JSON)
	}()
	<-begun
	e.Handle("f", handler(func(ctx context.Context) (any, error) { return "new", nil }))
	result, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	assert.Equal(t, `"new"`, string(result.JSON))
	close(goOn)
	assert.Equal(t, `"old"`, <-old, "with the permissions that it had")
	e.replaced.Wait()
}

func TestAHandlerMayReplaceItself(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", handler(func(context.Context) (any, error) {
		e.Handle("f", handler(func(context.Context) (any, error) { return 2, nil }))
		return 1, nil
	}))
	for _, want := range []string{"1", "2", "2"} {
		result, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
		require.NoError(t, err)
		assert.Equal(t, want, string(result.JSON))
	}
}

func TestReplacingLosesNoCall(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("f", echo)
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := e.As("oAlice").Invoke(t.Context(), "f", nil); !assert.NoError(t, err) {
					return
				}
			}
		})
	}
	for range 200 {
		e.Handle("f", echo)
		runtime.Gosched()
	}
	close(stop)
	wait.Wait()
}

func TestCloseFailsWhatRuns(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	begun, ended := make(chan struct{}, 2), make(chan error, 2)
	wait := handler(func(ctx context.Context) (any, error) {
		begun <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, nil
	})
	failed := make(chan error, 2)
	for range 2 { // the first one is replaced while it runs
		e.Handle("f", wait)
		go func() {
			_, err := e.As("oAlice").Invoke(context.Background(), "f", nil)
			failed <- err
		}()
		<-begun
	}
	require.NoError(t, e.Close())
	for range 2 {
		assert.ErrorContains(t, <-failed, "the function was stopped: the emulator is closing")
		assert.ErrorIs(t, <-ended, context.Canceled)
	}
	e.Handle("late", echo)
	for _, name := range []string{"f", "late"} {
		_, err := e.As("oAlice").Invoke(t.Context(), name, nil)
		assert.ErrorContains(t, err, "the emulator is closing")
	}
	_, err := e.Listen()
	assert.EqualError(t, err, "the emulator is closed")
	require.NoError(t, e.Close())
}

func TestAFaultyConfigIsRefused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"emulator: MaxInstances is -1; give 1 or more, or 0 for 10":     {MaxInstances: -1},
		"emulator: Timeout is -1s; give a positive one, or 0 for 3 s":   {Timeout: -time.Second},
		"config: open /no/such/folder: no such file or directory; give": {Dir: "/no/such/folder"},
	} {
		_, err := New(c)
		assert.ErrorContains(t, err, want)
	}
}

func TestTheLogTellsWhatHappens(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := newEmulator(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	secrets := []string{e.Token()}
	e.Handle("f", handler(func(ctx context.Context) (any, error) {
		inv, _ := cloudfn.FromContext(ctx)
		for _, name := range []string{"TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN", "WX_API_TOKEN"} {
			secrets = append(secrets, inv.Getenv(name))
		}
		_ = openapi.CallFunction(ctx, "none", nil, nil)
		return createQRCode(ctx)
	}))
	_, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.Error(t, err)
	assert.Regexp(t, `level=WARN msg="wxacode.createQRCode failed: -604101 function has no permission to call this API" function=f request_id=\S+ duration=\S+ cold=true advice="add `, log.String())
	assert.Regexp(t, `level=ERROR msg="errCode: -504002 functions execute fail | errMsg: errCode: -604101 `, log.String())
	journal := ask(e, http.MethodGet, "/_wxfn/journal", "", "Authorization", "Bearer "+e.Token())
	assert.Contains(t, journal.Body.String(), "wxacode.createQRCode")
	for _, secret := range secrets {
		require.NotEmpty(t, secret)
		assert.NotContains(t, log.String()+journal.Body.String()+err.Error(), secret)
	}
}
