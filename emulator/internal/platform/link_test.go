package platform

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// linkMakers are the APIs that make links, each with how it is told what the link opens.
var linkMakers = map[string]struct {
	field, prefix string
	scene         int
	params        func(path, query string) object
}{
	apiScheme: {"openlink", "weixin://dl/business/?t=", 1065, func(path, query string) object {
		return object{"jump_wxa": object{"path": path, "query": query}}
	}},
	apiNFCScheme: {"openlink", "weixin://dl/business/?t=", 1065, func(path, query string) object {
		return object{"jump_wxa": object{"path": path, "query": query}, "model_id": "m"}
	}},
	apiURLLink: {"url_link", "https://wxaurl.cn/", 1194, func(path, query string) object {
		return object{"path": path, "query": query}
	}},
	apiShortLink: {"link", "#小程序://", 1179, func(path, query string) object {
		return object{"page_url": strings.TrimSuffix(path+"?"+query, "?"), "page_title": "A title"}
	}},
}

// link makes a link.
func (p *Platform) link(t testing.TB, api string, params object) string {
	resp := p.ask(t, p.begin(api), api, params)
	link := gjson.GetBytes(resp.RespData, linkMakers[api].field).String()
	require.NotEmpty(t, link, "%s", resp.RespData)
	return link
}

func TestALinkOpensItsPage(t *testing.T) {
	t.Parallel()
	for api, maker := range linkMakers {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			p := withPages("pages/home", "pages/b")
			for _, c := range []struct {
				path, query string
				want        LaunchOptions
			}{
				{"pages/b", "", LaunchOptions{Path: "pages/b", Query: map[string]string{}}},
				{"/pages/b", "a=1&b=%20c&d", LaunchOptions{Path: "pages/b", Query: map[string]string{"a": "1", "b": "%20c", "d": ""}}},
				{"pages/b", "!#$&'()*+,/:;=?@-._~%", LaunchOptions{Path: "pages/b", Query: map[string]string{"!#$": "", "'()*+,/:;": "?@-._~%"}}},
			} {
				link := p.link(t, api, maker.params(c.path, c.query))
				assert.True(t, strings.HasPrefix(link, maker.prefix), link)
				assert.NotEqual(t, link, p.link(t, api, maker.params(c.path, c.query)), "each link is one of its own")
				c.want.Scene, c.want.AppID = maker.scene, "wx1"
				got, err := p.Scan(link)
				require.NoError(t, err)
				assert.Equal(t, &c.want, got)
			}
		})
	}
}

func TestALinkWithoutAPageOpensTheHomePage(t *testing.T) {
	t.Parallel()
	for api, params := range map[string]object{
		apiScheme: {}, apiNFCScheme: {"model_id": "m"}, apiURLLink: {"path": ""}, apiShortLink: {"page_url": "?a=1"},
	} {
		p := withPages("pages/home", "pages/b")
		got, err := p.Scan(p.link(t, api, params))
		require.NoError(t, err)
		assert.Equal(t, "pages/home", got.Path, api)
		p = newPlatform()
		got, err = p.Scan(p.link(t, api, params))
		require.NoError(t, err)
		assert.Empty(t, got.Path, "%s: no app.json tells which it is", api)
	}
}

func TestALinkOpensItsVersion(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"release": "", "trial": "trial", "develop": "develop"} {
		for api, params := range map[string]object{
			apiScheme:    {"jump_wxa": object{"env_version": version}},
			apiNFCScheme: {"jump_wxa": object{"env_version": version}, "model_id": "m"},
			apiURLLink:   {"env_version": version},
		} {
			p := newPlatform()
			got, err := p.Scan(p.link(t, api, params))
			require.NoError(t, err)
			assert.Equal(t, want, got.EnvVersion, "%s, %q", api, version)
		}
	}
}

