package platform

import (
	"errors"
	"strings"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
)

// codePrefix begins what the emulator's pictures hold: an address that leads nowhere but into the emulator.
const codePrefix = "wxfn://code/"

// The scenes (场景值) that a Mini Program is opened in by a code.
const (
	sceneQRCode          = 1011 // a scanned QR code
	sceneMiniProgramCode = 1047 // a scanned Mini Program code
)

// LaunchOptions is what the Mini Program is started with: wx.getLaunchOptionsSync().
type LaunchOptions struct {
	// Path is the page, without its query.
	Path  string            `json:"path"`
	Query map[string]string `json:"query"`
	// Scene tells how it was opened (场景值): 1011 is a scanned QR code, 1047 a scanned Mini Program code.
	Scene int `json:"scene"`
	// AppID is the app that the code opens, and EnvVersion its version: "trial" or "develop", empty for the released one.
	AppID      string `json:"appId"`
	EnvVersion string `json:"envVersion,omitempty"`
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
	options := &LaunchOptions{Path: path, Query: query, Scene: sceneMiniProgramCode, AppID: code.AppID, EnvVersion: code.EnvVersion}
	switch code.API {
	case apiGetUnlimited:
		options.Query["scene"] = code.Scene
	case apiCreateQRCode, apiPreview:
		options.Scene = sceneQRCode
	}
	return options, nil
}

// ScanPicture is [Platform.Scan] for a picture of the code: a JPEG or PNG file, also a photo of it within reason. The
// error may also be one of package picture.
func (p *Platform) ScanPicture(file []byte) (*LaunchOptions, error) {
	content, err := picture.Decode(file)
	if err != nil {
		return nil, err
	}
	return p.Scan(content)
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
