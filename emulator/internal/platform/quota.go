package platform

import "time"

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
	if limit := dailyLimit(r.path); !p.usage.take(r.appID, r.path, limit, p.Now()) {
		return errDailyLimit.because("%s takes %d calls of an app a day; /cgi-bin/clear_quota sets the count back", r.path, limit)
	}
	return nil
}

// clearQuota mirrors https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_clearquota.html.
func (p *Platform) clearQuota(r *serverRequest) (*apiResult, error) {
	switch appID := r.text("appid"); {
	case appID == "":
		return nil, errAppIDMissing.because("appid is required")
	case appID != r.appID:
		return nil, errInvalidAppID.because("appid is %q, and the access token is one of %s", appID, r.appID)
	}
	return p.clear(r)
}

// clearQuotaBySecret mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_clearquotabyappsecret.html, for apps that
// have used up their tokens. It shares its ten times a month with clearQuota. One page has its parameters in the URL
// (https://developers.weixin.qq.com/doc/channels/API/apimgnt/clearQuotaByAppSecret.html), the others in the body.
func (p *Platform) clearQuotaBySecret(r *serverRequest) (*apiResult, error) {
	if err := p.authenticate(r, "appsecret", ""); err != nil {
		return nil, err
	}
	return p.clear(r)
}

func (p *Platform) clear(r *serverRequest) (*apiResult, error) {
	if !p.usage.clear(r.appID, maxClearing, p.Now()) {
		return nil, errClearing.because("an app has this %d times a month", maxClearing)
	}
	p.unlimited.forget(r.appID)
	return okResult(nil), nil
}

// getQuota mirrors https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_getapiquota.html.
func (p *Platform) getQuota(r *serverRequest) (*apiResult, error) {
	path := r.text("cgi_path")
	e, ok := p.endpoints()[path]
	if !ok {
		return nil, errNoPath.because("cgi_path is %q; %s", path, p.adviceForPath(path))
	}
	limit, used := dailyLimit(path), p.usage.today(r.appID, path, p.Now())
	fields := map[string]any{"quota": map[string]any{"daily_limit": limit, "used": used, "remain": limit - used}}
	if e.name == apiGetUnlimited {
		fields["rate_limit"] = map[string]any{"call_count": maxUnlimitedCalls, "refresh_second": int(time.Minute / time.Second)}
	}
	return okResult(fields), nil
}
