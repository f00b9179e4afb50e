package main

import (
	"context"
	"os"

	"tokens"

	"github.com/wxcloud-go/wxfn/openapi"
)

var own = openapi.NewClient(openapi.WithEnv("e"), openapi.WithAppCredential("a", "b"))

func main() {
	ctx := context.Background()
	own.Wxacode.Get(ctx, nil)
	own.Call(ctx, "/wxa/newer", nil, nil)
	own.Call(ctx, os.Args[1], nil, nil)
	own.Call(ctx, "wxacode.gets", nil, nil) // want `this calls "wxacode.gets", and there is no such API`
	openapi.Call(ctx, "/wxa/newer", nil, nil)
	openapi.Call(ctx, "/wxa/getwxacode", nil, nil) // want `this calls wxacode.get, which`
	pass(ctx, own)
	openapi.NewClient(openapi.WithEnv("e")).Wxacode.Get(ctx, nil) // want `this calls wxacode.get, which`
	s := tokens.New()
	s.Own(ctx)
	s.Set(ctx) // want `\(\*tokens.Shop\).Set calls wxacode.get, by`
	tokens.Own(ctx)
	tokens.Client.Wxacode.Get(ctx, nil) // want `this calls wxacode.get, which`
	c := tokens.Client
	c.Wxacode.Get(ctx, nil) // want `this calls wxacode.get, which`
}

func pass(ctx context.Context, c *openapi.Client) {
	c.Wxacode.Get(ctx, nil) // want `this calls wxacode.get, which`
}
