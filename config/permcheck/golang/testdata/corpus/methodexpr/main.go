package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	get := openapi.WxacodeAPI.Get // want wxacode.get
	get(openapi.Wxacode, context.Background(), nil)
	f := (*server).handle
	f(nil)
	g := worker.work
	g(&job{})
	(*openapi.Client).Call(openapi.NewClient(), context.Background(), "security.msgSecCheck", nil, nil) // want security.msgSecCheck
}

type server struct{}

func (s *server) handle() { openapi.Wxacode.GetUnlimited(context.Background(), nil) } // want wxacode.getUnlimited

type worker interface{ work() }

type job struct{}

func (*job) work() { openapi.Wxacode.CreateQRCode(context.Background(), nil) } // want wxacode.createQRCode
