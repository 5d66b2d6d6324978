package webhook

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// A Guard says where requests may go. The zero Guard lets them go to public addresses
// by HTTPS.
type Guard struct {
	// AllowNets are reached although they are not public, and on any port.
	AllowNets []netip.Prefix
	// AllowHTTP lets requests go out in clear.
	AllowHTTP bool
	// Resolver finds the addresses of names; nil: that of the system.
	Resolver *net.Resolver
}

// ErrNotPublic: a connection was not made. It does not say which address it was: what a name resolves to is not for
// everybody to know.
var ErrNotPublic = errors.New("the address may not be connected to")

// special are the networks that are not public, or lead into some that are not, of what
// globally might be: the registries of IANA (RFC 6890), and addresses of clouds at which
// they hand out credentials.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32",           // Azure's host
	"2001::/23",                  // Teredo, ORCHID, benchmarks and the like
	"2001:db8::/32", "2002::/16", // documentation; 6to4, which wraps IPv4
	"2620:4f:8000::/48", "3fff::/20", // AS112; documentation
)

// global is all there is of public IPv6. NAT64 (64:ff9b::/96), link-local, unique local,
// site-local and mapped addresses are outside.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// admits returns nil if a connection to the address may be made.
func (g *Guard) admits(to netip.AddrPort) error {
	addr := to.Addr().WithZone("").Unmap()
	if contains(g.AllowNets, addr) {
		return nil
	}
	if !addr.IsValid() || addr.Is6() && !global.Contains(addr) || contains(special, addr) {
		return ErrNotPublic
	}
	if port := to.Port(); port != 443 && !(port == 80 && g.AllowHTTP) {
		return ErrNotPublic
	}
	return nil
}

func contains(nets []netip.Prefix, addr netip.Addr) bool {
	for _, net := range nets {
		if net.Contains(addr) {
			return true
		}
	}
	return false
}

// Transport returns one that connects to nothing but what the guard admits. It takes no proxy
// from the environment and unpacks no answer.
func (g *Guard) Transport() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: g.control, Resolver: g.Resolver}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout,
		DisableCompression: true, MaxResponseHeaderBytes: maxHeaders, IdleConnTimeout: time.Minute,
	}
}

// control is that of a net.Dialer: it is called with the address itself, after all names
// are resolved and before anything is sent.
func (g *Guard) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrNotPublic
	}
	return g.admits(to)
}
