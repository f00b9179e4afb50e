package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// guard keeps pages elsewhere out: by DNS rebinding they come with a Host that is not this machine's, and without as
// checkPage says.
func (e *Emulator) guard(r *http.Request) error {
	// A client whose transport dials this address in place of the platform's still names the platform's host. No page can
	// do so: that name is not its own to point here.
	if !e.ownHost(r.Host) && !servesHost(e.platform, r) {
		return fmt.Errorf("the Host %q is not this machine's", r.Host)
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
		if !e.ownOrigin(origin) {
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

// ownOrigin reports whether an Origin header names a page of this machine.
func (e *Emulator) ownOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && origin == u.Scheme+"://"+u.Host && e.ownHost(u.Host)
}

// ownHost reports whether a request's host is the loopback interface, or the address that Config.Addr chose.
func (e *Emulator) ownHost(hostport string) bool {
	name, ok := hostName(hostport)
	if !ok {
		return false
	}
	chosen := e.config.Addr
	if colon := strings.LastIndexByte(chosen, ':'); colon >= 0 {
		chosen = strings.Trim(chosen[:colon], "[]")
	}
	if isLoopback(name) || strings.EqualFold(name, chosen) {
		return true
	}
	// Listening everywhere: any address will do, but no name, which a page elsewhere could have pointed here.
	ip, err := netip.ParseAddr(chosen)
	everywhere := chosen == "" || err == nil && ip.IsUnspecified()
	_, err = netip.ParseAddr(name)
	return everywhere && err == nil
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
