package emulator

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
)

// What a connection may take. Answers have no time limit: they may be streams.
const (
	maxHeaderBytes = 64 << 10
	headerTime     = 10 * time.Second
	idleTime       = 3 * time.Minute // between requests
	bodyTime       = time.Minute     // for a body that is read whole before anything is done with it
)

func (e *Emulator) newServer() *http.Server {
	return &http.Server{
		Handler:           e,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		ErrorLog:          slog.NewLogLogger(e.log.Handler(), slog.LevelWarn),
	}
}

// timely bounds the time that a request's body takes to arrive.
func timely(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := http.NewResponseController(w)
		if r.ContentLength != 0 && conn.SetReadDeadline(time.Now().Add(limit)) == nil {
			r.Body = &timelyBody{r.Body, conn, limit}
		}
		next.ServeHTTP(w, r)
	})
}

type timelyBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	limit time.Duration
}

func (b *timelyBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("the body did not arrive within %s", b.limit)
	default: // the answer may take longer, and a client that goes away is noticed by reading
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// contain makes a panic of the emulator itself the error of one invocation. It is deferred.
func contain(err *error) {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		*err = &host.Failure{Code: wxcloud.FunctionExecute, Message: fmt.Sprintf("wxfn itself failed: panic: %v", v), Stack: string(debug.Stack())}
	}
}
