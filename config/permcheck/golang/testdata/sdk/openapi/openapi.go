// Package openapi has the shape of the real one, and none of its weight.
package openapi

import "context"

type WxacodeGetRequest struct{}

type Image struct{}

type Client struct{ Wxacode WxacodeAPI }

type Option func(*Client)

func WithAccessToken(token string) Option { return nil }

func NewClient(...Option) *Client { return nil }

type WxacodeAPI struct{ client *Client }

var Wxacode WxacodeAPI

func (WxacodeAPI) Get(context.Context, *WxacodeGetRequest) (*Image, error) { return nil, nil }

// Newer is a method that the check has never heard of.
func (WxacodeAPI) Newer(context.Context, *WxacodeGetRequest) (*Image, error) { return nil, nil }

func Call(ctx context.Context, api string, params, result any) error { return nil }
