package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	openapi.Wxacode.Fetch(context.Background(), nil)
	return 1
}
