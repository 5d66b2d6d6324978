package v1_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// discard is a response that nobody reads.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkRequests is what a request costs beside the network: through routing,
// authentication, handler and, for what is kept in memory, the shared query that
// tells whether it is still true.
func BenchmarkRequests(b *testing.B) {
	a := newStack(b).account("acme", directory.Settings{})
	ticket := a.ticket()
	for i := range 20 {
		a.comment("agent", ticket, fmt.Sprint("I have the same problem since the last update, could you look into it? ", i), false)
	}
	first := a.must(200, "agent", "GET", ticket+"/comments?limit=20", "")
	for _, bb := range []struct{ name, method, path, body, ifNoneMatch string }{
		{"list of 20", "GET", ticket + "/comments?limit=20", "", ""},
		{"list of 20, 304", "GET", ticket + "/comments?limit=20", "", first.header.Get("ETag")},
		{"get", "GET", a.comment("agent", ticket, "text", false), "", ""},
		{"post", "POST", ticket + "/comments", `{"content":"I have the same problem since the last update."}`, ""},
		{"unauthorized", "GET", ticket, "", ""},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := httptest.NewRequest(bb.method, bb.path, nil)
					if bb.body != "" {
						r.Body = io.NopCloser(strings.NewReader(bb.body))
						r.Header.Set("Content-Type", "application/json")
					}
					if bb.name != "unauthorized" {
						r.Header.Set("Authorization", "Bearer "+a.keys["agent"])
					}
					if bb.ifNoneMatch != "" {
						r.Header.Set("If-None-Match", bb.ifNoneMatch)
					}
					a.handler.ServeHTTP(&discard{http.Header{}}, r)
				}
			})
		})
	}
}
