package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

// codes has the methods of the namespace.
type codes struct {
	openapi.WxacodeAPI
	prefix string
}

type base struct{}

func (*base) run(ctx context.Context)  { openapi.SubscribeMessage.Send(ctx, nil) } // want subscribeMessage.send: main, (*base).run, openapi.SubscribeMessage.Send
func (*base) rest(ctx context.Context) { openapi.Security.MsgSecCheck(ctx, nil) }

type job struct {
	*base
	codes
}

type runner interface{ run(context.Context) }

type wrapper struct{ runner }

func main() {
	j := job{base: &base{}, codes: codes{WxacodeAPI: openapi.Wxacode}}
	j.Get(context.Background(), nil) // want wxacode.get: main, openapi.Wxacode.Get
	var r runner = wrapper{j}
	r.run(context.Background())
	var client struct{ *openapi.Client }
	client.Client = openapi.NewClient()
	client.Wxacode.CreateQRCode(context.Background(), nil) // want wxacode.createQRCode
}
