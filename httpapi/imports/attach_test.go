package imports

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// Files that were fetched for a comment do not wait for it once it is known that it does not
// come for now.
func TestAttachWithdraws(t *testing.T) {
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	root, err := vault.ParseRootKey(strings.Repeat("7a", 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed := vault.New(vault.NewKeyring(pool, root))
	log := eventstore.New(pool, sealed, metrics.New(prometheus.NewRegistry()), eventstore.Config{})
	users := directory.NewStore(pool, sealed, log.Numbers())
	account, err := users.CreateAccount(t.Context(), "ours", directory.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var meanwhile func() // what happens while a file is fetched
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(404)
		case "/stops":
			meanwhile()
		}
		_, _ = w.Write([]byte("what is in the file"))
	}))
	t.Cleanup(server.Close)
	gone := errors.New("gone")
	for _, tt := range []struct {
		name  string
		files []string
		waits int
		lost  bool
		want  error
	}{
		{"all are here", []string{"/one", "/two"}, 2, false, nil},
		{"one is lost", []string{"/one", "/two", "/missing"}, 0, true, nil},
		{"no time is left", []string{"/one", "/stops"}, 0, false, gone},
		{"no time is left to claim them", []string{"/one"}, 0, false, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := New(log, users, filestest.New(t, log, pool, sealed), account, Config{
				Guard: webhook.Guard{AllowHTTP: true, AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			meanwhile = func() { cancel(gone) }
			var there []fileShape
			for _, path := range tt.files {
				there = append(there, fileShape{At: server.URL + path})
			}
			uploader := domain.UserID(uuid.New())
			l := &lane{Importer: i}
			a, err := l.attach(ctx, uploader, there, &domain.Body{})
			if err == nil && tt.want != nil {
				cancel(tt.want)
				err = l.claim(ctx, a, &domain.Text{})
			}
			if lost := new(lostError); errors.As(err, &lost) != tt.lost || !tt.lost && !errors.Is(err, tt.want) {
				t.Errorf("attach = %v; want %v, or one of a lost file: %t", err, tt.want, tt.lost)
			}
			var waits int
			if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM log.files WHERE uploader_id = $1 AND expires_at > now()", uploader).Scan(&waits); err != nil || waits != tt.waits {
				t.Errorf("%d files wait to be attached, %v; want %d", waits, err, tt.waits)
			}
		})
	}
}
