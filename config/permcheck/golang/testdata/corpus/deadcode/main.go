package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() { live() }

func live() { openapi.Wxacode.Get(context.Background(), nil) } // want wxacode.get

func dead() { deader() }

func deader() {
	openapi.Wxacode.CreateQRCode(context.Background(), nil)
	dead()
}

type unused struct{}

func (unused) String() string {
	openapi.Call(context.Background(), "security.msgSecCheck", nil, nil)
	return ""
}

// Only a declaration.
type function func(openapi.WxacodeAPI) openapi.WxacodeAPI
