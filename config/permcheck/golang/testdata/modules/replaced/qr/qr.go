// Package qr makes codes.
package qr

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func Make(ctx context.Context) { openapi.Wxacode.Get(ctx, nil) } // want wxacode.get: main, qr.Make, openapi.Wxacode.Get

func Unused(ctx context.Context) { openapi.Call(ctx, "security.msgSecCheck", nil, nil) }
