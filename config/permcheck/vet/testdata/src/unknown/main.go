package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	openapi.Call(context.Background(), "wxacode.getunlimited", nil, nil) // want `this calls "wxacode.getunlimited", and there is no such API`
}
