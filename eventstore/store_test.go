package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// instance is one process' view of a database.
type instance struct {
	*eventstore.Store
	vault *vault.Vault
	pool  *pgxpool.Pool
}

var rootKey = func() vault.RootKey {
	key, err := vault.ParseRootKey(strings.Repeat("7a", 32))
	if err != nil {
		panic(err)
	}
	return key
}()

// start runs a store on the database at url until the test ends.
func start(t testing.TB, url string) *instance {
	t.Helper()
	pool, err := eventstore.Connect(t.Context(), url, 8)
	if err != nil {
		t.Fatal(err)
	}
	v := vault.New(vault.NewKeyring(pool, rootKey))
	s := eventstore.New(pool, v, metrics.New(prometheus.NewRegistry()), eventstore.Config{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		pool.Close()
	})
	return &instance{s, v, pool}
}

var agent = domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(uuid.UUID{15: 1})}

const account = domain.AccountID(1)

func text(body string) *domain.Text {
	return &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body}
}

func (i *instance) numbers(t testing.TB) domain.Numbers {
	t.Helper()
	first, err := i.Numbers().Draw(t.Context(), account, 2)
	if err != nil {
		t.Fatal(err)
	}
	return domain.Numbers{Audit: first, Subject: first + 1}
}

func (i *instance) open(t testing.TB) domain.TicketID {
	t.Helper()
	ticket := domain.TicketID(uuid.New())
	if _, err := i.Execute(t.Context(), domain.PutTicket{
		Account: account, Ticket: ticket, By: domain.By{Actor: agent}, Numbers: i.numbers(t),
	}, nil); err != nil {
		t.Fatalf("open ticket: %v", err)
	}
	return ticket
}

// create is a command to comment on the ticket.
func (i *instance) create(t testing.TB, ticket domain.TicketID, body string) domain.CreateComment {
	return domain.CreateComment{
		Account: account, Ticket: ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())),
		By: domain.By{Actor: agent}, Author: agent.Own(), Public: true, Text: text(body), Numbers: i.numbers(t),
	}
}

func (i *instance) receipt(t testing.TB, key, request string) *eventstore.Receipt {
	t.Helper()
	receipt, err := i.Receipt(t.Context(), account, agent.ID, "test", key, []byte(request))
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// all returns the whole log and fails the test if it is not dense: positions 1, 2,
// 3, versions likewise in each ticket, and partitions linked without a gap.
func (i *instance) all(t testing.TB) []eventstore.Recorded {
	t.Helper()
	var log []eventstore.Recorded
	for {
		page, err := i.ReadAll(t.Context(), eventstore.Position(len(log)), 1000)
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, page...)
		if len(page) < 1000 {
			break
		}
	}
	versions := map[domain.TicketID]eventstore.Version{}
	partitions := map[int]eventstore.Position{}
	var last time.Time
	for n, e := range log {
		if want := eventstore.Position(n + 1); e.Position != want {
			t.Fatalf("event %d has position %d", want, e.Position)
		}
		if versions[e.Ticket]++; e.Version != versions[e.Ticket] {
			t.Fatalf("position %d: version %d of ticket %s; want %d", e.Position, e.Version, e.Ticket, versions[e.Ticket])
		}
		if e.PrevInPartition != partitions[e.Partition()] {
			t.Fatalf("position %d: %d is named before it in partition %d; want %d", e.Position, e.PrevInPartition, e.Partition(), partitions[e.Partition()])
		}
		partitions[e.Partition()] = e.Position
		if e.RecordedAt.Before(last) {
			t.Fatalf("position %d was recorded before %d", e.Position, e.Position-1)
		}
		last = e.RecordedAt
		if _, err := e.Decode(); err != nil {
			t.Fatalf("position %d: %v", e.Position, err)
		}
	}
	return log
}

