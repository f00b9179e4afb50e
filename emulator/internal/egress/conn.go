package egress

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
)

// conn is a connection to a gate, with or without TLS: its first byte tells.
type conn struct {
	net.Conn
	gate *Gate
	// tunnel is the host that a CONNECT request named; empty for a connection to the gate itself.
	tunnel string

	begun bool
	inner atomic.Pointer[net.Conn] // that carries HTTP; nil before the first byte
}

type connKey struct{}

const tlsHandshake = 22 // a record's type, https://www.rfc-editor.org/rfc/rfc8446#section-5.1

// Read implements net.Conn. The HTTP server reads before it writes.
func (c *conn) Read(b []byte) (int, error) {
	if !c.begun {
		c.begun = true
		buffered := bufio.NewReader(c.Conn)
		inner := net.Conn(&readerConn{c.Conn, buffered})
		if first, err := buffered.Peek(1); err == nil && first[0] == tlsHandshake {
			inner = tls.Server(inner, c.gate.egress.tls)
		}
		c.inner.Store(&inner)
	}
	return c.spoken().Read(b)
}

func (c *conn) spoken() net.Conn {
	if inner := c.inner.Load(); inner != nil {
		return *inner
	}
	return c.Conn
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) { return c.spoken().Write(b) }

// Close implements net.Conn.
func (c *conn) Close() error { return c.spoken().Close() }

// secure reports whether the client speaks TLS.
func (c *conn) secure() bool {
	_, ok := c.spoken().(*tls.Conn)
	return ok
}

// readerConn is a connection with its buffered reader.
type readerConn struct {
	net.Conn
	reader io.Reader
}

// Read implements net.Conn.
func (c *readerConn) Read(b []byte) (int, error) { return c.reader.Read(b) }

// once is a listener of one connection.
type once struct{ conn net.Conn }

// Accept implements net.Listener.
func (o *once) Accept() (net.Conn, error) {
	if o.conn == nil {
		return nil, io.EOF
	}
	c := o.conn
	o.conn = nil
	return c, nil
}

// Close implements net.Listener.
func (o *once) Close() error { return nil }

// Addr implements net.Listener.
func (o *once) Addr() net.Addr { return &net.TCPAddr{} }

// CloseWrite ends one direction, if the connection can.
func (c *readerConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// CloseWrite ends one direction of a tunnel, which runs over the connection of its CONNECT request.
func (c *conn) CloseWrite() error {
	if half, ok := c.spoken().(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
