//go:build arm64 || cgo

package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func init() { openapi.Security.MsgSecCheck(context.Background(), nil) }
