package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		runChild(url, os.Getenv(childDiesAt))
		return
	}
	devstacktest.Main(m)
}

var root = func() vault.RootKey {
	key, err := vault.ParseRootKey(strings.Repeat("7a", 32))
	if err != nil {
		panic(err)
	}
	return key
}()

// process is what a process of the service has in memory, on the databases of a world.
type process struct {
	log     *eventstore.Store
	vault   *vault.Vault
	keyring *vault.Keyring
	pool    *pgxpool.Pool
	worker  *erasure.Worker
	blobs   blob.Store
	files   *files.Store
	metrics *metrics.Metrics
	stop    func()
}

// connect makes a process whose log takes appends until stop is called.
func connect(ctx context.Context, url, keyringURL, folder string) (*process, error) {
	pool, err := eventstore.Connect(ctx, url, 12)
	if err != nil {
		return nil, err
	}
	keyringPool := pool
	if keyringURL != url {
		if keyringPool, err = eventstore.Connect(ctx, keyringURL, 4); err != nil {
			pool.Close()
			return nil, err
		}
	}
	p := &process{pool: pool, metrics: metrics.New(prometheus.NewRegistry())}
	p.keyring = vault.NewKeyring(keyringPool, root)
	p.vault = vault.New(p.keyring)
	p.log = eventstore.New(pool, p.vault, p.metrics, eventstore.Config{})
	blobs, err := blob.OpenDir(folder)
	if err != nil {
		return nil, err
	}
	p.blobs = blobs
	p.files = files.New(p.log, pool, p.vault, p.blobs, files.Config{})
	p.worker = erasure.New(p.log, pool, p.keyring, []erasure.Shelf{erasure.Contents(0)}, p.files, p.metrics, erasure.Config{})
	p.worker.Hurry()
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- p.log.Run(running) }()
	p.stop = func() {
		stop()
		<-done
		pool.Close()
		keyringPool.Close()
		_ = blobs.Close()
	}
	return p, nil
}

// world is a log with comments, and what is known of them.
type world struct {
	t          testing.TB
	url        string
	keyringURL string
	folder     string // of blobs
	*process
	ticket domain.TicketID
	texts  map[domain.CommentID]string // of comments that are not erased
	erased []domain.CommentID
	sealed map[domain.CommentID]sealedRow // as it was before anything was erased
}

type sealedRow struct {
	place  vault.Place
	bucket int64
	bytes  []byte
	key    []byte // the wrapped bucket key
}

const account = domain.AccountID(1)

var agent = domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(uuid.UUID{15: 1})}

func newWorld(t testing.TB) *world {
	t.Helper()
	url := devstacktest.Postgres(t)
	return newWorldOn(t, url, url)
}

func newWorldOn(t testing.TB, url, keyringURL string) *world {
	t.Helper()
	w := &world{
		t: t, url: url, keyringURL: keyringURL, folder: t.TempDir(), ticket: domain.TicketID(uuid.New()),
		texts: map[domain.CommentID]string{}, sealed: map[domain.CommentID]sealedRow{},
	}
	w.process = w.another()
	return w
}

// another makes another process of the world, with nothing in memory.
func (w *world) another() *process {
	w.t.Helper()
	p, err := connect(w.t.Context(), w.url, w.keyringURL, w.folder)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.stop)
	return p
}

func create(ctx context.Context, p *process, ticket domain.TicketID, body string) (domain.CommentID, error) {
	numbers, err := p.log.Numbers().Draw(ctx, account, 3)
	if err != nil {
		return domain.CommentID{}, err
	}
	id := domain.CommentID(uuid.Must(uuid.NewV7()))
	_, err = p.log.Execute(ctx, domain.CreateComment{
		Account: account, Ticket: ticket, Comment: id, By: domain.By{Actor: agent}, Author: agent.Own(), Public: true,
		Text:        &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body},
		OpensTicket: numbers, Numbers: domain.Numbers{Audit: numbers + 1, Subject: numbers + 2},
	}, nil)
	return id, err
}

// write writes n comments by process p.
func (w *world) write(p *process, n int) (ids []domain.CommentID) {
	w.t.Helper()
	for range n {
		body := "text " + uuid.NewString()
		id, err := create(w.t.Context(), p, w.ticket, body)
		if err != nil {
			w.t.Fatal(err)
		}
		w.texts[id] = body
		ids = append(ids, id)
	}
	return ids
}

