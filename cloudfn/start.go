package cloudfn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// Start runs the program as the cloud function f, and does not return. What f takes
// and returns is JSON's, as [Func] says. Call it at the end of main:
//
//	func main() { cloudfn.Start(handle) }
//
// Where the program runs is told by its environment, as [Runtime] says. At SIGTERM,
// or at an interrupt, it takes no more events, lets the running ones end, calls what
// [OnShutdown] has added, and exits with code 0; a second signal ends it at once.
// It exits with code 1 when it cannot serve, and with code 2 when nothing has
// started it as a function: it then says how to run it.
//
// A panic ends the call that it happens in: its message is the caller's answer, its
// stack goes to stderr. In a custom runtime the process then exits with code 1, and
// the platform starts another; elsewhere that is the platform's to decide.
//
// Log with package log/slog or log. Each line gets the attribute request_id, from
// the context if the call has one, else from the invocation that is running, as
// long as it is the only one. Lines go where the program's own slog.SetDefault
// sends them; without one, as text to stderr.
//
// # Events over HTTP
//
// In an HTTP cloud function and in Cloud Run each request is an event, whatever its
// path: its body, which must be JSON, or, without one, its query, as an object of
// strings and, for a name that is there more than once, lists of strings. The answer
// is the result, byte for byte; without one it has status 204. Only where the request's
// Accept prefers a picture to JSON, as a browser's <img> does, and the result is one
// (the Image of package openapi, as JSON), the picture itself is the answer. Where
// something fails, it is
//
//	{"errCode": -504002, "errMsg": "what failed", "requestID": "…"}
//
// with status 500 for an error of the function or a panic; 504 and -504003 when it
// ran out of time; and, with -501007, 400 for an event that is not what the function
// takes, 413 for one that is too large ([MaxEventBytes]), 408 for one that does not arrive
// within a minute, 415 for one in another format, a form say, and 405 for a method
// without events. The context ends when the caller goes away; and when the platform
// stops waiting, as far as that is known: at the timeout of an HTTP cloud function, and
// 15 seconds after a Mini Program called Cloud Run. GET /_health is answered with 200
// without an event.
func Start[In, Out any](f func(context.Context, In) (Out, error), opts ...Option) {
	StartHandler(Func(f), opts...)
}

// StartHandler is [Start] for a handler that reads and writes the JSON itself.
func StartHandler(h Handler, opts ...Option) {
	runProcess(func(stop context.Context, p process) int { return run(stop, p, h, opts...) })
}

// StartHTTP runs the program as an HTTP cloud function, or in Cloud Run, and does not
// return. h is any handler: a mux, or any framework's router. It is called for
// several requests at once. Each request's context carries the [Invocation]:
//
//	inv, _ := cloudfn.FromContext(r.Context())
//
// All of net/http holds: an answer may be streamed, and a connection taken over for a
// WebSocket. A panic breaks the connection off, and its stack goes to stderr. The
// answer has the header X-Request-Id. Identity is what [Invocation] says it is: a
// header X-WX-… that is not the platform's word does not reach h, see [TrustHeaders].
// GET /_health is answered with 200 when h answers 404 to it. Headers of a request have
// at most 64 KB, and 10 seconds to arrive; for its body and the answer h sets the limits,
// as with an [http.ResponseController].
//
// It starts, logs and stops as [Start] does: requests have 30 seconds to end, then
// their contexts end, and then the process; a connection that was taken over is not
// waited for. In a runtime of events it exits with code 1, as nobody would call it.
func StartHTTP(h http.Handler, opts ...Option) {
	runProcess(func(stop context.Context, p process) int { return runHTTP(stop, p, h, opts...) })
}

// runProcess runs a program in the process that there is.
func runProcess(run func(stop context.Context, p process) (code int)) {
	stop, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals) // the second signal does what it does to any program
		cancel()
	}()
	os.Exit(run(stop, process{
		getenv:    os.Getenv,
		environ:   os.Environ,
		listen:    net.Listen,
		dial:      new(net.Dialer).DialContext,
		unsetenv:  os.Unsetenv,
		stderr:    os.Stderr,
		setLog:    setDefaultLog,
		bodyTime:  time.Minute,
		drainTime: 30 * time.Second,
		hookTime:  10 * time.Second,
	}))
}

