package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

type handler struct{}

func (h handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	openapi.Wxacode.Get(ctx, nil) // want wxacode.get: main, handler.Invoke, openapi.Wxacode.Get
	return nil, nil
}

func (h handler) handle(ctx context.Context, _ any) (any, error) {
	return nil, openapi.Call(ctx, "security.msgSecCheck", nil, nil) // want security.msgSecCheck
}

func main() {
	if len(os.Args) > 1 {
		cloudfn.Start(handler{}.handle)
	}
	cloudfn.StartHandler(handler{})
}