func TestWhatIsAddedToALinkIsOneMoreQuery(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	scheme := p.link(t, apiScheme, object{"jump_wxa": object{"path": "page", "query": "a=1&b=2"}})
	urlLink := p.link(t, apiURLLink, object{"path": "page", "query": "a=1&b=2"})
	bare := p.link(t, apiURLLink, object{"path": "page"})
	for link, want := range map[string]map[string]string{
		scheme + "&cq=c%3D3":         {"a": "1", "b": "2", "c": "3"},
		scheme + "&cq=b%3D3%26d":     {"a": "1", "b": "3", "d": ""},
		scheme + "&cq=":              {"a": "1", "b": "2"},
		urlLink + "?cq=c%3D3":        {"a": "1", "b": "2", "c": "3"},
		urlLink + "?cq=c=3":          {"a": "1", "b": "2", "c": "3"},
		urlLink + "?cq=c%3D%25E4":    {"a": "1", "b": "2", "c": "%E4"},
		urlLink + "?cq=c=%":          {"a": "1", "b": "2", "c": "%"},
		bare + "?cq=c%3D3%3F%26%3D4": {"c": "3?"},
	} {
		got, err := p.Scan(link)
		require.NoError(t, err, link)
		assert.Equal(t, want, got.Query, link)
		assert.Equal(t, "page", got.Path)
	}
	for link, want := range map[string]string{scheme + "&cq=c%3D3": "a=1&b=2&c=3", scheme: "a=1&b=2"} {
		answer := p.ask(t, p.begin("urlscheme.query"), "urlscheme.query", object{"scheme": link})
		assert.Equal(t, want, gjson.GetBytes(answer.RespData, "scheme_info.query").String(), link)
	}
	answer := p.ask(t, p.begin("urllink.query"), "urllink.query", object{"url_link": bare + "?cq=c%3D3"})
	assert.Equal(t, "c=3", gjson.GetBytes(answer.RespData, "url_link_info.query").String())
}

func TestALinkThatIsNoneOfOursIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	link := p.link(t, apiURLLink, object{"path": "page"})
	for _, content := range []string{
		"weixin://dl/business/?t=", "weixin://dl/business/?t=AAAAAAAAAAAAAAAA", "https://wxaurl.cn/", "https://wxaurl.cn/?cq=a", "#小程序://", "#小程序://wxfn/",
		"http" + strings.TrimPrefix(link, "https"), " " + link, link + "/", link + "\x00", "https://wxaurl.cn/" + strings.Repeat("A", 1<<20), "https://wxaurl.cn/\xff",
	} {
		_, err := p.Scan(content)
		assert.ErrorIs(t, err, ErrUnknownCode, "%.40q", content)
	}
}

func TestALinkEndsOnThePlatformsClock(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		api    string
		params object
		life   time.Duration // 0: for ever
	}{
		"no time":                {apiURLLink, object{}, 30 * day},
		"a scheme without one":   {apiScheme, object{}, 30 * day},
		"days":                   {apiURLLink, object{"expire_type": 1, "expire_interval": 1}, day},
		"days of a scheme":       {apiScheme, object{"expire_type": 1, "expire_interval": 30}, 30 * day},
		"days, but none given":   {apiURLLink, object{"expire_type": 1, "expire_time": start.Add(day).Unix()}, 30 * day},
		"a time":                 {apiURLLink, object{"expire_time": start.Add(day).Unix()}, day},
		"a time of a scheme":     {apiScheme, object{"expire_type": 0, "expire_time": start.Add(time.Hour).Unix(), "expire_interval": 2}, time.Hour},
		"the older parameter":    {apiScheme, object{"is_expire": false}, 30 * day},
		"an NFC scheme":          {apiNFCScheme, object{"model_id": "m"}, 0},
		"a short link":           {apiShortLink, object{"page_url": "page"}, 30 * day},
		"a permanent short link": {apiShortLink, object{"page_url": "page", "is_permanent": true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			now := start
			p.Now = func() time.Time { return now }
			link := p.link(t, c.api, c.params)
			if c.life == 0 {
				now = start.AddDate(100, 0, 0)
				_, err := p.Scan(link)
				assert.NoError(t, err)
				return
			}
			now = start.Add(c.life)
			_, err := p.Scan(link)
			require.NoError(t, err, "at its last moment")
			now = now.Add(time.Second)
			_, err = p.Scan(link)
			require.ErrorIs(t, err, ErrExpired)
			assert.EqualError(t, err, "the link has expired: it was good until "+start.Add(c.life).Format(time.RFC3339))
			now = start
			_, err = p.Scan(link)
			assert.NoError(t, err, "a clock that goes back makes it good again")
		})
	}
}