// A process is what the runtime needs of the process that it runs in.
type process struct {
	getenv  func(key string) string
	environ func() []string // "key=value"
	// unsetenv removes a variable. Tests whose process has no keyFile need none.
	unsetenv func(key string) error
	listen   func(network, address string) (net.Listener, error)
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	stderr   io.Writer
	setLog   func(wrap func(slog.Handler) slog.Handler)

	bodyTime  time.Duration // for the body of an event to arrive
	drainTime time.Duration // for running invocations to end, once stopped
	hookTime  time.Duration // for the OnShutdown functions, after that
}

// An app is a function that runs.
type app struct {
	process
	options
	handler Handler      // of events
	web     http.Handler // of requests, where handler is nil
	running running
	key     string // which the emulator proves itself with; empty elsewhere
}

// run is the program of [StartHandler], from its start to its exit code.
func run(stop context.Context, p process, h Handler, opts ...Option) (code int) {
	if missing(h) {
		fmt.Fprintln(p.stderr, errNoHandler)
		return 1
	}
	return (&app{process: p, options: optionsOf(opts), handler: h}).run(stop)
}

// runHTTP is the program of [StartHTTP].
func runHTTP(stop context.Context, p process, h http.Handler, opts ...Option) (code int) {
	if h == nil {
		fmt.Fprintln(p.stderr, errNoWeb)
		return 1
	}
	return (&app{process: p, options: optionsOf(opts), web: h}).run(stop)
}

func (a *app) run(stop context.Context) (code int) {
	home, err := a.home()
	if err == nil {
		if home == nil {
			fmt.Fprint(a.stderr, byHand)
			return 2
		}
		a.setLog(func(next slog.Handler) slog.Handler { return newLogHandler(next, &a.running) })
		if a.key, err = a.takeKey(); err == nil {
			err = home.serve(stop, a)
		}
	}
	if err != nil {
		fmt.Fprintln(a.stderr, "cloudfn:", err)
		return 1
	}
	a.shutdown()
	return 0
}

// port returns the port that a variable holds, or standard when it is not set.
func (a *app) port(variable, standard string) (string, error) {
	value := a.getenv(variable)
	if value == "" {
		value = standard
	}
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil || port == 0 {
		return "", fmt.Errorf("%s is %q: it must be a port number, 1 to 65535", variable, value)
	}
	return strconv.FormatUint(port, 10), nil
}

// listenOn opens the port that a variable holds. In production the platform connects
// from outside of the function's sandbox; under the emulator nobody else is to reach
// it.
func (a *app) listenOn(variable, standard string) (net.Listener, error) {
	port, err := a.port(variable, standard)
	if err != nil {
		return nil, err
	}
	host := ""
	if a.emulated() {
		host = "127.0.0.1"
	}
	l, err := a.listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("%w: set %s to a port that is free, and open to this user", err, variable)
	}
	return l, nil
}

// emulated reports whether the function runs under the emulator.
func (a *app) emulated() bool { return a.getenv(wxcloud.VarEmulatorURL) != "" }

// keyFile names the file with the instance's key. The emulator writes it for each
// process that it starts; there is none on the platform.
const keyFile = "WXFN_INSTANCE_KEY_FILE"

// takeKey returns the key, and leaves neither it nor its place to the function. That the
// file is gone tells the emulator that the key is required from now on.
func (a *app) takeKey() (string, error) {
	path := a.getenv(keyFile)
	if path == "" || !a.emulated() {
		return "", nil
	}
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // a program that started this one has taken it
	}
	if err == nil {
		err = errors.Join(os.Remove(path), a.unsetenv(keyFile))
	}
	if err != nil {
		return "", fmt.Errorf("the key of this instance: %w", err)
	}
	return string(key), nil
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
