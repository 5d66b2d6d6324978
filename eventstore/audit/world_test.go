package audit

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

var rootKey = func() vault.RootKey {
	key, err := vault.ParseRootKey(strings.Repeat("5e", 32))
	if err != nil {
		panic(err)
	}
	return key
}()

// world is a log on a database of its own.
type world struct {
	*eventstore.Store
	t     *testing.T
	pool  *pgxpool.Pool
	vault *vault.Vault
	key   *Key
	m     *metrics.Metrics
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 12)
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New(prometheus.NewRegistry())
	w := &world{t: t, pool: pool, vault: vault.New(vault.NewKeyring(pool, rootKey)), key: NewKey(rootKey, 0), m: m}
	w.Store = eventstore.New(pool, w.vault, m, eventstore.Config{})
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

func text(body string) *domain.Text {
	return &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body}
}

// numbers are drawn as the API draws them: of no two commands they are the same.
func (w *world) numbers() domain.Numbers {
	w.t.Helper()
	first, err := w.Numbers().Draw(w.t.Context(), account, 2)
	if err != nil {
		w.t.Fatal(err)
	}
	return domain.Numbers{Audit: first, Subject: first + 1}
}

func (w *world) must(cmd domain.Command) eventstore.Result {
	w.t.Helper()
	r, err := w.Execute(w.t.Context(), cmd, nil)
	if err != nil {
		w.t.Fatalf("Execute(%T): %v", cmd, err)
	}
	return r
}

// open opens a ticket: one event.
func (w *world) open(subject string) domain.TicketID {
	w.t.Helper()
	put := domain.PutTicket{Account: account, Ticket: domain.TicketID(uuid.New()), By: domain.By{Actor: agent, Admin: true}, Numbers: w.numbers()}
	if subject != "" {
		put.Subject = new(*domain.Text)
		*put.Subject = text(subject)
	}
	w.must(put)
	return put.Ticket
}

// fulfil destroys the keys that are owed, which is one event for each obligation.
func (w *world) fulfil() {
	w.t.Helper()
	worker := erasure.New(w.Store, w.pool, vault.NewKeyring(w.pool, rootKey), []erasure.Shelf{erasure.Contents(0)}, filestest.New(w.t, w.Store, w.pool, w.vault), w.m, erasure.Config{})
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	for open := 1; open > 0; time.Sleep(10 * time.Millisecond) {
		if err := w.pool.QueryRow(ctx, "SELECT count(*) FROM log.obligations WHERE completed_at IS NULL").Scan(&open); err != nil {
			w.t.Fatal(err)
		}
	}
	stop()
	if err := <-done; err != nil {
		w.t.Errorf("erasure: %v", err)
	}
}

// say adds a comment: one event.
func (w *world) say(ticket domain.TicketID, body string) domain.CommentID {
	w.t.Helper()
	cmd := domain.CreateComment{
		Account: account, Ticket: ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())),
		By: domain.By{Actor: agent}, Author: agent.Own(), Public: true, Text: text(body), Numbers: w.numbers(),
	}
	w.must(cmd)
	return cmd.Comment
}

// chat has two chats on the ticket, one of which is erased: seven events, and two if the other ends, and is redacted.
func (w *world) chat(ticket domain.TicketID, ended bool) {
	w.t.Helper()
	by := domain.By{Actor: agent, ActAs: true, Admin: true}
	visitor := domain.UserID(uuid.UUID{15: 2})
	for _, erased := range []bool{true, false} {
		id := domain.ChatID(uuid.New())
		w.must(domain.StartChat{Account: account, Ticket: ticket, Chat: id, By: by, Visitor: visitor, Numbers: w.numbers()})
		w.must(domain.AddChatEntries{Account: account, Ticket: ticket, Chat: id, By: by, Audit: w.numbers().Audit, Entries: []domain.NewChatEntry{
			{Kind: domain.ChatJoin, Author: agent.Own()}, {Kind: domain.ChatMessage, Author: agent.Own(), Text: text("hello")},
		}})
		switch {
		case erased:
			w.must(domain.EraseChat{Account: account, Ticket: ticket, Chat: id, By: by, Audit: w.numbers().Audit, Cause: domain.CauseErasure})
		case ended:
			w.must(domain.EndChat{Account: account, Ticket: ticket, Chat: id, By: by, Audit: w.numbers().Audit})
			w.must(domain.RedactChatMessage{Account: account, Ticket: ticket, Chat: id, By: by, Audit: w.numbers().Audit, Index: 1, Marked: "<redact>hello</redact>"})
		}
	}
}

// grow makes the log n events long.
func (w *world) grow(n int) {
	w.t.Helper()
	ticket := w.open("")
	head, err := w.Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var writers sync.WaitGroup
	jobs := make(chan struct{})
	for range 16 {
		writers.Go(func() {
			for range jobs {
				w.say(ticket, "text")
			}
		})
	}
	for range n - int(head.Position) {
		jobs <- struct{}{}
	}
	close(jobs)
	writers.Wait()
}

func (w *world) sealer(config Config) *Sealer {
	return NewSealer(w.Store, w.pool, w.key, w.m, config)
}

// seal brings the tree up to the log.
func (w *world) seal() {
	w.t.Helper()
	if err := w.sealer(Config{}).catchUp(w.t.Context()); err != nil {
		w.t.Fatalf("seal: %v", err)
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// log returns all events.
func (w *world) log() []eventstore.Recorded {
	w.t.Helper()
	events, err := w.ReadAll(w.t.Context(), 0, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}