func TestTheExpiryOfALinkHasBounds(t *testing.T) {
	t.Parallel()
	for _, api := range []string{apiScheme, apiURLLink} {
		for name, c := range map[string]struct {
			params object
			code   int
			advice string
		}{
			"one minute ahead":     {params: object{"expire_time": start.Unix() + 60}},
			"less than that":       {params: object{"expire_time": start.Unix() + 59}, code: 85401, advice: "expire_time is 2026-01-02 03:05:04; it may be one minute to 30 days ahead of 2026-01-02 03:04:05"},
			"the past":             {params: object{"expire_time": 0}, code: 85401},
			"before 1970":          {params: object{"expire_time": -1}, code: 85401},
			"thirty days ahead":    {params: object{"expire_time": start.Unix() + 30*86400}},
			"more than that":       {params: object{"expire_time": start.Unix() + 30*86400 + 1}, code: 85401},
			"milliseconds":         {params: object{"expire_time": start.UnixMilli()}, code: 85401},
			"the end of time":      {params: object{"expire_time": math.MaxInt64}, code: 85401},
			"the beginning":        {params: object{"expire_time": math.MinInt64}, code: 85401},
			"one day":              {params: object{"expire_type": 1, "expire_interval": 1}},
			"no day":               {params: object{"expire_type": 1, "expire_interval": 0}, code: 85401, advice: "expire_interval is 0; it may be 1 to 30 days"},
			"31 days":              {params: object{"expire_type": 1, "expire_interval": 31}, code: 85401},
			"days before":          {params: object{"expire_type": 1, "expire_interval": -1}, code: 85401},
			"another type":         {params: object{"expire_type": 2}, code: 40097, advice: "expire_type is 2; it may be 0 (expire_time) or 1 (expire_interval)"},
			"another kind of time": {params: object{"expire_time": "2026"}, code: 85401, advice: "expire_time must be a whole number"},
		} {
			t.Run(api+", "+name, func(t *testing.T) {
				t.Parallel()
				p := withPages("pages/home")
				call := p.try(t, p.begin(api), api, c.params)
				assert.Equal(t, c.code, call.ErrCode, call.Advice)
				if c.advice != "" || c.code == 0 {
					assert.Equal(t, c.advice, call.Advice)
				}
				if c.code == 85401 {
					assert.Equal(t, "time limit between 1min and 30days", call.ErrMsg)
				}
			})
		}
	}
}

