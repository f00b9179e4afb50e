package main

import (
	"context"

	"helper"

	"github.com/wxcloud-go/wxfn/openapi"
)

type runner interface{ run(ctx context.Context) }

type codes[T any] struct{ of T }

func (c codes[T]) run(ctx context.Context) {
	openapi.Wxacode.Get(ctx, nil) // want `this calls wxacode.get,`
}

func each[R runner](list []R) {
	for _, r := range list {
		r.run(context.Background())
	}
}

func main() {
	each([]codes[int]{{}})
	helper.Twice[int](1) // want `helper.Twice calls wxacode.getUnlimited, by openapi.Wxacode.GetUnlimited`
}
