// A Client that openapi.NewClient has not made calls as package openapi does. Nothing tells it from others.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type holder struct{ client openapi.Client }

func main() {
	ctx := context.Background()
	own := openapi.NewClient(openapi.WithAccessToken("a"))
	own.Wxacode.Get(ctx, nil) // want wxacode.get
	var h holder
	use(ctx, &h.client)
}

func use(ctx context.Context, c *openapi.Client) {
	c.OCR.Idcard(ctx, nil) // want ocr.idcard
}
