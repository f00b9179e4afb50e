package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/openapi"
)

// conformanceApp is the Mini Program of testdata/conformance.
const conformanceApp = "wx0123456789abcdef"

var wxacodeErrors = map[int]string{
	40097: "invalid args",
	40129: "invalid scene",
	40159: "invalid length for path, or the data is not json string",
	40169: "invalid length for scene, or the data is not json string",
	41030: "invalid page",
	45009: "reach max api minute limit",
	45029: "qrcode count out of limit",
	85096: "page or path not allow include scancode_time field",
}

// assertRefused checks the error of an API. The official SDK knows no text for the codes of APIs.
func assertRefused(t *testing.T, failure gjson.Result, api string, errCode int) {
	t.Helper()
	assert.Equal(t, int64(errCode), failure.Get("errCode").Int(), failure.Raw)
	errMsg := failure.Get("errMsg").String()
	assert.Equal(t, "openapi."+api+":fail "+wxacodeErrors[errCode]+" rid: <id>", ridOfAnswer.ReplaceAllString(errMsg, " rid: <id>"))
	assert.Equal(t, fmt.Sprintf("errCode: %d  | errMsg: %s", errCode, errMsg), failure.Get("message").String())
}

// assertMade checks what an API of the family returns beside the picture.
func assertMade(t *testing.T, answer gjson.Result, api string) {
	t.Helper()
	ok := answer.Get("ok")
	assert.Equal(t, []string{"contentType", "buffer", "errMsg", "errCode"}, keysOf(ok), answer.Get("error").Raw)
	assert.Equal(t, "image/jpeg", ok.Get("contentType").String())
	assert.Equal(t, "openapi."+api+":ok", ok.Get("errMsg").String())
	assert.Equal(t, "0", ok.Get("errCode").Raw)
}

func keysOf(object gjson.Result) (keys []string) {
	object.ForEach(func(key, _ gjson.Result) bool {
		keys = append(keys, key.String())
		return true
	})
	return keys
}

// picture reads the result of createQRCode, and returns the picture's width and what the code in it holds.
func picture(ok gjson.Result) (width int, content string, err error) {
	var image openapi.Image
	if err := json.Unmarshal([]byte(ok.Raw), &image); err != nil {
		return 0, "", fmt.Errorf("%w: %.200s", err, ok.Raw)
	}
	img, err := jpeg.Decode(bytes.NewReader(image.Buffer))
	if err != nil {
		return 0, "", err
	}
	if size := img.Bounds().Size(); size.X != size.Y {
		return 0, "", fmt.Errorf("the picture is not square: %v", size)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return 0, "", err
	}
	code, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		return 0, "", err
	}
	return img.Bounds().Dx(), code.GetText(), nil
}

