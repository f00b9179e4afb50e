package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	openapi.Wxacode.Get(context.Background(), nil) // want `this calls wxacode.get, which nothing permits: config.json: the file is not JSON: .*; correct it`
}
