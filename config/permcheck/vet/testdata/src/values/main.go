package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type method func(context.Context, any) (any, error)

type codes struct{ openapi.WxacodeAPI }

var table = map[string]method{
	"check": openapi.Security.MsgSecCheck, // want `this calls security.msgSecCheck`
}

func init() {
	get := codes{}.Get // want `this calls wxacode.get,`
	get(context.Background(), nil)
}

func main() {
	defer func() {
		func() {
			openapi.WxacodeAPI.CreateQRCode(openapi.Wxacode, context.Background(), nil) // want `this calls wxacode.createQRCode`
		}()
	}()
	table["check"](context.Background(), nil)
}
