package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() { even(4) }

func even(n int) {
	if n > 0 {
		odd(n - 1)
	}
	openapi.Wxacode.Get(context.Background(), nil) // want wxacode.get: main, even, openapi.Wxacode.Get
}

func odd(n int) { even(n - 1) }
