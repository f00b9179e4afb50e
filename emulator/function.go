package emulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// function is a function that is served, or known not to be.
type function struct {
	name string
	kind string
	dir  string // of a function folder
	// permitted reports whether the function may call an API, and if not, what to do.
	permitted func(api string) (ok bool, advice string)
	// findings returns what is wrong in the function's own files.
	findings func() []config.Finding
	// prepare makes the function ready to be run. After an error, the next call tries again.
	prepare func(context.Context, buildFunc) (*host.Function, error)

	// folder is what the project says of a function folder, and program what was built from it.
	folder  config.FunctionDir
	program stamp
	// service is what the platform knows of a function that serves HTTP; nil for one that takes events.
	service *platform.Service
	// kept is the file of the program, or of compiled TypeScript, where that is the function's own, to be removed with it.
	kept string
	// renewal has the function's syntax checked, so that a broken edit does not take the place of what works.
	renewal bool
	// outdated is why the function is not the newest: what is wrong with the one that should have taken its place.
	outdated atomic.Pointer[string]

	ctx    context.Context // ends when the function is closed
	cancel context.CancelFunc
	calls  sync.WaitGroup // the invocations that found this function by its name

	mu          sync.Mutex
	preparation *preparation // nil until the first call, and after a failure
	permissions permissions  // of a function folder, as they were read last
}

// permissions is what a function's config.json said at a time.
type permissions struct {
	read     time.Time
	config   *config.Function
	findings []config.Finding
}

// buildFunc returns the program of the Go main package in dir.
type buildFunc func(ctx context.Context, dir string) (program string, err error)

// preparation is the making ready of a function.
type preparation struct {
	done   chan struct{} // closed when the fields below are set
	hosted *host.Function
	err    error
}

var errStopping = errors.New("the emulator is closing, or has replaced the function")

// ready returns the host of the function, prepared. That goes on when ctx ends, for the sake of the next caller.
func (f *function) ready(ctx context.Context, build buildFunc) (*host.Function, error) {
	f.mu.Lock()
	if f.ctx.Err() != nil {
		f.mu.Unlock()
		return nil, errStopping
	}
	p := f.preparation
	if p == nil {
		p = &preparation{done: make(chan struct{})}
		f.preparation = p
		go f.run(p, build)
	}
	f.mu.Unlock()
	select {
	case <-p.done:
		return p.hosted, p.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the caller went away while the function was made ready: %w", ctx.Err())
	}
}

func (f *function) run(p *preparation, build buildFunc) {
	defer close(p.done)
	if p.hosted, p.err = f.prepared(build); p.err != nil {
		f.mu.Lock()
		f.preparation = nil
		f.mu.Unlock()
	}
}

func (f *function) prepared(build buildFunc) (hosted *host.Function, err error) {
	defer contain(&err)
	return f.prepare(f.ctx, build)
}

// works reports whether the function has been made ready.
func (f *function) works() bool {
	f.mu.Lock()
	p := f.preparation
	f.mu.Unlock()
	if p == nil {
		return false
	}
	<-p.done
	return p.err == nil
}

// close ends the function with all that it runs, or prepares to run. Calls that are running fail.
func (f *function) close() {
	f.mu.Lock()
	f.cancel()
	p := f.preparation
	f.mu.Unlock()
	if f.service != nil {
		defer f.service.Close()
	}
	if p == nil {
		return
	}
	<-p.done
	if p.hosted != nil {
		p.hosted.Close()
	}
	if f.kept != "" {
		_ = os.Remove(f.kept)
	}
}

// newHandler returns the function of a handler in this process, which the method of that name has added.
func (e *Emulator) newHandler(method, name string, r host.Runtime, permissions []string) *function {
	f := &function{name: name, kind: "handler"}
	f.ctx, f.cancel = context.WithCancel(e.ctx)
	f.permitted = func(api string) (bool, string) {
		return slices.Contains(permissions, api), fmt.Sprintf("add %q to the permissions that %s(%q, …) is given", api, method, name)
	}
	f.prepare = func(context.Context, buildFunc) (*host.Function, error) {
		for _, api := range permissions { // now, since a stub may have come for one
			if wrong := e.unknownAPI(api); wrong != "" {
				return nil, fmt.Errorf("the permissions that %s(%q, …) is given: %s", method, name, wrong)
			}
		}
		return host.New(name, r, e.config.Timeout, 0, 0), nil
	}
	return f
}

func (e *Emulator) function(name string) (*function, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	f, ok := e.functions[name]
	return f, ok
}

// enter returns a function that is there, though another may take its name, until leave is called.
func (e *Emulator) enter(name string) (f *function, leave func(), ok bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if f, ok = e.functions[name]; !ok {
		return nil, nil, false
	}
	f.calls.Add(1)
	return f, f.calls.Done, true
}

// names returns the names of all functions, sorted.
func (e *Emulator) names() []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return sortedNames(e.functions)
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// put serves f under its name. A function that has the name already gives way, though its running invocations come to
// their end.
func (e *Emulator) put(f *function) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.functions[f.name]
	e.functions[f.name] = f
	e.retire(old)
}

// drop serves nothing under a name any more.
func (e *Emulator) drop(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.functions[name]
	delete(e.functions, name)
	e.retire(old)
}

// retire closes a function that nobody finds any more, when its last call is over. It is called under the lock.
func (e *Emulator) retire(old *function) {
	if old == nil || e.ctx.Err() != nil {
		return
	}
	e.replaced.Go(func() {
		stop := context.AfterFunc(e.ctx, old.close) // Close does not wait for them
		old.calls.Wait()
		stop()
		old.close()
	})
}

// functions is what the platform sees of the emulator.
type functions Emulator

// Call implements platform.Functions. A call over the HTTP API tells the function which app it is, since no user calls.
func (fs *functions) Call(ctx context.Context, caller platform.Caller, name string, event []byte) (*tcb.InvokeResult, error) {
	if caller.Source == SourceHTTP {
		var err error
		if event, err = addUserInfo(event, caller); err != nil {
			return nil, err
		}
	}
	result, err := (*Emulator)(fs).invoke(ctx, caller, name, event)
	if err != nil {
		return nil, &tcb.Error{Code: err.cloudBaseCode(), Message: err.text(), RequestID: err.RequestID}
	}
	return &tcb.InvokeResult{RequestID: result.RequestID, Data: string(result.JSON)}, nil
}
