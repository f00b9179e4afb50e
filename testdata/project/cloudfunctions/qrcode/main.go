// Command qrcode is a cloud function that makes a QR code for the page of its event.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// Event names the page.
type Event struct{ Path string }

func main() {
	cloudfn.Start(func(ctx context.Context, event Event) (*openapi.Image, error) {
		return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: event.Path})
	})
}
