package platform

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
)

// The parts of the surroundings that do not matter here, but that programs read.
const (
	Region = "ap-shanghai"
	// AccountAppID and AccountUin stand for the Tencent Cloud account.
	AccountAppID = "1250000000"
	AccountUin   = "100000000001"
)

// ProcessEnviron returns the variables that an instance has from its start: those that hold for every invocation.
func (p *Platform) ProcessEnviron() map[string]string {
	return map[string]string{
		"TENCENTCLOUD_RUNENV": "SCF",
		"TENCENTCLOUD_REGION": Region,
		"TENCENTCLOUD_APPID":  AccountAppID,
		"TENCENTCLOUD_UIN":    AccountUin,
		"SCF_NAMESPACE":       p.Env,
		"TCB_ENV":             p.Env,
		"TZ":                  "UTC",
	}
}

// environ returns the variables of one invocation.
func (p *Platform) environ(s *Session, adminURL string) map[string]string {
	config, _ := json.Marshal(map[string]string{"URL": adminURL}) // text always encodes
	c := s.Caller
	wx := map[string]string{
		"WX_APPID":      c.AppID,
		"WX_OPENID":     c.OpenID,
		"WX_UNIONID":    c.UnionID,
		"WX_CLIENTIP":   c.ClientIP,
		"WX_CLIENTIPV6": ipv6(c.ClientIP),
		"WX_API_TOKEN":  s.token,
	}
	tcb := map[string]string{
		"TCB_ENV":          p.Env,
		"TCB_SOURCE":       c.Source,
		"TCB_SEQID":        s.RequestID,
		"TCB_CONTEXT_CNFG": string(config),
	}
	environ := map[string]string{
		"TENCENTCLOUD_SECRETID":     p.credential.SecretID,
		"TENCENTCLOUD_SECRETKEY":    p.credential.SecretKey,
		"TENCENTCLOUD_SESSIONTOKEN": p.credential.SessionToken,
	}
	for name, value := range p.ProcessEnviron() {
		environ[name] = value
	}
	if first, _, _ := strings.Cut(c.Source, ","); first == "wx_trigger" {
		environ["TRIGGER_SRC"] = "timer"
		wx["WX_TRIGGER_API_TOKEN_V0"] = s.token
	}
	environ["WX_CONTEXT_KEYS"] = put(environ, wx)
	environ["TCB_CONTEXT_KEYS"] = put(environ, tcb)
	return environ
}

// Headers returns what WeChat adds to a request that it passes on to a function which serves HTTP; token is the
// request's own.
func (p *Platform) Headers(s *Session, token string) map[string]string {
	c := s.Caller
	return map[string]string{
		"X-WX-OPENID":                 c.OpenID,
		"X-WX-APPID":                  c.AppID,
		"X-WX-UNIONID":                c.UnionID,
		"X-WX-ENV":                    p.Env,
		"X-WX-SOURCE":                 c.Source,
		"X-WX-CLOUDBASE-ACCESS-TOKEN": token,
	}
}

// RequestEnviron returns what these headers are to a handler in this process: the variables that package cloudfn makes of
// them. The token is among them for a call from outside of WeChat, too, in the place of a container's file.
func (p *Platform) RequestEnviron(s *Session, token string) map[string]string {
	c := s.Caller
	environ := map[string]string{}
	put(environ, map[string]string{
		"WX_OPENID": c.OpenID, "WX_APPID": c.AppID, "WX_UNIONID": c.UnionID, "WX_CLIENTIP": c.ClientIP,
		"TCB_ENV": p.Env, "TCB_SOURCE": c.Source, "WX_CLOUDBASE_ACCESSTOKEN": token,
	})
	return environ
}

// put adds the variables that are not empty, and returns their names as the platform lists them.
func put(environ, more map[string]string) string {
	var names []string
	for name, value := range more {
		if value != "" {
			environ[name] = value
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// ipv6 returns an address in IPv6's form.
func ipv6(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	if a.Is4() {
		return "::ffff:" + a.String()
	}
	return a.String()
}
