package eventstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

// write is a command to say something on a ticket, which it opens if there is none.
func (i *instance) write(t testing.TB, ticket domain.TicketID, body string) domain.WriteTicket {
	cmd := domain.WriteTicket{
		Account: account, Ticket: ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())), By: domain.By{Actor: agent},
		Say: &domain.NewComment{Author: agent.Own(), Text: text(body)}, Numbers: i.numbers(t),
	}
	if ticket == (domain.TicketID{}) {
		cmd.Ticket, cmd.Opens = domain.TicketID(uuid.New()), cmd.Numbers.Subject+1
	}
	return cmd
}

// stored is how many events, contents and receipts there are.
func (i *instance) stored(t testing.TB) (counts string) {
	t.Helper()
	var events, contents, receipts int
	if err := i.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM log.events), (SELECT count(*) FROM log.contents), (SELECT count(*) FROM log.receipts)`).
		Scan(&events, &contents, &receipts); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d events, %d contents, %d receipts", events, contents, receipts)
}

// comments is the number of comments that the head of the ticket has.
func (i *instance) comments(t testing.TB, ticket domain.TicketID) (n int) {
	t.Helper()
	if err := i.pool.QueryRow(t.Context(), "SELECT comments FROM log.tickets WHERE ticket_id = $1", uuid.UUID(ticket)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// One write opens a ticket with a subject and a comment, another changes it and says
// more: the events of each stand together and share the number of the audit.
func TestWriteTicket(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	cmd := i.write(t, domain.TicketID{}, "first")
	subject := text("a subject")
	cmd.Subject = &subject
	r, err := i.Execute(t.Context(), cmd, nil)
	if err != nil || !r.Changed || !r.Opened || r.Ticket != cmd.Ticket || r.Comment != cmd.Comment || r.Version != 2 {
		t.Fatalf("Execute = %+v, %v; want ticket %s opened with comment %s", r, err, cmd.Ticket, cmd.Comment)
	}
	more := i.write(t, cmd.Ticket, "second")
	pending, again := domain.StatusPending, text("a subject")
	more.Status, more.Subject, more.Expected = &pending, &again, int(r.Version)
	if r, err := i.Execute(t.Context(), more, nil); err != nil || !r.Changed || r.Opened || r.Version != 4 {
		t.Fatalf("Execute = %+v, %v; want a change and a comment", r, err)
	}
	log := i.all(t)
	var got []string
	for _, e := range log {
		fact, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(e.Type, fact.Metadata().Audit))
	}
	want := []string{
		fmt.Sprint("ticket.opened", cmd.Numbers.Audit), fmt.Sprint("comment.created", cmd.Numbers.Audit),
		fmt.Sprint("ticket.changed", more.Numbers.Audit), fmt.Sprint("comment.created", more.Numbers.Audit),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the log holds %v; want %v", got, want)
	}
	// Two comments and one subject: a subject that stays brings no text.
	if got := i.stored(t); got != "4 events, 3 contents, 0 receipts" {
		t.Errorf("there are %s", got)
	}
	if n := i.comments(t, cmd.Ticket); n != 2 {
		t.Errorf("the ticket counts %d comments; want 2", n)
	}
	nothing := domain.WriteTicket{Account: account, Ticket: cmd.Ticket, By: cmd.By, Status: &pending, Numbers: i.numbers(t)}
	if r, err := i.Execute(t.Context(), nothing, nil); err != nil || r.Changed || len(i.all(t)) != 4 {
		t.Errorf("Execute of nothing new = %+v, %v; want no change", r, err)
	}
}

// What is refused leaves nothing: no field, no comment, no text.
func TestRefusedWriteTicketLeavesNothing(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket, closed, full := i.open(t), i.open(t), i.open(t)
	status := domain.StatusClosed
	if _, err := i.Execute(t.Context(), domain.WriteTicket{Account: account, Ticket: closed, By: domain.By{Actor: agent}, Status: &status, Numbers: i.numbers(t)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := i.pool.Exec(t.Context(), "UPDATE log.tickets SET comments = $2 WHERE ticket_id = $1", uuid.UUID(full), domain.MaxComments); err != nil {
		t.Fatal(err)
	}
	before := i.stored(t)
	solved := domain.StatusSolved
	for name, tt := range map[string]struct {
		ticket domain.TicketID
		change func(*domain.WriteTicket)
		want   error
	}{
		"closed":       {closed, func(*domain.WriteTicket) {}, domain.ErrTicketClosed},
		"full":         {full, func(*domain.WriteTicket) {}, domain.ErrTicketFull},
		"stale":        {ticket, func(c *domain.WriteTicket) { c.Expected = 2 }, domain.ErrTicketChanged},
		"there":        {ticket, func(c *domain.WriteTicket) { c.Opens = 77 }, domain.ErrTicketExists},
		"not there":    {domain.TicketID(uuid.New()), func(*domain.WriteTicket) {}, domain.ErrTicketNotFound},
		"another's":    {ticket, func(c *domain.WriteTicket) { c.Account = 2 }, domain.ErrTicketNotFound},
		"a stranger's": {ticket, func(c *domain.WriteTicket) { c.By.Actor = domain.Actor{Kind: domain.ActorCustomer, ID: agent.ID} }, domain.ErrTicketNotFound},
	} {
		cmd := i.write(t, tt.ticket, "never stored")
		cmd.Status = &solved
		tt.change(&cmd)
		if r, err := i.Execute(t.Context(), cmd, i.receipt(t, name, name)); !errors.Is(err, tt.want) {
			t.Errorf("%s: Execute = %+v, %v; want %v", name, r, err, tt.want)
		}
	}
	if after := i.stored(t); after != before {
		t.Errorf("there were %s, there are %s", before, after)
	}
}

// Of many who have seen the same version one writes, whichever instance they use; others
// who ask for no version are not disturbed.
func TestExpectedVersion(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	ticket := instances[0].open(t)
	for round := range 5 {
		seen := len(instances[0].all(t))
		var mu sync.Mutex
		won, stale := 0, 0
		var wg sync.WaitGroup
		for w := range 20 {
			i := instances[w%2]
			cmd := i.write(t, ticket, fmt.Sprint("writer ", w))
			cmd.Expected = seen
			wg.Go(func() {
				_, err := i.Execute(t.Context(), cmd, nil)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case errors.Is(err, domain.ErrTicketChanged):
					stale++
				default:
					t.Errorf("Execute: %v", err)
				}
			})
		}
		wg.Wait()
		if won != 1 || stale != 19 || len(instances[0].all(t)) != seen+1 {
			t.Fatalf("round %d: %d won, %d were stale, %d events; want 1, 19, %d", round, won, stale, len(instances[0].all(t)), seen+1)
		}
	}
}

// A ticket takes as many comments as it may have, and none more, whoever writes at once.
func TestFullTicket(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	ticket := instances[0].open(t)
	const left = 7
	if _, err := instances[0].pool.Exec(t.Context(), "UPDATE log.tickets SET comments = $2 WHERE ticket_id = $1", uuid.UUID(ticket), domain.MaxComments-left); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	added, full := 0, 0
	var wg sync.WaitGroup
	for w := range 24 {
		i := instances[w%2]
		cmd := i.write(t, ticket, "one more")
		wg.Go(func() {
			_, err := i.Execute(t.Context(), cmd, nil)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				added++
			case errors.Is(err, domain.ErrTicketFull):
				full++
			default:
				t.Errorf("Execute: %v", err)
			}
		})
	}
	wg.Wait()
	i := instances[0]
	if n := i.comments(t, ticket); added != left || full != 24-left || n != domain.MaxComments {
		t.Errorf("%d were added, %d refused, the ticket counts %d; want %d, %d, %d", added, full, n, left, 24-left, domain.MaxComments)
	}
	// The other way to comment has no such bound, and is counted.
	if _, err := i.Execute(t.Context(), i.create(t, ticket, "native"), nil); err != nil || i.comments(t, ticket) != domain.MaxComments+1 {
		t.Errorf("CreateComment = %v, the ticket counts %d; want %d", err, i.comments(t, ticket), domain.MaxComments+1)
	}
}

// However often a ticket is asked for under one key, it is opened once, and everybody is
// told which one and with what comment.
func TestReceiptOfATicket(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	type made struct {
		domain.TicketID
		domain.CommentID
	}
	var mu sync.Mutex
	results, replays := map[made]int{}, 0
	var wg sync.WaitGroup
	for w := range 20 {
		i := instances[w%2]
		cmd, receipt := i.write(t, domain.TicketID{}, "help"), i.receipt(t, "key", "help")
		wg.Go(func() {
			r, err := i.Execute(t.Context(), cmd, receipt)
			if err != nil {
				t.Errorf("Execute: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			results[made{r.Ticket, r.Comment}]++
			if r.Replayed {
				replays++
			}
		})
	}
	wg.Wait()
	i := instances[0]
	log := i.all(t)
	if len(results) != 1 || replays != 19 || len(log) != 2 || results[made{log[0].Ticket, log[1].Comment}] != 20 {
		t.Errorf("%v with %d replays and %d events; want one ticket", results, replays, len(log))
	}
	if _, err := i.Execute(t.Context(), i.write(t, domain.TicketID{}, "other"), i.receipt(t, "key", "other")); !errors.Is(err, eventstore.ErrReceiptReused) {
		t.Errorf("another request under the key: %v; want %v", err, eventstore.ErrReceiptReused)
	}
}
