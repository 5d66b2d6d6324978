// Package logtest gives tests a log to project: a fresh database, a vault and a
// running store.
package logtest

import (
	"context"
	"sync"
	"testing"
	"time"

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

// Log is a log of its own, written by a store that runs until the test ends.
type Log struct {
	URL     string
	Pool    *pgxpool.Pool
	Vault   *vault.Vault
	Store   *eventstore.Store
	Metrics *metrics.Metrics
	root    vault.RootKey
	tb      testing.TB
}

// New returns an empty log.
func New(tb testing.TB) *Log {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Postgres")
	}
	l := &Log{URL: devstacktest.Postgres(tb), tb: tb, Metrics: metrics.New(prometheus.NewRegistry())}
	l.Pool = l.Connect()
	root, err := vault.ParseRootKey(vault.GenerateRootKey())
	if err != nil {
		tb.Fatal(err)
	}
	l.root = root
	l.Vault = l.NewVault()
	l.Store = eventstore.New(l.Pool, l.Vault, l.Metrics, eventstore.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { l.Store.Run(ctx) })
	tb.Cleanup(func() { cancel(); running.Wait() })
	return l
}

// NewVault returns a vault that has no keys in memory yet.
func (l *Log) NewVault() *vault.Vault { return l.NewVaultOn(l.Pool) }

// NewVaultOn is NewVault on a pool of its own.
func (l *Log) NewVaultOn(pool *pgxpool.Pool) *vault.Vault {
	return vault.New(vault.NewKeyring(pool, l.root))
}

// NewKeyring returns a keyring that has no keys in memory yet.
func (l *Log) NewKeyring() *vault.Keyring { return vault.NewKeyring(l.Pool, l.root) }

// Connect returns a pool of its own, as another instance would have it.
func (l *Log) Connect() *pgxpool.Pool {
	l.tb.Helper()
	pool, err := eventstore.Connect(context.Background(), l.URL, 8)
	if err != nil {
		l.tb.Fatal(err)
	}
	l.tb.Cleanup(pool.Close)
	return pool
}

// ConnectTraced is Connect with a record of what is asked of the database.
func (l *Log) ConnectTraced() (*pgxpool.Pool, *Statements) {
	l.tb.Helper()
	asked := new(Statements)
	config := l.Pool.Config()
	config.ConnConfig.Tracer = asked
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		l.tb.Fatal(err)
	}
	l.tb.Cleanup(pool.Close)
	return pool, asked
}

// Exec changes the database behind everybody's back.
func (l *Log) Exec(sql string, args ...any) {
	l.tb.Helper()
	if _, err := l.Pool.Exec(context.Background(), sql, args...); err != nil {
		l.tb.Fatal(err)
	}
}

// Statements records what is asked of a database.
type Statements struct {
	mu  sync.Mutex
	sql []string
}

// TraceQueryStart is called by pgx.
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.add(q.SQL)
	return ctx
}

// TraceQueryEnd is called by pgx.
func (s *Statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart is called by pgx.
func (s *Statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery is called by pgx.
func (s *Statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	s.add(q.SQL)
}

// TraceBatchEnd is called by pgx.
func (s *Statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (s *Statements) add(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sql = append(s.sql, sql)
}

// Take returns what was asked since the last call.
func (s *Statements) Take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sql
	s.sql = nil
	return taken
}

// Agent is who acts unless somebody else is named; it may do everything.
var Agent = domain.By{
	Actor: domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(uuid.MustParse("789e0123-f45b-67c8-d901-234567890abc"))},
	Admin: true, ActAs: true,
}

// Do executes cmd, which must take effect.
func (l *Log) Do(cmd domain.Command) eventstore.Result {
	l.tb.Helper()
	result, err := l.Store.Execute(l.tb.Context(), cmd, nil)
	if err != nil || !result.Changed {
		l.tb.Fatalf("Execute(%T) = %+v, %v; want a change", cmd, result, err)
	}
	return result
}

// Numbers draws numbers for a command.
func (l *Log) Numbers(account domain.AccountID) domain.Numbers {
	l.tb.Helper()
	n, err := l.Store.Numbers().Draw(l.tb.Context(), account, domain.NumbersPerWrite)
	if err != nil {
		l.tb.Fatal(err)
	}
	return domain.Numbers{Audit: n, Subject: n + 1}
}

// Open opens a ticket, for a requester if that is not nil.
func (l *Log) Open(account domain.AccountID, requester *domain.UserID) domain.TicketID {
	l.tb.Helper()
	ticket := domain.TicketID(uuid.New())
	l.Do(domain.PutTicket{
		Account: account, Ticket: ticket, By: Agent, Requester: &requester, Numbers: l.Numbers(account),
	})
	return ticket
}

// Comment adds a comment of the agent to a ticket.
func (l *Log) Comment(account domain.AccountID, ticket domain.TicketID, public bool, body string) domain.CommentID {
	l.tb.Helper()
	return l.CommentOf(account, ticket, Agent.Actor.Own(), public, body)
}

// CommentOf adds a comment of any author to a ticket.
func (l *Log) CommentOf(account domain.AccountID, ticket domain.TicketID, author domain.Author, public bool, body string) domain.CommentID {
	l.tb.Helper()
	comment := domain.CommentID(NewID())
	l.Do(domain.CreateComment{
		Account: account, Ticket: ticket, Comment: comment, By: Agent, Author: author, Public: public,
		Text: NewText(body), Numbers: l.Numbers(account),
	})
	return comment
}

// NewText returns a text under a new content id.
func NewText(body string) *domain.Text {
	return &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(NewID())}, Body: body}
}

// NewID returns an id that sorts by time.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Eventually waits until done reports true, and fails the test if that takes too
// long.
func Eventually(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("still waiting: %s", what)
		}
	}
}