func (c conformance) testCreateQRCode(t *testing.T) {
	t.Parallel()
	const app, page = conformanceApp, "page/index/index"
	type query = map[string]string
	opens := func(path string, query query) *emulator.LaunchOptions {
		return &emulator.LaunchOptions{Path: path, Query: query, Scene: 1011, AppID: app}
	}
	ascii128 := strings.Repeat("p", 128)
	chinese126 := strings.Repeat("页", 42)
	for _, tt := range []struct {
		name    string
		event   string
		width   int
		opens   *emulator.LaunchOptions
		errCode int
	}{
		{name: "a page with a query", event: `"params":{"path":"page/index/index?a=1&b=%E4%B8%AD&c","width":600}`,
			width: 600, opens: opens(page, query{"a": "1", "b": "%E4%B8%AD", "c": ""})},
		{name: "a query alone", event: `"params":{"path":"?foo=bar"}`, width: 430, opens: opens("", query{"foo": "bar"})},
		{name: "the width is 430 by default", event: `"params":{"path":"page/index/index"}`, width: 430, opens: opens(page, query{})},
		{name: "a width of null is the default", event: `"params":{"path":"page/index/index","width":null}`, width: 430, opens: opens(page, query{})},
		{name: "a width of undefined is the default", event: `"params":{"path":"page/index/index"},"undefined":["width"]`, width: 430, opens: opens(page, query{})},
		{name: "the smallest width", event: `"params":{"path":"page/index/index","width":280}`, width: 280, opens: opens(page, query{})},
		{name: "the largest width", event: `"params":{"path":"page/index/index","width":1280}`, width: 1280, opens: opens(page, query{})},
		{name: "a path of 128 bytes", event: `"params":{"path":"` + ascii128 + `"}`, width: 430, opens: opens(ascii128, query{})},
		{name: "a path of 128 bytes in 44 characters", event: `"params":{"path":"` + chinese126 + `pp"}`, width: 430, opens: opens(chinese126+"pp", query{})},
		{name: "names as they are on the wire", event: `"params":{"path":"page/index/index","width":300},"options":{"convertCase":false}`, width: 300, opens: opens(page, query{})},
		{name: "the second version of the gateway", event: `"params":{"path":"page/index/index"},"options":{"version":"v2"}`, width: 430, opens: opens(page, query{})},
		{name: "another app", event: `"params":{"path":"page/index/index"},"options":{"appid":"wxfedcba9876543210"}`,
			width: 430, opens: &emulator.LaunchOptions{Path: page, Query: query{}, Scene: 1011, AppID: "wxfedcba9876543210"}},
		{name: "after the context was parsed", event: `"params":{"path":"page/index/index"},"parseContext":true`, width: 430, opens: opens(page, query{})},

		{name: "no parameters", event: `"params":{}`, errCode: 40159},
		{name: "an empty path", event: `"params":{"path":""}`, errCode: 40159},
		{name: "a path of null", event: `"params":{"path":null}`, errCode: 40159},
		{name: "a path that is a number", event: `"params":{"path":42}`, errCode: 40159},
		{name: "a path that is an object", event: `"params":{"path":{"page":"index"}}`, errCode: 40159},
		{name: "a path of 129 bytes", event: `"params":{"path":"` + ascii128 + `p"}`, errCode: 40159},
		{name: "a path of 129 bytes in 43 characters", event: `"params":{"path":"` + chinese126 + `页"}`, errCode: 40159},
		{name: "a width too small", event: `"params":{"path":"page/index/index","width":279}`, errCode: 40097},
		{name: "a width too large", event: `"params":{"path":"page/index/index","width":1281}`, errCode: 40097},
		{name: "a width of 0", event: `"params":{"path":"page/index/index","width":0}`, errCode: 40097},
		{name: "a width that is a string", event: `"params":{"path":"page/index/index","width":"430"}`, errCode: 40097},
		{name: "a width with a fraction", event: `"params":{"path":"page/index/index","width":430.5}`, errCode: 40097},
		{name: "the reserved parameter", event: `"params":{"path":"page/index/index?a=1&scancode_time=2"}`, errCode: 85096},
		{name: "the reserved parameter without a value", event: `"params":{"path":"?scancode_time"}`, errCode: 85096},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, answer := range c.call(t, c.alice(), "wxacode.createQRCode", tt.event) {
				assert.Equal(t, "oAlice", answer.Get("openid").String())
				if tt.errCode != 0 {
					assertRefused(t, answer.Get("error"), "wxacode.createQRCode", tt.errCode)
					continue
				}
				assertMade(t, answer, "wxacode.createQRCode")
				width, content, err := picture(answer.Get("ok"))
				require.NoError(t, err)
				assert.Equal(t, tt.width, width)
				options, err := c.emu.Scan(content)
				require.NoError(t, err)
				assert.Equal(t, tt.opens, options)
			}
		})
	}
}

// scanned decodes and scans the picture that an API of the family returns.
func (c conformance) scanned(t *testing.T, answer gjson.Result) (image.Image, *emulator.LaunchOptions) {
	t.Helper()
	var made openapi.Image
	require.NoError(t, json.Unmarshal([]byte(answer.Get("ok").Raw), &made), "%.300s", answer.Raw)
	img, format, err := image.Decode(bytes.NewReader(made.Buffer))
	require.NoError(t, err)
	assert.Equal(t, transparent(img), format == "png", "a JPEG is enough but for what is transparent")
	options, err := c.emu.ScanPicture(made.Buffer)
	require.NoError(t, err)
	return img, options
}

