package platform

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// The limits of the wxacode family.
const (
	maxCodes          = 100_000 // of createQRCode and get together, for each app
	maxUncheckedPages = 60_000  // of getUnlimited with check_path: false, for each app
	maxUnlimitedCalls = 5_000   // of getUnlimited in a minute, for each app

	maxPathBytes  = 128  // of createQRCode
	maxPathRunes  = 1024 // of get
	maxSceneRunes = 32

	minWidth     = 280
	maxWidth     = 1280
	defaultWidth = 430

	reservedField = "scancode_time"
)

// codeType is the content type of every code: that of a PNG (is_hyaline), too, is sent as image/jpeg. Users report it
// (https://developers.weixin.qq.com/community/develop/doc/00066ef8a18af825407a282cd5ac00), and there are SDKs that take no other.
const codeType = "image/jpeg"

// The quotas that codes count against.
const (
	quotaCodes = "codes"
	quotaPages = "pages"
)

// The APIs of the family.
const (
	apiCreateQRCode = "wxacode.createQRCode"
	apiGet          = "wxacode.get"
	apiGetUnlimited = "wxacode.getUnlimited"
)

// createQRCode mirrors
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/createQRCode.html.
func (p *Platform) createQRCode(c *apiCall) (*apiResult, error) {
	path, err := c.path(maxPathBytes, func(s string) int { return len(s) }, "bytes")
	if err != nil {
		return nil, err
	}
	width, err := c.width()
	if err != nil {
		return nil, err
	}
	code, _, err := p.keep(launch.Code{AppID: c.appID, API: apiCreateQRCode, Path: path, Width: width}, launch.Quota{Name: quotaCodes, Limit: maxCodes})
	if err != nil {
		return nil, err
	}
	jpeg, err := picture.QRCode(codePrefix+code.ID, width)
	if err != nil {
		return nil, fmt.Errorf("drawing the code: %w", err)
	}
	return &apiResult{contentType: codeType, body: jpeg}, nil
}

// get mirrors https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getQRCode.html.
func (p *Platform) get(c *apiCall) (*apiResult, error) {
	path, err := c.path(maxPathRunes, utf8.RuneCountInString, "characters")
	if err != nil {
		return nil, err
	}
	style, version, err := c.style()
	if err != nil {
		return nil, err
	}
	code, used, err := p.keep(launch.Code{AppID: c.appID, API: apiGet, Path: path, Width: style.Width, EnvVersion: version},
		launch.Quota{Name: quotaCodes, Limit: maxCodes})
	if err != nil {
		return nil, err
	}
	result, err := draw(code, style)
	if err != nil {
		return nil, err
	}
	result.headers = []tcb.HTTPHeader{{Key: "Num-Used", Value: strconv.Itoa(used)}}
	return result, nil
}

// getUnlimited mirrors
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode.html.
func (p *Platform) getUnlimited(c *apiCall) (*apiResult, error) {
	scene, err := c.scene()
	if err != nil {
		return nil, err
	}
	page, checked, err := p.page(c)
	if err != nil {
		return nil, err
	}
	style, version, err := c.style()
	if err != nil {
		return nil, err
	}
	if !p.unlimited.take(c.appID, maxUnlimitedCalls, p.Now()) {
		return nil, errMinuteLimit.because("more than %d calls within a minute", maxUnlimitedCalls)
	}
	var quota launch.Quota
	if !checked {
		quota = launch.Quota{Name: quotaPages, Limit: maxUncheckedPages, Key: page}
	}
	code, _, err := p.keep(launch.Code{AppID: c.appID, API: apiGetUnlimited, Path: page, Scene: scene, Width: style.Width, EnvVersion: version}, quota)
	if err != nil {
		return nil, err
	}
	return draw(code, style)
}

// Preview makes a code of the developer version, as WeChat DevTools does: it counts against no quota.
func (p *Platform) Preview(path string) (jpeg []byte, err error) {
	if _, query := splitPath(path); path == "" || utf8.RuneCountInString(path) > maxPathRunes || hasReserved(query) {
		return nil, fmt.Errorf("the path %q cannot be previewed; it may have 1 to %d characters, and no %s", path, maxPathRunes, reservedField)
	}
	code, _, err := p.keep(launch.Code{AppID: p.AppID, API: apiPreview, Path: path, Width: defaultWidth, EnvVersion: "develop"}, launch.Quota{})
	if err != nil {
		return nil, err
	}
	return picture.QRCode(codePrefix+code.ID, defaultWidth)
}

const apiPreview = "preview"

// keep gives a code its ID, and keeps it for good.
func (p *Platform) keep(code launch.Code, q launch.Quota) (kept launch.Code, used int, err error) {
	code.ID, code.Created = newCodeID(), p.Now()
	switch used, err = p.codes().Add(code, q); {
	case errors.Is(err, launch.ErrFull) && q.Name == quotaPages:
		return code, used, errCodesUsedUp.because("codes with check_path: false were made for %d pages", q.Limit)
	case errors.Is(err, launch.ErrFull):
		return code, used, errCodesUsedUp.because("the app has made its %d codes", q.Limit)
	case err != nil:
		return code, used, fmt.Errorf("keeping the code: %w", err)
	}
	return code, used, nil
}

