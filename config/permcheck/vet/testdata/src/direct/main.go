package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

const debug = false

func handle(ctx context.Context, event int) (any, error) {
	openapi.Wxacode.Get(ctx, nil)
	send(ctx)
	if debug {
		openapi.Security.MsgSecCheck(ctx, nil)
	}
	client := openapi.NewClient()
	client.Wxa.Sec.Order.GetOrder(ctx, nil) // want `this calls wxa.sec.order.getOrder, which config.json does not permit; add "wxa.sec.order.getOrder" to permissions.openapi`
	openapi.CallFunction(ctx, "other", nil, nil)
	return openapi.Wxacode.CreateQRCode(ctx, nil) // want `this calls wxacode.createQRCode, which config.json does not permit`
}

func send(ctx context.Context) {
	go openapi.Wxacode.GetUnlimited(ctx, nil) // want `this calls wxacode.getUnlimited, which`
}

func unused(ctx context.Context) { openapi.Security.MsgSecCheck(ctx, nil) }

func main() { cloudfn.Start(handle) }
