package deep // want package:`\(\*deep.Sender\).Send: wxacode.createQRCode}$`

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type Sender struct{}

func New() *Sender { return &Sender{} }

func (*Sender) Send(ctx context.Context) { openapi.Wxacode.CreateQRCode(ctx, nil) }
