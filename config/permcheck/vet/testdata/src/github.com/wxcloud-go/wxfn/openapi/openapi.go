// Package openapi stands for the real one: the names are the same, and nothing is called.
package openapi

import "context"

type Client struct{ Namespaces }

type Namespaces struct {
	Security SecurityAPI
	Wxa      WxaAPI
	Wxacode  WxacodeAPI
}

type WxacodeAPI struct{ client *Client }

func (WxacodeAPI) CreateQRCode(ctx context.Context, req any) (any, error) { return nil, nil }
func (WxacodeAPI) Get(ctx context.Context, req any) (any, error)          { return nil, nil }
func (WxacodeAPI) GetUnlimited(ctx context.Context, req any) (any, error) { return nil, nil }

type SecurityAPI struct{ client *Client }

func (SecurityAPI) MsgSecCheck(ctx context.Context, req any) (any, error) { return nil, nil }

type WxaAPI struct{ Sec WxaSecAPI }

type WxaSecAPI struct{ Order WxaSecOrderAPI }

type WxaSecOrderAPI struct{ client *Client }

func (WxaSecOrderAPI) GetOrder(ctx context.Context, req any) (any, error) { return nil, nil }

var (
	Security SecurityAPI
	Wxa      WxaAPI
	Wxacode  WxacodeAPI
)

type Option func(*Client)

func WithAppCredential(appID, secret string) Option { return nil }
func WithEnv(id string) Option                      { return nil }

func NewClient(...Option) *Client { return &Client{} }

func Call(ctx context.Context, api string, params, result any) error { return nil }

func (c *Client) Call(ctx context.Context, api string, params, result any) error { return nil }

func CallFunction(ctx context.Context, name string, event, result any) error { return nil }
