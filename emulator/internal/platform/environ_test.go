package platform

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheEnvironmentOfAnInvocation(t *testing.T) {
	t.Parallel()
	always := map[string]string{
		"TENCENTCLOUD_RUNENV": "SCF", "TENCENTCLOUD_REGION": "ap-shanghai", "TENCENTCLOUD_APPID": "1250000000", "TENCENTCLOUD_UIN": "100000000001",
		"SCF_NAMESPACE": "env-1", "TCB_ENV": "env-1", "TZ": "UTC", "TCB_SEQID": "r-1", "TCB_CONTEXT_CNFG": `{"URL":"http://wxfn.internal/admin"}`,
		"TCB_CONTEXT_KEYS": "TCB_CONTEXT_CNFG,TCB_ENV,TCB_SEQID,TCB_SOURCE",
	}
	for name, c := range map[string]struct {
		caller Caller
		want   map[string]string
	}{
		"a user": {
			Caller{OpenID: "oAlice", UnionID: "uAlice", AppID: "wx1", Source: "wx_client", ClientIP: "10.0.0.1"},
			map[string]string{"WX_OPENID": "oAlice", "WX_UNIONID": "uAlice", "WX_APPID": "wx1", "WX_CLIENTIP": "10.0.0.1", "WX_CLIENTIPV6": "::ffff:10.0.0.1",
				"TCB_SOURCE": "wx_client", "WX_CONTEXT_KEYS": "WX_API_TOKEN,WX_APPID,WX_CLIENTIP,WX_CLIENTIPV6,WX_OPENID,WX_UNIONID"},
		},
		"a user by IPv6, through another function": {
			Caller{OpenID: "oAlice", AppID: "wx1", Source: "wx_client,scf", ClientIP: "::1"},
			map[string]string{"WX_OPENID": "oAlice", "WX_APPID": "wx1", "WX_CLIENTIP": "::1", "WX_CLIENTIPV6": "::1", "TCB_SOURCE": "wx_client,scf",
				"WX_CONTEXT_KEYS": "WX_API_TOKEN,WX_APPID,WX_CLIENTIP,WX_CLIENTIPV6,WX_OPENID"},
		},
		"a timer": {
			Caller{AppID: "wx1", Source: "wx_trigger"},
			map[string]string{"WX_APPID": "wx1", "TCB_SOURCE": "wx_trigger", "TRIGGER_SRC": "timer",
				"WX_CONTEXT_KEYS": "WX_API_TOKEN,WX_APPID,WX_TRIGGER_API_TOKEN_V0"},
		},
		"the HTTP API": {
			Caller{AppID: "wx1", Source: "wx_http", ClientIP: "no address"},
			map[string]string{"WX_APPID": "wx1", "WX_CLIENTIP": "no address", "TCB_SOURCE": "wx_http", "WX_CONTEXT_KEYS": "WX_API_TOKEN,WX_APPID,WX_CLIENTIP"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			s := &Session{RequestID: "r-1", Caller: c.caller}
			got := p.Begin(s, adminURL)
			want := map[string]string{
				"TENCENTCLOUD_SECRETID": p.credential.SecretID, "TENCENTCLOUD_SECRETKEY": p.credential.SecretKey,
				"TENCENTCLOUD_SESSIONTOKEN": p.credential.SessionToken, "WX_API_TOKEN": s.token,
			}
			for _, set := range []map[string]string{always, c.want} {
				for name, value := range set {
					want[name] = value
				}
			}
			if c.caller.Source == "wx_trigger" {
				want["WX_TRIGGER_API_TOKEN_V0"] = s.token
			}
			assert.Equal(t, want, got)
		})
	}
}
