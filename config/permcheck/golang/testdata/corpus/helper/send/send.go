package send

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func Send(ctx context.Context) { deliver(ctx) }

func deliver(ctx context.Context) {
	openapi.SubscribeMessage.Send(ctx, nil) // want subscribeMessage.send: main, send.Send, send.deliver, openapi.SubscribeMessage.Send
}

// Unused is for another function.
func Unused(ctx context.Context) { openapi.Wxacode.Get(ctx, nil) }
