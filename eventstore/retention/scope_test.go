package retention

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// library is two accounts in which the same people write.
type library struct {
	*world
	tickets  []domain.TicketID // of ours: ana's, ben's, nobody's
	ana, ben []Target          // comments of ours; the last is a chat
	other    []Target          // comments of the other account
}

func newLibrary(t *testing.T) *library {
	l := &library{world: newWorld(t)}
	nobody := domain.UserID{0xc}
	l.tickets = []domain.TicketID{l.ticket(ours, ana, "of ana"), l.ticket(ours, ben, "of ben"), l.ticket(ours, nobody, "")}
	for i, ticket := range l.tickets {
		l.ana = append(l.ana, l.comment(ours, ticket, ana, "ana"))
		l.ben = append(l.ben, l.comment(ours, ticket, ben, "ben"))
		if i == 0 {
			l.edit(l.ana[0], "ana, changed")
			l.edit(l.ana[0], "ana, changed again")
		}
	}
	l.delete(l.ana[2])
	l.ana, l.ben = append(l.ana, l.chat(ours, l.tickets[0], ana)), append(l.ben, l.chat(ours, l.tickets[0], ben))
	theirs := l.ticket(2, ana, "elsewhere")
	l.other = []Target{l.comment(2, theirs, ana, "ana"), l.comment(2, theirs, ben, "ben")}
	return l
}

