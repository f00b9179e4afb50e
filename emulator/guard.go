package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// guard keeps pages elsewhere out: by DNS rebinding they come with a Host that is not this machine's, and without as
// checkPage says.
func (e *Emulator) guard(r *http.Request) error {
	// A client whose transport dials this address in place of the platform's still names the platform's host. No page can
	// do so: that name is not its own to point here.
	if !e.ownHost(r.Host) && !servesHost(e.platform, r) {
		return fmt.Errorf("the Host %q is not this machine's; if it is meant to be, start wxfn dev with --allow-host", r.Host)
	}
	return e.checkPage(r)
}

// adminPath is the admin endpoint's, here as in the cloud.
const adminPath = "/admin"

// checkPage returns why a request from a page is refused. A page of this machine (another local server's) may call; one
// elsewhere may not. Browsers name the page in Origin, but not for a plain GET such as an <img>'s or a link's; of these,
// Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/) says where they come from. Other clients send neither.
func (e *Emulator) checkPage(r *http.Request) error {
	named := false
	for _, origin := range r.Header["Origin"] {
		if origin == "" {
			continue
		}
		if !e.ownOrigin(origin, r.Host) {
			return fmt.Errorf("the Origin %q is foreign", origin)
		}
		named = true
	}
	if named {
		return nil
	}
	for _, site := range r.Header["Sec-Fetch-Site"] {
		switch site {
		case "", "none", "same-origin": // "none": typed into the address bar
			continue
		case "same-site": // another port of this machine; of another name, it may be any page of its domain
			name, ok := hostName(r.Host)
			if _, err := netip.ParseAddr(name); ok && (err == nil || isLoopback(name)) {
				continue
			}
		}
		return fmt.Errorf("the request comes from a page of another site (Sec-Fetch-Site: %q); open http://%s in a tab of its own", site, r.Host)
	}
	return nil
}

// ownOrigin reports whether an Origin header names a page of this machine. An address that is good for a Host, because the
// emulator listens on all, is any machine's in an Origin: it must be the very one that the request goes to.
func (e *Emulator) ownOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || origin != u.Scheme+"://"+u.Host {
		return false
	}
	name, ok := hostName(u.Host)
	return ok && (e.namedHost(name) || u.Host == host && e.ownHost(host))
}

// ownHost reports whether a request's host is this machine: the loopback interface, or what Config.Addr or Config.AllowHosts
// name.
func (e *Emulator) ownHost(hostport string) bool {
	name, ok := hostName(hostport)
	if !ok {
		return false
	}
	// Listening everywhere: any address will do, but no name, which a page elsewhere could have pointed here.
	_, err := netip.ParseAddr(name)
	return e.namedHost(name) || err == nil && e.listensEverywhere()
}

// namedHost reports whether a host is the loopback interface, or named by Config.
func (e *Emulator) namedHost(name string) bool {
	if isLoopback(name) || strings.EqualFold(name, addrHost(e.config.Addr)) {
		return true
	}
	ip, ipErr := netip.ParseAddr(name)
	return slices.ContainsFunc(e.config.AllowHosts, func(allowed string) bool {
		other, err := netip.ParseAddr(strings.Trim(allowed, "[]"))
		return strings.EqualFold(allowed, name) || ipErr == nil && err == nil && ip == other
	})
}

func (e *Emulator) listensEverywhere() bool {
	chosen := addrHost(e.config.Addr)
	ip, err := netip.ParseAddr(chosen)
	return chosen == "" || err == nil && ip.IsUnspecified()
}

// addrHost returns the host of an address to listen on.
func addrHost(addr string) string {
	if colon := strings.LastIndexByte(addr, ':'); colon >= 0 {
		addr = strings.Trim(addr[:colon], "[]")
	}
	return addr
}

// CheckHost returns what is wrong with a host of [Config].AllowHosts: it is a name or an address, without a port; a name may
// start with "*.".
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return nil
	}
	domain := strings.TrimPrefix(host, "*.")
	if name, ok := hostName(domain); !ok || name != domain || strings.ContainsAny(domain, "*,") {
		return fmt.Errorf("%q is not a host; write a name or an address, without port, such as dev.example.com or 192.168.1.5", host)
	}
	return nil
}

// isLoopback reports whether a host is the loopback interface's: its name or one of its addresses. "localhost." is not
// among them: no program sends it by itself.
func isLoopback(name string) bool {
	ip, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && ip.IsLoopback()
}

// hostName returns the name or address in a Host header: "localhost" of "localhost:7911", "::1" of "[::1]". It reports
// false for anything that is not exactly a host with or without a port.
func hostName(hostport string) (name string, ok bool) {
	name, port := hostport, "0"
	if colon := strings.LastIndexByte(hostport, ':'); colon > strings.LastIndexByte(hostport, ']') {
		name, port = hostport[:colon], hostport[colon+1:]
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", false
	}
	if inner, bracketed := strings.CutPrefix(name, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return inner, closed && err == nil && ip.Is6() && ip.Zone() == ""
	}
	return name, name != "" && !strings.ContainsAny(name, ":[]@/ %")
}