func TestExecute(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket := i.open(t)
	cmd := i.create(t, ticket, "It is on its way.")
	result, err := i.Execute(t.Context(), cmd, nil)
	if err != nil || !result.Changed || result.Comment != cmd.Comment || result.Version != 2 || result.Position != 2 {
		t.Fatalf("Execute(create) = %+v, %v; want comment %s at version 2", result, err, cmd.Comment)
	}
	edit := domain.UpdateComment{Account: account, Ticket: ticket, Comment: cmd.Comment, By: cmd.By, Text: text("It has arrived."), Audit: 9}
	if result, err = i.Execute(t.Context(), edit, nil); err != nil || result.Version != 3 {
		t.Fatalf("Execute(edit) = %+v, %v; want version 3", result, err)
	}
	edit.Text = text("It has arrived.")
	if result, err = i.Execute(t.Context(), edit, nil); err != nil || result.Changed {
		t.Errorf("Execute(same edit) = %+v, %v; want no change", result, err)
	}
	remove := domain.DeleteComment{Account: account, Ticket: ticket, Comment: cmd.Comment, By: cmd.By, Audit: 10}
	if _, err := i.Execute(t.Context(), remove, nil); err != nil {
		t.Fatalf("Execute(delete): %v", err)
	}
	if _, err := i.Execute(t.Context(), remove, nil); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Execute(second delete) = %v; want %v", err, domain.ErrNotFound)
	}
	cmd.Text = text("Again.")
	if _, err := i.Execute(t.Context(), cmd, nil); !errors.Is(err, eventstore.ErrExists) {
		t.Errorf("Execute(create with a used id) = %v; want %v", err, eventstore.ErrExists)
	}
	var kinds []string
	for _, e := range i.all(t) {
		kinds = append(kinds, e.Type)
	}
	if got, want := strings.Join(kinds, " "), "ticket.opened comment.created comment.edited comment.deleted"; got != want {
		t.Errorf("the log holds %s; want %s", got, want)
	}
}

// TestOneLosesAlone puts a command that Postgres must refuse into a batch with
// others: it fails, they do not.
func TestOneLosesAlone(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket := i.open(t)
	taken := i.create(t, ticket, "first")
	if _, err := i.Execute(t.Context(), taken, nil); err != nil {
		t.Fatal(err)
	}
	const n = 40
	errs := make([]error, n)
	var wg sync.WaitGroup
	for k := range n {
		cmd := i.create(t, ticket, fmt.Sprint("comment ", k))
		if k%8 == 3 {
			cmd.Comment = taken.Comment
		}
		wg.Go(func() { _, errs[k] = i.Execute(t.Context(), cmd, nil) })
	}
	wg.Wait()
	for k, err := range errs {
		if want := k%8 == 3; errors.Is(err, eventstore.ErrExists) != want || !want && err != nil {
			t.Errorf("command %d: %v; want ErrExists: %t", k, err, want)
		}
	}
	if got, want := len(i.all(t)), 2+n-n/8; got != want {
		t.Errorf("the log holds %d events; want %d", got, want)
	}
}

