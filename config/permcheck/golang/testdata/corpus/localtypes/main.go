package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type doer interface{ do(context.Context) }

func first() doer {
	type local struct{ a }
	return local{}
}

func second() any {
	type local struct{ b }
	return []local{}
}

type a struct{}

func (a) do(ctx context.Context) { openapi.Wxacode.Get(ctx, nil) } // want wxacode.get

type b struct{}

func (b) do(ctx context.Context) { openapi.Wxacode.GetUnlimited(ctx, nil) } // want wxacode.getUnlimited

func main() {
	first().do(context.Background())
	second().(doer).do(context.Background())
	var anonymous doer = struct{ c }{}
	anonymous.do(context.Background())
}

type c struct{}

func (c) do(ctx context.Context) { openapi.Wxacode.CreateQRCode(ctx, nil) } // want wxacode.createQRCode
