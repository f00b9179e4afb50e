package platform

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// The limits of the wxacode family.
const (
	maxCodes     = 100_000 // of createQRCode and get together, for each app
	quotaCodes   = "codes"
	maxPathBytes = 128 // of createQRCode
	minWidth     = 280
	maxWidth     = 1280
	defaultWidth = 430

	reservedField = "scancode_time"

	// sceneQRCode is the scene (场景值) of a scanned QR code.
	sceneQRCode = 1011
)

// codePrefix begins what the emulator's pictures hold: an address that leads nowhere but into the emulator.
const codePrefix = "wxfn://code/"

// createQRCode mirrors
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/createQRCode.html.
func (p *Platform) createQRCode(c *apiCall) (*apiResult, error) {
	path, ok := c.text("path")
	switch {
	case !ok:
		return nil, errPathLength.because("path is required and must be a string")
	case path == "":
		return nil, errPathLength.because("path is empty; name the page to open")
	case len(path) > maxPathBytes:
		return nil, errPathLength.because("path is %d bytes long; createQRCode takes at most %d", len(path), maxPathBytes)
	}
	_, query := splitPath(path)
	_, reserved := query[reservedField]
	if _, alone := c.params[reservedField]; reserved || alone {
		return nil, errReservedField.because("%s is reserved; rename the parameter in path", reservedField)
	}
	width, err := c.integer("width", defaultWidth)
	if err != nil {
		return nil, errInvalidArgs.because("%v", err)
	}
	if width < minWidth || width > maxWidth {
		return nil, errInvalidArgs.because("width is %d; it may be %d to %d px", width, minWidth, maxWidth)
	}

	code := store.Code{ID: newCodeID(), AppID: c.appID, API: "wxacode.createQRCode", Path: path, Width: width, Created: p.Now()}
	switch _, err := p.Store.AddCode(code, store.Quota{Name: quotaCodes, Limit: maxCodes}); {
	case errors.Is(err, store.ErrFull):
		return nil, errCodesUsedUp.because("the app has made its %d codes", maxCodes)
	case err != nil:
		return nil, fmt.Errorf("keeping the code: %w", err)
	}
	jpeg, err := picture.QRCode(codePrefix+code.ID, width)
	if err != nil {
		return nil, fmt.Errorf("drawing the code: %w", err)
	}
	return &apiResult{"image/jpeg", jpeg}, nil
}

// newCodeID returns 96 random bits in the 16 characters that keep a QR code small.
func newCodeID() string {
	b := make([]byte, 12)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// LaunchOptions is what the Mini Program is started with: wx.getLaunchOptionsSync().
type LaunchOptions struct {
	// Path is the page, without its query.
	Path  string            `json:"path"`
	Query map[string]string `json:"query"`
	// Scene tells how it was opened (场景值): 1011 is a scanned QR code.
	Scene int `json:"scene"`
	// AppID is the app that the code opens.
	AppID string `json:"appId"`
}

// ErrUnknownCode means that a code is not one that this emulator made.
var ErrUnknownCode = errors.New("this emulator has made no such code")

// Scan returns what scanning a code with this content opens. The error is [ErrUnknownCode] or the store's.
func (p *Platform) Scan(content string) (*LaunchOptions, error) {
	id, ok := strings.CutPrefix(content, codePrefix)
	if !ok {
		return nil, ErrUnknownCode
	}
	code, ok, err := p.Store.Code(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrUnknownCode
	}
	path, query := splitPath(code.Path)
	return &LaunchOptions{Path: path, Query: query, Scene: sceneQRCode, AppID: code.AppID}, nil
}

// splitPath takes a path and its query apart. As in a Mini Program, values stay as they were written: a page decodes
// them itself.
func splitPath(path string) (page string, query map[string]string) {
	page, rest, _ := strings.Cut(path, "?")
	query = map[string]string{}
	for pair := range strings.SplitSeq(rest, "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			query[name] = value
		}
	}
	return strings.TrimPrefix(page, "/"), query
}
