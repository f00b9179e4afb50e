package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// HTTP is the runtime of a program that serves HTTP on $PORT. One built with package cloudfn answers nobody else there; of
// others, the address that they choose to listen on is all that keeps requests out.
type HTTP struct {
	// Name is how messages call the function.
	Name    string
	Program Program
	// Port is where the program listens in the cloud, which many do here, too, whatever PORT says: the platform's own
	// examples are made so. One that does is served one instance at a time. 0 if there is none.
	// See https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloud/HTTPCloudFunction.html.
	Port int

	follows atomic.Bool // it has been seen to listen on $PORT
	told    atomic.Bool // that it does not
}

// httpInstance is a process that serves HTTP.
type httpInstance struct {
	*process
	address   string
	transport *http.Transport
	served    atomic.Bool  // a request, before the one that it answers
	running   atomic.Int64 // requests
	fixed     *claim       // where it is on the runtime's own port
}

// alone reports whether there can be one instance only: as long as it is not known that the program minds $PORT.
func (r *HTTP) alone() bool { return r.Port != 0 && !r.follows.Load() }

// Start implements [Runtime]. The instance is ready when it listens.
func (r *HTTP) Start(ctx context.Context, rec *journal.Record) (instance Instance, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.Program.startTimeout())
	defer cancel()
	insists := r.alone() && claims.insists(r.Port, r.Program.Dir)
	for range startAttempts {
		end := func() {}
		if insists {
			if end, err = claims.turn(ctx, r.Port); err != nil {
				return nil, failed("the function listens on port %d and not on $PORT, and others are being started there; %s", r.Port, r.advice())
			}
			if err = r.vacate(ctx); err != nil {
				end()
				return nil, err
			}
		}
		instance, err = r.start(ctx, rec)
		end()
		if !errors.Is(err, errPortTaken) {
			break
		}
		insists = r.alone()
	}
	return instance, err
}

func (r *HTTP) start(ctx context.Context, rec *journal.Record) (Instance, error) {
	port, release, err := freePort()
	if err != nil {
		return nil, err
	}
	defer release()
	look := r.alone() && (canTellOwners || portFree(r.Port))
	proc, err := r.Program.start(rec, map[string]string{"PORT": strconv.Itoa(port)})
	if err != nil {
		return nil, err
	}
	at, err := r.await(ctx, proc, port, look)
	if err != nil {
		proc.Kill()
		if !strings.Contains(strings.ToLower(strings.Join(rec.LastLines(linesOfTrace), "\n")), "address already in use") {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", errPortTaken, err) // by now it may be free
	}
	i := &httpInstance{process: proc, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(at))}
	i.transport = &http.Transport{
		// What is no longer there when a connection is made has not got the request.
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := proc.dial(ctx, i.address)
			if err != nil && ended(proc) {
				err = errUnreachable
			}
			return conn, err
		},
		DisableCompression:  true,
		MaxIdleConnsPerHost: maxIdleConns,
	}
	if at == port {
		r.follows.Store(true)
	} else {
		i.fixed = claims.take(at, r.Name, r.Program.Dir, i)
		if r.told.CompareAndSwap(false, true) {
			rec.Print(time.Now(), "stderr", fmt.Sprintf("wxfn: %s listens on port %d and not on $PORT: one instance at a time; %s", r.Name, at, r.advice()))
		}
	}
	go func() {
		<-proc.done
		i.transport.CloseIdleConnections()
	}()
	proc.key.discard()
	proc.flush()
	return i, nil
}

const (
	maxIdleConns = 256
	// linesOfTrace are enough to find why a program could not listen: Node tells it at the beginning of a stack trace.
	linesOfTrace = 30
)

// errUnreachable is the error of a connection to a process that has ended.
var errUnreachable = errors.New("the process has ended")

// await waits until the program listens, and returns where: on port, or, if look is set, on the runtime's own.
func (r *HTTP) await(ctx context.Context, proc *process, port int, look bool) (int, error) {
	wait := time.Millisecond
	for {
		if listens(ctx, port) {
			return port, nil
		}
		if look && proc.owns(r.Port) && listens(ctx, r.Port) {
			return r.Port, nil
		}
		select {
		case <-proc.done:
			return 0, failed("the function %s before it listened on $PORT", proc.ending())
		case <-ctx.Done():
			if context.Cause(ctx) == context.DeadlineExceeded {
				return 0, failed("the function did not listen on $PORT (%d) within %s", port, seconds(r.Program.startTimeout()))
			}
			return 0, ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, 20*time.Millisecond)
		}
	}
}

// advice is how a program comes to listen on $PORT.
func (r *HTTP) advice() string {
	return fmt.Sprintf("have the program listen on $PORT, and a script that sets PORT write export PORT=${PORT:-%d}", r.Port)
}

// vacate has the runtime's own port freed, or says who is on it.
func (r *HTTP) vacate(ctx context.Context) error {
	port, advice := r.Port, r.advice()
	holder, free := awaitPort(ctx, port)
	switch {
	case free:
	case holder == nil:
		return failed("the function listens on port %d and not on $PORT, and another program is there; end that, or %s", port, advice)
	case holder.dir == r.Program.Dir: // the function itself, as it was before
		select {
		case <-holder.instance.Done():
		case <-ctx.Done():
			return failed("the function listens on port %d and not on $PORT, and there it is still answering as it was before; %s", port, advice)
		}
	case !holder.yield():
		return failed("the function listens on port %d and not on $PORT, and function %s is busy there; %s", port, holder.name, advice)
	}
	return nil
}

// listens reports whether somebody listens on a port of the loopback interface.
func listens(ctx context.Context, port int) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// awaitPort returns which function is on a port, or that it is free, now or in a moment: a process that is being started
// still has, until it is the other program, what this one has closed; one that ends, a moment longer; and one that has just
// begun to listen is not known yet to be a function's. Where another program is there, both are nil and false.
func awaitPort(ctx context.Context, port int) (holder *claim, free bool) {
	ctx, cancel := context.WithTimeout(ctx, portPatience)
	defer cancel()
	for {
		if holder = claims.holder(port); holder != nil {
			return holder, false
		}
		if portFree(port) {
			return nil, true
		}
		select {
		case <-time.After(portPatience / 100):
		case <-ctx.Done():
			return nil, false
		}
	}
}

const portPatience = time.Second

// portFree reports whether a program could listen on a port: on the loopback interface, and on all.
func portFree(port int) bool {
	for _, host := range []string{"127.0.0.1", ""} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
