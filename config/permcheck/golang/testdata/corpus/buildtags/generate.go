//go:build ignore

package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() { openapi.Security.MsgSecCheck(context.Background(), nil) }
