package shop

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

var (
	Own     = openapi.NewClient(openapi.WithAccessToken("a"))
	Changed = openapi.NewClient(openapi.WithAccessToken("a"))
)

type Shop struct{ API *openapi.Client }

func New() *Shop { return &Shop{Own} }

func (s *Shop) Sell(ctx context.Context) {
	s.API.Urllink.Generate(ctx, nil) // exempt urllink.generate
}
