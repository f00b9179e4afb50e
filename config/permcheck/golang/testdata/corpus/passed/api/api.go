// Package api calls by names that it is given.
package api

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func Call(ctx context.Context, name string) error {
	return openapi.Call(ctx, name, nil, nil) // want wxacode.get: main, api.Call, openapi.Call
}

// In has a namespace and a method.
func In(ctx context.Context, namespace, method string) error {
	return openapi.Call(ctx, namespace+"."+method, nil, nil) // want ocr.idcard ocr.bankcard: main, api.In, openapi.Call
}

// Retry passes on what it is given.
func Retry(ctx context.Context, name string, left int) error {
	if err := openapi.Call(ctx, name, nil, nil); err == nil || left == 0 { // want security.msgSecCheck: main, api.Retry, openapi.Call
		return err
	}
	return Retry(ctx, name, left-1)
}

// Declared has a directive for what nobody can tell.
func Declared(ctx context.Context, name string) error {
	//wxfn:permissions logistics.addOrder
	return openapi.Call(ctx, name, nil, nil) // want logistics.getOrder: main, api.Declared, openapi.Call
}

// Never is called nowhere.
func Never(ctx context.Context) error { return Call(ctx, "img.aiCrop") }

type Client struct{ c *openapi.Client }

func (c *Client) Call(ctx context.Context, name string, more ...string) error {
	for range more {
		openapi.Call(ctx, "wxacode.createQRCode", nil, nil) // want wxacode.createQRCode
	}
	return c.c.Call(ctx, name, nil, nil) // want urllink.generate: main, api.(*Client).Call, openapi.Client.Call
}