func (c conformance) testGet(t *testing.T) {
	t.Parallel()
	type query = map[string]string
	letters, chinese := strings.Repeat("p", 1024), strings.Repeat("页", 1024)
	for _, tt := range []struct {
		name, event string
		path        string
		query       query
		errCode     int
	}{
		{name: "a page", event: `"params":{"path":"page/index/index"}`, path: "page/index/index", query: query{}},
		{name: "a page with a query", event: `"params":{"path":"page/cart/cart?a=1&b=%E4%B8%AD&c"}`, path: "page/cart/cart", query: query{"a": "1", "b": "%E4%B8%AD", "c": ""}},
		{name: "a query alone", event: `"params":{"path":"?foo=bar"}`, query: query{"foo": "bar"}},
		{name: "a page that app.json does not list", event: `"params":{"path":"no/such/page?a=1"}`, path: "no/such/page", query: query{"a": "1"}},
		{name: "1024 letters", event: `"params":{"path":"` + letters + `"}`, path: letters, query: query{}},
		{name: "1024 Chinese characters", event: `"params":{"path":"` + chinese + `"}`, path: chinese, query: query{}},

		{name: "no parameters", event: `"params":{}`, errCode: 40159},
		{name: "an empty path", event: `"params":{"path":""}`, errCode: 40159},
		{name: "a path of null", event: `"params":{"path":null}`, errCode: 40159},
		{name: "a path of undefined", event: `"params":{},"undefined":["path"]`, errCode: 40159},
		{name: "a path that is a number", event: `"params":{"path":42}`, errCode: 40159},
		{name: "1025 letters", event: `"params":{"path":"` + letters + `p"}`, errCode: 40159},
		{name: "1025 Chinese characters", event: `"params":{"path":"` + chinese + `页"}`, errCode: 40159},
		{name: "the reserved parameter in the path", event: `"params":{"path":"page/index/index?a=1&scancode_time=2"}`, errCode: 85096},
		{name: "the reserved parameter on its own", event: `"params":{"path":"page/index/index","scancodeTime":1}`, errCode: 85096},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, answer := range c.call(t, c.alice(), "wxacode.get", tt.event) {
				if tt.errCode != 0 {
					assertRefused(t, answer.Get("error"), "wxacode.get", tt.errCode)
					continue
				}
				assertMade(t, answer, "wxacode.get")
				_, options := c.scanned(t, answer)
				assert.Equal(t, &emulator.LaunchOptions{Path: tt.path, Query: tt.query, Scene: 1047, AppID: conformanceApp}, options)
			}
		})
	}
}

