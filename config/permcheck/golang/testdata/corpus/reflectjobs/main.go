package main

import (
	"context"
	"os"
	"reflect"

	"github.com/wxcloud-go/wxfn/openapi"
)

type jobs struct{}

func (jobs) Send()  { openapi.SubscribeMessage.Send(context.Background(), nil) }
func (jobs) Quiet() {}

type quiet struct{}

func (quiet) Quiet() {}

func main() {
	openapi.Wxacode.Get(context.Background(), nil) // want wxacode.get
	reflect.ValueOf(quiet{}).NumMethod()
	reflect.ValueOf(jobs{}).MethodByName(os.Args[1]).Call(nil) // doubt
}
