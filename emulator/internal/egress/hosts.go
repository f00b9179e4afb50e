package egress

import (
	"fmt"
	"net"
	"strings"
)

// Door is the part of the emulator that stands in for a host of the platform.
type Door int

// The doors; hosts that are not emulated have Closed.
const (
	Closed Door = iota
	Admin       // the admin endpoint, /admin
	Server      // the server API of api.weixin.qq.com
)

// Host is a row of the table of the platform's hosts.
type Host struct {
	// Pattern is a host name, or "*." and a domain: the domain itself and all names below it.
	Pattern string
	Door    Door
	// What the host serves, where the Door is Closed.
	What string
}

// hosts are the platform's hosts; the first match wins. Old SDKs have fixed names for the admin endpoint, of which
// <env>.<region>.tcb-api.tencentcloudapi.com is the newest. The other names of api.weixin.qq.com are documented at
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Interface_field_description.html.
var hosts = []Host{
	{Pattern: "tcb-admin.tencentyun.com", Door: Admin},
	{Pattern: "tcb-open.tencentyun.com", Door: Admin},
	{Pattern: "tcb-admin.tencentcloudapi.com", Door: Admin},
	{Pattern: "tcb-open.tencentcloudapi.com", Door: Admin},
	{Pattern: "*.tcb-api.tencentcloudapi.com", Door: Admin},
	{Pattern: "*.api.weixin.qq.com", Door: Server},
	{Pattern: "api2.weixin.qq.com", Door: Server},

	{Pattern: "*.mch.weixin.qq.com", What: "WeChat Pay's API"},
	{Pattern: "*.tcloudbasegateway.com", What: "the CloudBase gateway"},
	{Pattern: "*.tcb.qcloud.la", What: "cloud storage"},
	{Pattern: "*.myqcloud.com", What: "object storage (COS)"},
	{Pattern: "*.tencentcos.cn", What: "object storage (COS)"},
	{Pattern: "*.tcloudbase.com", What: "CloudBase's public addresses"},
	{Pattern: "*.tcloudbaseapp.com", What: "CloudBase's static hosting"},
	{Pattern: "*.tencentcloudapi.com", What: "Tencent Cloud's API"},
	{Pattern: "*.tencentyun.com", What: "Tencent Cloud's internal network"},
}

// Find returns the row of a host, with or without a port; nil if the host is not the platform's.
func Find(hostport string) *Host { return find(hosts, hostport) }

func find(table []Host, hostport string) *Host {
	name := hostName(hostport)
	for i := range table {
		if table[i].matches(name) {
			return &table[i]
		}
	}
	return nil
}

func hostName(hostport string) string {
	name, _, err := net.SplitHostPort(hostport)
	if err != nil {
		name = hostport
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

func (h *Host) matches(name string) bool {
	domain, wild := strings.CutPrefix(h.Pattern, "*.")
	return name == domain || wild && strings.HasSuffix(name, "."+domain)
}

// domain returns the pattern without its wildcard.
func (h *Host) domain() string { return strings.TrimPrefix(h.Pattern, "*.") }

// refusal returns the one-line error of a request to a host that is not emulated.
func (h *Host) refusal(name, caller string) string {
	return fmt.Sprintf("wxfn: %s (%s) is not emulated, and %s may not reach the real one; "+
		"emulated are https://api.weixin.qq.com and what wx-server-sdk calls; to let it through, start wxfn with --allow-host %[1]s",
		name, h.What, caller)
}