func (c conformance) testGetUnlimited(t *testing.T) {
	t.Parallel()
	const home = "page/index/index"
	for _, tt := range []struct {
		name, event string
		page, scene string // scene as the page decodes it
		errCode     int
	}{
		{name: "the home page", event: `"params":{"scene":"id"}`, page: home, scene: "id"},
		{name: "an empty page is the home page", event: `"params":{"scene":"id","page":""}`, page: home, scene: "id"},
		{name: "a page of null is the home page", event: `"params":{"scene":"id","page":null}`, page: home, scene: "id"},
		{name: "a page of undefined is the home page", event: `"params":{"scene":"id"},"undefined":["page"]`, page: home, scene: "id"},
		{name: "another page", event: `"params":{"scene":"id","page":"page/cart/cart"}`, page: "page/cart/cart", scene: "id"},
		{name: "a page of subPackages", event: `"params":{"scene":"id","page":"shop/item/item"}`, page: "shop/item/item", scene: "id"},
		{name: "a page of subpackages", event: `"params":{"scene":"id","page":"help/chat/chat"}`, page: "help/chat/chat", scene: "id"},
		{name: "a known page, checked", event: `"params":{"scene":"id","page":"page/cart/cart","checkPath":true}`, page: "page/cart/cart", scene: "id"},
		{name: "an unknown page, unchecked", event: `"params":{"scene":"id","page":"no/such/page","checkPath":false}`, page: "no/such/page", scene: "id"},
		{name: "an unknown page, unchecked in snake_case", event: `"params":{"scene":"id","page":"no/such/page","check_path":false}`, page: "no/such/page", scene: "id"},
		{name: "an unknown page, unchecked as it is on the wire", event: `"params":{"scene":"id","page":"no/such/page","check_path":false},"options":{"convertCase":false}`,
			page: "no/such/page", scene: "id"},
		{name: "one character", event: `"params":{"scene":"a"}`, page: home, scene: "a"},
		{name: "32 digits and letters", event: `"params":{"scene":"0123456789abcdefghijklmnopqrstuv"}`, page: home, scene: "0123456789abcdefghijklmnopqrstuv"},
		{name: "the other letters", event: `"params":{"scene":"wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}`, page: home, scene: "wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{name: "every sign", event: `"params":{"scene":"!#$&'()*+,/:;=?@-._~"}`, page: home, scene: "!#$&'()*+,/:;=?@-._~"},
		{name: "a scene like a query stays one value", event: `"params":{"scene":"a=1&b=2"}`, page: home, scene: "a=1&b=2"},

		{name: "no scene", event: `"params":{}`, errCode: 40169},
		{name: "an empty scene", event: `"params":{"scene":""}`, errCode: 40169},
		{name: "a scene of null", event: `"params":{"scene":null}`, errCode: 40169},
		{name: "a scene of undefined", event: `"params":{},"undefined":["scene"]`, errCode: 40169},
		{name: "a scene that is a number", event: `"params":{"scene":42}`, errCode: 40169},
		{name: "33 characters", event: `"params":{"scene":"0123456789abcdefghijklmnopqrstuvw"}`, errCode: 40169},
		{name: "a scene with a space", event: `"params":{"scene":"a b"}`, errCode: 40129},
		{name: "a scene with a percent sign", event: `"params":{"scene":"a%20b"}`, errCode: 40129},
		{name: "a scene with a quotation mark", event: `"params":{"scene":"\"a\""}`, errCode: 40129},
		{name: "a Chinese scene", event: `"params":{"scene":"中"}`, errCode: 40129},
		{name: "an unknown page", event: `"params":{"scene":"id","page":"no/such/page"}`, errCode: 41030},
		{name: "a page in the wrong case", event: `"params":{"scene":"id","page":"Page/index/index"}`, errCode: 41030},
		{name: "a page of a subpackage without its root", event: `"params":{"scene":"id","page":"item/item"}`, errCode: 41030},
		{name: "a leading slash", event: `"params":{"scene":"id","page":"/page/index/index"}`, errCode: 41030},
		{name: "a leading slash, unchecked", event: `"params":{"scene":"id","page":"/page/index/index","checkPath":false}`, errCode: 41030},
		{name: "a page with a query", event: `"params":{"scene":"id","page":"page/index/index?a=1"}`, errCode: 41030},
		{name: "a page with a query, unchecked", event: `"params":{"scene":"id","page":"page/index/index?a=1","checkPath":false}`, errCode: 41030},
		{name: "a page that is a number", event: `"params":{"scene":"id","page":1}`, errCode: 41030},
		{name: "checkPath that is a string", event: `"params":{"scene":"id","checkPath":"false"}`, errCode: 40097},
		{name: "the reserved parameter in the page", event: `"params":{"scene":"id","page":"page/index/index?scancode_time=1"}`, errCode: 85096},
		{name: "the reserved parameter on its own", event: `"params":{"scene":"id","scancodeTime":1}`, errCode: 85096},
		{name: "the reserved parameter on its own, in snake_case", event: `"params":{"scene":"id","scancode_time":1}`, errCode: 85096},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, answer := range c.call(t, c.alice(), "wxacode.getUnlimited", tt.event) {
				if tt.errCode != 0 {
					assertRefused(t, answer.Get("error"), "wxacode.getUnlimited", tt.errCode)
					continue
				}
				assertMade(t, answer, "wxacode.getUnlimited")
				_, options := c.scanned(t, answer)
				scene, err := url.PathUnescape(options.Query["scene"]) // for what it has, as decodeURIComponent
				require.NoError(t, err)
				options.Query["scene"] = scene
				assert.Equal(t, &emulator.LaunchOptions{Path: tt.page, Query: map[string]string{"scene": tt.scene}, Scene: 1047, AppID: conformanceApp}, options)
			}
		})
	}
}

