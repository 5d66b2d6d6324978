package threads_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// twin is a world in which the script of all twins happens, and notes besides.
type twin struct {
	*world
	notes []domain.CommentID
	ids   []domain.CommentID // of the script's comments
}

// Two worlds that differ only in internal notes look the same to the customer, in
// every answer and to the last byte: comments, counts, order, times, validators.
// Ids and times are pinned, so that there is no other difference.
func TestNotesChangeNothingForCustomers(t *testing.T) {
	for _, k := range []int{1, 100, 1000} {
		t.Run(fmt.Sprintf("%d notes", k), func(t *testing.T) {
			plain, noted := newTwin(t, 0), newTwin(t, k)
			noted.adopt(plain)
			for _, share := range []float64{0, 0.4, 0.8, 1} {
				plain.applyScript(share)
				noted.applyScript(share)
				if diff := cmp.Diff(plain.everything(), noted.everything()); diff != "" {
					t.Fatalf("with %.1f of the events applied a customer can tell (-without +with notes):\n%s", share, diff)
				}
			}
			for _, id := range noted.notes[:min(len(noted.notes), 20)] {
				if c, err := noted.reader.Get(t.Context(), 1, noted.ticket, id, noted.customer); !errors.Is(err, domain.ErrNotFound) {
					t.Errorf("Get(a note) = %+v, %v; want %v", c, err, domain.ErrNotFound)
				}
			}
		})
	}
}

var (
	twinTicket   = domain.TicketID(uuid.MustParse("550e8400-e29b-41d4-a716-446655440000"))
	twinCustomer = domain.Actor{Kind: domain.ActorCustomer, ID: domain.UserID(uuid.MustParse("00000000-0000-0000-0000-00000000c0de"))}
)

func newTwin(t *testing.T, notes int) *twin {
	t.Helper()
	l := logtest.New(t)
	w := &twin{world: &world{
		tb: t, log: l, reader: threads.NewReader(l.Pool, l.Vault, 0), account: 1,
		ticket: twinTicket, customer: twinCustomer, bodies: map[string]string{},
	}}
	yes, no := true, false
	pending := domain.StatusPending
	requester := &twinCustomer.ID
	agent, customer := logtest.Agent.Actor.Own(), twinCustomer.Own()
	steps := []func(){
		func() { w.pinned(agent, true) },
		func() { w.pinned(customer, true) },
		func() { w.update(w.ids[0], w.text("edited"), nil) },
		func() { w.pinned(agent, true) },
		func() { w.update(w.ids[2], nil, &no) },
		func() {
			w.do(domain.PutTicket{Account: 1, Ticket: w.ticket, By: logtest.Agent, Status: &pending, Numbers: w.numbers()})
		},
		func() { w.pinned(agent, false) }, // a note that is published later
		func() { w.update(w.ids[3], w.text("published"), &yes) },
		func() { w.pinned(customer, true) },
		func() { // two events at once
			open := domain.StatusOpen
			w.do(domain.WriteTicket{
				Account: 1, Ticket: w.ticket, By: logtest.Agent, Status: &open, Numbers: w.numbers(), Comment: w.pin(),
				Say: &domain.NewComment{Author: agent, Text: w.text("written")},
			})
		},
		func() { w.remove(w.ids[4]) },
		func() { w.update(w.ids[2], nil, &yes) },
		func() { w.pinned(domain.Author{Type: domain.AuthorSystem, ID: agent.ID}, true) },
	}
	w.do(domain.PutTicket{Account: 1, Ticket: w.ticket, By: logtest.Agent, Requester: &requester, Numbers: w.numbers()})
	for i, step := range steps {
		step()
		w.note(notes/len(steps) + min(1, max(0, notes%len(steps)-i)))
	}
	return w
}

// pinned adds the next comment of the script, under the same id in every twin.
func (w *twin) pinned(author domain.Author, public bool) {
	text := w.text(fmt.Sprintf("comment %d", len(w.ids)))
	id := w.pin()
	w.do(domain.CreateComment{
		Account: 1, Ticket: w.ticket, Comment: id, By: logtest.Agent, Author: author, Public: public, Text: text, Numbers: w.numbers(),
	})
}

// pin names the next comment of the script.
func (w *twin) pin() domain.CommentID {
	id := domain.CommentID(uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, "comment", len(w.ids))))
	w.ids = append(w.ids, id)
	return id
}

// note writes n notes, some of which are edited or deleted at once.
func (w *twin) note(n int) {
	var writing sync.WaitGroup
	free := make(chan struct{}, 32)
	ids := make([]domain.CommentID, n)
	for i := range n {
		free <- struct{}{}
		writing.Go(func() {
			defer func() { <-free }()
			ids[i] = domain.CommentID(logtest.NewID())
			w.do(domain.CreateComment{
				Account: 1, Ticket: w.ticket, Comment: ids[i], By: logtest.Agent, Author: logtest.Agent.Actor.Own(),
				Text: logtest.NewText("a note"), Numbers: w.numbers(),
			})
			switch i % 3 {
			case 0:
				w.update(ids[i], logtest.NewText("an edited note"), nil)
			case 1:
				w.remove(ids[i])
			}
		})
	}
	writing.Wait()
	w.notes = append(w.notes, ids...)
}

