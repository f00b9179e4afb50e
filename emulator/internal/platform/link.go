package platform

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
)

// The APIs that make links.
const (
	apiScheme    = "urlscheme.generate"
	apiNFCScheme = "urlscheme.generateNFCScheme"
	apiURLLink   = "urllink.generate"
	apiShortLink = "shortlink.generate"
)

// How links begin. A link ends with its ID; what users add behind it is one more query.
const (
	schemePrefix      = "weixin://dl/business/?t="
	plainSchemePrefix = "weixin://dl/business/?appid="
	urlLinkPrefix     = "https://wxaurl.cn/"
	shortLinkPrefix   = "#小程序://"
)

// The limits of links.
const (
	maxLinkQuery    = 1024 // characters
	maxLinkDays     = 30
	minLinkLife     = time.Minute
	maxVisits       = 3_000_000 // a day, by all of an app's links
	maxTitle        = 20        // characters of a short link's title; what is more is cut
	shortLinkName   = "wxfn"    // stands for the name of the Mini Program
	queryCharacters = sceneCharacters + "%"
)

// The errors of links.
var (
	errPagePath     = apicall.Error{Code: 40165, Message: "invalid weapp pagepath"}
	errInvalidQuery = apicall.Error{Code: 40212, Message: "invalid query"}
	errExpireTime   = apicall.Error{Code: 85401, Message: "time limit between 1min and 30days"}
	errEnvVersion   = apicall.Error{Code: 85402, Message: "invalid env_version"}
	errLinkNotFound = apicall.Error{Code: 85403, Message: "not found"}
)

// generateScheme mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-scheme/api_generatescheme.html and
// api_generatenfcscheme.html beside it.
func (p *Platform) generateScheme(c *apicall.Call) (*apicall.Result, error) {
	var to struct {
		Path, Query string
		EnvVersion  *string `json:"env_version"`
	}
	c.Decode("jump_wxa", &to)
	code, err := p.newLink(c, to.Path, to.Query, to.EnvVersion)
	if err != nil {
		return nil, err
	}
	if c.Name == apiScheme {
		if code.Expires, err = p.expiry(c); err != nil {
			return nil, err
		}
	}
	if code, err = p.keepLink(code); err != nil {
		return nil, err
	}
	return apicall.OK(map[string]any{"openlink": schemePrefix + code.ID}), nil
}

// generateURLLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_generateurllink.html.
func (p *Platform) generateURLLink(c *apicall.Call) (*apicall.Result, error) {
	var version *string
	c.Decode("env_version", &version)
	code, err := p.newLink(c, c.Text("path"), c.Text("query"), version)
	if err != nil {
		return nil, err
	}
	if code.Expires, err = p.expiry(c); err != nil {
		return nil, err
	}
	if code, err = p.keepLink(code); err != nil {
		return nil, err
	}
	return apicall.OK(map[string]any{"url_link": urlLinkPrefix + code.ID}), nil
}

// generateShortLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/short-link/api_generateshortlink.html.
func (p *Platform) generateShortLink(c *apicall.Call) (*apicall.Result, error) {
	path := c.Text("page_url")
	if n := utf8.RuneCountInString(path); n > maxPathRunes {
		return nil, errInvalidURL.Because("page_url has %d characters; it may have %d", n, maxPathRunes)
	}
	page, _ := launch.SplitPath(path)
	if why := launch.Unpublished(p.features.env, c, page); why != "" {
		return nil, errInvalidURL.Because("%s", why)
	}
	code := launch.Code{AppID: c.AppID, API: c.Name, Path: path}
	if !c.Boolean("is_permanent", false) {
		code.Expires = p.Now().AddDate(0, 0, maxLinkDays)
	}
	code, err := p.keepLink(code)
	if err != nil {
		return nil, err
	}
	title := []rune(strings.ReplaceAll(c.Text("page_title"), "/", " "))
	if len(title) > maxTitle {
		title = append(title[:maxTitle], '…')
	}
	link := shortLinkPrefix + shortLinkName + "/"
	if len(title) > 0 {
		link += string(title) + "/"
	}
	return apicall.OK(map[string]any{"link": link + code.ID}), nil
}

// newLink returns a link to a page, which is not kept yet.
func (p *Platform) newLink(c *apicall.Call, path, query string, version *string) (_ launch.Code, err error) {
	code := launch.Code{AppID: c.AppID, API: c.Name, Path: strings.TrimPrefix(path, "/")}
	if strings.Contains(path, "?") {
		return code, errPagePath.Because("path is %q; it may have no query: put that into query", path)
	}
	if why := launch.Unpublished(p.features.env, c, code.Path); why != "" {
		return code, errPagePath.Because("%s", why)
	}
	if n := utf8.RuneCountInString(query); n > maxLinkQuery {
		return code, errInvalidQuery.Because("query has %d characters; it may have %d", n, maxLinkQuery)
	}
	for _, r := range query {
		if !isSceneCharacter(r) && r != '%' {
			return code, errInvalidQuery.Because("query may not contain %q; encode it in the characters 0-9 a-z A-Z %s", r, queryCharacters)
		}
	}
	if query != "" {
		code.Path += "?" + query
	}
	code.EnvVersion, err = envVersion(version, errEnvVersion)
	return code, err
}

