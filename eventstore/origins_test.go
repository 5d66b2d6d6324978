package eventstore_test

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/devstacktest"
)

// imported is a command to say on a ticket what was said elsewhere.
func (i *instance) imported(t testing.TB, ticket domain.TicketID, audit int64, at time.Time) domain.WriteTicket {
	cmd := i.write(t, ticket, "said elsewhere")
	cmd.Origin = &domain.Origin{Audit: audit, At: at}
	return cmd
}

// What was taken over is known by its audits, has the time of there, and stands in the log at
// the time when it came.
func TestOrigins(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	check := func(ticket domain.TicketID, version int, here bool, want ...int64) {
		t.Helper()
		found, err := i.Origins(t.Context(), account, ticket)
		if got := slices.Sorted(maps.Keys(found.Audits)); err != nil || int(found.Version) != version || found.Here != here || !slices.Equal(got, want) {
			t.Errorf("Origins = %+v, %v; want %v at version %d, here %v", found, err, want, version, here)
		}
	}
	check(domain.TicketID(uuid.New()), 0, false)
	ours := i.open(t)
	check(ours, 1, true)

	then := time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC)
	opened := i.imported(t, domain.TicketID{}, 360001, then)
	began := time.Now()
	if r, err := i.Execute(t.Context(), opened, nil); err != nil || r.Version != 2 || r.RecordedAt.Before(began.Add(-time.Minute)) {
		t.Fatalf("Execute = %+v, %v; want two events, recorded now", r, err)
	}
	check(opened.Ticket, 2, false, 360001)
	if _, err := i.Execute(t.Context(), i.write(t, opened.Ticket, "said here"), nil); err != nil {
		t.Fatal(err)
	}
	more := i.imported(t, opened.Ticket, 360007, then.Add(time.Hour)) // before what was said here
	more.Expected = 3
	if _, err := i.Execute(t.Context(), more, nil); err != nil {
		t.Fatal(err)
	}
	check(opened.Ticket, 4, true, 360001, 360007)
	hidden := domain.MakePrivate{
		Account: account, Ticket: more.Ticket, Comment: more.Comment, By: opened.By, Audit: 1 << 40, Origin: &domain.Origin{Audit: 360007, At: time.Now()},
	}
	if r, err := i.Execute(t.Context(), hidden, nil); err != nil || !r.Changed {
		t.Fatalf("MakePrivate = %+v, %v", r, err)
	}
	found, err := i.Origins(t.Context(), account, opened.Ticket)
	if !found.Newest.Equal(then.Add(time.Hour)) {
		t.Errorf("the newest is of %v", found.Newest)
	}
	if want := map[domain.CommentID]bool{opened.Comment: true, more.Comment: false}; err != nil || !maps.Equal(found.Comments, want) {
		t.Errorf("Origins = %v, %v; want the comments %v", found.Comments, err, want)
	}
	check(ours, 1, true)

	var last time.Time
	want := []time.Time{{}, then, then, {}, then.Add(time.Hour), hidden.Origin.At.UTC().Truncate(time.Microsecond)} // zero: the log's
	for n, e := range i.all(t) {
		fact, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		at := want[n]
		if at.IsZero() {
			at = e.RecordedAt
		}
		if got := fact.Metadata().At; !got.Equal(at) {
			t.Errorf("event %d happened at %v; want %v", n, got, at)
		}
		if e.RecordedAt.Before(last) {
			t.Errorf("event %d was recorded before the one before it", n)
		}
		last = e.RecordedAt
	}
}

// Of two who take over the same audits at once, having looked at what is there, each audit
// is written once.
func TestAnAuditIsTakenOverOnce(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{start(t, url), start(t, url)}
	ticket := instances[0].open(t)
	const audits = 20
	var wrote, lost atomic.Int64
	var wg sync.WaitGroup
	for _, i := range instances {
		wg.Go(func() {
			for audit := int64(1); audit <= audits; {
				known, err := i.Origins(t.Context(), account, ticket)
				if err != nil {
					t.Errorf("Origins: %v", err)
					return
				}
				if known.Audits[audit] {
					audit++
					continue
				}
				cmd := i.imported(t, ticket, audit, time.Unix(audit, 0))
				cmd.Expected = int(known.Version)
				switch _, err := i.Execute(t.Context(), cmd, nil); {
				case err == nil:
					wrote.Add(1)
				case errors.Is(err, domain.ErrTicketChanged):
					lost.Add(1)
				default:
					t.Errorf("Execute: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := instances[0].comments(t, ticket); wrote.Load() != audits || n != audits {
		t.Errorf("%d audits were written %d times (and %d lost), %d comments", audits, wrote.Load(), lost.Load(), n)
	}
}
