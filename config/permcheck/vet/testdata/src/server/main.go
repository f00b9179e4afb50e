// A server of one's own calls APIs without any config.json.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() { openapi.Wxacode.Get(context.Background(), nil) }
