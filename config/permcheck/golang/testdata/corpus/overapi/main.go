package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

// coder is what a test replaces.
type coder interface {
	CreateQRCode(context.Context, *openapi.WxacodeCreateQRCodeRequest) (*openapi.Image, error)
	Get(context.Context, *openapi.WxacodeGetRequest) (*openapi.Image, error)
}

type caller interface {
	Call(ctx context.Context, api string, params, result any) error
}

func main() {
	run(openapi.Wxacode)
	var c caller = openapi.NewClient()
	c.Call(context.Background(), "security.msgSecCheck", nil, nil) // want security.msgSecCheck: main, openapi.Client.Call
}

func run(c coder) {
	c.Get(context.Background(), nil) // want wxacode.get: main, run, openapi.Wxacode.Get
}
