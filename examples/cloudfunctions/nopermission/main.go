// Command nopermission is a cloud function whose config.json lacks the permission for the API that it calls: in the
// cloud that is error -604101, ten minutes after the upload.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

func handle(ctx context.Context, _ any) (*openapi.Image, error) {
	return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: "page/index/index"})
}

func main() { cloudfn.Start(handle) }
