package go1_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

// roomy is a limit that no test reaches by accident.
const roomy = 1 << 20

func echo(_ context.Context, req *go1.InvokeRequest, resp *go1.InvokeResponse) error {
	resp.Payload = req.Payload
	return nil
}

// serve runs a server on a loopback port until the test ends.
func serve(t testing.TB, h go1.Handler) (*go1.Server, string) {
	t.Helper()
	l := listen(t)
	s := go1.NewServer(h)
	var served sync.WaitGroup
	served.Go(func() { assert.NoError(t, s.Serve(l)) })
	t.Cleanup(func() {
		assert.NoError(t, s.Shutdown(context.Background()))
		served.Wait()
	})
	return s, l.Addr().String()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func newClient(t testing.TB, address string) *go1.Client {
	t.Helper()
	return go1.NewClient(dial(t, address), roomy)
}

// Function is a function as Tencent's library registers it with net/rpc.
type Function struct{ handle go1.Handler }

func (f *Function) Ping(_ *go1.PingRequest, _ *go1.PingResponse) error { return nil }

func (f *Function) Invoke(req *go1.InvokeRequest, resp *go1.InvokeResponse) error {
	return f.handle(context.Background(), req, resp)
}

// serveRPC is serve with net/rpc in the place of Server.
func serveRPC(t testing.TB, h go1.Handler) string {
	t.Helper()
	server := rpc.NewServer()
	require.NoError(t, server.Register(&Function{h}))
	l := listen(t)
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go server.ServeConn(conn)
		}
	})
	t.Cleanup(func() { l.Close(); served.Wait() })
	return l.Addr().String()
}

// full has every field set.
var full = go1.InvokeRequest{
	Payload: []byte(`{"width":430}`), RequestId: "r-1", TraceId: "t-1",
	Deadline:              go1.Timestamp{Seconds: 1700000000, Nanos: 5},
	InvokedFunctionUnique: "u", ClientContext: []byte("{}"), Namespace: "env-1",
	FunctionName: "code", FunctionVersion: "$LATEST", MemoryLimitInMb: 256, TimeLimitInMs: 3000,
	Environment: `{"WX_OPENID":"o-1"}`, TencentcloudRegion: "ap-shanghai",
	TencentcloudAppID: "1250000000", TencentcloudUin: "100", FunctionTrace: "x",
}

var failure = go1.InvokeResponse{Error: &go1.ResponseError{
	Message: "index out of range", Type: "boundsError", ShouldExit: true,
	StackTrace: []*go1.StackFrame{{Path: "main/main.go", Line: 12, Label: "handle"}, {Path: "main/main.go", Line: 3, Label: "main"}},
}}

// Each end works with itself and with net/rpc at the other end.
func TestTheWireIsNetRPC(t *testing.T) {
	t.Parallel()
	record := func(_ context.Context, req *go1.InvokeRequest, resp *go1.InvokeResponse) error {
		switch req.RequestId {
		case "fail":
			*resp = failure
		case "refuse":
			return errors.New("not today")
		default:
			assert.Equal(t, full, *req)
			resp.Payload = []byte("done")
		}
		return nil
	}
	_, ours := serve(t, record)
	theirs := serveRPC(t, record)

	type caller func(method string, req, resp any) error
	client := func(address string) caller {
		c := newClient(t, address)
		return func(method string, req, resp any) error {
			if method == "Function.Ping" {
				return c.Ping(t.Context())
			}
			got, err := c.Invoke(t.Context(), req.(*go1.InvokeRequest))
			if err == nil {
				*resp.(*go1.InvokeResponse) = *got
			}
			return err
		}
	}
	rpcClient := func(address string) caller {
		c := rpc.NewClient(dial(t, address))
		t.Cleanup(func() { c.Close() })
		return c.Call
	}
	for name, call := range map[string]caller{
		"Client to Server":   client(ours),
		"Client to net/rpc":  client(theirs),
		"net/rpc to Server":  rpcClient(ours),
		"net/rpc to net/rpc": rpcClient(theirs),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, call("Function.Ping", &go1.PingRequest{}, &go1.PingResponse{}))
			for range 2 { // the second time without gob's type descriptions
				var done, failed, refused go1.InvokeResponse
				require.NoError(t, call("Function.Invoke", &full, &done))
				assert.Equal(t, go1.InvokeResponse{Payload: []byte("done")}, done)
				require.NoError(t, call("Function.Invoke", &go1.InvokeRequest{RequestId: "fail"}, &failed))
				assert.Equal(t, failure, failed)
				assert.ErrorContains(t, call("Function.Invoke", &go1.InvokeRequest{RequestId: "refuse"}, &refused), "not today")
			}
			require.NoError(t, call("Function.Ping", &go1.PingRequest{}, &go1.PingResponse{}))
		})
	}
}

