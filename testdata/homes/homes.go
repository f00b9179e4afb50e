// Package homes is one function, for tests that run it in every place that it can run in.
package homes

import (
	"context"
	"fmt"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// Event asks for a code.
type Event struct {
	Path  string
	Width int
}

// Result is a code for who calls.
type Result struct {
	OpenID, UnionID, AppID, Env, Source string
	Code                                *openapi.Image
}

// Handle makes a code whose page learns who made it.
func Handle(ctx context.Context, event Event) (*Result, error) {
	inv, ok := cloudfn.FromContext(ctx)
	if !ok {
		return nil, fmt.Errorf("there is no invocation")
	}
	code, err := openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{
		Path: event.Path + "?from=" + inv.OpenID, Width: new(event.Width),
	})
	if err != nil {
		return nil, err
	}
	return &Result{inv.OpenID, inv.UnionID, inv.AppID, inv.Env, inv.Source, code}, nil
}
