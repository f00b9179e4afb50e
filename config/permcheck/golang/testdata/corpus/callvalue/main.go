package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type caller func(ctx context.Context, api string, params, result any) error

func main() {
	call(openapi.Call) // want ?: main, openapi.Call
	//wxfn:permissions wxacode.get
	call(openapi.NewClient().Call) // want ?wxacode.get
}

func call(f caller) { f(context.Background(), "wxacode.get", nil, nil) }
