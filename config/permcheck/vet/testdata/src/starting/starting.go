package starting // want package:`start: wxacode.get}$`

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

var picture, _ = openapi.Wxacode.Get(context.Background(), nil)