// expiry returns when a link ends: links without a time end after 30 days, the longest that there is.
func (p *Platform) expiry(c *apicall.Call) (time.Time, error) {
	now := p.Now()
	latest := now.AddDate(0, 0, maxLinkDays)
	switch kind := c.Integer("expire_type", 0); {
	case kind == 1 && !c.Given("expire_interval"), kind == 0 && !c.Given("expire_time"):
		return latest, nil
	case kind == 1:
		days := c.Integer("expire_interval", 0)
		if days < 1 || days > maxLinkDays {
			return now, errExpireTime.Because("expire_interval is %d; it may be 1 to %d days", days, maxLinkDays)
		}
		return now.AddDate(0, 0, days), nil
	case kind == 0:
		at := time.Unix(int64(c.Integer("expire_time", 0)), 0)
		if at.Before(now.Add(minLinkLife)) || at.After(latest) {
			return now, errExpireTime.Because("expire_time is %s; it may be one minute to %d days ahead of %s",
				at.UTC().Format(time.DateTime), maxLinkDays, now.UTC().Format(time.DateTime))
		}
		return at, nil
	default:
		return now, apicall.ErrInvalidArgs.Because("expire_type is %d; it may be 0 (expire_time) or 1 (expire_interval)", kind)
	}
}

func (p *Platform) keepLink(code launch.Code) (launch.Code, error) {
	code, _, err := p.keep(code, launch.Quota{})
	return code, err
}

// queryScheme mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-scheme/api_queryscheme.html.
func (p *Platform) queryScheme(c *apicall.Call) (*apicall.Result, error) {
	const info = "scheme_info"
	if link := c.Text("scheme"); strings.HasPrefix(link, plainSchemePrefix) && c.Integer("query_type", 0) == 0 {
		return apicall.OK(map[string]any{info: plainScheme(link)}), nil
	}
	return p.queryLink(c, "scheme", info, apiScheme, apiNFCScheme)
}

// queryURLLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_queryurllink.html.
func (p *Platform) queryURLLink(c *apicall.Call) (*apicall.Result, error) {
	return p.queryLink(c, "url_link", "url_link_info", apiURLLink)
}

// queryLink looks up a link that one of the APIs in makers made. The parameter of this name has it.
func (p *Platform) queryLink(c *apicall.Call, name, info string, makers ...string) (*apicall.Result, error) {
	switch kind := c.Integer("query_type", 0); kind {
	case 0:
	case 1:
		return apicall.OK(map[string]any{"quota_info": map[string]any{"remain_visit_quota": maxVisits}}), nil
	default:
		return nil, apicall.ErrInvalidArgs.Because("query_type is %d; it may be 0 (the link) or 1 (what is left of today's visits)", kind)
	}
	link := c.Text(name)
	id, added := linkID(link)
	code, ok, err := p.codes().Find(id)
	switch {
	case err != nil:
		return nil, err
	case link == "":
		return nil, apicall.ErrInvalidArgs.Because("%s is required where query_type is 0", name)
	case !ok || !slices.Contains(makers, code.API):
		return nil, errLinkNotFound.Because("this emulator has made no %s %q", name, link)
	}
	path, query, _ := strings.Cut(code.Path, "?")
	if added != "" {
		query = strings.TrimPrefix(query+"&"+added, "&")
	}
	fields := map[string]any{"appid": code.AppID, "path": path, "query": query, "create_time": code.Created.Unix(),
		"expire_time": 0, "env_version": "release"}
	if !code.Expires.IsZero() {
		fields["expire_time"] = code.Expires.Unix()
	}
	if code.EnvVersion != "" {
		fields["env_version"] = code.EnvVersion
	}
	return apicall.OK(map[string]any{info: fields}), nil
}

// plainScheme returns what is in a URL Scheme that a Mini Program writes itself (明文 Scheme). Its query is all that follows
// up to the next name of the scheme's own: query=a=1&b=2.
func plainScheme(link string) map[string]any {
	fields := map[string]any{"path": "", "query": "", "env_version": "release"}
	last := ""
	for pair := range strings.SplitSeq(link[strings.IndexByte(link, '?')+1:], "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "appid", "path", "query", "env_version":
			fields[name], last = value, name
		default:
			if last == "query" {
				fields[last] = fmt.Sprint(fields[last], "&", pair)
			}
		}
	}
	return fields
}

// linkID returns the ID in a link, "" for what is none, and the query that was added behind it.
func linkID(link string) (id, added string) {
	switch {
	case strings.HasPrefix(link, schemePrefix):
		id, added, _ = strings.Cut(link[len(schemePrefix):], "&cq=")
	case strings.HasPrefix(link, urlLinkPrefix):
		id, added, _ = strings.Cut(link[len(urlLinkPrefix):], "?cq=")
	case strings.HasPrefix(link, shortLinkPrefix):
		return link[strings.LastIndexByte(link, '/')+1:], ""
	}
	if plain, err := url.QueryUnescape(added); err == nil {
		added = plain
	}
	return id, added
}

// ErrExpired means that a link was good for a time that is over.
var ErrExpired = errors.New("the link has expired")