// scriptVersions are the versions of the script's events in this twin.
func (w *twin) scriptVersions() []eventstore.Version {
	w.tb.Helper()
	ids := make([]uuid.UUID, len(w.ids))
	for i, id := range w.ids {
		ids[i] = uuid.UUID(id)
	}
	rows, err := w.log.Pool.Query(context.Background(),
		"SELECT version FROM log.events WHERE comment_id IS NULL OR comment_id = ANY ($1) ORDER BY version", ids)
	if err != nil {
		w.tb.Fatal(err)
	}
	versions, err := pgx.CollectRows(rows, pgx.RowTo[eventstore.Version])
	if err != nil {
		w.tb.Fatal(err)
	}
	return versions
}

// adopt makes ids, numbers and times of the script's events those of another twin.
func (w *twin) adopt(of *twin) {
	w.tb.Helper()
	ours, theirs := w.scriptVersions(), of.scriptVersions()
	if len(ours) != len(theirs) {
		w.tb.Fatalf("the script has %d events here and %d there", len(ours), len(theirs))
	}
	ctx := context.Background()
	for i, version := range theirs {
		var id uuid.UUID
		var at time.Time
		var data []byte
		err := of.log.Pool.QueryRow(ctx, "SELECT event_id, recorded_at, data FROM log.events WHERE version = $1", version).Scan(&id, &at, &data)
		if err != nil {
			w.tb.Fatal(err)
		}
		// The contents stay those of this twin: their ids are of no concern here.
		w.log.Exec(`UPDATE log.events SET event_id = $2, recorded_at = $3, data = convert_to((
			convert_from($4, 'UTF8')::jsonb || coalesce(jsonb_build_object('content', convert_from(data, 'UTF8')::jsonb -> 'content')
			- CASE WHEN convert_from(data, 'UTF8')::jsonb ? 'content' THEN '' ELSE 'content' END, '{}'))::text, 'UTF8')
			WHERE version = $1`, ours[i], id, at, data)
	}
	for _, id := range w.ids {
		var number int64
		if err := of.log.Pool.QueryRow(ctx, "SELECT number FROM log.comments WHERE comment_id = $1", uuid.UUID(id)).Scan(&number); err != nil {
			w.tb.Fatal(err)
		}
		w.log.Exec("UPDATE log.comments SET number = $2 WHERE comment_id = $1", uuid.UUID(id), number)
	}
	var number int64
	if err := of.log.Pool.QueryRow(ctx, "SELECT number FROM log.tickets").Scan(&number); err != nil {
		w.tb.Fatal(err)
	}
	w.log.Exec("UPDATE log.tickets SET number = $1", number)
}

// applyScript applies all events up to a share of the script.
func (w *twin) applyScript(share float64) {
	versions := w.scriptVersions()
	if n := int(share * float64(len(versions))); n > 0 {
		w.apply(int(versions[n-1] - w.applied))
	}
	if share == 1 {
		w.apply(10_000)
	}
}

// everything is all that the customer can ask, and how it is answered.
func (w *twin) everything() string {
	w.tb.Helper()
	ctx := context.Background()
	var out strings.Builder
	line := func(c threads.Comment) {
		fmt.Fprintln(&out, c.ID, c.Author, c.Public, c.Number, c.CreatedAt, c.UpdatedAt, unquoted(c.BodyJSON), c.Destroyed)
	}
	yes, no := true, false
	for _, internal := range []*bool{nil, &yes, &no} {
		for author := domain.AuthorType(0); author <= domain.AuthorSystem; author++ {
			for limit := range 4 {
				for _, desc := range []bool{false, true} {
					q := threads.ListQuery{
						Account: 1, Ticket: w.ticket, Viewer: w.customer, Limit: limit, Desc: desc, Internal: internal, Author: author,
					}
					for more := true; more; {
						page, err := w.reader.List(ctx, q)
						if err != nil {
							w.tb.Fatal(err)
						}
						fmt.Fprintln(&out, "page", limit, desc, author, page.Total, page.More, page.ChangeID, page.UpdatedAt)
						for _, c := range page.Comments {
							line(c)
							q.After = c.Position
						}
						more = page.More
					}
				}
			}
		}
	}
	ticket, err := w.reader.Ticket(ctx, 1, w.ticket, w.customer)
	if err != nil {
		w.tb.Fatal(err)
	}
	validator, err := w.reader.Validator(ctx, 1, w.ticket, w.customer)
	fmt.Fprintln(&out, ticket.ChangeID, ticket.UpdatedAt, ticket.Count(0, nil), ticket.Number, ticket.Status, ticket.Requester, ticket.OpenedAt, validator, err)
	for _, id := range append(w.ids, domain.CommentID{}) {
		c, err := w.reader.Get(ctx, 1, w.ticket, id, w.customer)
		fmt.Fprintln(&out, "get", err)
		line(c)
	}
	return out.String()
}
