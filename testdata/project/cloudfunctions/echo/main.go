// Command echo is a cloud function that tells what it was called with.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/wxcloud-go/wxfn/cloudfn"
)

// Seen is what a function sees of its invocation.
type Seen struct {
	Event                               json.RawMessage
	OpenID, AppID, UnionID, Env, Source string
	Function, Greeting                  string
	MemoryLimitMB                       int
	PID                                 int
}

func handle(ctx context.Context, event json.RawMessage) (*Seen, error) {
	inv, _ := cloudfn.FromContext(ctx)
	return &Seen{
		Event: event, OpenID: inv.OpenID, AppID: inv.AppID, UnionID: inv.UnionID, Env: inv.Env, Source: inv.Source,
		Function: inv.Function, Greeting: os.Getenv("GREETING"), MemoryLimitMB: inv.MemoryLimitMB, PID: os.Getpid(),
	}, nil
}

func main() { cloudfn.Start(handle) }
