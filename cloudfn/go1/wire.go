package go1

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
)

// The two methods of a function.
const (
	methodInvoke = "Function.Invoke"
	methodPing   = "Function.Ping"
)

// ErrTooLarge reports a message that is over the limit of its reader.
var ErrTooLarge = errors.New("go1: message too large")

// A call goes as a callHeader and the request, its answer comes back as an
// answerHeader and the response: four gob values a call, all of one direction in
// one gob stream.
type callHeader struct {
	ServiceMethod string
	Seq           uint64
}

// In an answerHeader an Error that is not empty says that the call failed as a
// call. A body follows nevertheless, and means nothing.
type answerHeader struct {
	ServiceMethod string
	Seq           uint64
	Error         string
}

// A link is one connection: gob both ways, with a limit on what one message may
// take. It is for one reader and one writer at a time.
type link struct {
	conn   io.ReadWriteCloser
	budget budget
	dec    *gob.Decoder
	out    *bufio.Writer
	enc    *gob.Encoder
}

func newLink(conn io.ReadWriteCloser) *link {
	l := &link{conn: conn, out: bufio.NewWriter(conn)}
	l.budget.from = conn
	l.dec = gob.NewDecoder(&l.budget)
	l.enc = gob.NewEncoder(l.out)
	return l
}

// read reads the next value into v, or past it when v is nil.
func (l *link) read(v any) (err error) {
	// Package gob says of itself that it is not hardened against hostile input.
	// Were it to panic on some, that must stay the end of one connection.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("go1: malformed message: %v", p)
		}
	}()
	return l.dec.Decode(v)
}

// write sends a header and its body. After an error the stream has lost its
// place and the link is of no further use.
func (l *link) write(header, body any) error {
	if err := l.enc.Encode(header); err != nil {
		return err
	}
	if err := l.enc.Encode(body); err != nil {
		return err
	}
	return l.out.Flush()
}

// A budget reads until it is spent, and then fails with [ErrTooLarge].
type budget struct {
	from io.Reader
	left int64
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
