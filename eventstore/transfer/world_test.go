package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// world is a log on a database of its own, under a root key of its own.
type world struct {
	*eventstore.Store
	t     *testing.T
	pool  *pgxpool.Pool
	root  vault.RootKey
	vault *vault.Vault
	key   *audit.Key
	m     *metrics.Metrics
	files *files.Store
	given []Entry // what was restored of the directory
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := vault.ParseRootKey(vault.GenerateRootKey())
	if err != nil {
		t.Fatal(err)
	}
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 12)
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New(prometheus.NewRegistry())
	w := &world{t: t, pool: pool, root: root, vault: vault.New(vault.NewKeyring(pool, root)), key: audit.NewKey(root, 0), m: m}
	w.Store = eventstore.New(pool, w.vault, m, eventstore.Config{})
	w.files = filestest.New(t, w.Store, pool, w.vault)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		pool.Close()
	})
	return w
}

const account = domain.AccountID(1)

var agent = domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(uuid.UUID{15: 1})}

var admin = domain.By{Actor: agent, Admin: true, ActAs: true}

func typed(body string) *domain.Text {
	return &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body}
}

func (w *world) numbers() domain.Numbers {
	w.t.Helper()
	first, err := w.Numbers().Draw(w.t.Context(), account, domain.NumbersPerWrite)
	if err != nil {
		w.t.Fatal(err)
	}
	return domain.Numbers{Audit: first, Subject: first + 1}
}

func (w *world) must(cmd domain.Command) {
	w.t.Helper()
	if _, err := w.Execute(w.t.Context(), cmd, nil); err != nil {
		w.t.Fatalf("Execute(%T): %v", cmd, err)
	}
}

func (w *world) open() domain.TicketID {
	w.t.Helper()
	subject := typed("subject")
	put := domain.PutTicket{Account: account, Ticket: domain.TicketID(uuid.New()), By: admin, Numbers: w.numbers(), Subject: &subject}
	w.must(put)
	return put.Ticket
}

func (w *world) say(ticket domain.TicketID, said *domain.Text, public bool) domain.CommentID {
	w.t.Helper()
	cmd := domain.CreateComment{
		Account: account, Ticket: ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())),
		By: domain.By{Actor: agent}, Author: agent.Own(), Public: public, Text: said, Numbers: w.numbers(),
	}
	w.must(cmd)
	return cmd.Comment
}

// withFile is a text with a file that has a thumbnail.
func (w *world) withFile(body string) *domain.Text {
	w.t.Helper()
	ctx := w.t.Context()
	put := func(content string) domain.Attachment {
		a, err := w.files.Put(ctx, strings.NewReader(content))
		if err != nil {
			w.t.Fatal(err)
		}
		return a
	}
	a := put("file")
	a.Name, a.Type, a.Thumbnails = "file.png", "image/png", []domain.Attachment{put("thumbnail")}
	upload, _, err := w.files.Begin(ctx, account, agent.ID, a)
	if err != nil {
		w.t.Fatal(err)
	}
	said := typed(body)
	if err := w.files.Claim(ctx, account, agent.ID, []vault.UploadToken{upload.Token}, said); err != nil {
		w.t.Fatal(err)
	}
	return said
}

// history writes a bit of everything that can happen, and returns comments with secrets in
// them.
func (w *world) history() (secrets []domain.CommentID, ticket domain.TicketID) {
	w.t.Helper()
	ticket = w.open()
	first := w.say(ticket, typed("first"), true)
	w.must(domain.UpdateComment{Account: account, Ticket: ticket, Comment: first, By: admin, Text: typed("a secret"), Public: new(bool), Audit: w.numbers().Audit})
	w.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: first, By: admin, Audit: w.numbers().Audit, Hide: domain.Redaction{Text: "first"}})
	gone := w.say(ticket, typed("to be erased"), false)
	w.must(domain.DeleteComment{Account: account, Ticket: ticket, Comment: gone, By: admin, Audit: w.numbers().Audit})
	w.must(domain.EraseComment{Account: account, Ticket: ticket, Comment: gone, By: admin, Audit: w.numbers().Audit, Cause: domain.CauseDeletion})
	w.say(ticket, w.withFile("with a file"), true)
	filed := w.say(ticket, w.withFile("with a secret file"), true)
	redacted := w.say(ticket, w.withFile("with a file that is redacted"), true)
	w.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: redacted, By: admin, Audit: w.numbers().Audit, Hide: domain.Redaction{All: true}})
	chat := domain.ChatID(uuid.New())
	w.must(domain.StartChat{Account: account, Ticket: ticket, Chat: chat, By: admin, Visitor: domain.UserID(uuid.UUID{15: 2}), Numbers: w.numbers()})
	w.must(domain.AddChatEntries{Account: account, Ticket: ticket, Chat: chat, By: admin, Audit: w.numbers().Audit, Entries: []domain.NewChatEntry{
		{Kind: domain.ChatJoin, Author: agent.Own()}, {Kind: domain.ChatMessage, Author: agent.Own(), Text: typed("hello")},
	}})
	w.must(domain.EndChat{Account: account, Ticket: ticket, Chat: chat, By: admin, Audit: w.numbers().Audit})
	w.must(domain.RedactChatMessage{Account: account, Ticket: ticket, Chat: chat, By: admin, Audit: w.numbers().Audit, Index: 1, Marked: "<redact>hello</redact>"})
	w.fulfil()
	subject := typed("another subject")
	w.takeOver()
	solved := domain.StatusSolved
	w.must(domain.PutTicket{Account: account, Ticket: ticket, By: admin, Subject: &subject, Status: &solved, Numbers: w.numbers()})
	w.must(domain.EraseSubject{Account: account, Ticket: ticket, By: admin, Audit: w.numbers().Audit, Cause: domain.CauseErasure}) // whose key is owed
	w.must(domain.CreateComment{
		Account: account + 1, Ticket: ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())), // of another account
		By: domain.By{Actor: agent}, Author: agent.Own(), Text: typed("opens"), Numbers: w.numbers(), OpensTicket: w.numbers().Subject,
	})
	return []domain.CommentID{first, filed}, ticket
}