func TestTheParametersOfLinks(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1024)
	for name, c := range map[string]struct {
		path, query string
		code        int // of schemes and URL Links
		short       int // of Short Links
		advice      string
	}{
		"a page":                {path: "pages/b"},
		"the longest query":     {path: "pages/b", query: long, short: 40066, advice: "page_url has 1032 characters; it may have 1024"},
		"a longer query":        {path: "pages/b", query: long + "a", code: 40212, short: 40066, advice: "query has 1025 characters; it may have 1024"},
		"a space in the query":  {path: "pages/b", query: "a= b", code: 40212, advice: "query may not contain ' '; encode it in the characters"},
		"Chinese in the query":  {path: "pages/b", query: "a=你", code: 40212, advice: "query may not contain '你'"},
		"NUL in the query":      {path: "pages/b", query: "a=\x00", code: 40212, advice: `query may not contain '\x00'`},
		"a query in the path":   {path: "pages/b?a=1", code: 40165, advice: `path is "pages/b?a=1"; it may have no query: put that into query`},
		"a page that is none":   {path: "pages/x", code: 40165, short: 40066, advice: `app.json has no page "pages/x"; add it`},
		"the page's other case": {path: "Pages/b", code: 40165, short: 40066, advice: `app.json has no page "Pages/b"; add it`},
	} {
		for api, maker := range linkMakers {
			t.Run(api+", "+name, func(t *testing.T) {
				t.Parallel()
				p := withPages("pages/home", "pages/b")
				call := p.try(t, p.begin(api), api, maker.params(c.path, c.query))
				if api == apiShortLink {
					assert.Equal(t, c.short, call.ErrCode, call.Advice)
					return
				}
				assert.Equal(t, c.code, call.ErrCode, call.Advice)
				if c.code != 0 {
					assert.Contains(t, call.Advice, c.advice)
				}
			})
		}
	}
	for _, version := range []string{"preview", ""} {
		for name, params := range map[string]object{
			apiScheme:    {"jump_wxa": object{"env_version": version}},
			apiNFCScheme: {"jump_wxa": object{"env_version": version}, "model_id": "m"},
			apiURLLink:   {"env_version": version},
		} {
			call := tryNew(t, name, params)
			assert.Equal(t, []any{85402, `env_version is "` + version + `"; it may be release, trial or develop`}, []any{call.ErrCode, call.Advice}, name)
		}
	}
	p := newPlatform()
	call := p.try(t, p.begin(apiURLLink), apiURLLink, object{"path": "any/page"})
	assert.Equal(t, []any{0, "no app.json was found, so that any page passes; in the cloud it must be a published one"}, []any{call.ErrCode, call.Advice})
}

func TestAShortLinkHasATitle(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"":                      `^#小程序://wxfn/[^/]+$`,
		"Title":                 `^#小程序://wxfn/Title/[^/]+$`,
		"a/b":                   `^#小程序://wxfn/a b/[^/]+$`,
		strings.Repeat("长", 20): `^#小程序://wxfn/长{20}/[^/]+$`,
		strings.Repeat("长", 21): `^#小程序://wxfn/长{20}…/[^/]+$`,
	} {
		p := newPlatform()
		link := p.link(t, apiShortLink, object{"page_url": "page", "page_title": title})
		assert.Regexp(t, want, link)
		_, err := p.Scan(link)
		assert.NoError(t, err)
	}
}

func TestAQueryTellsWhatALinkOpens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		make, query, param, info string
		params                   object
		want                     object
	}{
		{apiURLLink, "urllink.query", "url_link", "url_link_info", object{"path": "/pages/b", "query": "a=1", "expire_type": 1, "expire_interval": 2, "env_version": "trial"},
			object{"appid": "wx1", "path": "pages/b", "query": "a=1", "create_time": start.Unix(), "expire_time": start.Unix() + 2*86400, "env_version": "trial"}},
		{apiURLLink, "urllink.query", "url_link", "url_link_info", object{},
			object{"appid": "wx1", "path": "", "query": "", "create_time": start.Unix(), "expire_time": start.Unix() + 30*86400, "env_version": "release"}},
		{apiScheme, "urlscheme.query", "scheme", "scheme_info", object{"jump_wxa": object{"path": "pages/b", "query": "a=1?b"}, "expire_time": start.Unix() + 60},
			object{"appid": "wx1", "path": "pages/b", "query": "a=1?b", "create_time": start.Unix(), "expire_time": start.Unix() + 60, "env_version": "release"}},
		{apiNFCScheme, "urlscheme.query", "scheme", "scheme_info", object{"jump_wxa": object{"env_version": "develop"}, "model_id": "m"},
			object{"appid": "wx1", "path": "", "query": "", "create_time": start.Unix(), "expire_time": 0, "env_version": "develop"}},
	} {
		p := withPages("pages/home", "pages/b")
		link := p.link(t, c.make, c.params)
		resp := p.ask(t, p.begin(c.query), c.query, object{c.param: link, "query_type": 0})
		want, err := json.Marshal(object{"errcode": 0, "errmsg": "ok", c.info: c.want})
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(resp.RespData))
	}
}

func TestAQueryOfNoLinkIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	scheme := p.link(t, apiScheme, object{})
	urlLink := p.link(t, apiURLLink, object{})
	short := p.link(t, apiShortLink, object{"page_url": "page"})
	id := strings.TrimPrefix(scheme, launch.SchemePrefix)
	_, err := p.codes().Add(launch.Code{ID: "picture", AppID: "wx1", API: apiGet, Path: "page"}, launch.Quota{})
	require.NoError(t, err)
	for _, c := range []struct {
		api    string
		params object
		code   int
		advice string
	}{
		{"urllink.query", object{"url_link": scheme}, 85403, fmt.Sprintf("this emulator has made no url_link %q", scheme)},
		{"urllink.query", object{"url_link": short}, 85403, ""},
		{"urllink.query", object{"url_link": launch.URLLinkPrefix + id}, 85403, "this emulator has made no url_link"},
		{"urllink.query", object{"url_link": launch.URLLinkPrefix + "picture"}, 85403, ""},
		{"urllink.query", object{"url_link": "https://example.com"}, 85403, ""},
		{"urllink.query", object{"url_link": "weixin://dl/business/?appid=wx1"}, 85403, ""},
		{"urllink.query", object{}, 40097, "url_link is required where query_type is 0"},
		{"urllink.query", object{"url_link": ""}, 40097, "url_link is required where query_type is 0"},
		{"urlscheme.query", object{"scheme": urlLink}, 85403, fmt.Sprintf("this emulator has made no scheme %q", urlLink)},
		{"urlscheme.query", object{"scheme": launch.SchemePrefix}, 85403, ""},
		{"urlscheme.query", object{"query_type": 2}, 40097, "query_type is 2; it may be 0 (the link) or 1 (what is left of today's visits)"},
	} {
		call := p.try(t, p.begin(c.api), c.api, c.params)
		assert.Equal(t, c.code, call.ErrCode, c.params)
		assert.Contains(t, call.Advice, c.advice)
	}
	for scheme, want := range map[string]string{
		"appid=wx1&path=pages/a&query=a=1&b=2&env_version=trial": `{"appid":"wx1","path":"pages/a","query":"a=1&b=2","env_version":"trial"}`,
		"appid=wx1": `{"appid":"wx1","path":"","query":"","env_version":"release"}`,
	} {
		resp := p.ask(t, p.begin("urlscheme.query"), "urlscheme.query", object{"scheme": "weixin://dl/business/?" + scheme})
		assert.JSONEq(t, `{"errcode":0,"errmsg":"ok","scheme_info":`+want+`}`, string(resp.RespData), "a scheme that the Mini Program writes itself")
	}
	for _, api := range []string{"urllink.query", "urlscheme.query"} {
		resp := p.ask(t, p.begin(api), api, object{"query_type": 1})
		assert.JSONEq(t, `{"errcode":0,"errmsg":"ok","quota_info":{"remain_visit_quota":3000000}}`, string(resp.RespData))
	}
	p = p.with(brokenStore())
	for api, params := range map[string]object{"urllink.query": {"url_link": urlLink}, apiURLLink: {}, apiScheme: {}, apiShortLink: {"page_url": "page"}} {
		assert.Equal(t, -1, p.try(t, p.begin(api), api, params).ErrCode, api)
	}
}

func TestLinksAreThereAfterARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	links := map[string]*LaunchOptions{}
	disk := store.File(func() (string, error) { return path, nil }, launch.Buckets()...)
	p := newPlatform().with(disk)
	for api, maker := range linkMakers {
		link := p.link(t, api, maker.params("page", "a=1"))
		var err error
		links[link], err = p.Scan(link)
		require.NoError(t, err)
	}
	require.NoError(t, disk.Close())

	disk = store.File(func() (string, error) { return path, nil }, launch.Buckets()...)
	t.Cleanup(func() { assert.NoError(t, disk.Close()) })
	p = newPlatform().with(disk)
	for link, want := range links {
		got, err := p.Scan(link)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	p.Now = func() time.Time { return start.AddDate(0, 1, 0) }
	expired := 0
	for link := range links {
		if _, err := p.Scan(link); err != nil {
			assert.ErrorIs(t, err, ErrExpired)
			expired++
		}
	}
	assert.Equal(t, 3, expired, "all but the one for NFC")
}
