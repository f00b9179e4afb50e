package launch

import (
	"net/url"
	"strings"
)

// CodePrefix begins what the emulator's pictures hold: an address that leads nowhere but into the emulator.
const CodePrefix = "wxfn://code/"

// How links begin. A link ends with its ID; what users add behind it is one more query.
const (
	SchemePrefix    = "weixin://dl/business/?t="
	URLLinkPrefix   = "https://wxaurl.cn/"
	ShortLinkPrefix = "#小程序://"
)

// LinkID returns the ID in a link, or "" if it is not a link, and the query that was added behind it.
func LinkID(link string) (id, added string) {
	switch {
	case strings.HasPrefix(link, SchemePrefix):
		id, added, _ = strings.Cut(link[len(SchemePrefix):], "&cq=")
	case strings.HasPrefix(link, URLLinkPrefix):
		id, added, _ = strings.Cut(link[len(URLLinkPrefix):], "?cq=")
	case strings.HasPrefix(link, ShortLinkPrefix):
		return link[strings.LastIndexByte(link, '/')+1:], ""
	}
	if plain, err := url.QueryUnescape(added); err == nil {
		added = plain
	}
	return id, added
}
