package cloudfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// errPanicked ends a process that is not to be trusted with another event.
var errPanicked = errors.New("the handler panicked: this process ends, and a new one handles the next event")

// serveCustom is the custom runtime (自定义运行时): the function fetches its events
// over HTTP, one at a time.
// https://cloud.tencent.com/document/product/583/47274
func serveCustom(stop context.Context, a *app) error {
	port, err := a.port(wxcloud.VarRuntimeAPIPort, "")
	if err != nil {
		return err
	}
	api := &runtimeAPI{dial: a.dial, address: net.JoinHostPort(a.getenv(wxcloud.VarRuntimeAPI), port), key: a.key}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- a.serveAPI(ctx, stop, api) }()
	select {
	case err := <-served:
		return err
	case <-stop.Done():
	}
	select {
	case err := <-served:
		return err
	case <-time.After(a.drainTime):
		a.tellStillRunning()
		return nil
	}
}

// serveAPI handles event after event until stop ends. ctx is for the invocations,
// which outlast that.
func (a *app) serveAPI(ctx, stop context.Context, api *runtimeAPI) error {
	defer api.close()
	err := api.post(stop, pathReady, nil)
	for err == nil {
		var header http.Header
		var body []byte
		if header, body, err = api.next(stop); err == nil {
			err = a.invokeCustom(ctx, api, header, body)
		}
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// invokeCustom is one invocation in the custom runtime, with its answer. An error
// is the end of the process.
func (a *app) invokeCustom(ctx context.Context, api *runtimeAPI, header http.Header, body []byte) error {
	inv, event, err := a.readEvent(header, body)
	if err != nil {
		return err
	}
	var resp go1.InvokeResponse
	done := make(chan struct{})
	go func() { // of its own, as the handler may end it
		defer close(done)
		limit, _ := strconv.ParseInt(header.Get("Time_Limit_In_Ms"), 10, 32) // 0 is none
		ctx, cancel := withDeadline(ctx, &go1.InvokeRequest{TimeLimitInMs: int32(limit)})
		defer cancel()
		a.invoke(ctx, inv, event, &resp)
	}()
	<-done

	failure := resp.Error
	if failure == nil {
		err := api.post(ctx, pathResponse, resp.Payload)
		if _, refused := errors.AsType[*statusError](err); !refused {
			return err
		}
		// Too large, in all likelihood. The caller is to hear of it before the
		// function's time is over.
		failure = responseError(fmt.Errorf("the platform refuses the result, of %d bytes: %w", len(resp.Payload), err))
		fmt.Fprintln(a.stderr, "cloudfn:", failure.Message)
	}
	if err := api.post(ctx, pathError, errorReport(failure)); err != nil {
		return err
	}
	if failure.ShouldExit {
		return errPanicked
	}
	return nil
}

// readEvent takes an answer apart into the invocation and its event. The variables
// are those of the process, except under the emulator: the platform's runtime API
// has none.
func (a *app) readEvent(header http.Header, body []byte) (*Invocation, []byte, error) {
	var inv *Invocation
	if t, _, _ := mime.ParseMediaType(header.Get("Content-Type")); t == envelopeType {
		var envelope struct {
			Event   string
			Environ map[string]string
			Context struct {
				Function string `json:"function_name"`
			}
		}
		if err := json.Unmarshal(body, &envelope); err != nil {
			return nil, nil, fmt.Errorf("an event of type %s: %w", t, err)
		}
		body = []byte(envelope.Event)
		inv = newInvocation(envelope.Environ, nil)
		inv.Function = envelope.Context.Function
	} else {
		inv = newInvocation(environMap(a.environ()), nil)
		inv.Function = inv.Getenv(wxcloud.VarFunctionName)
	}
	// Get finds them in any spelling, as it and http.ReadResponse spell names alike.
	inv.RequestID = header.Get("Request_Id")
	inv.MemoryLimitMB, _ = strconv.Atoi(header.Get("Memory_Limit_In_Mb"))
	return inv, body, nil
}

// errorReport is an error as it is sent. The platform takes any text; the emulator
// tells the message from the stack.
func errorReport(e *go1.ResponseError) []byte {
	var report struct {
		Message string `json:"message"`
		Stack   string `json:"stack,omitempty"`
	}
	var stack []string
	for _, f := range e.StackTrace {
		stack = append(stack, fmt.Sprintf("%s (%s:%d)", f.Label, f.Path, f.Line))
	}
	report.Message, report.Stack = e.Message, strings.Join(stack, "\n")
	text, _ := encodeJSON(report) // strings always encode
	return text
}