// newCodeID returns 96 random bits in the 16 characters that keep a QR code small.
func newCodeID() string {
	b := make([]byte, 12)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func draw(code launch.Code, style picture.Style) (*apiResult, error) {
	data, err := picture.MiniProgramCode(codePrefix+code.ID, style)
	if err != nil {
		return nil, fmt.Errorf("drawing the code: %w", err)
	}
	return &apiResult{contentType: codeType, body: data}, nil
}

// path returns the parameter path, which may be as long as limit; length measures it in the named unit.
func (c *apiCall) path(limit int, length func(string) int, unit string) (string, error) {
	path := c.text("path")
	if n := length(path); n > limit {
		return "", errPathLength.because("path is %d %s long; %s takes at most %d", n, unit, strings.TrimPrefix(c.name, "wxacode."), limit)
	}
	_, query := splitPath(path)
	return path, c.refuseReserved("path", query)
}

func (c *apiCall) refuseReserved(in string, query map[string]string) error {
	if _, alone := c.params[reservedField]; alone || hasReserved(query) {
		return errReservedField.because("%s is reserved; rename the parameter in %s", reservedField, in)
	}
	return nil
}

func hasReserved(query map[string]string) bool {
	_, reserved := query[reservedField]
	return reserved
}

func (c *apiCall) width() (int, error) {
	width := c.integer("width", defaultWidth)
	if width < minWidth || width > maxWidth {
		return 0, errInvalidArgs.because("width is %d; it may be %d to %d px", width, minWidth, maxWidth)
	}
	return width, nil
}

// sceneCharacters are those that scene may contain, beside letters and digits.
const sceneCharacters = "!#$&'()*+,/:;=?@-._~"

func (c *apiCall) scene() (string, error) {
	scene := c.text("scene")
	if n := utf8.RuneCountInString(scene); n > maxSceneRunes {
		return "", errSceneLength.because("scene has %d characters; it may have 1 to %d", n, maxSceneRunes)
	}
	for _, r := range scene {
		if !isSceneCharacter(r) {
			return "", errInvalidScene.because("scene may not contain %q; encode it in the characters 0-9 a-z A-Z %s", r, sceneCharacters)
		}
	}
	return scene, nil
}

func isSceneCharacter(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune(sceneCharacters, r)
}

// page returns the page that a code of getUnlimited opens, and whether it had to be one of the published ones.
func (p *Platform) page(c *apiCall) (page string, checked bool, err error) {
	checked, page = c.boolean("check_path", true), c.text("page")
	pages := p.pagesOf(c.appID)
	_, query := splitPath(page)
	if err := c.refuseReserved("page", query); err != nil {
		return "", false, err
	}
	switch {
	case page == "":
		if pages != nil {
			page = pages.Home
		}
		return page, checked, nil
	case strings.HasPrefix(page, "/"):
		return "", false, errInvalidPage.because("page is %q; leave out the leading slash", page)
	case strings.Contains(page, "?"):
		return "", false, errInvalidPage.because("page is %q; it may have no query: put what the page needs into scene", page)
	case checked && pages == nil:
		c.warn("no app.json was found, so that any page passes; in the cloud it must be a published one")
	case checked && !pages.Has(page):
		return "", false, errInvalidPage.because("%s has no page %q; add it, or set check_path to false", pages.File, page)
	}
	return page, checked, nil
}

// style returns how a Mini Program code looks, and the version that it opens; "" for the released one.
func (c *apiCall) style() (s picture.Style, version string, err error) {
	if s.Width, err = c.width(); err != nil {
		return s, "", err
	}
	line, err := c.color("line_color")
	if err != nil {
		return s, "", errInvalidArgs.because("%v", err)
	}
	if !c.boolean("auto_color", false) {
		s.Line = line
	}
	s.Transparent = c.boolean("is_hyaline", false)
	var name *string
	c.decode("env_version", &name)
	version, err = envVersion(name, errInvalidArgs)
	return s, version, err
}

// envVersion returns the version that a code or a link opens, "" for the released one. That is the default, but an empty
// name is refused.
func envVersion(name *string, refusal apiError) (version string, err error) {
	switch {
	case name == nil || *name == "release":
		return "", nil
	case *name == "trial" || *name == "develop":
		return *name, nil
	}
	return "", refusal.because("env_version is %q; it may be release, trial or develop", *name)
}

// color returns a colour {r, g, b}, whose parts are decimal, as numbers or as strings; black where it is absent. An empty
// part is 0: SDKs send {"r":"","g":"","b":""} for no colour (medivhzhan/weapp; silenceper/wechat for years).
func (c *apiCall) color(name string) (color.RGBA, error) {
	if !c.params[name].given() {
		return color.RGBA{}, nil
	}
	var parts map[string]json.RawMessage
	c.decode(name, &parts)
	var rgb [3]uint8
	for i, part := range []string{"r", "g", "b"} {
		text := string(parts[part])
		if unquoted, err := strconv.Unquote(text); err == nil {
			text = unquoted
		}
		n, err := strconv.ParseUint(cmp.Or(text, "0"), 10, 8)
		if err != nil {
			return color.RGBA{}, fmt.Errorf("%s.%s must be 0 to 255", name, part)
		}
		rgb[i] = uint8(n)
	}
	return color.RGBA{R: rgb[0], G: rgb[1], B: rgb[2]}, nil
}
