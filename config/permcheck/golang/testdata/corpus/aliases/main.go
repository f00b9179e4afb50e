package main

import (
	"context"

	. "github.com/wxcloud-go/wxfn/openapi"
	wx "github.com/wxcloud-go/wxfn/openapi"
)

type codes = wx.WxacodeAPI

// own has none of the methods.
type own wx.WxacodeAPI

func main() {
	ctx := context.Background()
	var c codes = wx.Wxacode
	c.Get(ctx, nil)                              // want wxacode.get
	SubscribeMessage.Send(ctx, nil)              // want subscribeMessage.send
	Call(ctx, "security.msgSecCheck", nil, nil)  // want security.msgSecCheck
	wx.WxacodeAPI(own(c)).CreateQRCode(ctx, nil) // want wxacode.createQRCode
	openapi{}.Get()
}

// openapi is another thing of the same name.
type openapi struct{}

func (openapi) Get() {}