func TestAnUnknownMethodIsRefusedAndTheConnectionGoesOn(t *testing.T) {
	t.Parallel()
	_, address := serve(t, echo)
	c := rpc.NewClient(dial(t, address))
	defer c.Close()
	for _, method := range []string{"Function.Nope", "Arith.Multiply", "", "Invoke"} {
		err := c.Call(method, &full, nil)
		assert.Equal(t, rpc.ServerError("rpc: can't find method "+method), err)
	}
	var resp go1.InvokeResponse
	require.NoError(t, c.Call("Function.Invoke", &full, &resp))
	assert.Equal(t, full.Payload, resp.Payload)
}

func TestAnErrorWithoutATextIsOneStill(t *testing.T) {
	t.Parallel()
	_, address := serve(t, func(context.Context, *go1.InvokeRequest, *go1.InvokeResponse) error { return errors.New("") })
	_, err := newClient(t, address).Invoke(t.Context(), &full)
	assert.Equal(t, go1.ServerError("go1: the call failed"), err)
}

func TestCallsOnOneConnectionRunAtOnce(t *testing.T) {
	t.Parallel()
	const calls = 64
	var in sync.WaitGroup
	in.Add(calls)
	_, address := serve(t, func(ctx context.Context, req *go1.InvokeRequest, resp *go1.InvokeResponse) error {
		in.Done()
		in.Wait() // ends only when all the calls are in
		return echo(ctx, req, resp)
	})
	c := rpc.NewClient(dial(t, address))
	defer c.Close()
	pending := make([]*rpc.Call, calls)
	for i := range pending {
		req := &go1.InvokeRequest{Payload: []byte(strconv.Itoa(i))}
		pending[i] = c.Go("Function.Invoke", req, &go1.InvokeResponse{}, nil)
	}
	for i, call := range pending {
		<-call.Done
		require.NoError(t, call.Error)
		assert.Equal(t, strconv.Itoa(i), string(call.Reply.(*go1.InvokeResponse).Payload))
	}
}

func TestAPingIsAnsweredDuringAnInvocation(t *testing.T) {
	t.Parallel()
	in, release := make(chan struct{}), make(chan struct{})
	_, address := serve(t, func(context.Context, *go1.InvokeRequest, *go1.InvokeResponse) error {
		close(in)
		<-release
		return nil
	})
	c := rpc.NewClient(dial(t, address))
	defer c.Close()
	call := c.Go("Function.Invoke", &full, &go1.InvokeResponse{}, nil)
	<-in
	require.NoError(t, c.Call("Function.Ping", &go1.PingRequest{}, &go1.PingResponse{}))
	close(release)
	<-call.Done
	require.NoError(t, call.Error)
	assert.Equal(t, &go1.InvokeResponse{}, call.Reply)
}

func TestAHandlerThatEndsItsGoroutineIsAnswered(t *testing.T) {
	t.Parallel()
	_, address := serve(t, func(_ context.Context, _ *go1.InvokeRequest, resp *go1.InvokeResponse) error {
		*resp = failure
		runtime.Goexit()
		return nil
	})
	c := newClient(t, address)
	for range 3 {
		resp, err := c.Invoke(t.Context(), &full)
		require.NoError(t, err)
		assert.Equal(t, &failure, resp)
	}
}

func TestWhatIsNotACallEndsItsOwnConnectionOnly(t *testing.T) {
	t.Parallel()
	_, address := serve(t, echo)
	good := newClient(t, address)
	require.NoError(t, good.Ping(t.Context()))
	for name, sent := range map[string]string{
		"http":      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"zeros":     strings.Repeat("\x00", 64),
		"ones":      strings.Repeat("\xff", 64),
		"huge size": "\xf8\x7f\xff\xff\xff\xff\xff\xff\xff",
		"2 GB":      "\xfc\x7f\xff\xff\xff" + strings.Repeat("x", 1000),
	} {
		bad := dial(t, address)
		_, err := io.WriteString(bad, sent)
		require.NoError(t, err)
		require.NoError(t, bad.(*net.TCPConn).CloseWrite())
		_, err = bad.Read(make([]byte, 1))
		assert.Error(t, err, name)
		require.NoError(t, good.Ping(t.Context()), name)
	}
}

