package go1

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// maxRequest bounds one request, in bytes on the wire. The platform's largest
// event is far below it: it is there for what is not the platform.
const maxRequest = 64 << 20

// maxUnlock bounds what may come on the wire before the key, where there is one.
const maxUnlock = 4 << 10

var (
	// errStopping answers an invocation that comes after [Server.Shutdown].
	errStopping = errors.New("go1: the function is stopping")
	// errLocked answers whoever does not have the key.
	errLocked = errors.New("go1: the function is its emulator's alone")
)

// A Handler answers one invocation by filling in resp, which is empty. It is called
// for several at once, and must not panic. An error fails the call itself; a
// function that fails says so in resp. A handler that ends its goroutine instead of
// returning is answered with what is in resp by then.
//
// ctx ends when [Server.Shutdown] gives up waiting. The request's deadline is left
// to the handler.
type Handler func(ctx context.Context, req *InvokeRequest, resp *InvokeResponse) error

// A Server is the function's end of the wire.
type Server struct {
	handler     Handler
	key         string // that a connection begins with; empty for none
	ctx         context.Context
	cancel      context.CancelFunc
	invocations chan *invocation // to a worker that waits for one

	mu        sync.Mutex
	listeners closers
	conns     closers
	running   int // invocations whose answer is not out yet
	stopped   bool
	idle      chan struct{} // closed once stopped and nothing is running
}

// closers are what Shutdown is to close.
type closers map[io.Closer]struct{}

func (cs closers) closeAll() {
	for c := range cs {
		c.Close()
	}
}

// NewServer returns a server that has h answer the invocations.
func NewServer(h Handler) *Server {
	s := &Server{
		handler:     h,
		invocations: make(chan *invocation),
		listeners:   closers{},
		conns:       closers{},
		idle:        make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// RequireKey has the server refuse, and close, connections that do not begin with
// [Client.Unlock] and this key. The platform's have none: it is for functions that run
// beside other programs. Call it before the first connection.
func (s *Server) RequireKey(key string) { s.key = key }

// Serve accepts connections on l and serves each, until [Server.Shutdown], when
// it returns nil at once, or until l fails. It closes l.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.track(s.listeners, l) {
		return nil
	}
	defer s.forget(s.listeners, l)
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.stopping() {
				return nil
			}
			return fmt.Errorf("go1: %w", err)
		}
		go s.ServeConn(conn)
	}
}

// ServeConn serves one connection until its other end closes it, sends what is
// not a call, or the server is shut down. It answers the calls that are running,
// closes the connection and returns. Calls on one connection run at once, and are
// answered as they finish.
func (s *Server) ServeConn(conn io.ReadWriteCloser) {
	defer conn.Close()
	if !s.track(s.conns, conn) {
		return
	}
	defer s.forget(s.conns, conn)
	c := &serverConn{link: newLink(conn), locked: s.key != ""}
	defer c.calls.Wait()
	for s.next(c) == nil {
	}
}

// Shutdown stops the server: it accepts no connection and no invocation any
// more, waits until the running invocations have been answered, and closes the
// connections. When ctx ends first, it closes them at once, ends the context of
// what still runs, and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		if s.running == 0 {
			close(s.idle)
		}
	}
	s.listeners.closeAll()
	s.mu.Unlock()

	select {
	case <-s.idle:
	case <-ctx.Done():
	}

	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns.closeAll()
	if s.running > 0 {
		return ctx.Err()
	}
	return nil
}

// track adds c to what Shutdown is to close. It reports false after Shutdown.
func (s *Server) track(to closers, c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	to[c] = struct{}{}
	return true
}

func (s *Server) forget(from closers, c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(from, c)
}

func (s *Server) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// begin counts an invocation in, unless the server is stopping.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.running++
	return true
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	if s.stopped && s.running == 0 {
		close(s.idle)
	}
}

// A serverConn is a link whose writer may be any of the calls.
type serverConn struct {
	*link
	locked  bool // until it has shown the key
	writing sync.Mutex
	calls   sync.WaitGroup
}

// next reads one call and answers it, or has it answered. An error is the end of
// the connection.
func (s *Server) next(c *serverConn) error {
	if c.locked {
		return s.unlock(c)
	}
	c.budget.left = maxRequest
	var call callHeader
	if err := c.read(&call); err != nil {
		return err
	}
	switch call.ServiceMethod {
	case methodInvoke:
		inv := &invocation{conn: c, call: call}
		if err := c.read(&inv.req); err != nil {
			c.refuse(call, err)
			return err
		}
		if !s.begin() {
			return c.refuse(call, errStopping)
		}
		c.calls.Add(1)
		select {
		case s.invocations <- inv:
		default:
			go s.work(inv)
		}
		return nil
	case methodPing:
		if err := c.read(nil); err != nil {
			return err
		}
		return c.answer(call, "", PingResponse{})
	default:
		if err := c.read(nil); err != nil {
			return err
		}
		return c.refuse(call, fmt.Errorf("rpc: can't find method %s", call.ServiceMethod))
	}
}

// unlock reads the first call of a connection, which must have the key.
func (s *Server) unlock(c *serverConn) error {
	c.budget.left = maxUnlock
	var call callHeader
	if err := c.read(&call); err != nil {
		return err
	}
	var ping keyedPing
	if call.ServiceMethod == methodPing {
		if err := c.read(&ping); err != nil {
			return err
		}
	}
	if subtle.ConstantTimeCompare([]byte(ping.Key), []byte(s.key)) != 1 {
		c.refuse(call, errLocked)
		return errLocked
	}
	c.locked = false
	return c.answer(call, "", PingResponse{})
}

// An invocation is a call of Function.Invoke that is running.
type invocation struct {
	conn *serverConn
	call callHeader
	req  InvokeRequest
	resp InvokeResponse
}

// work runs an invocation, and then those that come while it waits. A new goroutine
// for each would grow its stack anew each time, which costs as much as a fifth of
// the whole call. There are as many as have been busy at once.
func (s *Server) work(inv *invocation) {
	for {
		s.invoke(inv)
		select {
		case inv = <-s.invocations:
		case <-s.ctx.Done():
			return
		}
	}
}

// invoke runs an invocation and answers it, also when the handler does not return
// but ends its goroutine, and the worker's with it.
func (s *Server) invoke(inv *invocation) {
	var err error
	defer func() {
		if err != nil {
			inv.conn.refuse(inv.call, err)
		} else {
			inv.conn.answer(inv.call, "", &inv.resp)
		}
		inv.conn.calls.Done()
		s.end()
	}()
	err = s.handler(s.ctx, &inv.req, &inv.resp)
}

// refuse answers a call with an error, which needs a text to be one. The body that
// must follow is empty.
func (c *serverConn) refuse(call callHeader, err error) error {
	return c.answer(call, cmp.Or(err.Error(), "go1: the call failed"), PingResponse{})
}

// answer sends an answer. When that fails it closes the connection, which is how
// the reading side gets to know.
func (c *serverConn) answer(call callHeader, failure string, body any) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	header := answerHeader{ServiceMethod: call.ServiceMethod, Seq: call.Seq, Error: failure}
	err := c.write(&header, body)
	if err != nil {
		c.conn.Close()
	}
	return err
}
