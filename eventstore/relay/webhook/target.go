package webhook

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURL is how long a URL may be.
const maxURL = 2048

// Mistake says what is wrong with a URL, "" if nothing is. Nothing is resolved or
// connected to: the answer tells nothing of what is there.
func (g *Guard) Mistake(raw string) string {
	if len(raw) > maxURL {
		return "must not be longer than 2,048 bytes"
	}
	for _, c := range []byte(raw) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return "must be a URL in printable ASCII; names in other scripts are written in punycode"
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Host == "" || !hostname(u.Hostname()) {
		return "must be a URL with a host"
	}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !g.AllowHTTP):
		return "must begin with https://"
	case u.User != nil:
		return "must not hold a user or a password"
	case strings.Contains(raw, "#"):
		return "must not have a fragment"
	case !realPort(u.Port()):
		return "must name a port from 1 to 65535, or none"
	case !g.allowsPort(u):
		return "must not name a port other than that of its scheme"
	case g.refusesLiteral(u.Hostname()):
		return "must not lead into a private network"
	}
	return ""
}

// realPort: url.Parse takes any digits for a port.
func realPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// allowsPort: with networks of its own the operator has ports of its own.
func (g *Guard) allowsPort(u *url.URL) bool {
	if len(g.AllowNets) > 0 || u.Port() == "" && !strings.HasSuffix(u.Host, ":") {
		return true
	}
	return u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80"
}

// refusesLiteral reports whether the host is an address that no connection is made to.
func (g *Guard) refusesLiteral(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && g.admits(netip.AddrPortFrom(addr, 443)) != nil
}

// hostname reports whether host is an address, or a name that nobody could take for
// one: some resolvers read 127.1, 0x7f000001 and 2130706433 as addresses.
func hostname(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	if len(host) > 253 {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	last := strings.ToLower(labels[len(labels)-1])
	return !strings.HasPrefix(last, "0x") && strings.Trim(last, "0123456789") != ""
}
