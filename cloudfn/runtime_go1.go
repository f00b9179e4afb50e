package cloudfn

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

const (
	go1Port = "_LAMBDA_SERVER_PORT" // the TCP port that a function of runtime Go1 listens on

	// emulatorURL is set by the emulator, and by nothing else.
	emulatorURL = "WXFN_URL"
)

// serveGo1 is the runtime Go1: the platform connects to a port and calls.
func serveGo1(stop context.Context, a *app) error {
	l, err := a.listenGo1()
	if err != nil {
		return err
	}
	server := go1.NewServer(a.invokeGo1)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-stop.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.drainTime)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		a.tellStillRunning()
	}
	return nil
}

// listenGo1 opens the port. In production the platform connects from outside of
// the function's sandbox; under the emulator nobody else is to reach it.
func (a *app) listenGo1() (net.Listener, error) {
	port, err := a.port(go1Port)
	if err != nil {
		return nil, err
	}
	host := ""
	if a.getenv(emulatorURL) != "" {
		host = "127.0.0.1"
	}
	l, err := a.listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("%w: stop what uses the port, or set another %s", err, go1Port)
	}
	return l, nil
}

// invokeGo1 is one invocation in runtime Go1.
func (a *app) invokeGo1(ctx context.Context, req *go1.InvokeRequest, resp *go1.InvokeResponse) error {
	environ := make(map[string]string, 32) // room for what the platform sends
	environ["SCF_NAMESPACE"] = req.Namespace
	environ["TENCENTCLOUD_REGION"] = req.TencentcloudRegion
	if err := parseEnviron(environ, req.Environment); err != nil {
		resp.Error = responseError(err)
		return nil
	}
	inv := newInvocation(environ, nil)
	inv.RequestID = req.RequestId
	inv.Function = req.FunctionName
	inv.MemoryLimitMB = int(req.MemoryLimitInMb)

	ctx, cancel := withDeadline(ctx, req)
	defer cancel()
	a.invoke(ctx, inv, req.Payload, resp)
	return nil
}

// withDeadline returns a context that ends when the platform stops waiting.
func withDeadline(ctx context.Context, req *go1.InvokeRequest) (context.Context, context.CancelFunc) {
	switch {
	case req.Deadline != go1.Timestamp{}:
		return context.WithDeadline(ctx, time.Unix(req.Deadline.Seconds, req.Deadline.Nanos))
	case req.TimeLimitInMs > 0:
		return context.WithTimeout(ctx, time.Duration(req.TimeLimitInMs)*time.Millisecond)
	default:
		return context.WithCancel(ctx)
	}
}
