package cloudfn

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// What the runtime API serves.
const (
	pathReady    = "/runtime/init/ready"
	pathNext     = "/runtime/invocation/next"
	pathResponse = "/runtime/invocation/response"
	pathError    = "/runtime/invocation/error"
)

// envelopeType is what a function asks for. The emulator gives it; the platform does
// not know it, and gives the bare event.
const envelopeType = "application/vnd.wxfn.invocation+json"

// maxIdle is how long a connection may rest and then be used again. Servers close
// those that rest, and a result that is sent into one that is being closed may or
// may not have arrived: it must not be sent twice.
const maxIdle = time.Second

// A runtimeAPI is the platform as a custom runtime sees it: an HTTP server, asked one
// thing after another over one connection. That needs no http.Transport, which would
// add 2.9 MB to each function that has no other use for it.
type runtimeAPI struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	address string
	key     string // of the instance; empty on the platform

	conn net.Conn // nil when there is none to use
	io   *bufio.ReadWriter
	used time.Time // when the last answer came
}

// A statusError is an answer other than 200.
type statusError struct{ status, text string }

func (e *statusError) Error() string {
	line := strings.Join(strings.Fields(e.text), " ")
	return strings.TrimSuffix(fmt.Sprintf("%s: %.200s", e.status, line), ": ")
}

// next waits for an event, for as long as it takes.
func (c *runtimeAPI) next(ctx context.Context) (http.Header, []byte, error) {
	return c.do(ctx, http.MethodGet, pathNext, nil)
}

func (c *runtimeAPI) post(ctx context.Context, path string, body []byte) error {
	_, _, err := c.do(ctx, http.MethodPost, path, body)
	return err
}

// do makes a request and returns the answer, of status 200. When ctx ends before
// that, the error is ctx's.
func (c *runtimeAPI) do(ctx context.Context, method, path string, body []byte) (http.Header, []byte, error) {
	url := "http://" + c.address + path
	resp, answer, err := c.exchange(ctx, method, url, body)
	switch {
	case ctx.Err() != nil && err != nil:
		err = ctx.Err()
	case err == nil && resp.StatusCode != http.StatusOK:
		err = &statusError{resp.Status, string(answer)}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", method, url, err)
	}
	return resp.Header, answer, nil
}

func (c *runtimeAPI) exchange(ctx context.Context, method, url string, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", envelopeType)
	if c.key != "" {
		req.Header.Set(keyHeader, c.key)
	}
	if err := c.connect(ctx); err != nil {
		return nil, nil, err
	}
	conn := c.conn
	uncut := context.AfterFunc(ctx, func() { conn.Close() })
	written := make(chan struct{})
	go func() { // while reading: a body that is too large is refused before all of it is out
		defer close(written)
		if req.Write(c.io) == nil { // an error is seen by the reading
			c.io.Flush()
		}
	}()
	var answer []byte
	resp, err := http.ReadResponse(c.io.Reader, req)
	if err == nil {
		answer, err = io.ReadAll(resp.Body)
	}
	if !uncut() || err != nil || resp.Close {
		c.close()
	}
	<-written
	c.used = time.Now()
	return resp, answer, err
}

// connect makes sure of a connection.
func (c *runtimeAPI) connect(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if time.Since(c.used) > maxIdle {
		c.close()
	}
	if c.conn != nil {
		return nil
	}
	conn, err := c.dial(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	c.conn = conn
	c.io = bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
	return nil
}

func (c *runtimeAPI) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
