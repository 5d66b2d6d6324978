package webhook

import (
	"net/netip"
	"testing"
)

// TestGuard: no connection leads into a network that is not public, however its address
// is written, or to a port that is not that of HTTPS.
func TestGuard(t *testing.T) {
	for _, tt := range []struct {
		guard   Guard
		allowed []string
		refused []string
	}{
		{
			allowed: []string{"93.184.216.34:443", "[2606:2800:220:1::1]:443", "[::ffff:93.184.216.34]:443", "172.32.0.1:443", "100.128.0.1:443"},
			refused: []string{
				"0.0.0.0:443", "10.1.2.3:443", "100.64.0.1:443", "100.127.255.255:443", "100.100.100.200:443", "127.0.0.1:443", "127.255.0.1:443",
				"169.254.169.254:443", "172.16.0.1:443", "172.31.255.255:443", "192.0.0.192:443", "192.0.2.1:443", "192.88.99.1:443",
				"192.168.1.1:443", "198.18.0.1:443", "198.51.100.1:443", "203.0.113.1:443", "224.0.0.1:443", "240.0.0.1:443",
				"255.255.255.255:443", "168.63.129.16:443",
				"[::]:443", "[::1]:443", "[::127.0.0.1]:443", "[::ffff:127.0.0.1]:443", "[::ffff:10.0.0.1]:443", "[::ffff:169.254.169.254]:443",
				"[::ffff:0:127.0.0.1]:443", "[64:ff9b::7f00:1]:443", "[64:ff9b:1::1]:443", "[64:ff9b::5db8:d822]:443", "[100::1]:443",
				"[2001::1]:443", "[2001:20::1]:443", "[2001:db8::1]:443", "[2002:7f00:1::]:443", "[2002:a00:1::1]:443", "[3fff::1]:443",
				"[5f00::1]:443", "[fc00::1]:443", "[fd00:ec2::254]:443", "[fe80::1]:443", "[fe80::1%eth0]:443", "[fec0::1]:443", "[ff02::1]:443",
				"93.184.216.34:80", "93.184.216.34:22", "93.184.216.34:8443",
			},
		},
		{guard: Guard{AllowHTTP: true}, allowed: []string{"93.184.216.34:80", "93.184.216.34:443"}, refused: []string{"93.184.216.34:25", "127.0.0.1:80"}},
		{
			guard:   Guard{AllowNets: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}},
			allowed: []string{"10.1.2.3:8080", "[::ffff:10.1.2.3]:443"},
			refused: []string{"10.2.0.1:443", "127.0.0.1:443", "93.184.216.34:8080"},
		},
	} {
		for _, address := range tt.allowed {
			if err := tt.guard.control("tcp", address, nil); err != nil {
				t.Errorf("%+v, %s: %v", tt.guard, address, err)
			}
		}
		for _, address := range tt.refused {
			if err := tt.guard.control("tcp", address, nil); err == nil {
				t.Errorf("%+v lets a connection lead to %s", tt.guard, address)
			}
		}
	}
}

// TestMistake: what could mean something else to another reader than to us is no URL.
func TestMistake(t *testing.T) {
	strict, lax := Guard{}, Guard{AllowHTTP: true, AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, url := range []string{
		"https://example.com", "https://example.com/", "https://example.com:443/a/b?c=d", "https://hooks.example.com./x", "https://xn--bcher-kva.example/",
		"https://93.184.216.34/", "https://[2606:2800:220:1::1]/", "HTTPS://Example.COM/", "https://a_b.example.com/",
	} {
		if mistake := strict.Mistake(url); mistake != "" {
			t.Errorf("%s %s", url, mistake)
		}
	}
	for _, url := range []string{"http://127.0.0.1:8080/", "http://localhost:9000/hook", "https://example.com/"} {
		if mistake := lax.Mistake(url); mistake != "" {
			t.Errorf("with networks of its own: %s %s", url, mistake)
		}
	}
	for _, url := range []string{"http://127.0.0.1:0/", "http://127.0.0.1:65536/", "https://example.com:99999999999999999999/"} {
		if lax.Mistake(url) == "" {
			t.Errorf("with networks of its own: %s is taken for a URL to send to", url)
		}
	}
	for _, url := range []string{
		"", "example.com", "/hook", "//example.com/", "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
		"https:example.com", "https:///", "https://", "https://:443/", "https://example.com:/", "https://example.com:8443/", "https://example.com:80/", "https://example.com:x/",
		"https://user@example.com/", "https://user:word@example.com/", "https://example.com@127.0.0.1/", "https://example.com/#", "https://example.com/#part",
		"https://example.com\\@127.0.0.1/", "https://exa\tmple.com/", "https://example.com/\r\nHost: x", "https://example.com/ x", " https://example.com/",
		"https://127.0.0.1/", "https://127.1/", "https://0/", "https://0x7f000001/", "https://0177.0.0.1/", "https://2130706433/", "https://1.2.3/",
		"https://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://[::]/",
		"https://bücher.example/", "https://１２７.0.0.1/", "https://a..b/", "https://.example.com/", "https://exa%6dple.com/", "https://example.com%00.evil/",
	} {
		if mistake := strict.Mistake(url); mistake == "" {
			t.Errorf("%q is taken for a URL to send to", url)
		}
	}
}
