package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

// envelopeType is asked for by the emulator's own runner: the event comes with all that its invocation knows, which the
// runtime API has no place for.
const envelopeType = "application/vnd.wxfn.invocation+json"

// RuntimeAPI is the runtime of a program that fetches its events over HTTP, as the platform's custom runtime does it:
// https://cloud.tencent.com/document/product/583/47274.
type RuntimeAPI struct {
	Program Program
	Handler string // what _HANDLER says
	Account Account
}

// runtimeInstance is a process with the HTTP server that it fetches its events from.
type runtimeInstance struct {
	*process
	account Account
	server  *http.Server
	started chan struct{} // closed when process is set
	ready   chan error    // one value: how the start went
	served  bool          // an invocation, before the one that it runs

	mu      sync.Mutex
	current *runtimeCall  // the invocation that it runs
	arrived chan struct{} // closed when current is set
}

// runtimeCall is an invocation with its outcome.
type runtimeCall struct {
	*Call
	fetched bool                // whether the program knows of it
	outcome chan runtimeOutcome // one value
}

type runtimeOutcome struct {
	result  []byte
	failure *Failure
}

// Start implements [Runtime].
func (r *RuntimeAPI) Start(ctx context.Context, rec *journal.Record) (Instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("a port for the runtime API: %w", err)
	}
	i := &runtimeInstance{account: r.Account, started: make(chan struct{}), ready: make(chan error, 1), arrived: make(chan struct{})}
	i.server = &http.Server{
		Handler: onlyFor(listener.Addr().String(), i.admitted(i.routes())),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, ownConn{}, sync.OnceValue(func() bool { return i.holds(c) }))
		},
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          noLog,
	}
	go func() { _ = i.server.Serve(listener) }()
	i.process, err = r.Program.start(rec, map[string]string{
		wxcloud.VarHandler:        r.Handler,
		wxcloud.VarRuntimeAPI:     "127.0.0.1",
		wxcloud.VarRuntimeAPIPort: strconv.Itoa(listener.Addr().(*net.TCPAddr).Port),
	})
	if err != nil {
		_ = i.server.Close()
		return nil, err
	}
	close(i.started)
	go func() {
		<-i.done
		_ = i.server.Close()
	}()
	if err := i.awaitReady(ctx, r.Program.startTimeout()); err != nil {
		i.Kill()
		return nil, i.explain(err)
	}
	i.key.discard()
	i.flush()
	return i, nil
}

func (i *runtimeInstance) awaitReady(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case err := <-i.ready:
		return err
	case <-i.done:
	case <-ctx.Done():
	}
	// What the program said last counts for more than its end.
	select {
	case err := <-i.ready:
		return err
	default:
	}
	if ended(i) {
		return failed("the function %s before it was ready", i.ending())
	}
	return failed("the function was not ready within %s: it has to POST to http://$SCF_RUNTIME_API:$SCF_RUNTIME_API_PORT/runtime/init/ready, or to ask for an event", seconds(timeout))
}

