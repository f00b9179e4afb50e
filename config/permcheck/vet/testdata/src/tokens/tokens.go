package tokens // want package:`\(\*tokens.Shop\).Set: wxacode.get; tokens.Get: wxacode.get; tokens.Shared: wxacode.get}$`

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

var Client = openapi.NewClient(openapi.WithAppCredential("a", "b"))

var client = openapi.NewClient(openapi.WithAppCredential("a", "b"))

type Shop struct {
	client *openapi.Client
	Client *openapi.Client
}

func New() *Shop { return &Shop{client, client} }

func (s *Shop) Own(ctx context.Context) { s.client.Wxacode.Get(ctx, nil) }

func (s *Shop) Set(ctx context.Context) { s.Client.Wxacode.Get(ctx, nil) }

func Own(ctx context.Context) { client.Wxacode.Get(ctx, nil) }

func Shared(ctx context.Context) { Client.Wxacode.Get(ctx, nil) }

func Get(ctx context.Context, c *openapi.Client) { c.Wxacode.Get(ctx, nil) }
