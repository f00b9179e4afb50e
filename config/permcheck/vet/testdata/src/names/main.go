package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

const namespace = "wxacode"

func main() {
	ctx := context.Background()
	openapi.Call(ctx, namespace+".get", nil, nil)
	openapi.Call(ctx, namespace+".createQRCode", nil, nil) // want `this calls wxacode.createQRCode, which`
	once := "wxacode.getUnlimited"
	openapi.NewClient().Call(ctx, once, nil, nil) // want `this calls wxacode.getUnlimited, which`
	openapi.Call(ctx, os.Args[1], nil, nil)       // want `this calls an API by a name that is made up at run time; name what it can be in a comment`
	//wxfn:permissions wxacode.get
	openapi.Call(ctx, os.Args[1], nil, nil)
	//wxfn:permissions wxacode.get, security.msgSecCheck
	openapi.Call(ctx, os.Args[1], nil, nil) // want `this calls security.msgSecCheck, which`
	call := openapi.Call                    // want `made up at run time`
	call(ctx, "wxacode.get", nil, nil)
}
