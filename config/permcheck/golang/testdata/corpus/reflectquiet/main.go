package main

import (
	"context"
	"os"
	"reflect"

	"github.com/wxcloud-go/wxfn/openapi"
)

// Neither what is called by name nor the client, which is only kept, leads to an API.
type jobs struct{}

func (jobs) Quiet() {}

func main() {
	reflect.ValueOf(jobs{}).MethodByName(os.Args[1]).Call(nil)
	openapi.Wxacode.Get(context.Background(), nil) // want wxacode.get
}
