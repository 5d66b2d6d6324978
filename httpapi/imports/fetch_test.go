package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/intake"
	"github.com/commentd/commentd/internal/metrics"
)

// TestFetch: what goes wrong for now is tried again, and what is wrong is not; nothing is
// connected to that may not be, wherever an answer leads.
func TestFetch(t *testing.T) {
	kept := files.New(eventstore.New(nil, nil, metrics.New(prometheus.NewRegistry()), eventstore.Config{}), nil, nil, filestest.Dir(t), files.Config{})
	forbidden := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server that must not be reached is") }))
	t.Cleanup(forbidden.Close)
	tries := map[string]int{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		tries[path]++
		if from := r.Header.Get("Referer"); from != "" {
			t.Errorf("the server is told at %s that it was %s that led there", path, from)
		}
		switch {
		case path == "/busy" && tries[path] < 3:
			w.WriteHeader(503)
		case path == "/limited" && tries[path] < 2:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
		case path == "/later":
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		case path == "/broken" && tries[path] < 2:
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "not all of it")
		case path == "/missing":
			w.WriteHeader(404)
		case path == "/down":
			w.WriteHeader(500)
		case path == "/inside":
			http.Redirect(w, r, forbidden.URL, http.StatusFound)
		case path == "/named":
			http.Redirect(w, r, strings.Replace(forbidden.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case path == "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case path == "/elsewhere":
			http.Redirect(w, r, "/busy", http.StatusFound)
		case path == "/large":
			fmt.Fprint(w, strings.Repeat("x", 1001))
		case path == "/empty":
		default:
			fmt.Fprint(w, "what is in the file")
		}
	}))
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	f := newFetcher(webhook.Guard{AllowHTTP: true, AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}}, intake.New(kept), time.Millisecond)
	for _, tt := range []struct {
		address string
		tries   int
		want    string // why it is lost; "": it is not
	}{
		{server.URL + "/there", 1, ""}, {server.URL + "/busy", 3, ""}, {server.URL + "/limited", 2, ""}, {server.URL + "/broken", 2, ""},
		{server.URL + "/missing", 1, "the answer is 404"}, {server.URL + "/down", fetchTries, "the answer is 500"}, {server.URL + "/later", 1, "the answer is 429"},
		{server.URL + "/inside", 1, "its address must not lead into a private network"}, {server.URL + "/named", 1, "its address leads into a private network"}, {server.URL + "/round", maxRedirects + 1, "it leads from one address to the next"},
		{server.URL + "/elsewhere", 1, ""}, {server.URL + "/large", 1, "it is larger than the account allows"}, {server.URL + "/empty", 1, "it is empty"},
		{forbidden.URL, 0, "its address must not lead into a private network"}, {"file:///etc/passwd", 0, "its address must be a URL with a host"},
		{"", 0, "its address must be a URL with a host"}, {"http://127.0.0.2:1/", 0, "no server answers"},
	} {
		file, err := f.fetch(t.Context(), tt.address, 1000)
		var lost *lostError
		got := ""
		if errors.As(err, &lost) {
			got = lost.why
		} else if err != nil {
			t.Errorf("fetch %s: %v", tt.address, err)
		}
		if path := strings.TrimPrefix(tt.address, server.URL); got != tt.want || tries[path] != tt.tries {
			t.Errorf("fetch %s: %q after %d tries; want %q after %d", tt.address, got, tries[path], tt.want, tt.tries)
		}
		if err == nil {
			if content, err := io.ReadAll(kept.Open(t.Context(), file)); err != nil || string(content) != "what is in the file" {
				t.Errorf("the file at %s has %q, %v", tt.address, content, err)
			}
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	if _, err := f.fetch(ctx, server.URL+"/there", 1000); !errors.Is(err, gone) {
		t.Errorf("fetch without time = %v", err)
	}
}
