package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	send := openapi.SubscribeMessage.Send // want subscribeMessage.send
	run(func(ctx context.Context) { send(ctx, nil) })
	s := &server{}
	run(s.handle)
}

type server struct{ api openapi.WxacodeAPI }

func (s *server) handle(ctx context.Context) { s.api.Get(ctx, nil) } // want wxacode.get: main, (*server).handle, openapi.Wxacode.Get

func run(f func(context.Context)) { f(context.Background()) }
