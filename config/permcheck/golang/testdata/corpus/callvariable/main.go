package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

var callGlobal = openapi.Call

var callNever = openapi.Call

var table = map[string]func(context.Context, string, any, any) error{"call": openapi.Call} // want ?

func main() {
	ctx := context.Background()
	call := openapi.Call
	call(ctx, "wxacode.get", nil, nil) // want wxacode.get: main, openapi.Call
	call(ctx, os.Args[1], nil, nil)    // want ?: main, openapi.Call
	//wxfn:permissions img.aiCrop
	call(ctx, os.Args[1], nil, nil)                   // want ?img.aiCrop
	callGlobal(ctx, "security.msgSecCheck", nil, nil) // want security.msgSecCheck
	callMethod := openapi.NewClient().Call
	callMethod(ctx, "ocr.idcard", nil, nil) // want ocr.idcard: main, openapi.Client.Call
	callExpression := (*openapi.Client).Call
	callExpression(openapi.NewClient(), ctx, "ocr.bankcard", nil, nil) // want ocr.bankcard
	wrapped := wrapper
	wrapped(ctx, "urllink.generate")
	closure := func(name string) error {
		return openapi.Call(ctx, name, nil, nil) // want urlscheme.generate: main, closure, openapi.Call
	}
	closure("urlscheme.generate")
	for _, name := range []string{"logistics.addOrder", "logistics.getOrder"} {
		go func(name string) { openapi.Call(ctx, name, nil, nil) }(name) // want logistics.addOrder logistics.getOrder
	}
	around(ctx, "soter")
	if false {
		call(ctx, "wxacode.createQRCode", nil, nil)
	}

	leaves := openapi.Call // want ?
	leaves(ctx, "wxacode.get", nil, nil)
	keep(leaves)
	keep(func(name string) { openapi.Call(ctx, name, nil, nil) }) // want ?
}

func wrapper(ctx context.Context, name string) error {
	return openapi.Call(ctx, name, nil, nil) // want urllink.generate: main, wrapper, openapi.Call
}

func around(ctx context.Context, namespace string) {
	call := func(method string) {
		openapi.Call(ctx, namespace+"."+method, nil, nil) // want soter.verifySignature: main, around, call, openapi.Call
	}
	call("verifySignature")
}

func keep(any) {}
