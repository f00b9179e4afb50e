package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

const (
	maxWireAnswer = 16 << 20 // far over a result's limit, so that the limit can say how large the result is
	startAttempts = 3        // another program may take the port that was free a moment ago
	// Who looks for a free port, as freePort does here and in other emulators, listens on one for a moment: a connection
	// that comes just then is reset.
	connectAttempts = 3

	firstPort, lastPort = 20000, 32767
	portAttempts        = 1000
	functionLatest      = "$LATEST"
)

// Account is what functions are told about the account they run in.
type Account struct {
	Namespace, Region, AppID, Uin string
}

// Go1 is the runtime of a Go program that speaks the Go1 protocol: one built with package cloudfn or with Tencent's
// scf-go-lib. The former answers nobody else on its port; the latter listens on all interfaces and answers whoever
// connects, and nothing can be demanded of it.
type Go1 struct {
	Program Program
	Account Account
}

type go1Instance struct {
	*process
	account Account
	client  *go1.Client
}

// Start implements [Runtime].
func (r *Go1) Start(ctx context.Context, rec *journal.Record) (instance Instance, err error) {
	for range startAttempts {
		if instance, err = r.start(ctx, rec); !errors.Is(err, errPortTaken) {
			break
		}
	}
	return instance, err
}

var errPortTaken = errors.New("the port was taken")

func (r *Go1) start(ctx context.Context, rec *journal.Record) (Instance, error) {
	port, release, err := freePort()
	if err != nil {
		return nil, err
	}
	defer release()
	proc, err := r.Program.start(rec, map[string]string{wxcloud.VarGo1Port: strconv.Itoa(port)})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.Program.startTimeout())
	defer cancel()
	client, err := r.connect(ctx, proc, port)
	if err != nil {
		proc.Kill()
		if strings.Contains(strings.Join(rec.LastLines(3), "\n"), "address already in use") {
			return nil, errPortTaken
		}
		return nil, err
	}
	proc.key.discard()
	return &go1Instance{process: proc, account: r.Account, client: client}, nil
}

// reserved holds the ports of programs that do not listen yet: no two of them must get the same, or the one would be
// taken for the other.
var reserved sync.Map

// freePort returns a port of the loopback interface that no program listens on, and that is kept until release.
func freePort() (port int, release func(), err error) {
	for range portAttempts {
		// Below the ports that systems give to outgoing connections: one of these could come to the port first, or dial
		// connect to itself.
		port = firstPort + rand.IntN(lastPort-firstPort+1)
		if _, taken := reserved.LoadOrStore(port, true); taken {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			return port, func() { reserved.Delete(port) }, nil
		}
		reserved.Delete(port)
	}
	return 0, nil, fmt.Errorf("a port for the function: none of %d is free between %d and %d", portAttempts, firstPort, lastPort)
}

// connect returns a client of the process that has proved to be one. It is closed when the process ends.
func (r *Go1) connect(ctx context.Context, proc *process, port int) (*go1.Client, error) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	var client *go1.Client
	var err error
	for range connectAttempts {
		var conn net.Conn
		conn, err = proc.dial(ctx, address)
		if err == nil && !proc.listensOn(port) { // another program was there first: it is to see no event
			_ = conn.Close()
			select {
			case <-proc.done: // as the port is taken
				err = errPortTaken
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		switch {
		case err == nil:
		case ended(proc):
			return nil, failed("the function %s before it listened on $_LAMBDA_SERVER_PORT", proc.ending())
		default:
			return nil, failed("the function did not listen on $_LAMBDA_SERVER_PORT within %s", seconds(r.Program.startTimeout()))
		}
		client = go1.NewClient(conn, maxWireAnswer)
		if proc.key.required() {
			err = client.Unlock(ctx, proc.key.value)
		} else {
			err = client.Ping(ctx)
		}
		if err == nil || ended(proc) || ctx.Err() != nil {
			break
		}
		_ = client.Close()
	}
	go func() {
		<-proc.done
		_ = client.Close()
	}()
	switch {
	case ended(proc):
		return nil, failed("the function %s before it was ready", proc.ending())
	case ctx.Err() != nil:
		return nil, failed("the function listens on $_LAMBDA_SERVER_PORT, but did not answer Function.Ping within %s", seconds(r.Program.startTimeout()))
	case err != nil:
		return nil, failed("the function listens on $_LAMBDA_SERVER_PORT, but does not speak the Go1 protocol: %v", err)
	}
	return client, nil
}

// dial connects to the process as soon as it listens.
func (proc *process) dial(ctx context.Context, address string) (net.Conn, error) {
	wait := time.Millisecond
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
		select {
		case <-proc.done:
			return nil, err
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
			wait = min(2*wait, 20*time.Millisecond)
		}
	}
}

// Invoke implements [Instance].
func (i *go1Instance) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	i.printTo(c.Record)
	environ, _ := json.Marshal(c.Environ) // text always encodes
	resp, err := i.client.Invoke(ctx, &go1.InvokeRequest{
		Payload:            c.Event,
		RequestId:          c.RequestID,
		TraceId:            c.RequestID,
		Deadline:           go1.Timestamp{Seconds: c.deadline.Unix(), Nanos: int64(c.deadline.Nanosecond())},
		Namespace:          i.account.Namespace,
		FunctionName:       c.Function,
		FunctionVersion:    functionLatest,
		MemoryLimitInMb:    int32(c.memoryMB),
		TimeLimitInMs:      int32(c.timeout.Milliseconds()),
		Environment:        string(environ),
		TencentcloudRegion: i.account.Region,
		TencentcloudAppID:  i.account.AppID,
		TencentcloudUin:    i.account.Uin,
	})
	i.flush()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, go1.ErrTooLarge):
		i.Kill()
		return nil, &Failure{Code: wxcloud.ResultSize, Message: "the result is larger than 1 MB, by far"}
	case err != nil:
		if refusal, ok := errors.AsType[go1.ServerError](err); ok {
			return nil, failed("%v", refusal) // which does the connection no harm
		}
		return nil, i.lost(err)
	case resp.Error != nil:
		failure := failed("%s", resp.Error.Message)
		failure.Stack = go1Stack(resp.Error.StackTrace)
		if resp.Error.ShouldExit {
			i.Kill()
		}
		return nil, failure
	}
	return resp.Payload, nil
}

// lost explains an answer that did not come: the process has ended, or ends now, or is no longer usable.
func (i *go1Instance) lost(err error) *Failure {
	select {
	case <-i.done:
		return failed("the function %s", i.ending())
	case <-time.After(stopTimeout):
		i.Kill()
		return failed("the function broke off the connection: %v", err)
	}
}

func go1Stack(frames []*go1.StackFrame) string {
	var b strings.Builder
	for _, f := range frames {
		if f != nil {
			fmt.Fprintf(&b, "%s (%s:%d)\n", f.Label, f.Path, f.Line)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
