package helper // want package:`\(\*deep.Sender\).Send: wxacode.createQRCode; \(helper.Checker\).Check: security.msgSecCheck; helper.Computed: \?; helper.Send: wxacode.createQRCode; helper.Twice: wxacode.getUnlimited}$`

import (
	"context"

	"deep"

	"github.com/wxcloud-go/wxfn/openapi"
)

type Using interface{ Check(ctx context.Context) }

func Use(u Using) { u.Check(context.Background()) }

type Checker struct{}

func (Checker) Check(ctx context.Context) { openapi.Security.MsgSecCheck(ctx, nil) }

func Twice[T any](T) { openapi.Wxacode.GetUnlimited(context.Background(), nil) }

func Send(ctx context.Context) { send(ctx) }

func send(ctx context.Context) { deep.New().Send(ctx) }

func Client() *deep.Sender { return deep.New() }

func Computed(ctx context.Context, name string) { openapi.Call(ctx, name, nil, nil) }

func Nothing() {}
