// Generic code has a Client that openapi.NewClient has not made.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func zero[T any](*T) (t T) { return t }

func main() {
	own := openapi.NewClient(openapi.WithAccessToken("a"))
	c := zero(own)
	c.Wxacode.Get(context.Background(), nil) // want wxacode.get
}
