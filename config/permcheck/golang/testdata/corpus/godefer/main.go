package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	ctx := context.Background()
	done := make(chan bool)
	go openapi.SubscribeMessage.Send(ctx, nil) // want subscribeMessage.send
	defer openapi.Wxacode.Get(ctx, nil)        // want wxacode.get
	go work(ctx, done)
	select {
	case <-done:
		defer finish(ctx)
	}
}

func work(ctx context.Context, done chan<- bool) {
	openapi.Security.MsgSecCheck(ctx, nil) // want security.msgSecCheck
	done <- true
}

func finish(ctx context.Context) { openapi.Call(ctx, "wxacode.getUnlimited", nil, nil) } // want wxacode.getUnlimited
