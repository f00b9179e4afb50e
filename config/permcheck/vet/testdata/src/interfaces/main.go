package main

import (
	"context"
	"fmt"
	"net/http"

	"helper"

	"github.com/wxcloud-go/wxfn/openapi"
)

type getter interface {
	Get(ctx context.Context, req any) (any, error)
}

type server struct{}

func (*server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	openapi.Wxacode.CreateQRCode(r.Context(), nil) // want `this calls wxacode.createQRCode`
}

func (*server) unused(ctx context.Context) { openapi.Wxacode.GetUnlimited(ctx, nil) }

type text struct{}

func (text) String() string {
	openapi.Wxa.Sec.Order.GetOrder(context.Background(), nil)
	return ""
}

type failure struct{ error }

func (failure) Unwrap() error {
	openapi.Call(context.Background(), "img.aiCrop", nil, nil) // want `this calls img.aiCrop`
	return nil
}

type printed struct{}

func (printed) String() string {
	openapi.Call(context.Background(), "auth.code2Session", nil, nil) // want `and there is no such API`
	return ""
}

var _ http.Handler = (*other)(nil)

type other struct{}

func (*other) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	openapi.Wxacode.GetUnlimited(r.Context(), nil)
}

func main() {
	var g getter = openapi.Wxacode // want `this calls wxacode.get,`
	g.Get(context.Background(), nil)
	http.Handle("/", &server{})
	helper.Use(helper.Checker{}) // want `helper.Checker.Check calls security.msgSecCheck, by openapi.Security.MsgSecCheck \(helper.go:\d+:\d+\), which config.json`
	_ = text{}
	fmt.Println(printed{})
	var err error = failure{}
	fmt.Println(err)
}
