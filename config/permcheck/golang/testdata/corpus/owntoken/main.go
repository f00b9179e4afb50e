// All clients have access tokens of their own: wherever one comes from, its calls need no permission.
package main

import (
	"context"
	"net/http"
	"os"
	"sync"

	"github.com/wxcloud-go/wxfn/openapi"
)

type server struct {
	*openapi.Client
	codes openapi.WxacodeAPI
}

type caller interface {
	Call(ctx context.Context, api string, params, result any) error
}

type scanner interface {
	AiCrop(ctx context.Context, req *openapi.ImgAiCropRequest) (*openapi.ImgAiCropResult, error)
}

var shared = sync.OnceValue(func() *openapi.Client {
	return openapi.NewClient(openapi.WithAppCredential(os.Getenv("ID"), os.Getenv("SECRET")))
})

var clients = map[string]*openapi.Client{"a": openapi.NewClient(openapi.WithTimeout(1), (openapi.WithAccessToken("a")))}

func main() {
	ctx := context.Background()
	openapi.NewClient(openapi.WithTokenSource(nil)).Wxacode.Get(ctx, nil) // exempt wxacode.get
	shared().Security.MsgSecCheck(ctx, nil)                               // exempt security.msgSecCheck
	clients["a"].SubscribeMessage.Send(ctx, nil)                          // exempt subscribeMessage.send
	client, ok := clients["b"]
	if ok {
		client.Namespaces.Wxa.Sec.Order.GetOrder(ctx, nil) // exempt wxa.sec.order.getOrder
	}
	ctx = context.WithValue(ctx, server{}, client)
	if client, ok := ctx.Value(server{}).(*openapi.Client); ok {
		client.OCR.Idcard(ctx, nil) // exempt ocr.idcard
	}
	switch client := ctx.Value("client").(type) {
	case *openapi.Client:
		client.OCR.Bankcard(ctx, nil) // exempt ocr.bankcard
	}
	s := &server{Client: client, codes: client.Wxacode}
	s.Phonenumber.GetPhoneNumber(ctx, nil) // exempt phonenumber.getPhoneNumber
	s.codes.CreateQRCode(ctx, nil)         // want wxacode.createQRCode
	http.ListenAndServe("", s)
	var c caller = client
	c.Call(ctx, "wxacode.getUnlimited", nil, nil) // exempt wxacode.getUnlimited
	named(client, os.Args[1])                     // exempt ?
	call := client.Call
	call(ctx, "img.superresolution", nil, nil) // exempt img.superresolution
	var i scanner = client.Img
	i.AiCrop(ctx, nil)                                  // want img.aiCrop
	openapi.Wxacode.Get(ctx, nil)                       // want wxacode.get
	openapi.Call(ctx, "wxacode.getUnlimited", nil, nil) // want wxacode.getUnlimited
	copied := *client
	copied.Urllink.Generate(ctx, nil)                                   // exempt urllink.generate
	(*openapi.Client).Call(client, ctx, "urlscheme.generate", nil, nil) // exempt urlscheme.generate
	openapi.UrlschemeAPI.Query(client.Urlscheme, ctx, nil)              // want urlscheme.query
}

func named(client *openapi.Client, name string) {
	client.Call(context.Background(), "riskControl."+name, nil, nil)
	client.Call(context.Background(), "/wxa/newer", nil, nil) // exempt /wxa/newer
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Call(r.Context(), "search.submitPages", nil, nil) // exempt search.submitPages
	s.Client.Soter.VerifySignature(r.Context(), nil)    // exempt soter.verifySignature
}

// A client without a token of its own, in code that is not reached, is no matter.
func never() *openapi.Client { return openapi.NewClient() }
