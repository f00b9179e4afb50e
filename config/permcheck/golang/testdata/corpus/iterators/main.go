package main

import (
	"context"
	"iter"
	"slices"

	"github.com/wxcloud-go/wxfn/openapi"
)

func codes(ctx context.Context) iter.Seq[int] {
	return func(yield func(int) bool) {
		openapi.Wxacode.Get(ctx, nil) // want wxacode.get: main, codes, openapi.Wxacode.Get
		yield(1)
	}
}

func main() {
	for n := range codes(context.Background()) {
		_ = n
		slices.SortFunc([]int{1}, func(a, b int) int { openapi.Security.MsgSecCheck(context.Background(), nil); return 0 }) // want security.msgSecCheck
	}
}