// takeOver writes a ticket that comes from elsewhere, with its number there.
func (w *world) takeOver() {
	w.t.Helper()
	kept, err := w.Numbers().Keep(w.t.Context(), account, oldNumber)
	if err != nil || !kept[oldNumber] {
		w.t.Fatalf("Keep = %v, %v", kept, err)
	}
	subject, closed := typed("an old subject"), domain.StatusClosed
	cmd := domain.WriteTicket{
		Account: account, Ticket: domain.TicketID(uuid.New()), By: admin, Opens: oldNumber, Status: &closed, Subject: &subject,
		Comment: domain.CommentID(uuid.Must(uuid.NewV7())), Say: &domain.NewComment{Author: agent.Own(), Text: typed("old words")},
		Numbers: w.numbers(), Origin: &domain.Origin{Audit: 360001, At: time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC)},
	}
	w.must(cmd)
	cmd.Opens, cmd.Status, cmd.Subject, cmd.Numbers = 0, nil, nil, w.numbers()
	cmd.Comment, cmd.Say = domain.CommentID(uuid.Must(uuid.NewV7())), &domain.NewComment{Author: agent.Own(), Text: typed("older words")}
	cmd.Origin = &domain.Origin{Audit: 360000, At: cmd.Origin.At.Add(-time.Hour)}
	w.must(cmd)
}

// oldNumber is far beyond those that are drawn.
const oldNumber = 7_543_322_112_381

// fulfil destroys the keys that are owed.
func (w *world) fulfil() {
	w.t.Helper()
	worker := erasure.New(w.Store, w.pool, vault.NewKeyring(w.pool, w.root), []erasure.Shelf{erasure.Contents(0)}, w.files, w.m, erasure.Config{})
	w.until(worker.Run, func() bool {
		return w.count(`SELECT (SELECT count(*) FROM log.obligations WHERE completed_at IS NULL)
			+ (SELECT count(*) FROM log.retired_buckets WHERE destroyed_at IS NULL)`) == 0
	})
}

// seal brings the tree up to the log.
func (w *world) seal() {
	w.t.Helper()
	sealer := audit.NewSealer(w.Store, w.pool, w.key, w.m, audit.Config{})
	head, err := w.Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	w.until(sealer.Run, func() bool { return w.treeHead().Size >= int64(head.Position) })
}

func (w *world) treeHead() audit.Head {
	w.t.Helper()
	head, err := w.tree().Head(w.t.Context())
	if err != nil && !errors.Is(err, audit.ErrNoHead) {
		w.t.Fatal(err)
	}
	return head
}

func (w *world) tree() *audit.Reader { return audit.NewReader(w.pool, w.key, 0) }

// until runs something until what is waited for is so.
func (w *world) until(run func(context.Context) error, so func() bool) {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	for deadline := time.Now().Add(2 * time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Error("waited in vain")
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		w.t.Error(err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// clean fails the test unless the log verifies.
func (w *world) clean() {
	w.t.Helper()
	for _, f := range w.verify() {
		w.t.Errorf("Verify: %s", f)
	}
}

// begun is clean for the beginning of a log: texts may be missing that a later event
// removes.
func (w *world) begun() {
	w.t.Helper()
	for _, f := range w.verify() {
		if f.Table != "log.contents" || !strings.HasPrefix(f.Problem, "missing: ") {
			w.t.Errorf("Verify: %s", f)
		}
	}
}

func (w *world) verify() []audit.Finding {
	w.t.Helper()
	v := audit.Verifier{Pool: w.pool, Vault: w.vault, Key: w.key}
	r, err := v.Verify(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Findings
}

func (w *world) log() []eventstore.Recorded {
	w.t.Helper()
	events, err := w.ReadAll(w.t.Context(), 0, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

func (w *world) exporter() *Exporter {
	return &Exporter{
		Log: w.Store, Pool: w.pool, Tree: w.tree(),
		Directory: func(_ context.Context, give func(Entry) error) error {
			return errors.Join(give(Entry{"account", []byte(`{"id":1}`)}), give(Entry{"user", []byte(`{"name":"Ana"}`)}))
		},
		Sealed: func(_ context.Context, try func() error) error { return try() },
	}
}

func (w *world) export(what Range) []byte {
	w.t.Helper()
	var out bytes.Buffer
	if err := w.exporter().Export(w.t.Context(), &out, what); err != nil {
		w.t.Fatalf("Export(%+v): %v", what, err)
	}
	return out.Bytes()
}

var whole = Range{From: 1, Contents: true}

func (w *world) importer() *Importer {
	return &Importer{
		Log: w.Store, Pool: w.pool, Vault: w.vault, small: 3,
		Directory: func(_ context.Context, e Entry) error {
			if !json.Valid(e.Value) {
				return errors.New("not JSON")
			}
			w.given = append(w.given, e)
			return nil
		},
	}
}
