package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

func handle(ctx context.Context, event int) (any, error) {
	return openapi.Wxacode.Get(ctx, nil) // want `this calls wxacode.get, and there is no config.json to permit it; create it with {"permissions": {"openapi": \["wxacode.get"\]}}`
}

func main() { cloudfn.Start(handle) }
