package webhook

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// counting is a server that counts what reaches it.
type counting struct {
	*httptest.Server
	requests atomic.Int32
}

func newCounting(t *testing.T, answer http.HandlerFunc) *counting {
	t.Helper()
	c := new(counting)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // or else nobody notices that the client has gone
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(func() {
		c.CloseClientConnections()
		c.Close()
	})
	return c
}

func (c *counting) port() string { return c.URL[strings.LastIndexByte(c.URL, ':'):] }

func post(s *sender, url string) answer {
	return s.post(context.Background(), url, http.Header{}, []byte("{}"))
}

// TestPrivateAddresses: nothing reaches what listens on this machine, whatever it is
// called, and all refusals look alike.
func TestPrivateAddresses(t *testing.T) {
	server := newCounting(t, nil)
	s := newSender(&Guard{AllowHTTP: true}, 5*time.Second)
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433"} {
		if a := post(s, "http://"+host+server.port()); a != (answer{outcome: Unreachable}) {
			t.Errorf("%s: %+v", host, a)
		}
	}
	if n := server.requests.Load(); n != 0 {
		t.Errorf("%d requests reached a private address", n)
	}
	if a := post(newSender(&Guard{AllowHTTP: true, AllowNets: loopback}, 5*time.Second), server.URL); a.outcome != Delivered || server.requests.Load() != 1 {
		t.Errorf("with the network allowed: %+v", a) // or else this test would show nothing
	}
}

// names is a DNS server that answers with the next of its addresses each time.
func names(t *testing.T, addresses ...string) (resolver *net.Resolver, asked *atomic.Int32) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	asked = new(atomic.Int32)
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				address := addresses[min(int(asked.Add(1))-1, len(addresses)-1)]
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
				}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}, asked
}

// TestRebinding: a name that led to where it may is looked at again whenever it is
// connected to.
func TestRebinding(t *testing.T) {
	server := newCounting(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	resolver, asked := names(t, "127.0.0.1", "127.0.0.2", "169.254.169.254", "127.0.0.1")
	s := newSender(&Guard{AllowHTTP: true, AllowNets: loopback, Resolver: resolver}, 5*time.Second)
	for i, want := range []Outcome{Delivered, Unreachable, Unreachable, Delivered} {
		if a := post(s, "http://hooks.example.com"+server.port()); a.outcome != want {
			t.Errorf("request %d: %+v; want %s", i+1, a, want)
		}
	}
	if server.requests.Load() != 2 || asked.Load() != 4 {
		t.Errorf("%d requests arrived, the name was looked up %d times; want 2 and 4", server.requests.Load(), asked.Load())
	}
}

// TestRedirects are not followed, wherever they lead.
func TestRedirects(t *testing.T) {
	target := newCounting(t, nil)
	s := newSender(&Guard{AllowHTTP: true, AllowNets: loopback}, 5*time.Second)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := newCounting(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target.URL, status) })
		if a := post(s, server.URL); a.outcome != Refused || a.status != status {
			t.Errorf("%d: %+v", status, a)
		}
	}
	if n := target.requests.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// TestProxy: what the environment says of proxies is of no concern.
func TestProxy(t *testing.T) {
	proxy, server := newCounting(t, nil), newCounting(t, nil)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	s := newSender(&Guard{AllowHTTP: true, AllowNets: loopback}, 5*time.Second)
	if a := post(s, server.URL); a.outcome != Delivered || proxy.requests.Load() != 0 || server.requests.Load() != 1 {
		t.Errorf("%+v; %d requests reached the proxy", a, proxy.requests.Load())
	}
	if s.client.Transport.(*http.Transport).Proxy != nil {
		t.Error("there is a proxy")
	}
}

// TestHostileAnswers: of an answer only so much is read that the next request is soon
// made.
func TestHostileAnswers(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.CopyN(z, zeros{}, 50<<20)
	z.Close()
	s := newSender(&Guard{AllowHTTP: true, AllowNets: loopback}, 300*time.Millisecond)
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   Outcome
	}{
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, Delivered},
		{"a body that never ends after its first byte", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, Delivered},
		{"packed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, Delivered},
		{"huge headers", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, Unreachable},
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, TimedOut},
		{"gone while it is asked", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Unreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if a := post(s, newCounting(t, tt.answer).URL); a.outcome != tt.want {
				t.Errorf("%+v; want %s", a, tt.want)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "0": 0, "-5": 0, "soon": 0, "99999999999999": 0, "999999999": maxRetryAfter,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:00:00 GMT": 0, "Fri, 02 Jan 2099 03:00:00 GMT": maxRetryAfter,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("RetryAfter(%q) = %v; want %v", value, got, want)
		}
	}
}

// TestWait: waits grow, no two are alike, and only a strict endpoint is never given up.
func TestWait(t *testing.T) {
	for tries := 1; tries <= len(schedule); tries++ {
		first, ok := wait(schedule, tries, false)
		if plan := schedule[tries-1]; !ok || first < plan*3/4 || first > plan*5/4 {
			t.Errorf("wait after %d = %v, %v; the schedule says %v", tries, first, ok, plan)
		}
		different := false
		for range 20 {
			again, _ := wait(schedule, tries, false)
			different = different || again != first
		}
		if !different {
			t.Errorf("wait after %d is always %v", tries, first)
		}
	}
	if _, ok := wait(schedule, len(schedule)+1, false); ok {
		t.Error("an event is tried for ever")
	}
	if d, ok := wait(schedule, 1000, true); !ok || d > strictWait*5/4 {
		t.Errorf("wait of a strict endpoint = %v, %v", d, ok)
	}
}