// erase removes a comment, and notes how it was sealed.
func (w *world) erase(p *process, ids ...domain.CommentID) {
	w.t.Helper()
	keys, err := pgx.Connect(w.t.Context(), w.keyringURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer keys.Close(context.WithoutCancel(w.t.Context()))
	for _, id := range ids {
		row, content := w.row(id)
		row.place = vault.OfComment(account, w.ticket, id, content)
		if err := keys.QueryRow(w.t.Context(), "SELECT wrapped_key FROM keyring.buckets WHERE bucket_id = $1", row.bucket).Scan(&row.key); err != nil {
			w.t.Fatal(err)
		}
		if err := erase(w.t.Context(), p, w.ticket, id); err != nil {
			w.t.Fatal(err)
		}
		w.sealed[id] = row
		delete(w.texts, id)
		w.erased = append(w.erased, id)
	}
}

func erase(ctx context.Context, p *process, ticket domain.TicketID, id domain.CommentID) error {
	_, err := p.log.Execute(ctx, domain.EraseComment{
		Account: account, Ticket: ticket, Comment: id, By: domain.By{Actor: agent, Admin: true}, Cause: domain.CauseErasure,
	}, nil)
	return err
}

func (w *world) row(id domain.CommentID) (row sealedRow, content domain.ContentID) {
	w.t.Helper()
	err := w.pool.QueryRow(w.t.Context(), `SELECT x.content_id, x.bucket_id, x.sealed FROM log.comments c
		JOIN log.contents x ON x.shard = c.shard AND x.content_id = c.content_id WHERE c.shard = 0 AND c.account_id = $1 AND c.comment_id = $2`,
		account, uuid.UUID(id)).Scan((*uuid.UUID)(&content), &row.bucket, &row.bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	return row, content
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// awaitDone waits until no obligation is open.
func (w *world) awaitDone() {
	w.t.Helper()
	eventually(w.t, func() error {
		if n := w.count("SELECT count(*) FROM log.obligations WHERE completed_at IS NULL"); n > 0 {
			return fmt.Errorf("%d obligations are open", n)
		}
		return nil
	})
}

func eventually(t testing.TB, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("waited in vain: %v", err)
}

// check sees to it that everything is as promised once no obligation is open: each was
// completed once; a process with nothing in memory opens every text that was not
// erased, and none that was, from the very bytes that were there before; and nothing
// is sealed under a key that is destroyed.
func (w *world) check() {
	w.t.Helper()
	if n := w.count("SELECT count(*) FROM log.obligations WHERE completed_at IS NULL"); n > 0 {
		w.t.Errorf("%d obligations are open", n)
	}
	events, err := w.log.ReadAll(w.t.Context(), 0, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	completed := map[domain.EventID]int{}
	for _, e := range events {
		if fact, err := e.Decode(); err != nil {
			w.t.Error(err)
		} else if done, ok := fact.(domain.ObligationCompleted); ok {
			completed[done.Obligation]++
		}
	}
	for _, e := range events {
		if e.Type == "content.erased" && completed[e.ID] != 1 {
			w.t.Errorf("the obligation of position %d was completed %d times", e.Position, completed[e.ID])
		}
	}

	reader := w.another()
	w.checkTexts(reader)
	for id, old := range w.sealed {
		if _, err := reader.vault.Open(w.t.Context(), old.place, old.bucket, old.bytes); !errors.Is(err, vault.ErrDestroyed) {
			w.t.Errorf("the erased text of %s, as it was: %v; want ErrDestroyed", id, err)
		}
	}
	if n := w.count("SELECT count(*) FROM log.contents WHERE bucket_id IN (SELECT bucket_id FROM log.retired_buckets)"); n > 0 {
		w.t.Errorf("%d contents are under keys that are retired", n)
	}
	if n := w.count("SELECT count(*) FROM log.retired_buckets WHERE destroyed_at IS NULL OR purpose IS NULL"); n > 0 {
		w.t.Errorf("the log does not know of %d keys that they are destroyed", n)
	}
	remains, err := reader.keyring.Remains(w.t.Context())
	if err != nil || remains.Keys > 0 {
		w.t.Errorf("%d keys remain, %v", remains.Keys, err)
	}
}

// checkTexts opens every text that was not erased.
func (w *world) checkTexts(reader *process) {
	w.t.Helper()
	for id, want := range w.texts {
		row, content := w.row(id)
		document, err := reader.vault.Open(w.t.Context(), vault.OfComment(account, w.ticket, id, content), row.bucket, row.bytes)
		if err != nil {
			w.t.Errorf("a text that was not erased: %v", err)
			continue
		}
		if d, err := vault.DecodeDocument(document); err != nil || d.Body != want {
			w.t.Errorf("comment %s says %q, %v; want %q", id, d.Body, err, want)
		}
	}
}
