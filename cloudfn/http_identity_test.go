package cloudfn

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// fromWeChat is what WeChat sends along with a request to Cloud Run.
var fromWeChat = []string{
	"X-WX-SOURCE", "wx_client", "x-wx-openid", "o-1", "X-Wx-AppId", "wx1", "X-WX-UNIONID", "u-1", "X-WX-ENV", "env-2",
	"X-WX-FROM-OPENID", "o-2", "X-WX-FROM-APPID", "wx2", "X-WX-FROM-UNIONID", "u-2",
	"X-Original-Forwarded-For", "203.0.113.7, 10.0.0.1", "X-WX-CLOUDBASE-ACCESS-TOKEN", "t-1",
}

// identified returns what a handler sees of a request.
func identified(t *testing.T, environ map[string]string, header []string, opts ...Option) (*http.Response, *Invocation, http.Header) {
	t.Helper()
	var inv *Invocation
	var seen http.Header
	resp, _ := serveIn(t, &app{process: fakeProcess(&buffer{}, environ), options: optionsOf(opts), web: http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			inv, _ = FromContext(r.Context())
			seen = r.Header
		})}, request("GET", "/", "", header...))
	return resp, inv, seen
}

func TestTheHeadersOfThePlatformAreTheInvocation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ map[string]string
		opts    []Option
	}{
		"in Cloud Run":                {map[string]string{wxcloud.VarCloudRun: "env-1"}, nil},
		"in an HTTP cloud function":   {map[string]string{"TENCENTCLOUD_RUNENV": "SCF"}, nil},
		"under the emulator":          {map[string]string{wxcloud.VarEmulatorURL: "http://127.0.0.1:7911"}, nil},
		"behind a proxy of one's own": {nil, []Option{TrustHeaders()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, inv, seen := identified(t, c.environ, append([]string{"X-Request-Id", "r-1"}, fromWeChat...), c.opts...)
			for key, value := range map[string]string{
				"WX_OPENID": "o-1", "WX_APPID": "wx1", "WX_UNIONID": "u-1", "WX_CLIENTIP": "203.0.113.7",
				"WX_FROM_OPENID": "o-2", "WX_FROM_APPID": "wx2", "WX_FROM_UNIONID": "u-2",
				"TCB_ENV": "env-2", "TCB_SOURCE": "wx_client", "WX_CLOUDBASE_ACCESSTOKEN": "t-1",
			} {
				assert.Equal(t, value, inv.Getenv(key), key)
			}
			inv.getenv = nil
			assert.Equal(t, &Invocation{RequestID: "r-1", OpenID: "o-1", AppID: "wx1", UnionID: "u-1", Env: "env-2",
				Source: "wx_client", ClientIP: "203.0.113.7"}, inv)
			assert.Equal(t, "o-1", seen.Get("X-WX-OPENID"))
			assert.Equal(t, "t-1", seen.Get("X-WX-CLOUDBASE-ACCESS-TOKEN"))
		})
	}
}

func TestHeadersThatAnybodyCouldWriteAreRemoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ map[string]string
		header  []string
	}{
		"outside of the platform":           {map[string]string{wxcloud.VarPort: "9000"}, fromWeChat},
		"on a request that is not WeChat's": {map[string]string{wxcloud.VarCloudRun: "env-1"}, fromWeChat[2:]},
		"beside a source that is empty":     {map[string]string{wxcloud.VarCloudRun: "env-1"}, append([]string{"X-WX-SOURCE", ""}, fromWeChat[2:]...)},
		"beside a source that is spelt so":  {map[string]string{wxcloud.VarCloudRun: "env-1"}, append([]string{"X_WX_SOURCE", "wx_client"}, fromWeChat[2:]...)},
		"spelt otherwise":                   {nil, []string{"x_wx_openid", "o", "X-Wx_Openid", "o", "X_WX-OPENID", "o", "X-WX-FROM_OPENID", "o", "X-WX-", "o"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.header = append([]string{"X-Wxyz", "stays", "X-Request-Id", "r-1"}, c.header...)
			_, inv, seen := identified(t, c.environ, c.header)
			seen.Del("X-Original-Forwarded-For")
			assert.Equal(t, http.Header{"X-Wxyz": {"stays"}, "X-Request-Id": {"r-1"}}, seen)
			assert.Equal(t, c.environ[wxcloud.VarCloudRun], inv.Getenv("TCB_ENV"))
			for _, key := range []string{"WX_OPENID", "WX_CLIENTIP", "TCB_SOURCE", "WX_CLOUDBASE_ACCESSTOKEN"} {
				assert.Empty(t, inv.Getenv(key), key)
			}
			inv.getenv = nil
			assert.Equal(t, &Invocation{RequestID: "r-1", Env: c.environ[wxcloud.VarCloudRun]}, inv)
		})
	}
}

