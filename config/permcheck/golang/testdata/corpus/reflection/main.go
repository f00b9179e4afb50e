package main

import (
	"context"
	"os"
	"reflect"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	api := reflect.ValueOf(openapi.Wxacode)
	api.MethodByName(os.Args[1]).Call(nil) // doubt
	api.Method(1).Call(nil)                // doubt
	_ = context.Background
	//wxfn:permissions wxacode.get
	api.MethodByName(os.Args[1]) // want ?wxacode.get
}
