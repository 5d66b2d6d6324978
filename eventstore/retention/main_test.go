package retention

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// world is a log with a worker and an eraser. Nothing runs by itself.
type world struct {
	*eventstore.Store
	t      *testing.T
	pool   *pgxpool.Pool
	worker *Worker
	eraser *Eraser
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return (&world{t: t, pool: pool}).another()
}

// another is a second process on the same database.
func (w *world) another() *world {
	w.t.Helper()
	root, err := vault.ParseRootKey(strings.Repeat("7a", 32))
	if err != nil {
		w.t.Fatal(err)
	}
	m := metrics.New(prometheus.NewRegistry())
	other := &world{t: w.t, pool: w.pool}
	other.Store = eventstore.New(w.pool, vault.New(vault.NewKeyring(w.pool, root)), m, eventstore.Config{})
	other.worker = NewWorker(other.Store, w.pool, nil, m, Config{})
	other.eraser = NewEraser(other.Store, w.pool, 0, 16)
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- other.Store.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	return other
}

const ours = domain.AccountID(1)

var (
	admin = domain.By{Actor: domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID{1}}, Admin: true}
	ana   = domain.UserID{0xa}
	ben   = domain.UserID{0xb}
)

func text(body string) *domain.Text {
	return &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body}
}

// execute runs a command that has to take effect.
func (w *world) execute(cmd domain.Command) {
	w.t.Helper()
	if r, err := w.Execute(w.t.Context(), cmd, nil); err != nil || !r.Changed {
		w.t.Fatalf("Execute(%T) = %+v, %v; want a change", cmd, r, err)
	}
}

// ticket opens a ticket of a requester, with a subject if there is one.
func (w *world) ticket(account domain.AccountID, requester domain.UserID, subject string) domain.TicketID {
	w.t.Helper()
	asks := &requester
	put := domain.PutTicket{Account: account, Ticket: domain.TicketID(uuid.New()), By: admin, Requester: &asks, Numbers: w.numbers()}
	if subject != "" {
		about := text(subject)
		put.Subject = &about
	}
	w.execute(put)
	return put.Ticket
}

func (w *world) numbers() domain.Numbers {
	w.t.Helper()
	n, err := w.Numbers().Draw(w.t.Context(), ours, 2)
	if err != nil {
		w.t.Fatal(err)
	}
	return domain.Numbers{Audit: n, Subject: n + 1}
}

func (w *world) put(target Target, change func(*domain.PutTicket)) {
	w.t.Helper()
	put := domain.PutTicket{Account: target.Account, Ticket: target.Ticket, By: admin, Numbers: w.numbers()}
	change(&put)
	w.execute(put)
}

func (w *world) hold(target Target, hold bool) {
	w.t.Helper()
	w.put(target, func(put *domain.PutTicket) { put.LegalHold = &hold })
}

// comment has a customer say something; a program brings it.
func (w *world) comment(account domain.AccountID, ticket domain.TicketID, author domain.UserID, body string) Target {
	w.t.Helper()
	id := domain.CommentID(uuid.Must(uuid.NewV7()))
	w.execute(domain.CreateComment{
		Account: account, Ticket: ticket, Comment: id, Public: true, Text: text(body), Numbers: w.numbers(),
		By:     domain.By{Actor: domain.Actor{Kind: domain.ActorIntegration, ID: domain.UserID{9}}, ActAs: true},
		Author: domain.Author{Type: domain.AuthorCustomer, ID: author},
	})
	return Target{Account: account, Ticket: ticket, Comment: id}
}

