// Package helper sends codes.
package helper

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

// Send sends 小程序码.
func Send(ctx context.Context, r *openapi.WxacodeGetRequest) (*openapi.Image, error) {
	if r.Path == "页面" {
		return named("小程序码", openapi.Wxacode.Get)(ctx, r)
	}
	return nil, openapi.Call(ctx, "wxacode."+r.Path, nil, nil)
}
