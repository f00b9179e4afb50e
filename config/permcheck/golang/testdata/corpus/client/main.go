package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type service struct {
	client *openapi.Client
	codes  openapi.WxacodeAPI
}

var client = openapi.NewClient(openapi.WithAppID("wx1"))

func main() {
	ctx := context.Background()
	client.SubscribeMessage.Send(ctx, nil) // want subscribeMessage.send
	s := service{client: client, codes: client.Wxacode}
	s.client.Namespaces.Security.MsgSecCheck(ctx, nil) // want security.msgSecCheck
	s.codes.Get(ctx, nil)                              // want wxacode.get
	wxacode := &client.Wxacode
	wxacode.GetUnlimited(ctx, nil) // want wxacode.getUnlimited
	ctx = context.WithValue(ctx, service{}, client)
	ctx.Value(service{}).(*openapi.Client).Wxacode.CreateQRCode(ctx, nil) // want wxacode.createQRCode
	openapi.CallFunction(ctx, "other", nil, nil)
}
