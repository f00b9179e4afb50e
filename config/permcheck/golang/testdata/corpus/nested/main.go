package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	ctx := context.Background()
	openapi.Wxa.Sec.Order.GetOrder(ctx, nil) // want wxa.sec.order.getOrder: main, openapi.Wxa.Sec.Order.GetOrder
	media := openapi.NewClient().OfficialAccount.Media
	media.Get(ctx, nil) // want officialAccount.media.get
}
