package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	send(context.Background())
	openapi.Wxacode.Get(context.Background(), nil) // want wxacode.get
}
