package openapi

import "context"

// Wxacode makes QR codes and Mini Program codes (小程序码).
var Wxacode = defaultClient.Wxacode

// WxacodeAPI is the namespace wxacode; use it as [Wxacode], or as the field of a [Client].
type WxacodeAPI struct{ client *Client }

// WxacodeCreateQRCodeRequest holds the parameters of [WxacodeAPI.CreateQRCode].
type WxacodeCreateQRCodeRequest struct {
	// Path is the page to open, with its query ("page/index/index?a=1"): required, at most 128 bytes. A Mini Game may
	// pass only a query ("?foo=bar"). The parameter scancode_time is reserved.
	Path string `json:"path"`
	// Width of the picture in pixels, 280 to 1280; 430 if nil.
	Width *int `json:"width,omitempty"`
}

// CreateQRCode makes a square QR code (二维码) that opens a page of the Mini Program. Codes last for ever; an app has
// 100,000 in all, shared with wxacode.get.
//
// Error codes: 40159 [CodeInvalidPathLength], 40097 [CodeInvalidArgs] (width), 45029 [CodeQRCodeLimit], 85096
// [CodeReservedField].
//
// Mirrors https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/createQRCode.html.
func (a WxacodeAPI) CreateQRCode(ctx context.Context, req *WxacodeCreateQRCodeRequest) (*Image, error) {
	image := &Image{}
	if err := a.client.Call(ctx, "wxacode.createQRCode", req, image); err != nil {
		return nil, err
	}
	return image, nil
}
