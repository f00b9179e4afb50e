package go1_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

// stuck is a function that takes calls and never answers. in tells of each call.
func stuck(t *testing.T) (address string, in chan struct{}) {
	in = make(chan struct{}, 8)
	_, address = serve(t, func(context.Context, *go1.InvokeRequest, *go1.InvokeResponse) error {
		in <- struct{}{}
		<-t.Context().Done()
		return nil
	})
	return address, in
}

func TestTheEndOfTheContextEndsTheCallAndTheConnection(t *testing.T) {
	t.Parallel()
	address, in := stuck(t)
	c := newClient(t, address)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-in; cancel() }()
	_, err := c.Invoke(ctx, &full)
	assert.Equal(t, context.Canceled, err)
	assert.Equal(t, go1.ErrClosed, c.Ping(t.Context()))
}

func TestACallThatWaitsItsTurnGoesByItsOwnContext(t *testing.T) {
	t.Parallel()
	address, in := stuck(t)
	c := newClient(t, address)
	var first sync.WaitGroup
	first.Go(func() {
		_, err := c.Invoke(context.Background(), &full)
		assert.Equal(t, go1.ErrClosed, err)
	})
	<-in
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, context.Canceled, c.Ping(ended))
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	first.Wait()
}

func TestAnEndedContextLeavesTheConnectionAlone(t *testing.T) {
	t.Parallel()
	_, address := serve(t, echo)
	c := newClient(t, address)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, context.Canceled, c.Ping(ended))
	assert.NoError(t, c.Ping(t.Context()))
}

func TestAClientMayBeSharedAndItsCallsDoNotMix(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"Server":  func() string { _, a := serve(t, echo); return a }(),
		"net/rpc": serveRPC(t, echo),
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, address)
			var calls sync.WaitGroup
			for i := range 64 {
				calls.Go(func() {
					payload := bytes.Repeat([]byte{byte(i)}, 100*i+1)
					resp, err := c.Invoke(t.Context(), &go1.InvokeRequest{Payload: payload})
					if assert.NoError(t, err) {
						assert.Equal(t, payload, resp.Payload)
					}
				})
			}
			calls.Wait()
		})
	}
}

func TestAnAnswerOverTheLimitIsTooLarge(t *testing.T) {
	t.Parallel()
	_, address := serve(t, echo)
	const limit = 10_000
	for _, c := range []struct {
		name    string
		payload int
		fits    bool
	}{
		{"half the limit", limit / 2, true},
		{"the limit less the framing", limit - 500, true},
		{"the limit", limit, false},
		{"a hundred times the limit", 100 * limit, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := go1.NewClient(dial(t, address), limit)
			for range 3 { // the limit is that of each answer, not of all
				resp, err := client.Invoke(t.Context(), &go1.InvokeRequest{Payload: make([]byte, c.payload)})
				if !c.fits {
					assert.ErrorIs(t, err, go1.ErrTooLarge)
					assert.Equal(t, go1.ErrClosed, client.Ping(t.Context()))
					return
				}
				require.NoError(t, err)
				assert.Len(t, resp.Payload, c.payload)
			}
		})
	}
}

// script is a connection on which the other end says just this, whatever it hears.
type script struct{ io.Reader }

func (script) Write(p []byte) (int, error) { return len(p), nil }
func (script) Close() error                { return nil }

// tape keeps what a real connection said.
type tape struct {
	io.ReadWriteCloser
	said bytes.Buffer
}

func (r *tape) Read(p []byte) (int, error) {
	n, err := r.ReadWriteCloser.Read(p)
	r.said.Write(p[:n])
	return n, err
}

// answers is what a function says to one Invoke and one Ping.
func answers(t testing.TB) []byte {
	near, far := net.Pipe()
	go go1.NewServer(func(_ context.Context, _ *go1.InvokeRequest, resp *go1.InvokeResponse) error {
		*resp = failure
		return nil
	}).ServeConn(far)
	r := &tape{ReadWriteCloser: near}
	c := go1.NewClient(r, roomy)
	_, err := c.Invoke(context.Background(), &full)
	require.NoError(t, err)
	require.NoError(t, c.Ping(context.Background()))
	require.NoError(t, c.Close())
	return r.said.Bytes()
}

// calls is what a platform says for one Invoke and one Ping.
func calls(t testing.TB) []byte {
	near, far := net.Pipe()
	r := &tape{ReadWriteCloser: far}
	served := make(chan struct{})
	go func() { go1.NewServer(echo).ServeConn(r); close(served) }()
	c := go1.NewClient(near, roomy)
	_, err := c.Invoke(context.Background(), &full)
	require.NoError(t, err)
	require.NoError(t, c.Ping(context.Background()))
	require.NoError(t, c.Close())
	<-served
	return r.said.Bytes()
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	good := answers(t)
	for name, c := range map[string]struct {
		said []byte
		is   error
	}{
		"nothing":           {nil, io.ErrUnexpectedEOF},
		"half an answer":    {good[:len(good)/3], io.ErrUnexpectedEOF},
		"http":              {[]byte("HTTP/1.1 200 OK\r\n\r\n"), nil},
		"an answer of size": {[]byte("\xf8\x7f\xff\xff\xff\xff\xff\xff\xff"), nil},
		"an endless answer": {[]byte("\xfc\x7f\xff\xff\xff" + strings.Repeat("x", 2*roomy)), go1.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := go1.NewClient(script{bytes.NewReader(c.said)}, roomy)
			_, err := client.Invoke(t.Context(), &full)
			require.Error(t, err)
			if c.is != nil {
				assert.ErrorIs(t, err, c.is)
			}
			assert.Equal(t, go1.ErrClosed, client.Ping(t.Context()))
		})
	}
}

func TestAnAnswerToAnotherCallIsAnError(t *testing.T) {
	t.Parallel()
	client := go1.NewClient(script{bytes.NewReader(append(answers(t), answers(t)...))}, roomy)
	_, err := client.Invoke(t.Context(), &full)
	require.NoError(t, err)
	require.NoError(t, client.Ping(t.Context()))
	_, err = client.Invoke(t.Context(), &full)
	assert.ErrorContains(t, err, "go1: calling Function.Invoke: ")
}

func FuzzClient(f *testing.F) {
	good := answers(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		c := go1.NewClient(script{bytes.NewReader(said)}, roomy)
		for {
			if _, err := c.Invoke(context.Background(), &full); errors.Is(err, go1.ErrClosed) {
				return
			}
			if c.Ping(context.Background()) == go1.ErrClosed {
				return
			}
		}
	})
}

func FuzzServer(f *testing.F) {
	good := calls(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		go1.NewServer(echo).ServeConn(script{bytes.NewReader(said)})
	})
}
