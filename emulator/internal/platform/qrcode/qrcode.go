// Package qrcode is the codes that open a Mini Program: the wxacode family of APIs.
package qrcode

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// The limits of the wxacode family.
const (
	maxCodes          = 100_000 // of createQRCode and get together, for each app
	maxUncheckedPages = 60_000  // of getUnlimited with check_path: false, for each app

	maxPathBytes  = 128 // of createQRCode
	maxSceneRunes = 32

	minWidth     = 280
	maxWidth     = 1280
	defaultWidth = 430

	reservedField = "scancode_time"
)

// MaxUnlimitedCalls is how many calls of getUnlimited an app may make in a minute.
const MaxUnlimitedCalls = 5_000

// codeType is the content type of every code: that of a PNG (is_hyaline), too, is sent as image/jpeg. Users report it
// (https://developers.weixin.qq.com/community/develop/doc/00066ef8a18af825407a282cd5ac00), and there are SDKs that take no other.
const codeType = "image/jpeg"

// The quotas that codes count against.
const (
	quotaCodes = "codes"
	quotaPages = "pages"
)

// The errors of the family.
var (
	errInvalidScene  = apicall.Error{Code: 40129, Message: "invalid scene"}
	errPathLength    = apicall.Error{Code: 40159, Message: "invalid length for path, or the data is not json string"}
	errSceneLength   = apicall.Error{Code: 40169, Message: "invalid length for scene, or the data is not json string"}
	errInvalidPage   = apicall.Error{Code: 41030, Message: "invalid page"}
	errCodesUsedUp   = apicall.Error{Code: 45029, Message: "qrcode count out of limit"}
	errReservedField = apicall.Error{Code: 85096, Message: "page or path not allow include scancode_time field"}
)

// Maker makes codes.
type Maker struct{ env *apicall.Env }

// New returns a maker of codes, which the environment's store keeps.
func New(env *apicall.Env) *Maker { return &Maker{env} }

// APIs returns the APIs that make codes, by name.
func (m *Maker) APIs() map[string]apicall.API {
	return map[string]apicall.API{
		launch.CreateQRCode: m.createQRCode,
		launch.Get:          m.get,
		launch.GetUnlimited: m.getUnlimited,
	}
}

// createQRCode mirrors
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/createQRCode.html.
func (m *Maker) createQRCode(c *apicall.Call) (*apicall.Result, error) {
	path, err := pathOf(c, maxPathBytes, func(s string) int { return len(s) }, "bytes")
	if err != nil {
		return nil, err
	}
	width, err := widthOf(c)
	if err != nil {
		return nil, err
	}
	code, _, err := m.keep(launch.Code{AppID: c.AppID, API: launch.CreateQRCode, Path: path, Width: width}, launch.Quota{Name: quotaCodes, Limit: maxCodes})
	if err != nil {
		return nil, err
	}
	jpeg, err := picture.QRCode(launch.CodePrefix+code.ID, width)
	if err != nil {
		return nil, fmt.Errorf("drawing the code: %w", err)
	}
	return &apicall.Result{ContentType: codeType, Body: jpeg}, nil
}

// get mirrors https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getQRCode.html.
func (m *Maker) get(c *apicall.Call) (*apicall.Result, error) {
	path, err := pathOf(c, launch.MaxPath, utf8.RuneCountInString, "characters")
	if err != nil {
		return nil, err
	}
	style, version, err := styleOf(c)
	if err != nil {
		return nil, err
	}
	code, used, err := m.keep(launch.Code{AppID: c.AppID, API: launch.Get, Path: path, Width: style.Width, EnvVersion: version},
		launch.Quota{Name: quotaCodes, Limit: maxCodes})
	if err != nil {
		return nil, err
	}
	result, err := draw(code, style)
	if err != nil {
		return nil, err
	}
	result.Headers = []tcb.HTTPHeader{{Key: "Num-Used", Value: strconv.Itoa(used)}}
	return result, nil
}

// getUnlimited mirrors
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode.html.
func (m *Maker) getUnlimited(c *apicall.Call) (*apicall.Result, error) {
	scene, err := sceneOf(c)
	if err != nil {
		return nil, err
	}
	page, checked, err := m.page(c)
	if err != nil {
		return nil, err
	}
	style, version, err := styleOf(c)
	if err != nil {
		return nil, err
	}
	if !m.env.TakeMinute(c, MaxUnlimitedCalls) {
		return nil, apicall.ErrMinuteLimit.Because("more than %d calls within a minute", MaxUnlimitedCalls)
	}
	var quota launch.Quota
	if !checked {
		quota = launch.Quota{Name: quotaPages, Limit: maxUncheckedPages, Key: page}
	}
	code, _, err := m.keep(launch.Code{AppID: c.AppID, API: launch.GetUnlimited, Path: page, Scene: scene, Width: style.Width, EnvVersion: version}, quota)
	if err != nil {
		return nil, err
	}
	return draw(code, style)
}

// ErrPath means that a path is none that a code can hold.
var ErrPath = errors.New("cannot be previewed")

