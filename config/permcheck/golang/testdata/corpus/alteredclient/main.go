// The namespaces of a client are those of package openapi.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	own := openapi.NewClient(openapi.WithAccessToken("a"))
	codes := &own.Wxacode
	*codes = openapi.Wxacode
	own.Wxacode.Get(context.Background(), nil) // want wxacode.get
}
