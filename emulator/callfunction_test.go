package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

func TestAFunctionCallsAnotherOne(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	type who struct {
		OpenID, UnionID, Source string
		Event                   json.RawMessage
	}
	e.Handle("inner", cloudfn.Func(func(ctx context.Context, event json.RawMessage) (who, error) {
		inv, _ := cloudfn.FromContext(ctx)
		return who{inv.OpenID, inv.UnionID, inv.Source, event}, nil
	}))
	e.Handle("middle", cloudfn.Func(func(ctx context.Context, event map[string]any) (result any, err error) {
		delete(event, "userInfo")
		return result, openapi.CallFunction(ctx, "inner", event, &result)
	}))
	e.Handle("outer", cloudfn.Func(func(ctx context.Context, event map[string]any) (result any, err error) {
		delete(event, "userInfo")
		return result, openapi.CallFunction(ctx, "middle", event, &result)
	}))
	for name, source := range map[string]string{"inner": "wx_client", "middle": "wx_client,scf", "outer": "wx_client,scf,scf"} {
		result, err := e.As("oAlice").WithUnionID("uAlice").Invoke(t.Context(), name, map[string]any{"n": 12345678901234567})
		require.NoError(t, err)
		var got who
		require.NoError(t, result.Decode(&got))
		assert.Equal(t, []string{"oAlice", "uAlice", source}, []string{got.OpenID, got.UnionID, got.Source})
	}

	e.Handle("broken", handler(func(context.Context) (any, error) { return nil, errors.New("boom") }))
	for callee, want := range map[string]string{
		"broken": "callFunction:fail errCode: -504002 functions execute fail | errMsg: boom",
		"none":   `callFunction:fail errCode: -501000 | errMsg: FunctionName parameter could not be found: there is no function "none"; there are: broken, caller, inner, middle, outer`,
	} {
		e.Handle("caller", handler(func(ctx context.Context) (any, error) {
			err := openapi.CallFunction(ctx, callee, nil, nil)
			assert.ErrorIs(t, err, openapi.CodeUnknown)
			assert.EqualError(t, err, want)
			return nil, nil
		}))
		_, err := e.As("oAlice").Invoke(t.Context(), "caller", nil)
		require.NoError(t, err)
	}
}

func TestAFunctionWaitsForAnotherNoLongerThanItHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Config{})
		left := make(chan time.Duration, 1)
		e.Handle("slow", handler(func(ctx context.Context) (any, error) { time.Sleep(2900 * time.Millisecond); return nil, nil }))
		e.Handle("impatient", handler(func(ctx context.Context) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			begin := time.Now()
			err := openapi.CallFunction(ctx, "slow", nil, nil)
			left <- time.Since(begin)
			return nil, err
		}))
		_, err := e.As("oAlice").Invoke(t.Context(), "impatient", nil)
		assert.ErrorContains(t, err, "context deadline exceeded")
		assert.ErrorIs(t, err, openapi.CodeFunctionExecute)
		assert.Equal(t, time.Second, <-left)
		time.Sleep(time.Minute) // let the slow one end
	})
}

func TestARecursionComesToAnEnd(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	e.Handle("again", handler(func(ctx context.Context) (any, error) { return nil, openapi.CallFunction(ctx, "again", nil, nil) }))
	_, err := e.As("oAlice").Invoke(t.Context(), "again", nil)
	assert.ErrorContains(t, err, "functions call each other 32 deep, and wxfn stops here; does again call itself?")
	assert.Len(t, e.journal.All(), 33)
}

func TestTheWayToThePlatformInThisProcess(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{})
	d := direct{e.platform}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, directURL, nil)
	require.NoError(t, err)
	resp, err := d.RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "200 OK", resp.Status)
	assert.Contains(t, resp.Header.Get("Content-Type"), "application/json")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.RoundTrip(r.WithContext(ctx))
	assert.ErrorIs(t, err, context.Canceled)
}
