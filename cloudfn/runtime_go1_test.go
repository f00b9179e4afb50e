package cloudfn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

func TestAnInvocationIsWhatTheRequestSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		req  go1.InvokeRequest
		want Invocation
		vars map[string]string
	}{
		"from the variables": {
			go1.InvokeRequest{RequestId: "r-1", FunctionName: "code", MemoryLimitInMb: 256, Namespace: "env-2", TencentcloudRegion: "ap-shanghai",
				Environment: `{"WX_OPENID":"o","TCB_ENV":"env-1","SCF_NAMESPACE":"env-1","TENCENTCLOUD_REGION":"ap-beijing","N":1}`},
			Invocation{RequestID: "r-1", Function: "code", MemoryLimitMB: 256, OpenID: "o", Env: "env-1"},
			map[string]string{"SCF_NAMESPACE": "env-1", "TENCENTCLOUD_REGION": "ap-beijing", "N": "1"},
		},
		"from the request's own fields": {
			go1.InvokeRequest{Namespace: "env-2", TencentcloudRegion: "ap-shanghai"},
			Invocation{Env: "env-2"},
			map[string]string{"SCF_NAMESPACE": "env-2", "TENCENTCLOUD_REGION": "ap-shanghai"},
		},
		"nothing": {go1.InvokeRequest{Environment: "null"}, Invocation{}, map[string]string{"SCF_NAMESPACE": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &app{handler: handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
				inv, ok := FromContext(ctx)
				assert.True(t, ok)
				for key, value := range c.vars {
					assert.Equal(t, value, inv.Getenv(key), key)
				}
				seen := *inv
				seen.getenv = nil
				assert.Equal(t, c.want, seen)
				return nil, nil
			})}
			var resp go1.InvokeResponse
			require.NoError(t, a.invokeGo1(t.Context(), &c.req, &resp))
			assert.Equal(t, go1.InvokeResponse{}, resp)
		})
	}
}

func TestWhatAHandlerDoesIsTheResponse(t *testing.T) {
	t.Parallel()
	fails := func(e go1.ResponseError) *go1.InvokeResponse { return &go1.InvokeResponse{Error: &e} }
	for name, c := range map[string]struct {
		h    Handler
		req  go1.InvokeRequest
		want *go1.InvokeResponse
	}{
		"a result": {Func(same[any]), go1.InvokeRequest{Payload: []byte(`{"a":"<"}`)}, &go1.InvokeResponse{Payload: []byte(`{"a":"<"}`)}},
		"an error": {Func(func(context.Context, any) (any, error) { return nil, errors.New("sold out") }), go1.InvokeRequest{},
			fails(go1.ResponseError{Message: "sold out", Type: "errorString"})},
		"another event": {Func(same[event]), go1.InvokeRequest{Payload: []byte(`{"width":"x"}`)},
			fails(go1.ResponseError{Message: "event.width: cannot use string as int", Type: "EventError"})},
		"variables that are none": {Func(same[any]), go1.InvokeRequest{Environment: "["},
			fails(go1.ResponseError{Message: "cloudfn: the invocation's variables are not a JSON object: unexpected end of JSON input", Type: "wrapError"})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var resp go1.InvokeResponse
			require.NoError(t, (&app{handler: c.h}).invokeGo1(t.Context(), &c.req, &resp))
			assert.Equal(t, c.want, &resp)
		})
	}
}

func TestTheContextEndsWhenThePlatformStopsWaiting(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 600, time.UTC)
	deadline := go1.Timestamp{Seconds: at.Unix(), Nanos: 600}
	now := time.Now()
	for name, c := range map[string]struct {
		req            go1.InvokeRequest
		bounded        bool
		earliest, last time.Time
	}{
		"at the deadline":                   {go1.InvokeRequest{Deadline: deadline}, true, at, at},
		"at the deadline, not the limit":    {go1.InvokeRequest{Deadline: deadline, TimeLimitInMs: 1}, true, at, at},
		"after the limit, with no deadline": {go1.InvokeRequest{TimeLimitInMs: 3_600_000}, true, now.Add(time.Hour), now.Add(2 * time.Hour)},
		"never, with neither":               {go1.InvokeRequest{}, false, time.Time{}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var inside context.Context
			a := &app{handler: handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
				inside = ctx
				assert.NoError(t, ctx.Err())
				got, bounded := ctx.Deadline()
				assert.Equal(t, c.bounded, bounded)
				assert.False(t, got.Before(c.earliest) || got.After(c.last), got)
				return nil, nil
			})}
			require.NoError(t, a.invokeGo1(context.Background(), &c.req, &go1.InvokeResponse{}))
			assert.Equal(t, context.Canceled, inside.Err(), "and with the invocation at the latest")
		})
	}
	t.Run("which may have passed", func(t *testing.T) {
		t.Parallel()
		a := &app{handler: handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})}
		var resp go1.InvokeResponse
		require.NoError(t, a.invokeGo1(context.Background(), &go1.InvokeRequest{Deadline: go1.Timestamp{Seconds: 1}}, &resp))
		assert.Equal(t, "context deadline exceeded", resp.Error.Message)
	})
}

