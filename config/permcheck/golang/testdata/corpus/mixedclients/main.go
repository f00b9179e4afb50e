// Some clients have access tokens of their own, and some do not: those are told apart that are easily followed.
package main

import (
	"context"

	"example.com/functions/mixedclients/shop"
	"github.com/wxcloud-go/wxfn/openapi"
)

var (
	own   = openapi.NewClient(openapi.WithAppCredential("a", "b"))
	other = openapi.NewClient(openapi.WithAppID("wx1"))
	both  = own
	later *openapi.Client
)

type service struct {
	own, other, both *openapi.Client
	*nested
}

type nested struct{ deep *openapi.Client }

func main() {
	ctx := context.Background()
	own.Wxacode.Get(ctx, nil)   // exempt wxacode.get
	other.Wxacode.Get(ctx, nil) // want wxacode.get
	both.Wxacode.Get(ctx, nil)  // want wxacode.get
	both = other
	later.Wxacode.Get(ctx, nil) // exempt wxacode.get
	later = made("a")
	later.Call(ctx, "wxacode.get", nil, nil)                                      // exempt wxacode.get
	openapi.NewClient(openapi.WithCloudbaseAccessToken("a")).OCR.Idcard(ctx, nil) // want ocr.idcard
	openapi.NewClient(openapi.WithOpenInterfaceService()).OCR.Idcard(ctx, nil)    // want ocr.idcard

	local := openapi.NewClient(openapi.WithAccessToken("a"))
	defer func() { local.OCR.Bankcard(ctx, nil) }() // exempt ocr.bankcard
	if local == nil {
		local = made("b")
	}
	pointed := openapi.NewClient(openapi.WithAccessToken("a"))
	pointed.OCR.Bankcard(ctx, nil) // want ocr.bankcard
	set(&pointed)

	s := service{own: own, other: other, both: local}
	s.both, s.nested = other, &nested{own}
	s.own.Img.AiCrop(ctx, nil)      // exempt img.aiCrop
	s.other.Img.AiCrop(ctx, nil)    // want img.aiCrop
	s.both.Img.AiCrop(ctx, nil)     // want img.aiCrop
	s.deep.Img.AiCrop(ctx, nil)     // exempt img.aiCrop
	s.client().Img.AiCrop(ctx, nil) // exempt img.aiCrop

	codes := own.Wxacode
	codes.GetUnlimited(ctx, nil) // exempt wxacode.getUnlimited
	space := &own.Namespaces
	space.Wxacode.GetUnlimited(ctx, nil) // exempt wxacode.getUnlimited
	var late openapi.WxacodeAPI
	if own != nil {
		late = own.Wxacode
	}
	late.GetUnlimited(ctx, nil) // want wxacode.getUnlimited

	send(ctx, own)
	send(ctx, local)
	check(ctx, own, own)
	check(ctx, own, other)
	for _, c := range []*openapi.Client{own} {
		c.Search.SubmitPages(ctx, nil) // want search.submitPages
	}
	options := []openapi.Option{openapi.WithAccessToken("a")}
	openapi.NewClient(options...).Search.SubmitPages(ctx, nil) // want search.submitPages
	shop.Own.Search.SubmitPages(ctx, nil)                      // exempt search.submitPages
	shop.Changed.Search.SubmitPages(ctx, nil)                  // want search.submitPages
	shop.Changed = other
	shop.New().Sell(ctx)
	again(nil, 3).Search.SubmitPages(ctx, nil) // exempt search.submitPages
	wrong(1).Search.SubmitPages(ctx, nil)      // want search.submitPages
}

func made(token string) *openapi.Client { return openapi.NewClient(openapi.WithAccessToken(token)) }

func set(c **openapi.Client) { *c = other }

func (s *service) client() *openapi.Client { return s.own }

func send(ctx context.Context, c *openapi.Client) {
	c.SubscribeMessage.Send(ctx, nil) // exempt subscribeMessage.send
}

func check(ctx context.Context, c, d *openapi.Client) {
	c.Security.MsgSecCheck(ctx, nil) // exempt security.msgSecCheck
	d.Security.MsgSecCheck(ctx, nil) // want security.msgSecCheck
}

func again(c *openapi.Client, n int) *openapi.Client {
	if n > 0 {
		return again(own, n-1)
	}
	return c
}

func wrong(n int) (c *openapi.Client) {
	if n > 0 {
		return own
	}
	c = other
	return
}
