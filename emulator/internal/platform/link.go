package platform

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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

// generateScheme mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-scheme/api_generatescheme.html and
// api_generatenfcscheme.html beside it.
func (p *Platform) generateScheme(c *apiCall) (*apiResult, error) {
	var to struct {
		Path, Query string
		EnvVersion  *string `json:"env_version"`
	}
	c.decode("jump_wxa", &to)
	code, err := p.newLink(c, to.Path, to.Query, to.EnvVersion)
	if err != nil {
		return nil, err
	}
	if c.name == apiScheme {
		if code.Expires, err = p.expiry(c); err != nil {
			return nil, err
		}
	}
	if code, err = p.keepLink(code); err != nil {
		return nil, err
	}
	return okResult(map[string]any{"openlink": schemePrefix + code.ID}), nil
}

// generateURLLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_generateurllink.html.
func (p *Platform) generateURLLink(c *apiCall) (*apiResult, error) {
	var version *string
	c.decode("env_version", &version)
	code, err := p.newLink(c, c.text("path"), c.text("query"), version)
	if err != nil {
		return nil, err
	}
	if code.Expires, err = p.expiry(c); err != nil {
		return nil, err
	}
	if code, err = p.keepLink(code); err != nil {
		return nil, err
	}
	return okResult(map[string]any{"url_link": urlLinkPrefix + code.ID}), nil
}

// generateShortLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/short-link/api_generateshortlink.html.
func (p *Platform) generateShortLink(c *apiCall) (*apiResult, error) {
	path := c.text("page_url")
	if n := utf8.RuneCountInString(path); n > maxPathRunes {
		return nil, errInvalidURL.because("page_url has %d characters; it may have %d", n, maxPathRunes)
	}
	page, _ := splitPath(path)
	if why := p.notPublished(c, page); why != "" {
		return nil, errInvalidURL.because("%s", why)
	}
	code := launch.Code{AppID: c.appID, API: c.name, Path: path}
	if !c.boolean("is_permanent", false) {
		code.Expires = p.Now().AddDate(0, 0, maxLinkDays)
	}
	code, err := p.keepLink(code)
	if err != nil {
		return nil, err
	}
	title := []rune(strings.ReplaceAll(c.text("page_title"), "/", " "))
	if len(title) > maxTitle {
		title = append(title[:maxTitle], '…')
	}
	link := shortLinkPrefix + shortLinkName + "/"
	if len(title) > 0 {
		link += string(title) + "/"
	}
	return okResult(map[string]any{"link": link + code.ID}), nil
}

// newLink returns a link to a page, which is not kept yet.
func (p *Platform) newLink(c *apiCall, path, query string, version *string) (_ launch.Code, err error) {
	code := launch.Code{AppID: c.appID, API: c.name, Path: strings.TrimPrefix(path, "/")}
	if strings.Contains(path, "?") {
		return code, errPagePath.because("path is %q; it may have no query: put that into query", path)
	}
	if why := p.notPublished(c, code.Path); why != "" {
		return code, errPagePath.because("%s", why)
	}
	if n := utf8.RuneCountInString(query); n > maxLinkQuery {
		return code, errInvalidQuery.because("query has %d characters; it may have %d", n, maxLinkQuery)
	}
	for _, r := range query {
		if !isSceneCharacter(r) && r != '%' {
			return code, errInvalidQuery.because("query may not contain %q; encode it in the characters 0-9 a-z A-Z %s", r, queryCharacters)
		}
	}
	if query != "" {
		code.Path += "?" + query
	}
	code.EnvVersion, err = envVersion(version, errEnvVersion)
	return code, err
}

// notPublished tells why a page cannot be opened; "" where it can be. No page is the home page.
func (p *Platform) notPublished(c *apiCall, page string) string {
	pages := p.pagesOf(c.appID)
	switch {
	case pages == nil:
		c.warn("no app.json was found, so that any page passes; in the cloud it must be a published one")
	case page != "" && !pages.Has(page):
		return fmt.Sprintf("%s has no page %q; add it", pages.File, page)
	}
	return ""
}

// expiry returns when a link ends: links without a time end after 30 days, the longest that there is.
func (p *Platform) expiry(c *apiCall) (time.Time, error) {
	now := p.Now()
	latest := now.AddDate(0, 0, maxLinkDays)
	switch kind := c.integer("expire_type", 0); {
	case kind == 1 && !c.params["expire_interval"].given(), kind == 0 && !c.params["expire_time"].given():
		return latest, nil
	case kind == 1:
		days := c.integer("expire_interval", 0)
		if days < 1 || days > maxLinkDays {
			return now, errExpireTime.because("expire_interval is %d; it may be 1 to %d days", days, maxLinkDays)
		}
		return now.AddDate(0, 0, days), nil
	case kind == 0:
		at := time.Unix(int64(c.integer("expire_time", 0)), 0)
		if at.Before(now.Add(minLinkLife)) || at.After(latest) {
			return now, errExpireTime.because("expire_time is %s; it may be one minute to %d days ahead of %s",
				at.UTC().Format(time.DateTime), maxLinkDays, now.UTC().Format(time.DateTime))
		}
		return at, nil
	default:
		return now, errInvalidArgs.because("expire_type is %d; it may be 0 (expire_time) or 1 (expire_interval)", kind)
	}
}

func (p *Platform) keepLink(code launch.Code) (launch.Code, error) {
	code, _, err := p.keep(code, launch.Quota{})
	return code, err
}

// queryScheme mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-scheme/api_queryscheme.html.
func (p *Platform) queryScheme(c *apiCall) (*apiResult, error) {
	const info = "scheme_info"
	if link := c.text("scheme"); strings.HasPrefix(link, plainSchemePrefix) && c.integer("query_type", 0) == 0 {
		return okResult(map[string]any{info: plainScheme(link)}), nil
	}
	return p.queryLink(c, "scheme", info, apiScheme, apiNFCScheme)
}

// queryURLLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_queryurllink.html.
func (p *Platform) queryURLLink(c *apiCall) (*apiResult, error) {
	return p.queryLink(c, "url_link", "url_link_info", apiURLLink)
}

// queryLink looks up a link that one of the APIs in makers made. The parameter of this name has it.
func (p *Platform) queryLink(c *apiCall, name, info string, makers ...string) (*apiResult, error) {
	switch kind := c.integer("query_type", 0); kind {
	case 0:
	case 1:
		return okResult(map[string]any{"quota_info": map[string]any{"remain_visit_quota": maxVisits}}), nil
	default:
		return nil, errInvalidArgs.because("query_type is %d; it may be 0 (the link) or 1 (what is left of today's visits)", kind)
	}
	link := c.text(name)
	id, added := linkID(link)
	code, ok, err := p.codes().Find(id)
	switch {
	case err != nil:
		return nil, err
	case link == "":
		return nil, errInvalidArgs.because("%s is required where query_type is 0", name)
	case !ok || !slices.Contains(makers, code.API):
		return nil, errLinkNotFound.because("this emulator has made no %s %q", name, link)
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
	return okResult(map[string]any{info: fields}), nil
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
