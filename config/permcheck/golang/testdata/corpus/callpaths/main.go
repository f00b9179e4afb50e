// A path stands for the API that has it; one that none has needs nothing.
package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	ctx := context.Background()
	openapi.Call(ctx, "/wxa/getwxacode", nil, nil)             // want wxacode.get
	openapi.Call(ctx, "POST /wxa/getwxacode?from=a", nil, nil) // want wxacode.get
	openapi.Call(ctx, "GET /wxa/newer", nil, nil)              // want /wxa/newer
	post(ctx, "newer/still")
	post(ctx, "getwxacodeunlimit")
	//wxfn:permissions /wxa/getwxacode, /wxa/newest
	openapi.Call(ctx, "/wxa/"+os.Args[1], nil, nil) // want ?wxacode.get,/wxa/newest
}

func post(ctx context.Context, path string) {
	openapi.Call(ctx, "/wxa/"+path, nil, nil) // want wxacode.getUnlimited /wxa/newer/still
}
