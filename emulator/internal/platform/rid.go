package platform

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/recent"
)

// ridLife is for how long WeChat tells about an rid.
const ridLife = 7 * 24 * time.Hour

// maxShown bounds each text that an rid tells of, in bytes.
const maxShown = 4 << 10

var ridFormat = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)

// failedRequest is a request that was answered with an error, as its rid tells of it.
type failedRequest struct {
	appID, path string
	at          time.Time
	took        time.Duration
	url         string
	body        string
	answer      string
	clientIP    string
}

// remember keeps a request that was answered with an error, for those who ask about its rid. Secrets are taken out.
func (p *Platform) remember(r *serverRequest, answer []byte) {
	if r.Log.RID == "" || r.AppID == "" {
		return
	}
	shown := url.Values{}
	for name, values := range r.query {
		if isSecret(name) {
			values = []string{"[secret]"}
		}
		shown[name] = values
	}
	p.failed.Add(r.Log.RID, failedRequest{
		appID: r.AppID, path: r.path, at: r.Log.Time, took: r.Log.Duration, clientIP: r.session.Caller.ClientIP,
		url: journal.Cut(shown.Encode(), maxShown), body: journal.Cut(r.Log.Params, maxShown), answer: journal.Cut(string(answer), maxShown),
	})
}

// getRidInfo mirrors https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_getridinfo.html.
func (p *Platform) getRidInfo(r *serverRequest) (*apicall.Result, error) {
	rid := r.Text("rid")
	f, known := p.failed.Find(rid)
	switch {
	case !ridFormat.MatchString(rid):
		return nil, errRID.Because("rid is %.40q; it is what errmsg ends with, three times 8 digits", rid)
	case !known || p.Now().Sub(f.at) > ridLife:
		return nil, errNoRID.Because("this emulator remembers the last %d errors for %s", recent.Max, ridLife)
	case strings.HasPrefix(f.path, "/sns/"):
		return nil, errRIDPath.Because("it is of %s", f.path)
	case f.appID != r.AppID:
		return nil, errForeignRID.Because("it is not of %s", r.AppID)
	}
	return apicall.OK(map[string]any{"request": map[string]any{
		"invoke_time": f.at.Unix(), "cost_in_ms": f.took.Milliseconds(), "request_url": f.url,
		"request_body": f.body, "response_body": f.answer, "client_ip": f.clientIP,
	}}), nil
}
