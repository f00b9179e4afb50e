package go1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrClosed reports a call on a [Client] whose connection is gone: closed by
// [Client.Close], or by the end of an earlier call's context.
var ErrClosed = errors.New("go1: connection closed")

// A ServerError is a function's refusal of a call as such: no such method, a
// request it cannot read, a function that is stopping. The connection goes on. A
// function that ran and failed says so in [InvokeResponse].
type ServerError string

// Error returns the function's words.
func (e ServerError) Error() string { return "go1: the function refused the call: " + string(e) }

// A Client is the platform's end of one connection to a function. Its methods may
// be called at once; the calls go out one after another.
//
// Every error but a [ServerError] is the end of the connection.
type Client struct {
	turn      chan struct{} // holds the one token, which the running call takes
	link      *link
	maxAnswer int64
	seq       uint64
	broken    error

	closeOnce sync.Once
	closed    chan struct{}
}

// NewClient returns a client that calls over conn, and owns it. maxAnswer bounds
// one answer, in bytes on the wire: the result and, the first time, some 400 bytes
// that describe it.
func NewClient(conn io.ReadWriteCloser, maxAnswer int64) *Client {
	c := &Client{
		turn:      make(chan struct{}, 1),
		link:      newLink(conn),
		maxAnswer: maxAnswer,
		closed:    make(chan struct{}),
	}
	c.turn <- struct{}{}
	return c
}

// Invoke has the function handle an event. A function that fails is not an error
// of Invoke: see [InvokeResponse].
//
// When ctx ends first, Invoke closes the connection, since the wire has no way to
// call a call off, and returns ctx's error. An answer over the limit is
// [ErrTooLarge]; a connection that ends instead of an answer is
// [io.ErrUnexpectedEOF].
func (c *Client) Invoke(ctx context.Context, req *InvokeRequest) (*InvokeResponse, error) {
	resp := new(InvokeResponse)
	if err := c.call(ctx, methodInvoke, req, resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// Ping asks whether the function is up. Its errors are those of [Client.Invoke].
func (c *Client) Ping(ctx context.Context) error {
	return c.call(ctx, methodPing, PingRequest{}, nil)
}

// Unlock is a [Client.Ping] that shows a key, which a function may require of every
// connection's first call: see [Server.RequireKey].
func (c *Client) Unlock(ctx context.Context, key string) error {
	return c.call(ctx, methodPing, keyedPing{key}, nil)
}

// Close closes the connection. A call that is running fails with [ErrClosed].
func (c *Client) Close() error {
	var err error
	c.closeOnce.Do(func() {
		close(c.closed)
		err = c.link.conn.Close()
	})
	return err
}

// call waits for its turn and makes one call.
func (c *Client) call(ctx context.Context, method string, req, resp any) error {
	select {
	case <-c.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { c.turn <- struct{}{} }()
	if c.broken != nil {
		return c.broken
	}
	if err := ctx.Err(); err != nil {
		return err
	}

	stop := context.AfterFunc(ctx, func() { c.Close() })
	err := c.exchange(method, req, resp)
	stop()

	var refusal ServerError
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	c.broken = ErrClosed
	wasClosed := c.isClosed() // by someone else: the reason, then
	c.Close()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case wasClosed:
		return ErrClosed
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	case errors.Is(err, ErrTooLarge):
		return err
	}
	return fmt.Errorf("go1: calling %s: %w", method, err)
}

func (c *Client) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// exchange sends a call and reads its answer, or past it when resp is nil.
func (c *Client) exchange(method string, req, resp any) error {
	c.seq++
	if err := c.link.write(&callHeader{ServiceMethod: method, Seq: c.seq}, req); err != nil {
		return err
	}
	c.link.budget.left = c.maxAnswer
	var answer answerHeader
	if err := c.link.read(&answer); err != nil {
		return err
	}
	if answer.Seq != c.seq {
		return fmt.Errorf("answer %d to call %d", answer.Seq, c.seq)
	}
	if answer.Error != "" {
		if err := c.link.read(nil); err != nil {
			return err
		}
		return ServerError(answer.Error)
	}
	return c.link.read(resp)
}
