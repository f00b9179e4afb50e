package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// RoundTrip implements http.RoundTripper: it sends a request as this user to the function that serves HTTP and that the
// URL's host names.
//
//	client := &http.Client{Transport: emu.As("oAlice")}
//	resp, err := client.Get("http://web/hello?x=1") // function web, path /hello
//
// With Via("") the request comes from outside of WeChat.
func (c *Caller) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.who.Source != "" {
		if err := wxcloud.CheckSource(c.who.Source); err != nil {
			return nil, fmt.Errorf("Via: %w; leave it empty for a request from outside of WeChat", err)
		}
	}
	base, err := c.emulator.Listen()
	if err != nil {
		return nil, err
	}
	// The path as it is: it may have slashes and dots that another one has not.
	target, err := url.Parse(base + fnPath + url.PathEscape(r.URL.Host) + "/" + strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.URL = target
	out.URL.RawQuery, out.URL.ForceQuery = r.URL.RawQuery, r.URL.ForceQuery
	out.Host = ""
	out.Header[wxcloud.HeaderSource] = []string{c.who.Source}
	for name, value := range map[string]string{wxcloud.HeaderOpenID: c.who.OpenID, wxcloud.HeaderUnionID: c.who.UnionID, wxcloud.HeaderAppID: c.who.AppID} {
		out.Header.Set(name, value)
	}
	return http.DefaultTransport.RoundTrip(out)
}
