package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

var actions = map[string]func(context.Context){
	"code": code,
	"check": func(ctx context.Context) {
		openapi.Security.MsgSecCheck(ctx, nil) // want security.msgSecCheck: var actions, openapi.Security.MsgSecCheck
	},
}

var steps = [...]func(context.Context){1: sign}

func main() {
	actions["code"](context.Background())
	steps[1](context.Background())
}

func code(ctx context.Context) { openapi.Wxacode.Get(ctx, nil) }          // want wxacode.get: var actions, code, openapi.Wxacode.Get
func sign(ctx context.Context) { openapi.Wxacode.CreateQRCode(ctx, nil) } // want wxacode.createQRCode
