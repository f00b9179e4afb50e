package launch

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// The APIs that make codes and links, and the name that stands for previews in [Code.API].
const (
	CreateQRCode = "wxacode.createQRCode"
	Get          = "wxacode.get"
	GetUnlimited = "wxacode.getUnlimited"
	Preview      = "preview"

	Scheme    = "urlscheme.generate"
	NFCScheme = "urlscheme.generateNFCScheme"
	URLLink   = "urllink.generate"
	ShortLink = "shortlink.generate"
)

// scenes are the scenes (场景值) that a Mini Program is opened in, by the API that made the code or link.
var scenes = map[string]int{
	CreateQRCode: 1011, // a scanned QR code
	Preview:      1011,
	Get:          1047, // a scanned Mini Program code
	GetUnlimited: 1047,
	Scheme:       1065,
	NFCScheme:    1065,
	ShortLink:    1179,
	URLLink:      1194,
}

// Options are what the Mini Program is started with: wx.getLaunchOptionsSync().
type Options struct {
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

// The errors of [Scan].
var (
	// ErrUnknown reports a code or a link that this emulator has not made.
	ErrUnknown = errors.New("this emulator has made no such code or link")
	// ErrExpired reports a link that was good for a time that is over.
	ErrExpired = errors.New("the link has expired")
)

// Scan returns what scanning a code with this content opens, or following this link. The error is [ErrUnknown],
// [ErrExpired], or the store's.
func Scan(env *apicall.Env, content string) (*Options, error) {
	id, isCode := strings.CutPrefix(content, CodePrefix)
	added := ""
	if !isCode {
		id, added = LinkID(content)
	}
	code, ok, err := (Codes{Store: env.Store}).Find(id)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, ErrUnknown
	case !code.Expires.IsZero() && env.Now().After(code.Expires):
		return nil, fmt.Errorf("%w: it was good until %s", ErrExpired, code.Expires.UTC().Format(time.RFC3339))
	}
	path, query := SplitPath(code.Path)
	_, more := SplitPath("?" + added)
	maps.Copy(query, more)
	if pages := env.Pages(code.AppID); path == "" && !isCode && pages != nil {
		path = pages.Home
	}
	if code.API == GetUnlimited {
		query["scene"] = encodeURIComponent(code.Scene)
	}
	return &Options{Path: path, Query: query, Scene: scenes[code.API], AppID: code.AppID, EnvVersion: code.EnvVersion}, nil
}

// encodeURIComponent encodes a text as JavaScript's function of this name.
func encodeURIComponent(text string) string {
	return unreserved.Replace(url.QueryEscape(text))
}

// unreserved undoes the encodings of [url.QueryEscape] that encodeURIComponent does not make.
var unreserved = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")
