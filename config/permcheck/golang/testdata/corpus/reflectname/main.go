package main

import (
	"context"
	"reflect"

	"github.com/wxcloud-go/wxfn/openapi"
)

type jobs struct{}

func (jobs) Send()  { openapi.SubscribeMessage.Send(context.Background(), nil) } // want subscribeMessage.send
func (jobs) Check() { openapi.Security.MsgSecCheck(context.Background(), nil) }

func main() {
	reflect.ValueOf(jobs{}).MethodByName("Send").Call(nil)
	reflect.ValueOf(openapi.Wxacode).MethodByName("Get").Call(nil) // want wxacode.get
}
