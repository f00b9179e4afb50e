package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	ctx := context.Background()
	//wxfn:permissions wxacode.get, wxacode.getUnlimited
	openapi.Call(ctx, os.Args[1], nil, nil) // want ?wxacode.get,wxacode.getUnlimited
	openapi.Call(ctx, os.Args[1], nil, nil) //wxfn:permissions security.msgSecCheck // want ?security.msgSecCheck
	openapi.Call(ctx, os.Args[1], nil, nil) // want ?
	//wxfn:permissions wxacode.createQRCode
	//wxfn:permissions ocr.idcard
	if err := openapi.Call(ctx, os.Args[1], nil, nil); err != nil { // want ?wxacode.createQRCode,ocr.idcard
		panic(err)
	}
	// wxfn:permissions wxacode.get no.such
	openapi.Call( // want ?wxacode.get,no.such
		ctx,
		os.Args[1],
		nil, nil,
	)
	openapi.Call(ctx, // want ?ocr.bankcard
		os.Args[1], nil, nil) //wxfn:permissions ocr.bankcard
	//wxfn:permissionsx wxacode.get
	openapi.Call(ctx, os.Args[1], nil, nil) // want ?
	//wxfn:permissions wxacode.get
	openapi.Call(ctx, "urllink.generate", nil, nil) // want urllink.generate
}