// TestWriters has two instances write to few tickets and comments at once.
func TestWriters(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	tickets := []domain.TicketID{instances[0].open(t), instances[0].open(t), instances[1].open(t)}
	shared := instances[0].create(t, tickets[0], "shared")
	if _, err := instances[0].Execute(t.Context(), shared, nil); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	acknowledged := map[eventstore.Position]string{}
	var wg sync.WaitGroup
	for w := range 16 {
		i := instances[w%2]
		wg.Go(func() {
			for n := range 25 {
				var cmd domain.Command
				kind := "comment.created"
				if n%5 == 4 {
					kind = "comment.edited"
					cmd = domain.UpdateComment{Account: account, Ticket: tickets[0], Comment: shared.Comment, By: shared.By,
						Text: text(fmt.Sprintf("edit %d of writer %d", n, w)), Audit: 1}
				} else {
					cmd = i.create(t, tickets[n%3], fmt.Sprintf("comment %d of writer %d", n, w))
				}
				result, err := i.Execute(t.Context(), cmd, nil)
				if err != nil {
					t.Errorf("writer %d, command %d: %v", w, n, err)
					return
				}
				mu.Lock()
				if before, twice := acknowledged[result.Position]; twice {
					t.Errorf("position %d was given twice, to %s and %s", result.Position, before, kind)
				}
				acknowledged[result.Position] = kind
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	log := instances[0].all(t)
	if got, want := len(log), 4+16*25; got != want {
		t.Errorf("the log holds %d events; want %d", got, want)
	}
	for position, kind := range acknowledged {
		if got := log[position-1].Type; got != kind {
			t.Errorf("position %d was acknowledged as %s and is %s", position, kind, got)
		}
	}
}

// TestRevisionGuards has many writers insist on the revision they saw: one wins.
func TestRevisionGuards(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	ticket := instances[0].open(t)
	cmd := instances[0].create(t, ticket, "v1")
	created, err := instances[0].Execute(t.Context(), cmd, nil)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	outcomes := map[string]int{}
	var wg sync.WaitGroup
	for w := range 50 {
		wg.Go(func() {
			_, err := instances[w%2].Execute(t.Context(), domain.UpdateComment{
				Account: account, Ticket: ticket, Comment: cmd.Comment, By: cmd.By,
				Text: text(fmt.Sprint("by ", w)), Audit: 1, Revision: int(created.Version),
			}, nil)
			mu.Lock()
			defer mu.Unlock()
			outcomes[fmt.Sprint(err)]++
		})
	}
	wg.Wait()
	if outcomes["<nil>"] != 1 || outcomes[domain.ErrRevision.Error()] != 49 {
		t.Errorf("outcomes %v; want one winner and 49 times %q", outcomes, domain.ErrRevision)
	}
}

// TestClosingRaces closes a ticket while others comment: nothing follows the close.
func TestClosingRaces(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	ticket := instances[0].open(t)
	var wg sync.WaitGroup
	refused := make([]bool, 30)
	for w := range 30 {
		i := instances[w%2]
		cmds := []domain.CreateComment{i.create(t, ticket, "a"), i.create(t, ticket, "b"), i.create(t, ticket, "c")}
		wg.Go(func() {
			for _, cmd := range cmds {
				_, err := i.Execute(t.Context(), cmd, nil)
				if errors.Is(err, domain.ErrTicketClosed) {
					refused[w] = true
				} else if err != nil || refused[w] {
					t.Errorf("comment: %v after a refusal: %t", err, refused[w])
				}
			}
		})
	}
	closed := domain.StatusClosed
	if _, err := instances[1].Execute(t.Context(), domain.PutTicket{
		Account: account, Ticket: ticket, By: domain.By{Actor: agent}, Status: &closed, Numbers: domain.Numbers{Audit: 1},
	}, nil); err != nil {
		t.Errorf("close: %v", err)
	}
	wg.Wait()
	log := instances[0].all(t)
	if last := log[len(log)-1]; last.Type != "ticket.changed" {
		t.Errorf("%s follows the close of the ticket", last.Type)
	}
	// The head in an instance's memory is older than the close, yet never obeyed.
	if _, err := instances[0].Execute(t.Context(), instances[0].create(t, ticket, "late"), nil); !errors.Is(err, domain.ErrTicketClosed) {
		t.Errorf("comment on the closed ticket: %v; want %v", err, domain.ErrTicketClosed)
	}
}

func TestReceipts(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	ticket := instances[0].open(t)

	// One key, fifty requests at once by two instances: one comment.
	var mu sync.Mutex
	comments := map[domain.CommentID]int{}
	replays := 0
	var wg sync.WaitGroup
	for w := range 50 {
		i := instances[w%2]
		cmd, receipt := i.create(t, ticket, "once"), i.receipt(t, "key", "once")
		wg.Go(func() {
			result, err := i.Execute(t.Context(), cmd, receipt)
			if err != nil {
				t.Errorf("Execute: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			comments[result.Comment]++
			if result.Replayed {
				replays++
			}
		})
	}
	wg.Wait()
	if len(comments) != 1 || replays != 49 {
		t.Errorf("%d comments and %d replays; want 1 and 49", len(comments), replays)
	}
	if got := len(instances[0].all(t)); got != 2 {
		t.Errorf("the log holds %d events; want 2", got)
	}

	i := instances[0]
	if _, err := i.Execute(t.Context(), i.create(t, ticket, "other"), i.receipt(t, "key", "other")); !errors.Is(err, eventstore.ErrReceiptReused) {
		t.Errorf("another request under the key: %v; want %v", err, eventstore.ErrReceiptReused)
	}

	// What was done is done, whatever has become of the ticket.
	closed := domain.StatusClosed
	if _, err := i.Execute(t.Context(), domain.PutTicket{
		Account: account, Ticket: ticket, By: domain.By{Actor: agent}, Status: &closed, Numbers: domain.Numbers{Audit: 1},
	}, nil); err != nil {
		t.Fatal(err)
	}
	if result, err := i.Execute(t.Context(), i.create(t, ticket, "once"), i.receipt(t, "key", "once")); err != nil || !result.Replayed {
		t.Errorf("retry after the close = %+v, %v; want a replay", result, err)
	}
	if _, err := i.Execute(t.Context(), i.create(t, ticket, "new"), i.receipt(t, "new", "new")); !errors.Is(err, domain.ErrTicketClosed) {
		t.Errorf("new comment after the close: %v; want %v", err, domain.ErrTicketClosed)
	}

	// Two hours later the key is free again.
	other := i.open(t)
	if _, err := i.pool.Exec(t.Context(), "UPDATE log.receipts SET recorded_at = recorded_at - interval '121 minutes'"); err != nil {
		t.Fatal(err)
	}
	if result, err := i.Execute(t.Context(), i.create(t, other, "again"), i.receipt(t, "key", "again")); err != nil || !result.Changed {
		t.Errorf("the key after two hours = %+v, %v; want a new comment", result, err)
	}
	if _, err := i.pool.Exec(t.Context(), "UPDATE log.receipts SET recorded_at = recorded_at - interval '121 minutes'"); err != nil {
		t.Fatal(err)
	}
	if n, err := i.ExpireReceipts(t.Context()); err != nil || n != 1 {
		t.Errorf("ExpireReceipts = %d, %v; want 1", n, err)
	}
}

// TestOutcomeUnknown cuts a caller off while its batch waits for the head of the
// log: it may not claim that nothing was written, and the receipt settles it.
func TestOutcomeUnknown(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket := i.open(t)
	cmd := i.create(t, ticket, "perhaps") // warms the vault
	if _, err := i.Execute(t.Context(), i.create(t, ticket, "before"), i.receipt(t, "warm", "warm")); err != nil {
		t.Fatal(err)
	}
	receipt := i.receipt(t, "key", "perhaps")
	tx, err := i.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT 1 FROM log.heads FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := i.Execute(ctx, cmd, receipt); !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("Execute = %v; want %v", err, eventstore.ErrUnknownOutcome)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := i.Execute(t.Context(), i.create(t, ticket, "perhaps"), receipt)
	if err != nil || !result.Replayed || result.Comment != cmd.Comment {
		t.Errorf("retry = %+v, %v; want the comment %s", result, err, cmd.Comment)
	}
}

func TestStopped(t *testing.T) {
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	v := vault.New(vault.NewKeyring(pool, rootKey))
	i := &instance{eventstore.New(pool, v, metrics.New(prometheus.NewRegistry()), eventstore.Config{}), v, pool}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- i.Run(ctx) }()
	ticket := i.open(t)
	stop()
	<-done
	if _, err := i.Execute(t.Context(), i.create(t, ticket, "late"), nil); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Execute after Run = %v; want %v", err, eventstore.ErrUnavailable)
	}
}
