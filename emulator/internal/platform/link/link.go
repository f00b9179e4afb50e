// Package link is the links that open a Mini Program: URL Schemes, URL Links and Short Links.
package link

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
)

// plainSchemePrefix begins a URL Scheme that a Mini Program writes itself (明文 Scheme).
const plainSchemePrefix = "weixin://dl/business/?appid="

// The limits of links.
const (
	maxLinkQuery    = 1024 // characters
	maxLinkDays     = 30
	minLinkLife     = time.Minute
	maxVisits       = 3_000_000 // a day, by all of an app's links
	maxTitle        = 20        // characters of a short link's title; what is more is cut
	shortLinkName   = "wxfn"    // stands for the name of the Mini Program
	queryCharacters = launch.SceneCharacters + "%"
)

// The errors of links.
var (
	errInvalidURL   = apicall.Error{Code: 40066, Message: "invalid url"}
	errPagePath     = apicall.Error{Code: 40165, Message: "invalid weapp pagepath"}
	errInvalidQuery = apicall.Error{Code: 40212, Message: "invalid query"}
	errExpireTime   = apicall.Error{Code: 85401, Message: "time limit between 1min and 30days"}
	errEnvVersion   = apicall.Error{Code: 85402, Message: "invalid env_version"}
	errLinkNotFound = apicall.Error{Code: 85403, Message: "not found"}
)

// Links makes links, and tells what they open.
type Links struct{ env *apicall.Env }

// New returns the links that the environment's store keeps.
func New(env *apicall.Env) *Links { return &Links{env} }

// APIs returns the APIs of links, by name.
func (l *Links) APIs() map[string]apicall.API {
	return map[string]apicall.API{
		launch.Scheme:    l.generateScheme,
		launch.NFCScheme: l.generateScheme,
		launch.URLLink:   l.generateURLLink,
		launch.ShortLink: l.generateShortLink,

		"urlscheme.query": l.queryScheme,
		"urllink.query":   l.queryURLLink,
	}
}

// generateScheme mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-scheme/api_generatescheme.html and
// api_generatenfcscheme.html beside it.
func (l *Links) generateScheme(c *apicall.Call) (*apicall.Result, error) {
	var to struct {
		Path, Query string
		EnvVersion  *string `json:"env_version"`
	}
	c.Decode("jump_wxa", &to)
	code, err := l.parse(c, to.Path, to.Query, to.EnvVersion)
	if err != nil {
		return nil, err
	}
	if c.Name == launch.Scheme {
		if code.Expires, err = l.expiry(c); err != nil {
			return nil, err
		}
	}
	if code, err = l.keep(code); err != nil {
		return nil, err
	}
	return apicall.OK(map[string]any{"openlink": launch.SchemePrefix + code.ID}), nil
}

// generateURLLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_generateurllink.html.
func (l *Links) generateURLLink(c *apicall.Call) (*apicall.Result, error) {
	var version *string
	c.Decode("env_version", &version)
	code, err := l.parse(c, c.Text("path"), c.Text("query"), version)
	if err != nil {
		return nil, err
	}
	if code.Expires, err = l.expiry(c); err != nil {
		return nil, err
	}
	if code, err = l.keep(code); err != nil {
		return nil, err
	}
	return apicall.OK(map[string]any{"url_link": launch.URLLinkPrefix + code.ID}), nil
}

// generateShortLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/short-link/api_generateshortlink.html.
func (l *Links) generateShortLink(c *apicall.Call) (*apicall.Result, error) {
	path := c.Text("page_url")
	if n := utf8.RuneCountInString(path); n > launch.MaxPath {
		return nil, errInvalidURL.Because("page_url has %d characters; it may have %d", n, launch.MaxPath)
	}
	page, _ := launch.SplitPath(path)
	if why := launch.Unpublished(l.env, c, page); why != "" {
		return nil, errInvalidURL.Because("%s", why)
	}
	code := launch.Code{AppID: c.AppID, API: c.Name, Path: path}
	if !c.Boolean("is_permanent", false) {
		code.Expires = l.env.Now().AddDate(0, 0, maxLinkDays)
	}
	code, err := l.keep(code)
	if err != nil {
		return nil, err
	}
	title := []rune(strings.ReplaceAll(c.Text("page_title"), "/", " "))
	if len(title) > maxTitle {
		title = append(title[:maxTitle], '…')
	}
	link := launch.ShortLinkPrefix + shortLinkName + "/"
	if len(title) > 0 {
		link += string(title) + "/"
	}
	return apicall.OK(map[string]any{"link": link + code.ID}), nil
}

// parse returns a link to a page, which is not kept yet.
func (l *Links) parse(c *apicall.Call, path, query string, version *string) (_ launch.Code, err error) {
	code := launch.Code{AppID: c.AppID, API: c.Name, Path: strings.TrimPrefix(path, "/")}
	if strings.Contains(path, "?") {
		return code, errPagePath.Because("path is %q; it may have no query: put that into query", path)
	}
	if why := launch.Unpublished(l.env, c, code.Path); why != "" {
		return code, errPagePath.Because("%s", why)
	}
	if n := utf8.RuneCountInString(query); n > maxLinkQuery {
		return code, errInvalidQuery.Because("query has %d characters; it may have %d", n, maxLinkQuery)
	}
	for _, r := range query {
		if !launch.IsSceneCharacter(r) && r != '%' {
			return code, errInvalidQuery.Because("query may not contain %q; encode it in the characters 0-9 a-z A-Z %s", r, queryCharacters)
		}
	}
	if query != "" {
		code.Path += "?" + query
	}
	code.EnvVersion, err = launch.EnvVersion(version, errEnvVersion)
	return code, err
}

// expiry returns when a link ends: links without a time end after 30 days, the longest that there is.
func (l *Links) expiry(c *apicall.Call) (time.Time, error) {
	now := l.env.Now()
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

func (l *Links) keep(code launch.Code) (launch.Code, error) {
	code, _, err := launch.Keep(l.env, code, launch.Quota{})
	return code, err
}

// queryScheme mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-scheme/api_queryscheme.html.
func (l *Links) queryScheme(c *apicall.Call) (*apicall.Result, error) {
	const info = "scheme_info"
	if link := c.Text("scheme"); strings.HasPrefix(link, plainSchemePrefix) && c.Integer("query_type", 0) == 0 {
		return apicall.OK(map[string]any{info: plainScheme(link)}), nil
	}
	return l.query(c, "scheme", info, launch.Scheme, launch.NFCScheme)
}

// queryURLLink mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_queryurllink.html.
func (l *Links) queryURLLink(c *apicall.Call) (*apicall.Result, error) {
	return l.query(c, "url_link", "url_link_info", launch.URLLink)
}

// query looks up a link that one of the APIs in makers made. The parameter of this name has it.
func (l *Links) query(c *apicall.Call, name, info string, makers ...string) (*apicall.Result, error) {
	switch kind := c.Integer("query_type", 0); kind {
	case 0:
	case 1:
		return apicall.OK(map[string]any{"quota_info": map[string]any{"remain_visit_quota": maxVisits}}), nil
	default:
		return nil, apicall.ErrInvalidArgs.Because("query_type is %d; it may be 0 (the link) or 1 (what is left of today's visits)", kind)
	}
	link := c.Text(name)
	id, added := launch.LinkID(link)
	code, ok, err := (launch.Codes{Store: l.env.Store}).Find(id)
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
