package cloudfn

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// Start runs the program as the cloud function f, and does not return. What f takes
// and returns is JSON's, as [Func] says. Call it at the end of main:
//
//	func main() { cloudfn.Start(handle) }
//
// Where the program runs is told by its environment. At SIGTERM, or at an
// interrupt, it takes no more events, lets the running ones end, calls what
// [OnShutdown] has added, and exits with code 0; a second signal ends it at once.
// It exits with code 1 when it cannot serve, and with code 2 when nothing has
// started it as a function: it then says how to run it.
//
// A panic ends the call that it happens in, with its message and stack for the
// caller and on stderr. In a custom runtime the process then exits with code 1, and
// the platform starts another; elsewhere that is the platform's to decide.
//
// Log with package log/slog or log. Each line gets the attribute request_id, from
// the context if the call has one, else from the invocation that is running, as
// long as it is the only one. Lines go where the program's own slog.SetDefault
// sends them; without one, as text to stderr.
func Start[In, Out any](f func(context.Context, In) (Out, error), opts ...Option) {
	StartHandler(Func(f), opts...)
}

// StartHandler is [Start] for a handler that reads and writes the JSON itself.
func StartHandler(h Handler, opts ...Option) {
	stop, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(stop, restore) // the second signal does what it does to any program
	os.Exit(run(stop, process{
		getenv:    os.Getenv,
		environ:   os.Environ,
		listen:    net.Listen,
		dial:      new(net.Dialer).DialContext,
		stderr:    os.Stderr,
		setLog:    setDefaultLog,
		drainTime: 30 * time.Second,
		hookTime:  10 * time.Second,
	}, h, opts...))
}

// An Option changes how [Start] runs a function.
type Option func(*app)

// OnShutdown has f called at SIGTERM, after the running invocations have ended and
// before the program exits: to flush and to close. Several are called one after
// another, in the order of the options. ctx ends 10 seconds after the first was
// called; the platform may kill the process sooner.
func OnShutdown(f func(ctx context.Context)) Option {
	return func(a *app) { a.hooks = append(a.hooks, f) }
}

// A process is what the runtime needs of the process that it runs in.
type process struct {
	getenv  func(key string) string
	environ func() []string // "key=value"
	listen  func(network, address string) (net.Listener, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	stderr  io.Writer
	setLog  func(wrap func(slog.Handler) slog.Handler)

	drainTime time.Duration // for running invocations to end, once stopped
	hookTime  time.Duration // for the OnShutdown functions, after that
}

// An app is a function that runs.
type app struct {
	process
	handler Handler
	hooks   []func(context.Context)
	running running
}

// runtimes are the ways in which a function can be run. A process is run in the
// first whose variable it has. The port comes first: who sets it is about to connect,
// while a runtime API may be there for others, such as what started this process.
var runtimes = []struct {
	variable string
	// serve handles events until stop ends, and then lets those that have begun
	// end. Its error says in one line why it could not.
	serve func(stop context.Context, a *app) error
}{
	{go1Port, serveGo1},
	{customHost, serveCustom},
}

// byHand is what a function says to who starts it outside of any runtime.
const byHand = `This is a cloud function of a WeChat Mini Program (微信云函数), built with wxfn.
It runs where events come in:

  on this machine   wxfn dev            in the project's folder
  for one event     wxfn invoke NAME
  in production     runtime Go1, handler main; the file is named main
                    custom runtime; the file is named bootstrap

https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions.html
`

// run is the program, from its start to its exit code.
func run(stop context.Context, p process, h Handler, opts ...Option) (code int) {
	if missing(h) {
		fmt.Fprintln(p.stderr, errNoHandler)
		return 1
	}
	a := &app{process: p, handler: h}
	for _, opt := range opts {
		opt(a)
	}
	for _, r := range runtimes {
		if p.getenv(r.variable) == "" {
			continue
		}
		p.setLog(func(next slog.Handler) slog.Handler { return newLogHandler(next, &a.running) })
		if err := r.serve(stop, a); err != nil {
			fmt.Fprintln(p.stderr, "cloudfn:", err)
			return 1
		}
		a.shutdown()
		return 0
	}
	fmt.Fprint(p.stderr, byHand)
	return 2
}

// port returns the port that a variable holds.
func (a *app) port(variable string) (string, error) {
	value := a.getenv(variable)
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil || port == 0 {
		return "", fmt.Errorf("%s is %q: it must be a port number, 1 to 65535", variable, value)
	}
	return strconv.FormatUint(port, 10), nil
}

// tellStillRunning says that the program stops waiting for its invocations.
func (a *app) tellStillRunning() {
	fmt.Fprintf(a.stderr, "cloudfn: stopping, though invocations still run %v after the signal\n", a.drainTime)
}

// shutdown calls the OnShutdown functions. One that panics does not keep the next
// from its work.
func (a *app) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), a.hookTime)
	defer cancel()
	for _, hook := range a.hooks {
		func() {
			defer func() {
				if value := recover(); value != nil {
					a.panicked(ctx, value)
				}
			}()
			hook(ctx)
		}()
	}
}
