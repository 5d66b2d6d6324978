package files_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
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

func TestMain(m *testing.M) { devstacktest.Main(m) }

var root = func() vault.RootKey {
	key, err := vault.ParseRootKey(strings.Repeat("7a", 32))
	if err != nil {
		panic(err)
	}
	return key
}()

const account = domain.AccountID(1)

var (
	agent = domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(uuid.UUID{15: 1})}
	other = domain.UserID(uuid.UUID{15: 2})
)

// world is a log with files.
type world struct {
	t       *testing.T
	log     *eventstore.Store
	pool    *pgxpool.Pool
	vault   *vault.Vault
	keyring *vault.Keyring
	blobs   *blob.Dir
	folder  string // of blobs
	files   *files.Store
	ticket  domain.TicketID
	metrics *metrics.Metrics
}

func newWorld(t *testing.T) *world { return newWorldOn(t, devstacktest.Postgres(t), t.TempDir()) }

// newWorldOn makes another process of a world.
func newWorldOn(t *testing.T, url, folder string) *world {
	t.Helper()
	blobs, err := blob.OpenDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := eventstore.Connect(t.Context(), url, 12)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, pool: pool, blobs: blobs, folder: folder, ticket: domain.TicketID(uuid.New()), metrics: metrics.New(prometheus.NewRegistry())}
	w.keyring = vault.NewKeyring(pool, root)
	w.vault = vault.New(w.keyring)
	w.log = eventstore.New(pool, w.vault, w.metrics, eventstore.Config{})
	w.files = files.New(w.log, pool, w.vault, w.blobs, files.Config{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.log.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-done
		pool.Close()
		_ = blobs.Close()
	})
	return w
}

// put stores a file of this content, with a thumbnail.
func (w *world) put(content string) domain.Attachment {
	w.t.Helper()
	a, err := w.files.Put(w.t.Context(), strings.NewReader(content))
	if err != nil {
		w.t.Fatal(err)
	}
	a.Name, a.Type = content+".txt", "text/plain"
	thumbnail, err := w.files.Put(w.t.Context(), strings.NewReader("small "+content))
	if err != nil {
		w.t.Fatal(err)
	}
	thumbnail.Name = "small " + content
	a.Thumbnails = []domain.Attachment{thumbnail}
	return a
}

// upload uploads files of these contents together.
func (w *world) upload(contents ...string) files.Upload {
	w.t.Helper()
	u, _, err := w.files.Begin(w.t.Context(), account, agent.ID, w.put(contents[0]))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, content := range contents[1:] {
		if _, err := w.files.Add(w.t.Context(), u, w.put(content)); err != nil {
			w.t.Fatal(err)
		}
	}
	return u
}

func (w *world) numbers() int64 {
	w.t.Helper()
	first, err := w.log.Numbers().Draw(w.t.Context(), account, domain.NumbersPerWrite)
	if err != nil {
		w.t.Fatal(err)
	}
	return first
}

// comment is a command to make a comment that attaches uploads.
func (w *world) comment(body string, uploads ...files.Upload) domain.CreateComment {
	w.t.Helper()
	text := &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body}
	for _, u := range uploads {
		if err := w.files.Claim(w.t.Context(), u.Account, u.Uploader, []vault.UploadToken{u.Token}, text); err != nil {
			w.t.Fatal(err)
		}
	}
	n := w.numbers()
	return domain.CreateComment{
		Account: account, Ticket: w.ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())), By: domain.By{Actor: agent}, Author: agent.Own(),
		Public: true, Text: text, OpensTicket: n + 2, Numbers: domain.Numbers{Audit: n, Subject: n + 1},
	}
}

func (w *world) execute(cmd domain.Command) eventstore.Result {
	w.t.Helper()
	result, err := w.log.Execute(w.t.Context(), cmd, nil)
	if err != nil {
		w.t.Fatalf("Execute(%T): %v", cmd, err)
	}
	return result
}

// versions returns what every version of a comment says.
func (w *world) versions(comment domain.CommentID) (bodies []domain.Body) {
	w.t.Helper()
	for _, v := range domain.Versions(w.facts(comment)) {
		bodies = append(bodies, w.body(comment, v.Content.ID))
	}
	return bodies
}

// facts returns what happened to a comment or a chat.
func (w *world) facts(comment domain.CommentID) (facts []domain.Event) {
	w.t.Helper()
	recorded, err := w.log.ReadComment(w.t.Context(), account, w.ticket, comment, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range recorded {
		fact, err := recorded[i].Decode()
		if err != nil {
			w.t.Fatal(err)
		}
		facts = append(facts, fact)
	}
	return facts
}

// body returns what a text of a comment or a chat says.
func (w *world) body(comment domain.CommentID, id domain.ContentID) domain.Body {
	w.t.Helper()
	var bucket int64
	var sealed []byte
	if err := w.pool.QueryRow(w.t.Context(), "SELECT bucket_id, sealed FROM log.contents WHERE content_id = $1", uuid.UUID(id)).Scan(&bucket, &sealed); err != nil {
		w.t.Fatal(err)
	}
	document, err := w.vault.Open(w.t.Context(), vault.OfComment(account, w.ticket, comment, id), bucket, sealed)
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := vault.DecodeDocument(document)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Written()
}

// read returns the content of a file.
func (w *world) read(a domain.Attachment) (string, error) {
	r := w.files.Open(w.t.Context(), a)
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// stored returns how many blobs there are.
func (w *world) stored() (n int) {
	w.t.Helper()
	if err := w.blobs.Each(w.t.Context(), func(blob.ID, time.Time) error { n++; return nil }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// fulfil has a worker complete all obligations.
func (w *world) fulfil(blobs blob.Store) {
	w.t.Helper()
	f := files.New(w.log, w.pool, w.vault, blobs, files.Config{})
	worker := erasure.New(w.log, w.pool, w.keyring, []erasure.Shelf{erasure.Contents(0)}, f, w.metrics, erasure.Config{})
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	for deadline := time.Now().Add(2 * time.Minute); w.count("SELECT count(*) FROM log.obligations WHERE completed_at IS NULL") > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("obligations stay open")
		}
	}
	stop()
	if err := <-done; err != nil {
		w.t.Error(err)
	}
}
