// Command createqrcode is a cloud function that makes a QR code (二维码) for a page of the Mini Program.
package main

import (
	"cmp"
	"context"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// Event is what the function is called with; both fields may be left out.
type Event struct {
	Path  string `json:"path"`
	Width int    `json:"width"`
}

func handle(ctx context.Context, event Event) (*openapi.Image, error) {
	return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{
		Path:  cmp.Or(event.Path, "page/index/index"),
		Width: new(cmp.Or(event.Width, 430)),
	})
}

func main() { cloudfn.Start(handle) }
