package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	width := 430
	makeCode := func(ctx context.Context) func() {
		return func() {
			_ = width
			openapi.Wxacode.GetUnlimited(ctx, nil) // want wxacode.getUnlimited: main, openapi.Wxacode.GetUnlimited
		}
	}
	makeCode(context.Background())()
}
