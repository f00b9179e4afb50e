package platform

import (
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// The limits of HTTPS calls of each app.
const (
	maxClearing = 10 // a month

	// defaultDaily stands for the daily limits that the reference does not name; in the cloud they depend on the app.
	defaultDaily = 10_000_000
)

// dailyLimits are the daily limits that the reference names, by path.
var dailyLimits = map[string]int{
	pathToken:       2_000,
	pathStableToken: 500_000,
}

func dailyLimit(path string) int {
	if limit, ok := dailyLimits[path]; ok {
		return limit
	}
	return defaultDaily
}

// spend counts a request against the app's daily limit. One that fails later counts, too.
func (p *Platform) spend(r *serverRequest) error {
	if limit := dailyLimit(r.path); !p.usage.take(r.AppID, r.path, limit, p.Now()) {
		return errDailyLimit.Because("%s takes %d calls of an app a day; /cgi-bin/clear_quota sets the count back", r.path, limit)
	}
	return nil
}

// clearQuota mirrors https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_clearquota.html.
func (p *Platform) clearQuota(r *serverRequest) (*apicall.Result, error) {
	switch appID := r.Text("appid"); {
	case appID == "":
		return nil, errAppIDMissing.Because("appid is required")
	case appID != r.AppID:
		return nil, errInvalidAppID.Because("appid is %q, and the access token is one of %s", appID, r.AppID)
	}
	return p.clear(r)
}

// clearQuotaBySecret mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_clearquotabyappsecret.html, for apps that
// have used up their tokens. It shares its ten times a month with clearQuota. One page has its parameters in the URL
// (https://developers.weixin.qq.com/doc/channels/API/apimgnt/clearQuotaByAppSecret.html), the others in the body.
func (p *Platform) clearQuotaBySecret(r *serverRequest) (*apicall.Result, error) {
	if err := p.authenticate(r, "appsecret", ""); err != nil {
		return nil, err
	}
	return p.clear(r)
}

func (p *Platform) clear(r *serverRequest) (*apicall.Result, error) {
	if !p.usage.clear(r.AppID, maxClearing, p.Now()) {
		return nil, errClearing.Because("an app has this %d times a month", maxClearing)
	}
	p.appCalls.forget(r.AppID + " ")
	return apicall.OK(nil), nil
}

// getQuota mirrors https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_getapiquota.html.
func (p *Platform) getQuota(r *serverRequest) (*apicall.Result, error) {
	path := r.Text("cgi_path")
	e, ok := p.endpoints()[path]
	if !ok {
		return nil, errNoPath.Because("cgi_path is %q; %s", path, p.adviceForPath(path))
	}
	limit, used := dailyLimit(path), p.usage.today(r.AppID, path, p.Now())
	fields := map[string]any{"quota": map[string]any{"daily_limit": limit, "used": used, "remain": limit - used}}
	if n := minuteLimits[e.name]; n > 0 {
		fields["rate_limit"] = map[string]any{"call_count": n, "refresh_second": int(time.Minute / time.Second)}
	}
	return apicall.OK(fields), nil
}