// Invocations that run at once, over one connection or over many, see their own
// variables, and nobody sees them in the process.
func TestInvocationsSeeOnlyTheirOwnVariables(t *testing.T) {
	t.Parallel()
	const calls = 64
	for _, connections := range []int{1, 8, 64} {
		t.Run(fmt.Sprintf("%d calls over %d connections", calls, connections), func(t *testing.T) {
			t.Parallel()
			var in sync.WaitGroup
			in.Add(calls)
			f := start(t, go1Environ, nil, Func(func(ctx context.Context, n int) (string, error) {
				in.Done()
				in.Wait() // goes on when all of them are in
				inv, _ := FromContext(ctx)
				_, leaked := os.LookupEnv("CLOUDFN_TEST_SECRET")
				return fmt.Sprint(n, inv.RequestID, inv.OpenID, inv.Getenv("CLOUDFN_TEST_SECRET"), leaked), nil
			}))
			clients := make([]*rpc.Client, connections)
			for i := range clients {
				conn, err := net.Dial("tcp", f.address)
				require.NoError(t, err)
				clients[i] = rpc.NewClient(conn)
				defer clients[i].Close()
			}
			pending := make([]*rpc.Call, calls)
			for i := range pending {
				pending[i] = clients[i%connections].Go("Function.Invoke", &go1.InvokeRequest{
					RequestId:   fmt.Sprint("r", i),
					Payload:     fmt.Append(nil, i),
					Environment: fmt.Sprintf(`{"WX_OPENID":"o%d","CLOUDFN_TEST_SECRET":"s%d"}`, i, i),
				}, &go1.InvokeResponse{}, nil)
			}
			for i, call := range pending {
				<-call.Done
				require.NoError(t, call.Error)
				want := fmt.Sprintf("%q", fmt.Sprint(i, fmt.Sprint("r", i), fmt.Sprint("o", i), fmt.Sprint("s", i), false))
				assert.Equal(t, want, string(call.Reply.(*go1.InvokeResponse).Payload))
			}
		})
	}
}

func TestAHandlerThatEndsItsGoroutineIsAnErrorAndNoHang(t *testing.T) {
	t.Parallel()
	f := start(t, go1Environ, nil, Func(func(context.Context, any) (any, error) {
		runtime.Goexit()
		return nil, nil
	}))
	c := f.client(t)
	for range 3 {
		resp, err := c.Invoke(t.Context(), &go1.InvokeRequest{})
		require.NoError(t, err)
		assert.Equal(t, &go1.InvokeResponse{Error: responseError(errGoexit)}, resp)
	}
}

func TestAFunctionGoesOnAfterAPanic(t *testing.T) {
	t.Parallel()
	f := start(t, go1Environ, nil, Func(func(_ context.Context, n int) (int, error) {
		if n == 0 {
			panic("zero")
		}
		return n, nil
	}))
	c := f.client(t)
	for _, n := range []string{"0", "1", "0", "2"} {
		resp, err := c.Invoke(t.Context(), &go1.InvokeRequest{Payload: []byte(n)})
		require.NoError(t, err)
		if n == "0" {
			require.NotNil(t, resp.Error)
			assert.Equal(t, "zero", resp.Error.Message)
			assert.True(t, resp.Error.ShouldExit)
			assert.True(t, strings.HasSuffix(resp.Error.StackTrace[0].Path, "/runtime_go1_test.go"))
		} else {
			assert.Equal(t, &go1.InvokeResponse{Payload: []byte(n)}, resp)
		}
	}
	assert.Equal(t, 2, strings.Count(f.stderr.String(), "panic: zero\n"))
}