func TestABodyOfAnotherShapeIsToldAndEndsTheConnection(t *testing.T) {
	t.Parallel()
	_, address := serve(t, echo)
	c := rpc.NewClient(dial(t, address))
	defer c.Close()
	err := c.Call("Function.Invoke", struct{ Payload int }{1}, &go1.InvokeResponse{})
	assert.ErrorContains(t, err, "gob")
	assert.Error(t, c.Call("Function.Ping", &go1.PingRequest{}, &go1.PingResponse{}))
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (s *go1.Server, address string, release chan struct{}, answer chan error) {
		in := make(chan struct{})
		release, answer = make(chan struct{}), make(chan error, 1)
		s, address = serve(t, func(ctx context.Context, _ *go1.InvokeRequest, _ *go1.InvokeResponse) error {
			close(in)
			select {
			case <-release:
			case <-ctx.Done():
			}
			return ctx.Err()
		})
		c := newClient(t, address)
		go func() {
			_, err := c.Invoke(context.Background(), &full)
			answer <- err
		}()
		<-in
		return s, address, release, answer
	}
	t.Run("waits until the running invocation is answered", func(t *testing.T) {
		t.Parallel()
		s, address, release, answer := start(t)
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(context.Background()) }()
		refused(t, address)
		select {
		case err := <-down:
			t.Fatalf("Shutdown did not wait: %v", err)
		default:
		}
		close(release)
		assert.NoError(t, <-answer)
		assert.NoError(t, <-down)
	})
	t.Run("gives up when its context ends", func(t *testing.T) {
		t.Parallel()
		s, _, _, answer := start(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		assert.ErrorIs(t, s.Shutdown(ctx), context.Canceled)
		assert.Error(t, <-answer)
	})
	t.Run("refuses further invocations on open connections", func(t *testing.T) {
		t.Parallel()
		s, address, release, answer := start(t)
		second := newClient(t, address)
		require.NoError(t, second.Ping(t.Context()))
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(context.Background()) }()
		refused(t, address)
		_, err := second.Invoke(t.Context(), &full)
		var refusal go1.ServerError
		require.ErrorAs(t, err, &refusal)
		assert.EqualError(t, err, "go1: the function refused the call: go1: the function is stopping")
		close(release)
		assert.NoError(t, <-answer)
		assert.NoError(t, <-down)
		assert.Error(t, second.Ping(t.Context()))
	})
	t.Run("is final", func(t *testing.T) {
		t.Parallel()
		s := go1.NewServer(echo)
		require.NoError(t, s.Shutdown(context.Background()))
		require.NoError(t, s.Shutdown(context.Background()))
		assert.NoError(t, s.Serve(listen(t)))
		near, far := net.Pipe()
		s.ServeConn(far)
		_, err := near.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
	})
}

// refused waits until nothing accepts connections at address.
func refused(t *testing.T, address string) {
	t.Helper()
	for t.Context().Err() == nil {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
	}
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	t.Parallel()
	l := listen(t)
	require.NoError(t, l.Close())
	assert.ErrorIs(t, go1.NewServer(echo).Serve(l), net.ErrClosed)
}

// A server with a key answers nobody who does not begin with it, and then everything.
func TestServerRequiresItsKey(t *testing.T) {
	t.Parallel()
	l := listen(t)
	s := go1.NewServer(echo)
	s.RequireKey("open sesame")
	go s.Serve(l)
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	address, ctx := l.Addr().String(), t.Context()
	for name, try := range map[string]func(*go1.Client) error{
		"a ping":      func(c *go1.Client) error { return c.Ping(ctx) },
		"a wrong key": func(c *go1.Client) error { return c.Unlock(ctx, "open barley") },
		"no key":      func(c *go1.Client) error { return c.Unlock(ctx, "") },
		"an event": func(c *go1.Client) error {
			_, err := c.Invoke(ctx, &go1.InvokeRequest{Payload: []byte("1")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, address)
			assert.ErrorContains(t, try(c), "the function is its emulator's alone")
			assert.Error(t, c.Unlock(ctx, "open sesame"), "the connection is closed")
		})
	}
	c := newClient(t, address)
	require.NoError(t, c.Unlock(ctx, "open sesame"))
	for _, payload := range []string{"1", "2"} {
		resp, err := c.Invoke(ctx, &go1.InvokeRequest{Payload: []byte(payload)})
		require.NoError(t, err)
		assert.Equal(t, payload, string(resp.Payload))
	}
	require.NoError(t, c.Ping(ctx))
	large := newClient(t, address)
	_, err := large.Invoke(ctx, &go1.InvokeRequest{Payload: make([]byte, 1<<20)})
	assert.Error(t, err)
}

// A function without a key, and net/rpc, take a key for any ping.
func TestKeyIsNoBurden(t *testing.T) {
	t.Parallel()
	_, address := serve(t, echo)
	c := newClient(t, address)
	require.NoError(t, c.Unlock(t.Context(), "any"))
	require.NoError(t, c.Ping(t.Context()))
}
