package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	ctx := context.Background()
	openapi.Wxacode.CreateQRCode(ctx, nil)                       // want wxacode.createQRCode: main, openapi.Wxacode.CreateQRCode
	if image, err := openapi.Wxacode.Get(ctx, nil); err == nil { // want wxacode.get
		_ = image
	}
	/* 二维码 */ (openapi.Wxacode.GetUnlimited)(ctx, nil) // want wxacode.getUnlimited
}
