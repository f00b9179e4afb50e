// Command newer is built with an SDK that knows more APIs than the check.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	openapi.Wxacode.Newer(context.Background(), nil) // doubt
	openapi.NewClient(openapi.WithAccessToken("a")).Wxacode.Newer(context.Background(), nil)
}
