package main_test

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func init() { openapi.Wxacode.CreateQRCode(context.Background(), nil) }