// testLooks tests the parameters that get and getUnlimited share.
func (c conformance) testLooks(t *testing.T) {
	t.Parallel()
	const otherApp = "wxfedcba9876543210"
	black, red := color.NRGBA{A: 255}, color.NRGBA{R: 200, G: 30, A: 255}
	type looks struct {
		width       int
		line        color.NRGBA
		transparent bool
		version     string
		app         string
	}
	plain := looks{430, black, false, "", conformanceApp}
	everything := looks{300, red, true, "trial", conformanceApp}
	for _, tt := range []struct {
		name    string
		params  string // after the one that says what to open
		more    string // the event beside params
		want    looks
		errCode int
	}{
		{name: "nothing asked for", want: plain},
		{name: "everything asked for", params: `"width":300,"autoColor":false,"lineColor":{"r":200,"g":30,"b":0},"isHyaline":true,"envVersion":"trial"`, want: everything},
		{name: "everything in snake_case", params: `"width":300,"auto_color":false,"line_color":{"r":200,"g":30,"b":0},"is_hyaline":true,"env_version":"trial"`, want: everything},
		{name: "everything as it is on the wire", params: `"width":300,"auto_color":false,"line_color":{"r":200,"g":30,"b":0},"is_hyaline":true,"env_version":"trial"`,
			more: `,"options":{"convertCase":false}`, want: everything},
		{name: "camelCase names that are not converted mean nothing", params: `"lineColor":{"r":200,"g":30,"b":0},"isHyaline":true,"envVersion":"trial"`,
			more: `,"options":{"convertCase":false}`, want: plain},
		{name: "everything null", params: `"width":null,"autoColor":null,"lineColor":null,"isHyaline":null,"envVersion":null`, want: plain},
		{name: "everything undefined", more: `,"undefined":["width","autoColor","lineColor","isHyaline","envVersion"]`, want: plain},
		{name: "the smallest width", params: `"width":280`, want: looks{280, black, false, "", conformanceApp}},
		{name: "the largest width", params: `"width":1280`, want: looks{1280, black, false, "", conformanceApp}},
		{name: "a colour of numbers", params: `"lineColor":{"r":200,"g":30,"b":0}`, want: looks{430, red, false, "", conformanceApp}},
		{name: "a colour of strings", params: `"lineColor":{"r":"200","g":"30","b":"0"}`, want: looks{430, red, false, "", conformanceApp}},
		{name: "a colour of both", params: `"lineColor":{"r":"200","g":30,"b":0},"isHyaline":true`, want: looks{430, red, true, "", conformanceApp}},
		{name: "a colour of empty strings", params: `"lineColor":{"r":"","g":"","b":""}`, want: plain},
		{name: "a colour of the platform's choice", params: `"autoColor":true`, want: plain},
		{name: "autoColor outweighs lineColor", params: `"autoColor":true,"lineColor":{"r":200,"g":30,"b":0}`, want: plain},
		{name: "transparent", params: `"isHyaline":true`, want: looks{430, black, true, "", conformanceApp}},
		{name: "white on transparent ground", params: `"isHyaline":true,"lineColor":{"r":255,"g":255,"b":255}`, want: looks{430, color.NRGBA{255, 255, 255, 255}, true, "", conformanceApp}},
		{name: "not transparent", params: `"isHyaline":false`, want: plain},
		{name: "the released version", params: `"envVersion":"release"`, want: plain},
		{name: "the trial version", params: `"envVersion":"trial"`, want: looks{430, black, false, "trial", conformanceApp}},
		{name: "the developer version", params: `"envVersion":"develop"`, want: looks{430, black, false, "develop", conformanceApp}},
		{name: "another app", more: `,"options":{"appid":"` + otherApp + `"}`, want: looks{430, black, false, "", otherApp}},
		{name: "the second version of the gateway", params: `"isHyaline":true`, more: `,"options":{"version":"v2"}`, want: looks{430, black, true, "", conformanceApp}},

		{name: "a width too small", params: `"width":279`, errCode: 40097},
		{name: "a width too large", params: `"width":1281`, errCode: 40097},
		{name: "a width that is a string", params: `"width":"430"`, errCode: 40097},
		{name: "a width with a fraction", params: `"width":430.5`, errCode: 40097},
		{name: "autoColor that is a number", params: `"autoColor":1`, errCode: 40097},
		{name: "isHyaline that is a string", params: `"isHyaline":"true"`, errCode: 40097},
		{name: "a colour that is a string", params: `"lineColor":"#c81e00"`, errCode: 40097},
		{name: "a colour of two parts", params: `"lineColor":{"r":200,"g":30}`, errCode: 40097},
		{name: "a colour beyond 255", params: `"lineColor":{"r":256,"g":30,"b":0}`, errCode: 40097},
		{name: "a colour below 0", params: `"lineColor":{"r":"-1","g":30,"b":0}`, errCode: 40097},
		{name: "a colour with a fraction", params: `"lineColor":{"r":200.5,"g":30,"b":0}`, errCode: 40097},
		{name: "an unknown version", params: `"envVersion":"preview"`, errCode: 40097},
		{name: "an empty version", params: `"envVersion":""`, errCode: 40097},
		{name: "a version in the wrong case", params: `"envVersion":"Trial"`, errCode: 40097},
		{name: "a version that is a number", params: `"envVersion":1`, errCode: 40097},
	} {
		for api, target := range map[string]string{"wxacode.get": `"path":"page/cart/cart?scene=7"`, "wxacode.getUnlimited": `"page":"page/cart/cart","scene":"7"`} {
			t.Run(tt.name+", "+api, func(t *testing.T) {
				t.Parallel()
				params := strings.TrimSuffix(target+","+tt.params, ",")
				for _, answer := range c.call(t, c.alice(), api, `"params":{`+params+`}`+tt.more) {
					if tt.errCode != 0 {
						assertRefused(t, answer.Get("error"), api, tt.errCode)
						continue
					}
					assertMade(t, answer, api)
					img, options := c.scanned(t, answer)
					got := looks{img.Bounds().Dx(), lineOf(img, tt.want.line), transparent(img), options.EnvVersion, options.AppID}
					assert.Equal(t, tt.want, got)
					assert.Equal(t, img.Bounds().Dx(), img.Bounds().Dy())
					options.EnvVersion, options.AppID = "", ""
					assert.Equal(t, &emulator.LaunchOptions{Path: "page/cart/cart", Query: map[string]string{"scene": "7"}, Scene: 1047}, options)
				}
			})
		}
	}
}

// transparent reports whether nothing is behind the lines: the corners are then empty, else white.
func transparent(img image.Image) bool {
	_, _, _, alpha := img.At(0, 0).RGBA()
	return alpha == 0
}

// lineOf returns the colour of a picture's lines: the median of all pixels that are neither white nor see-through. A JPEG
// keeps colours nearly, so that one near to expected counts as that.
func lineOf(img image.Image, expected color.NRGBA) color.NRGBA {
	var parts [3][]uint8
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			p := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if white := int(p.R)+int(p.G)+int(p.B) > 3*192; p.A < 255 || white && !transparent(img) {
				continue
			}
			parts[0], parts[1], parts[2] = append(parts[0], p.R), append(parts[1], p.G), append(parts[2], p.B)
		}
	}
	var line [3]uint8
	for i, part := range parts {
		slices.Sort(part)
		line[i] = part[len(part)/2]
	}
	for i, want := range []uint8{expected.R, expected.G, expected.B} {
		if !transparent(img) && max(line[i], want)-min(line[i], want) <= 8 {
			line[i] = want
		}
	}
	return color.NRGBA{line[0], line[1], line[2], 255}
}