// chat has a customer chat: what is said, somebody joins, something else is said.
func (w *world) chat(account domain.AccountID, ticket domain.TicketID, visitor domain.UserID) Target {
	w.t.Helper()
	id := domain.ChatID(uuid.New())
	by := domain.By{Actor: domain.Actor{Kind: domain.ActorIntegration, ID: domain.UserID{9}}, ActAs: true}
	w.execute(domain.StartChat{Account: account, Ticket: ticket, Chat: id, By: by, Visitor: visitor, Numbers: w.numbers()})
	customer, clerk := domain.Author{Type: domain.AuthorCustomer, ID: visitor}, domain.Author{Type: domain.AuthorAgent, ID: domain.UserID{8}}
	w.execute(domain.AddChatEntries{Account: account, Ticket: ticket, Chat: id, By: by, Audit: w.numbers().Audit, Entries: []domain.NewChatEntry{
		{Kind: domain.ChatMessage, Author: customer, Text: text("hello")},
		{Kind: domain.ChatJoin, Author: clerk},
		{Kind: domain.ChatMessage, Author: clerk, Text: text("hello yourself")},
	}})
	return Target{Account: account, Ticket: ticket, Comment: domain.CommentID(id), Chat: true}
}

func (w *world) edit(c Target, body string) {
	w.t.Helper()
	w.execute(domain.UpdateComment{Account: c.Account, Ticket: c.Ticket, Comment: c.Comment, By: admin, Text: text(body), Audit: 1})
}

func (w *world) delete(c Target) {
	w.t.Helper()
	w.execute(domain.DeleteComment{Account: c.Account, Ticket: c.Ticket, Comment: c.Comment, By: admin, Audit: 1})
}

// age makes everything that has happened so far older by some time.
func (w *world) age(by string) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), "UPDATE log.events SET recorded_at = recorded_at - $1::interval", by); err != nil {
		w.t.Fatal(err)
	}
}

// round is a round of the worker.
func (w *world) round(policies ...Policy) {
	w.t.Helper()
	if err := w.worker.Round(w.t.Context(), policies); err != nil {
		w.t.Fatalf("Round = %v", err)
	}
}

// erased reports whether a comment is erased.
func (w *world) erased(c Target) bool {
	w.t.Helper()
	var erased bool
	if err := w.pool.QueryRow(w.t.Context(), "SELECT content_id IS NULL FROM log.comments WHERE account_id = $1 AND comment_id = $2",
		c.Account, uuid.UUID(c.Comment)).Scan(&erased); err != nil {
		w.t.Fatal(err)
	}
	return erased
}

// wantErased fails the test unless those comments are erased, and no others are.
func (w *world) wantErased(erased []Target, others ...Target) {
	w.t.Helper()
	for i, c := range erased {
		if !w.erased(c) {
			w.t.Errorf("comment %d is not erased", i)
		}
	}
	for i, c := range others {
		if w.erased(c) {
			w.t.Errorf("comment %d of those to keep is erased", i)
		}
	}
}

// contents counts the texts that are left.
func (w *world) contents() (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), "SELECT count(*) FROM log.contents").Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// wantContents fails the test unless so many texts are left.
func (w *world) wantContents(want int) {
	w.t.Helper()
	if n := w.contents(); n != want {
		w.t.Errorf("%d texts are left; want %d", n, want)
	}
}

// events lists the events of a type, in order.
func (w *world) events(kind string) []eventstore.Recorded {
	w.t.Helper()
	var found []eventstore.Recorded
	for after := eventstore.Position(0); ; {
		page, err := w.ReadAll(w.t.Context(), after, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page {
			if after = e.Position; e.Type == kind {
				found = append(found, e)
			}
		}
		if len(page) < 1000 {
			return found
		}
	}
}

// causes counts the erasures by cause.
func (w *world) causes() string {
	w.t.Helper()
	n := map[domain.Cause]int{}
	for _, e := range w.events("content.erased") {
		fact, err := e.Decode()
		if err != nil {
			w.t.Fatal(err)
		}
		n[fact.(domain.ContentErased).Cause]++
	}
	return fmt.Sprint(n)
}

// count is a number out of the database.
func (w *world) count(sql string, args ...any) int {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), sql, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}