func TestAHeaderWithAnUnderscoreIsNeverThePlatforms(t *testing.T) {
	t.Parallel()
	_, inv, seen := identified(t, map[string]string{wxcloud.VarCloudRun: "env-1"},
		[]string{"X-WX-SOURCE", "wx_client", "X-WX-OPENID", "o-1", "X_WX_OPENID", "o-2", "X-WX-FROM_OPENID", "o-3"})
	assert.Equal(t, "o-1", inv.OpenID)
	assert.Equal(t, http.Header{"X-Wx-Source": {"wx_client"}, "X-Wx-Openid": {"o-1"}}, seen)
}

func TestARequestOfTwoCallersIsRefused(t *testing.T) {
	t.Parallel()
	resp, body := serve(t, map[string]string{wxcloud.VarCloudRun: "env-1"}, Func(func(context.Context, any) (any, error) { panic("called") }),
		request("POST", "/", "{}", append([]string{"X-WX-OPENID", "o-2", "X-Request-Id", "r-1"}, fromWeChat...)...))
	assert.Equal(t, 400, resp.StatusCode)
	assert.Equal(t, `{"errCode":-501007,"errMsg":"the request has the header X-Wx-Openid 2 times: whose word it is cannot be told","requestID":"r-1"}`, body)
}

func TestVariablesOfTheProcessStandBehindThoseOfTheRequest(t *testing.T) {
	t.Parallel()
	environ := map[string]string{
		"KEY": "of the process", "TCB_ENV": "env-1", "SCF_FUNCTIONNAME": "code", "TENCENTCLOUD_RUNENV": "SCF",
		"WX_OPENID": "nobody", "WX_APPID": "wx0", "WX_CLOUDBASE_ACCESSTOKEN": "t-0",
	}
	_, inv, _ := identified(t, environ, []string{"X-Scf-Request-Id", "r-1", "X-Scf-Memory", "256", "X-Scf-Name", "other"})
	assert.Equal(t, "of the process", inv.Getenv("KEY"))
	assert.Empty(t, inv.Getenv("WX_OPENID"), "who calls is the request's alone")
	assert.Empty(t, inv.Getenv("WX_CLOUDBASE_ACCESSTOKEN"))
	inv.getenv = nil
	assert.Equal(t, &Invocation{RequestID: "r-1", Function: "code", Env: "env-1", MemoryLimitMB: 256}, inv)
}

func TestARequestHasAnID(t *testing.T) {
	t.Parallel()
	const fresh = "^[A-Z2-7]{26}$"
	scf := map[string]string{"TENCENTCLOUD_RUNENV": "SCF"}
	long := make([]byte, 129)
	for i := range long {
		long[i] = 'r'
	}
	for name, c := range map[string]struct {
		environ map[string]string
		header  []string
		id      string // a pattern
	}{
		"its own":                           {nil, []string{"X-Request-Id", "r-1"}, "^r-1$"},
		"the platform's":                    {scf, []string{"X-Request-Id", "r-1", "X-Scf-Request-Id", "r-2"}, "^r-2$"},
		"the emulator's":                    {map[string]string{"TENCENTCLOUD_RUNENV": "SCF", wxcloud.VarEmulatorURL: "u"}, []string{"X-Request-Id", "r-1", "X-Scf-Request-Id", "r-2"}, "^r-1$"},
		"none that claims to be of another": {nil, []string{"X-Scf-Request-Id", "r-2"}, fresh},
		"a new one":                         {scf, nil, fresh},
		"a new one for one too long":        {nil, []string{"X-Request-Id", string(long)}, fresh},
		"a new one for one of two lines":    {nil, []string{"X-Request-Id", "r\n1"}, fresh},
		"a new one for one with a space":    {nil, []string{"X-Request-Id", "r 1"}, fresh},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, inv, _ := identified(t, c.environ, c.header)
			assert.Regexp(t, c.id, inv.RequestID)
			assert.Equal(t, inv.RequestID, resp.Header.Get("X-Request-Id"))
		})
	}
}
