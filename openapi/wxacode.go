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
	return a.client.image(ctx, "wxacode.createQRCode", req)
}

// WxacodeGetRequest holds the parameters of [WxacodeAPI.Get].
type WxacodeGetRequest struct {
	// Path is the page to open, with its query: required, at most 1024 characters. A Mini Game may pass only a query
	// ("?foo=bar"). The parameter scancode_time is reserved.
	Path string `json:"path"`
	// Width of the picture in pixels, 280 to 1280; 430 if nil.
	Width *int `json:"width,omitempty"`
	// AutoColor lets the platform choose the colour of the lines; false if nil.
	AutoColor *bool `json:"autoColor,omitempty"`
	// LineColor is the colour of the lines where AutoColor is not true; black if nil.
	LineColor *WxacodeLineColor `json:"lineColor,omitempty"`
	// IsHyaline asks for a transparent ground, and so for a PNG; false if nil.
	IsHyaline *bool `json:"isHyaline,omitempty"`
	// EnvVersion is the version to open: "release" (the default), "trial" or "develop".
	EnvVersion string `json:"envVersion,omitempty"`
}

// WxacodeLineColor is a colour; each part is 0 to 255.
type WxacodeLineColor struct {
	R int `json:"r"`
	G int `json:"g"`
	B int `json:"b"`
}

// Get makes a Mini Program code (小程序码) that opens a page. Codes last for ever; an app has 100,000 in all, shared with
// createQRCode.
//
// Error codes: 40159 [CodeInvalidPathLength], 40097 [CodeInvalidArgs], 45029 [CodeQRCodeLimit], 85096
// [CodeReservedField].
//
// Mirrors https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getQRCode.html.
func (a WxacodeAPI) Get(ctx context.Context, req *WxacodeGetRequest) (*Image, error) {
	return a.client.image(ctx, "wxacode.get", req)
}

// WxacodeGetUnlimitedRequest holds the parameters of [WxacodeAPI.GetUnlimited].
type WxacodeGetUnlimitedRequest struct {
	// Scene is what the page gets as query.scene: required, 1 to 32 characters of 0-9 a-z A-Z !#$&'()*+,/:;=?@-._~
	Scene string `json:"scene"`
	// Page is the page to open, without a leading slash and without a query; the home page if empty.
	Page string `json:"page,omitempty"`
	// CheckPath asks for an error where the published Mini Program has no such page; true if nil.
	CheckPath *bool `json:"checkPath,omitempty"`
	// EnvVersion is the version to open: "release" (the default), "trial" or "develop".
	EnvVersion string `json:"envVersion,omitempty"`
	// Width of the picture in pixels, 280 to 1280; 430 if nil.
	Width *int `json:"width,omitempty"`
	// AutoColor lets the platform choose the colour of the lines; false if nil.
	AutoColor *bool `json:"autoColor,omitempty"`
	// LineColor is the colour of the lines where AutoColor is not true; black if nil.
	LineColor *WxacodeLineColor `json:"lineColor,omitempty"`
	// IsHyaline asks for a transparent ground, and so for a PNG; false if nil.
	IsHyaline *bool `json:"isHyaline,omitempty"`
}

// GetUnlimited makes a Mini Program code (小程序码) for a scene. Codes last for ever, and there may be any number of them;
// 5,000 calls a minute.
//
// Error codes: 40129 [CodeInvalidScene], 40169 [CodeInvalidSceneLength], 41030 [CodeInvalidPage], 40097
// [CodeInvalidArgs], 45009 [CodeFrequencyLimit], 85096 [CodeReservedField].
//
// Mirrors https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode.html.
func (a WxacodeAPI) GetUnlimited(ctx context.Context, req *WxacodeGetUnlimitedRequest) (*Image, error) {
	return a.client.image(ctx, "wxacode.getUnlimited", req)
}