func (l *library) survey(s Scope) Survey {
	l.t.Helper()
	n, err := l.eraser.Survey(l.t.Context(), s)
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

// TestEraseScope: what a survey has found is erased, no more and no less, and a second
// time there is nothing to do.
func TestEraseScope(t *testing.T) {
	for name, tt := range map[string]struct {
		scope  func(l *library) Scope
		want   Survey // Steps is not looked at
		erased func(l *library) (gone, kept []Target)
	}{
		"person": {
			scope: func(*library) Scope { return Scope{Account: ours, Person: ana} },
			want:  Survey{Tickets: 3, Comments: 3, Chats: 1, Texts: 8, Subjects: 1},
			erased: func(l *library) (gone, kept []Target) {
				return l.ana, slices.Concat(l.ben, l.other)
			},
		},
		"ticket": {
			scope: func(l *library) Scope { return Scope{Account: ours, Ticket: l.tickets[0]} },
			want:  Survey{Tickets: 1, Comments: 2, Chats: 2, Texts: 9, Subjects: 1},
			erased: func(l *library) (gone, kept []Target) {
				return []Target{l.ana[0], l.ben[0], l.ana[3], l.ben[3]}, slices.Concat(l.ana[1:3], l.ben[1:3], l.other)
			},
		},
		"account": {
			scope: func(*library) Scope { return Scope{Account: ours} },
			want:  Survey{Tickets: 3, Comments: 6, Chats: 2, Texts: 14, Subjects: 2},
			erased: func(l *library) (gone, kept []Target) {
				return slices.Concat(l.ana, l.ben), l.other
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			scope := tt.scope(l)
			survey, before := l.survey(scope), l.contents()
			survey.Steps = 0
			if survey.Held != nil || survey.Tickets != tt.want.Tickets || survey.Comments != tt.want.Comments || survey.Chats != tt.want.Chats ||
				survey.Texts != tt.want.Texts || survey.Subjects != tt.want.Subjects || survey.Erased != 0 {
				t.Errorf("Survey = %+v; want %+v", survey, tt.want)
			}
			l.wantContents(before)
			head, err := l.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tally, err := l.eraser.EraseScope(t.Context(), scope, nil)
			if err != nil || tally.Comments != survey.Comments || tally.Chats != survey.Chats || tally.Texts != survey.Texts || tally.Subjects != survey.Subjects || tally.Tickets() != survey.Tickets ||
				tally.First != head.Position+1 || int(tally.Last-head.Position) != tally.Erased() || tally.Held != nil {
				t.Errorf("EraseScope = %+v, %v; want what was found", tally, err)
			}
			gone, kept := tt.erased(l)
			l.wantErased(gone, kept...)
			l.wantContents(before - survey.Texts)
			if n, err := l.eraser.Obligations(t.Context(), ours, tally.Last); err != nil || n != tally.Erased() {
				t.Errorf("Obligations = %d, %v; want one for each of %d events", n, err, tally.Erased())
			}
			if n, err := l.eraser.Obligations(t.Context(), 2, tally.Last); err != nil || n != 0 {
				t.Errorf("Obligations of the other account = %d, %v; want none", n, err)
			}
			again, err := l.eraser.EraseScope(t.Context(), scope, nil)
			if err != nil || again.Erased() != 0 || again.First != 0 {
				t.Errorf("EraseScope again = %+v, %v; want nothing", again, err)
			}
			if left := l.survey(scope); left.Comments != 0 || left.Chats != 0 || left.Texts != 0 || left.Tickets != 0 || left.Erased != survey.Comments+survey.Chats {
				t.Errorf("Survey afterwards = %+v; want nothing to erase", left)
			}
		})
	}
}

// TestFormerSubjects: a subject that a ticket no longer has is erased with the ticket.
func TestFormerSubjects(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket(ours, ana, "first")
	w.put(Target{Account: ours, Ticket: ticket}, func(put *domain.PutTicket) { put.Subject = new(*domain.Text) })
	w.wantContents(1)
	if tally, err := w.eraser.EraseScope(t.Context(), Scope{Account: ours, Ticket: ticket}, nil); err != nil || tally.Subjects != 1 || tally.Texts != 1 {
		t.Errorf("EraseScope = %+v, %v; want one subject", tally, err)
	}
	w.wantContents(0)
}

// TestHeldScope: what is in held tickets is left and named.
func TestHeldScope(t *testing.T) {
	l := newLibrary(t)
	l.hold(l.ana[1], true)
	l.hold(l.other[0], true)
	scope := Scope{Account: ours, Person: ana}
	survey := l.survey(scope)
	if !slices.Equal(survey.Held, l.tickets[1:2]) || survey.Comments != 2 || survey.Chats != 1 || survey.Texts != 7 {
		t.Errorf("Survey = %+v; want the held ticket named, and two comments and a chat elsewhere", survey)
	}
	tally, err := l.eraser.EraseScope(t.Context(), scope, nil)
	if err != nil || !slices.Equal(tally.Held, l.ana[1:2]) || tally.Comments != 2 || tally.Chats != 1 {
		t.Errorf("EraseScope = %+v, %v; want the same", tally, err)
	}
	l.wantErased([]Target{l.ana[0], l.ana[2]}, l.ana[1])
	if _, err := l.eraser.EraseScope(t.Context(), Scope{Account: ours, Ticket: domain.TicketID(uuid.New())}, nil); !errors.Is(err, domain.ErrTicketNotFound) {
		t.Errorf("EraseScope of no ticket = %v; want ErrTicketNotFound", err)
	}
	if _, err := l.eraser.Survey(t.Context(), Scope{Account: 2, Ticket: l.tickets[0]}); !errors.Is(err, domain.ErrTicketNotFound) {
		t.Errorf("Survey of another account's ticket = %v; want ErrTicketNotFound", err)
	}
}

// TestStoppedErasure: an erasure that is stopped anywhere leaves whole comments, erased
// or not, and is finished by the next one.
func TestStoppedErasure(t *testing.T) {
	l := newLibrary(t)
	for range 150 {
		c := l.comment(ours, l.tickets[0], ana, "text")
		l.ana = append(l.ana, c)
	}
	scope := Scope{Account: ours, Person: ana}
	ctx, stop := context.WithCancel(t.Context())
	var done atomic.Int32
	tally, err := l.eraser.EraseScope(ctx, scope, func() {
		if done.Add(1) == 40 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || tally.Comments >= len(l.ana) || tally.Comments < 30 {
		t.Errorf("EraseScope = %d comments, %v; want it to have been stopped", tally.Comments, err)
	}
	if _, err := l.eraser.EraseScope(t.Context(), scope, nil); err != nil {
		t.Fatal(err)
	}
	l.wantErased(l.ana, l.ben...)
	if n := l.count("SELECT count(*) FROM log.events WHERE type = 'content.erased'"); n != len(l.ana)+1 {
		t.Errorf("%d erasures in the log; want one for each of %d comments and the subject", n, len(l.ana))
	}
}

// TestErasureRaces: whatever two processes do while a third one erases, in the end
// nothing is left, and no text is without its event. While they go on writing, an erasure
// may give up; when they have ended it does not.
func TestErasureRaces(t *testing.T) {
	l := newLibrary(t)
	scope := Scope{Account: ours, Ticket: l.tickets[0]}
	for range 20 {
		l.ana = append(l.ana, l.comment(ours, l.tickets[0], ana, "text"))
	}
	comments := append(l.ana[3:], l.ana[0])
	eraser := l.another().eraser
	var others sync.WaitGroup
	for _, w := range []*world{l.world, l.another()} {
		others.Go(func() {
			for round := range 3 {
				for _, c := range comments {
					_, err := w.Execute(t.Context(), domain.UpdateComment{
						Account: ours, Ticket: c.Ticket, Comment: c.Comment, By: admin, Text: text("edited"), Audit: 1,
					}, nil)
					if err != nil && !errors.Is(err, domain.ErrRevision) && !errors.Is(err, domain.ErrNotFound) {
						t.Errorf("edit = %v", err)
					}
					_, err = w.Execute(t.Context(), domain.RedactComment{
						Account: ours, Ticket: c.Ticket, Comment: c.Comment, By: admin, Audit: 1, Hide: domain.Redaction{Text: "edit"},
					}, nil)
					if err != nil && !errors.Is(err, domain.ErrTextNotFound) && !errors.Is(err, domain.ErrNotFound) {
						t.Errorf("redact = %v", err)
					}
					if round == 2 {
						_, err = w.Execute(t.Context(), domain.DeleteComment{Account: ours, Ticket: c.Ticket, Comment: c.Comment, By: admin, Audit: 1}, nil)
						if err != nil && !errors.Is(err, domain.ErrNotFound) {
							t.Errorf("delete = %v", err)
						}
					}
				}
			}
		})
		others.Go(func() {
			if _, err := eraser.EraseScope(t.Context(), scope, nil); err != nil && !errors.Is(err, eventstore.ErrBusy) {
				t.Errorf("EraseScope = %v", err)
			}
		})
	}
	others.Wait()
	if _, err := eraser.EraseScope(t.Context(), scope, nil); err != nil {
		t.Fatal(err)
	}
	l.wantErased(append(comments, l.ben[0]), l.ben[1], l.ben[2])
	// Of this ticket nothing is left; of the others, what the library has there.
	l.wantContents(1 + 2 + 2 + 3)
}

// TestHoldRaces: of a hold and an erasure one is first, and what the hold has found is
// there for as long as it lasts.
func TestHoldRaces(t *testing.T) {
	w := newWorld(t)
	other := w.another()
	for range 20 {
		c := w.comment(ours, w.ticket(ours, ana, "subject"), ana, "text")
		var erasing sync.WaitGroup
		erasing.Go(func() {
			if _, err := other.eraser.EraseScope(t.Context(), Scope{Account: ours, Ticket: c.Ticket}, nil); err != nil {
				t.Errorf("EraseScope = %v", err)
			}
		})
		w.hold(c, true)
		at := w.erased(c)
		erasing.Wait()
		if w.erased(c) != at {
			t.Fatal("a held comment was erased")
		}
		held := w.count("SELECT max(version) FROM log.events WHERE ticket_id = $1 AND type = 'ticket.changed'", uuid.UUID(c.Ticket))
		if last := w.count("SELECT max(version) FROM log.events WHERE ticket_id = $1", uuid.UUID(c.Ticket)); last != held {
			t.Errorf("version %d of the stream follows the hold at %d", last, held)
		}
	}
}
