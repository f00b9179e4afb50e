package cloudfn

import (
	"context"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// serveGo1 is the runtime Go1: the platform connects to a port and calls.
func serveGo1(stop context.Context, a *app) error {
	l, err := a.listenOn(wxcloud.VarGo1Port, "")
	if err != nil {
		return err
	}
	server := go1.NewServer(a.invokeGo1)
	server.RequireKey(a.key)
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

// invokeGo1 is one invocation in runtime Go1.
func (a *app) invokeGo1(ctx context.Context, req *go1.InvokeRequest, resp *go1.InvokeResponse) error {
	environ := make(map[string]string, 32) // room for what the platform sends
	environ[wxcloud.VarNamespace] = req.Namespace
	environ[wxcloud.VarRegion] = req.TencentcloudRegion
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
