package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

var (
	api    = openapi.Wxacode
	get    = api.Get // want wxacode.get: var get, openapi.Wxacode.Get
	result = load()
)

func load() error { return openapi.Call(context.Background(), "security.msgSecCheck", nil, nil) } // want security.msgSecCheck: var result, load, openapi.Call

func main() {
	_ = result
	api.GetUnlimited(context.Background(), nil) // want wxacode.getUnlimited
}
