package zendesk_test

import (
	"testing"

	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/directory"
)

// TestRateLimit: who asks too often is told in plain text for how long to wait; who
// does not, how much is left.
func TestRateLimit(t *testing.T) {
	limited := func(c *httpapi.Config) { c.RateLimit = httpapi.RateLimit{PerSecond: 0.001, Burst: 2} }
	a := newStack(t, limited).account("acme", directory.Settings{})
	for _, left := range []string{"1", "0"} {
		r := a.must(200, "customer", "GET", "/api/v2/users/me", "")
		if r.header.Get("X-Rate-Limit") != "2" || r.header.Get("X-Rate-Limit-Remaining") != left || r.header.Get("ratelimit-limit") != "2" ||
			r.header.Get("ratelimit-remaining") != left || r.header.Get("ratelimit-reset") == "" {
			t.Errorf("headers = %v; want %s left", r.header, left)
		}
	}
	r := a.must(429, "customer", "GET", "/api/v2/users/me", "")
	if string(r.body) != "Number of allowed API requests per minute exceeded" || r.header.Get("Content-Type") != "text/plain; charset=utf-8" ||
		r.header.Get("Retry-After") == "" || r.header.Get("X-Rate-Limit-Remaining") != "0" {
		t.Errorf("429 = %v %s", r.header, r.body)
	}
	a.must(401, "nobody", "GET", "/api/v2/users/me", "")
	// A key has one allowance, wherever it is used.
	a.must(429, "customer", "GET", "/v1/users/"+a.users["customer"].String(), "")
	if r := a.must(200, "agent", "GET", "/api/v2/users/me", ""); r.header.Get("X-Rate-Limit-Remaining") != "1" {
		t.Errorf("another key has %s left", r.header.Get("X-Rate-Limit-Remaining"))
	}
}