// Preview makes a code of the developer version, as WeChat DevTools does: it counts against no quota. The error is
// [ErrPath], or about the state or the picture.
func (m *Maker) Preview(path string) (jpeg []byte, err error) {
	if _, query := launch.SplitPath(path); path == "" || utf8.RuneCountInString(path) > launch.MaxPath || hasReserved(query) {
		return nil, fmt.Errorf("the path %q %w; it may have 1 to %d characters, and no %s", path, ErrPath, launch.MaxPath, reservedField)
	}
	code, _, err := m.keep(launch.Code{AppID: m.env.AppID, API: launch.Preview, Path: path, Width: defaultWidth, EnvVersion: "develop"}, launch.Quota{})
	if err != nil {
		return nil, err
	}
	return picture.QRCode(launch.CodePrefix+code.ID, defaultWidth)
}

// keep keeps a code for good. used is how many codes of the quota the app has now.
func (m *Maker) keep(code launch.Code, q launch.Quota) (kept launch.Code, used int, err error) {
	kept, used, err = launch.Keep(m.env, code, q)
	switch {
	case errors.Is(err, launch.ErrFull) && q.Name == quotaPages:
		err = errCodesUsedUp.Because("codes with check_path: false were made for %d pages", q.Limit)
	case errors.Is(err, launch.ErrFull):
		err = errCodesUsedUp.Because("the app has made its %d codes", q.Limit)
	}
	return kept, used, err
}

func draw(code launch.Code, style picture.Style) (*apicall.Result, error) {
	data, err := picture.MiniProgramCode(launch.CodePrefix+code.ID, style)
	if err != nil {
		return nil, fmt.Errorf("drawing the code: %w", err)
	}
	return &apicall.Result{ContentType: codeType, Body: data}, nil
}

// pathOf returns the parameter path, which may be as long as limit; length measures it in the named unit.
func pathOf(c *apicall.Call, limit int, length func(string) int, unit string) (string, error) {
	path := c.Text("path")
	if n := length(path); n > limit {
		return "", errPathLength.Because("path is %d %s long; %s takes at most %d", n, unit, strings.TrimPrefix(c.Name, "wxacode."), limit)
	}
	_, query := launch.SplitPath(path)
	return path, refuseReserved(c, "path", query)
}

func refuseReserved(c *apicall.Call, in string, query map[string]string) error {
	if _, alone := c.Params[reservedField]; alone || hasReserved(query) {
		return errReservedField.Because("%s is reserved; rename the parameter in %s", reservedField, in)
	}
	return nil
}

func hasReserved(query map[string]string) bool {
	_, reserved := query[reservedField]
	return reserved
}

func widthOf(c *apicall.Call) (int, error) {
	width := c.Integer("width", defaultWidth)
	if width < minWidth || width > maxWidth {
		return 0, apicall.ErrInvalidArgs.Because("width is %d; it may be %d to %d px", width, minWidth, maxWidth)
	}
	return width, nil
}

func sceneOf(c *apicall.Call) (string, error) {
	scene := c.Text("scene")
	if n := utf8.RuneCountInString(scene); n > maxSceneRunes {
		return "", errSceneLength.Because("scene has %d characters; it may have 1 to %d", n, maxSceneRunes)
	}
	for _, r := range scene {
		if !launch.IsSceneCharacter(r) {
			return "", errInvalidScene.Because("scene may not contain %q; encode it in the characters 0-9 a-z A-Z %s", r, launch.SceneCharacters)
		}
	}
	return scene, nil
}

// page returns the page that a code of getUnlimited opens, and whether it had to be one of the published ones.
func (m *Maker) page(c *apicall.Call) (page string, checked bool, err error) {
	checked, page = c.Boolean("check_path", true), c.Text("page")
	pages := m.env.Pages(c.AppID)
	_, query := launch.SplitPath(page)
	if err := refuseReserved(c, "page", query); err != nil {
		return "", false, err
	}
	switch {
	case page == "":
		if pages != nil {
			page = pages.Home
		}
		return page, checked, nil
	case strings.HasPrefix(page, "/"):
		return "", false, errInvalidPage.Because("page is %q; leave out the leading slash", page)
	case strings.Contains(page, "?"):
		return "", false, errInvalidPage.Because("page is %q; it may have no query: put what the page needs into scene", page)
	case checked && pages == nil:
		c.Warn("no app.json was found, so that any page passes; in the cloud it must be a published one")
	case checked && !pages.Has(page):
		return "", false, errInvalidPage.Because("%s has no page %q; add it, or set check_path to false", pages.File, page)
	}
	return page, checked, nil
}

// styleOf returns how a Mini Program code looks, and the version that it opens; "" for the released one.
func styleOf(c *apicall.Call) (s picture.Style, version string, err error) {
	if s.Width, err = widthOf(c); err != nil {
		return s, "", err
	}
	line, err := colorOf(c, "line_color")
	if err != nil {
		return s, "", apicall.ErrInvalidArgs.Because("%v", err)
	}
	if !c.Boolean("auto_color", false) {
		s.Line = line
	}
	s.Transparent = c.Boolean("is_hyaline", false)
	var name *string
	c.Decode("env_version", &name)
	version, err = launch.EnvVersion(name, apicall.ErrInvalidArgs)
	return s, version, err
}

// colorOf returns a colour {r, g, b}, whose parts are decimal, as numbers or as strings; black where it is absent. An empty
// part is 0: SDKs send {"r":"","g":"","b":""} for no colour (medivhzhan/weapp; silenceper/wechat for years).
func colorOf(c *apicall.Call, name string) (color.RGBA, error) {
	if !c.Given(name) {
		return color.RGBA{}, nil
	}
	var parts map[string]json.RawMessage
	c.Decode(name, &parts)
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
