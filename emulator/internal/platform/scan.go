package platform

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
)

// codePrefix begins what the emulator's pictures hold: an address that leads nowhere but into the emulator.
const codePrefix = "wxfn://code/"

// The scenes (场景值) that a Mini Program is opened in by a code.
const (
	sceneQRCode          = 1011 // a scanned QR code
	sceneMiniProgramCode = 1047 // a scanned Mini Program code
	sceneURLScheme       = 1065
	sceneShortLink       = 1179
	sceneURLLink         = 1194
)

// LaunchOptions is what the Mini Program is started with: wx.getLaunchOptionsSync().
type LaunchOptions struct {
	// Path is the page, without its query.
	Path string `json:"path"`
	// Query is what the page's onLoad gets. The scene of a wxacode.getUnlimited code is percent-encoded in it, as by
	// JavaScript's encodeURIComponent ("a=1" is "a%3D1"): pages call decodeURIComponent. Other values are as in the path.
	Query map[string]string `json:"query"`
	// Scene tells how it was opened (场景值): 1011 is a scanned QR code, 1047 a scanned Mini Program code, 1065 a URL Scheme,
	// 1179 a Short Link, 1194 a URL Link.
	Scene int `json:"scene"`
	// AppID is the app that the code opens, and EnvVersion its version: "trial" or "develop", empty for the released one.
	AppID      string `json:"appId"`
	EnvVersion string `json:"envVersion,omitempty"`
}

// ErrUnknownCode means that a code or a link is not one that this emulator made.
var ErrUnknownCode = errors.New("this emulator has made no such code or link")

// Scan returns what scanning a code with this content opens, or following this link. The error is [ErrUnknownCode],
// [ErrExpired], or the store's.
func (p *Platform) Scan(content string) (*LaunchOptions, error) {
	id, isCode := strings.CutPrefix(content, codePrefix)
	added := ""
	if !isCode {
		id, added = linkID(content)
	}
	code, ok, err := p.codes().Find(id)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, ErrUnknownCode
	case !code.Expires.IsZero() && p.Now().After(code.Expires):
		return nil, fmt.Errorf("%w: it was good until %s", ErrExpired, code.Expires.UTC().Format(time.RFC3339))
	}
	path, query := launch.SplitPath(code.Path)
	_, more := launch.SplitPath("?" + added)
	maps.Copy(query, more)
	if pages := p.pagesOf(code.AppID); path == "" && !isCode && pages != nil {
		path = pages.Home
	}
	options := &LaunchOptions{Path: path, Query: query, Scene: sceneMiniProgramCode, AppID: code.AppID, EnvVersion: code.EnvVersion}
	switch code.API {
	case apiGetUnlimited:
		options.Query["scene"] = encodeURIComponent(code.Scene)
	case apiCreateQRCode, apiPreview:
		options.Scene = sceneQRCode
	case apiScheme, apiNFCScheme:
		options.Scene = sceneURLScheme
	case apiURLLink:
		options.Scene = sceneURLLink
	case apiShortLink:
		options.Scene = sceneShortLink
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

// encodeURIComponent encodes a text as JavaScript's function of this name.
func encodeURIComponent(text string) string {
	return unreserved.Replace(url.QueryEscape(text))
}

// unreserved undoes the encodings of [url.QueryEscape] that encodeURIComponent does not make.
var unreserved = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")
