package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func send(ctx context.Context) { openapi.SubscribeMessage.Send(ctx, nil) } // want subscribeMessage.send