// onlyFor keeps out pages that a browser on this machine shows: they would come with another Host, with an Origin, or with
// what browsers say of a request's origin.
func onlyFor(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host || r.Header["Origin"] != nil || r.Header["Sec-Fetch-Site"] != nil || r.Header["Sec-Fetch-Mode"] != nil {
			refuse(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter) {
	http.Error(w, "the runtime API is the function's alone", http.StatusForbidden)
}

// ownConn is the key of what tells, in a request's context, whether its connection is the instance's own: a func() bool.
type ownConn struct{}

// admitted keeps out other programs of this machine: by the instance's key, if the program has it, else, on Linux, by
// whose the connection is. That is looked up once for each connection.
func (i *runtimeInstance) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-i.started:
		case <-r.Context().Done():
			return
		}
		own := r.Context().Value(ownConn{}).(func() bool)
		switch {
		case i.key.admits(r):
		case i.key.required(), !own():
			refuse(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (i *runtimeInstance) routes() http.Handler {
	routes := mux.NewRouter()
	routes.Path("/runtime/init/ready").Methods(http.MethodPost).HandlerFunc(i.initReady)
	routes.Path("/runtime/init/error").Methods(http.MethodPost).HandlerFunc(i.initError)
	routes.Path("/runtime/invocation/next").Methods(http.MethodGet).HandlerFunc(i.next)
	routes.Path("/runtime/invocation/response").Methods(http.MethodPost).HandlerFunc(i.response)
	routes.Path("/runtime/invocation/error").Methods(http.MethodPost).HandlerFunc(i.failure)
	return routes
}

func (i *runtimeInstance) initReady(http.ResponseWriter, *http.Request) {
	select {
	case i.ready <- nil:
	default: // said twice
	}
}

// initError is the own runner's: a function that cannot be loaded.
func (i *runtimeInstance) initError(_ http.ResponseWriter, r *http.Request) {
	f := readFailure(r)
	select {
	case i.ready <- f:
	default:
	}
}

// next waits for an event. Asked again within an invocation, it gives the same event.
func (i *runtimeInstance) next(w http.ResponseWriter, r *http.Request) {
	i.initReady(nil, nil) // a program that asks for an event is ready
	for {
		i.mu.Lock()
		call, arrived := i.current, i.arrived
		if call != nil {
			call.fetched = true
		}
		i.mu.Unlock()
		if call != nil {
			i.writeEvent(w, r, call.Call)
			return
		}
		select {
		case <-arrived:
		case <-r.Context().Done():
			return
		}
	}
}

func (i *runtimeInstance) writeEvent(w http.ResponseWriter, r *http.Request, c *Call) {
	h := w.Header()
	// Not by Set, which would write Request_id: a shell script may look for the name to the letter.
	h["Request_Id"] = []string{c.RequestID}
	h["Memory_Limit_In_Mb"] = []string{strconv.Itoa(c.memoryMB)}
	h["Time_Limit_In_Ms"] = []string{strconv.FormatInt(c.timeout.Milliseconds(), 10)}
	if r.Header.Get("Accept") != envelopeType {
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(c.Event)
		return
	}
	h.Set("Content-Type", envelopeType)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"event":   string(c.Event),
		"environ": c.Environ,
		"context": map[string]any{
			"request_id":          c.RequestID,
			"function_name":       c.Function,
			"function_version":    functionLatest,
			"namespace":           i.account.Namespace,
			"memory_limit_in_mb":  c.memoryMB,
			"time_limit_in_ms":    c.timeout.Milliseconds(),
			"tencentcloud_region": i.account.Region,
			"tencentcloud_appid":  i.account.AppID,
			"tencentcloud_uin":    i.account.Uin,
		},
	})
}

func (i *runtimeInstance) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWireAnswer))
	outcome := runtimeOutcome{result: body}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		outcome.failure = &Failure{Code: wxcloud.ResultSize, Message: fmt.Sprintf("the result is larger than %d MB; at most 1 MB reaches the caller", tooLarge.Limit>>20)}
	} else if err != nil {
		http.Error(w, "reading the result: "+err.Error(), http.StatusBadRequest)
		return
	}
	i.finish(w, outcome)
}

func (i *runtimeInstance) failure(w http.ResponseWriter, r *http.Request) {
	i.finish(w, runtimeOutcome{failure: readFailure(r)})
}

// finish gives the running invocation its outcome. What comes twice, or with none running, is refused; so is what comes
// before the program has fetched the event, for it must be about an earlier one.
func (i *runtimeInstance) finish(w http.ResponseWriter, o runtimeOutcome) {
	i.mu.Lock()
	call := i.current
	known := call != nil && call.fetched
	if known {
		i.current, i.arrived = nil, make(chan struct{})
	}
	i.mu.Unlock()
	if !known {
		http.Error(w, "no invocation is running: it has been answered already, or its time is over", http.StatusConflict)
		return
	}
	call.outcome <- o
}

// maxReport is how much of an error is read, in bytes: more than is shown, as what is shown is cut without its secrets.
const maxReport = 2 * maxMessage

// readFailure reads an error: the own runner's {message, stack}, or any text.
func readFailure(r *http.Request) *Failure {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxReport)) // what could be read says more than nothing
	var own struct{ Message, Stack string }
	if json.Unmarshal(body, &own) == nil && own.Message != "" {
		f := failed("%s", own.Message)
		f.Stack = own.Stack
		return f
	}
	return failed("%s", cmp.Or(strings.TrimSpace(string(body)), "the function reported an error, and did not say which"))
}

// Invoke implements [Instance].
func (i *runtimeInstance) Invoke(ctx context.Context, c *Call) ([]byte, error) {
	i.printTo(c.Record)
	call := &runtimeCall{Call: c, outcome: make(chan runtimeOutcome, 1)}
	i.mu.Lock()
	i.current = call
	close(i.arrived)
	i.mu.Unlock()
	select {
	case o := <-call.outcome:
		return i.take(o)
	case <-i.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	i.mu.Lock()
	fetched := call.fetched
	i.mu.Unlock()
	select {
	case o := <-call.outcome: // after which the program ended
		return i.take(o)
	default:
	}
	if i.served && !fetched {
		return nil, errNotBegun
	}
	return nil, failed("the function %s", i.ending())
}

func (i *runtimeInstance) take(o runtimeOutcome) ([]byte, error) {
	i.served = true
	i.flush()
	if o.failure != nil {
		return nil, o.failure
	}
	return o.result, nil
}
