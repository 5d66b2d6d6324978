package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	. "github.com/commentd/commentd/domain"
)

func id[T ~[16]byte](n byte) T { return T(uuid.UUID{15: n}) }

var (
	ana    = Actor{Kind: ActorAgent, ID: id[UserID](1)}
	bob    = Actor{Kind: ActorAgent, ID: id[UserID](2)}
	cleo   = Actor{Kind: ActorCustomer, ID: id[UserID](3)}
	dan    = Actor{Kind: ActorCustomer, ID: id[UserID](4)}
	robot  = Actor{Kind: ActorSystem, ID: id[UserID](5)}
	relay  = Actor{Kind: ActorIntegration, ID: id[UserID](6)}
	nobody = Actor{ID: id[UserID](7)}

	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	first = &Text{Content: ContentRef{ID: id[ContentID](1), Digest: Digest{1}}, Body: "one"}
	other = &Text{Content: ContentRef{ID: id[ContentID](2), Digest: Digest{2}}, Body: "two"}
)

func by(a Actor) By { return By{Actor: a} }

func meta(a Actor) Meta { return Meta{Actor: a, Audit: 90} }

// flagged is a comment's creation with flags.
func flagged(e Event, flags ...int) Event {
	c := e.(CommentCreated)
	c.Flags, _ = FlagsOf(flags...)
	return c
}

func ptr[T any](v T) *T { return &v }

// openTicket was requested by cleo.
func openTicket() Ticket {
	return Ticket{Exists: true, Number: 7, Status: StatusOpen, Requester: &cleo.ID, DefaultPublic: true}
}

func closedTicket() Ticket {
	t := openTicket()
	t.Status = StatusClosed
	return t
}

func comment(author Author, public bool) Comment {
	return Comment{Exists: true, Author: author, Public: public, Content: first.Content.ID, Revision: 4, Body: "one"}
}

func create(by By, author Author, public bool, opens int64) CreateComment {
	return CreateComment{By: by, Author: author, Public: public, Text: first,
		Numbers: Numbers{Audit: 90, Subject: 91}, OpensTicket: opens}
}

func created(a Actor, author Author, public bool) Event {
	return CommentCreated{Meta: meta(a), Number: 91, Author: author, Public: public, Content: first.Content}
}

func TestDecide(t *testing.T) {
	admin := By{Actor: bob, Admin: true}
	actAs := By{Actor: relay, ActAs: true}
	edited := func(a Actor) Event { return CommentEdited{Meta: meta(a), Content: other.Content} }
	private := func(a Actor) Event { return CommentMadePrivate{Meta: meta(a)} }
	public := func(a Actor) Event { return CommentMadePublic{Meta: meta(a)} }
	update := func(by By, text *Text, public *bool) UpdateComment {
		return UpdateComment{By: by, Text: text, Public: public, Audit: 90}
	}
	remove := func(by By, revision int) DeleteComment { return DeleteComment{By: by, Audit: 90, Revision: revision} }
	gone := comment(ana.Own(), true)
	gone.Deleted = true

	for _, tt := range []struct {
		name    string
		ticket  Ticket
		comment Comment
		when    Command
		then    []Event
		wantErr error
	}{
		{"agent comments", openTicket(), Comment{}, create(by(ana), ana.Own(), true, 0), []Event{created(ana, ana.Own(), true)}, nil},
		{"agent writes a note", openTicket(), Comment{}, create(by(ana), ana.Own(), false, 0), []Event{created(ana, ana.Own(), false)}, nil},
		{"requester comments", openTicket(), Comment{}, create(by(cleo), cleo.Own(), true, 0), []Event{created(cleo, cleo.Own(), true)}, nil},
		{"requester writes a note", openTicket(), Comment{}, create(by(cleo), cleo.Own(), false, 0), nil, ErrInternalForbidden},
		{"stranger comments", openTicket(), Comment{}, create(by(dan), dan.Own(), true, 0), nil, ErrTicketNotFound},
		{"no kind comments", openTicket(), Comment{}, create(by(nobody), ana.Own(), true, 0), nil, ErrTicketNotFound},
		{"comment on a closed ticket", closedTicket(), Comment{}, create(by(ana), ana.Own(), true, 0), nil, ErrTicketClosed},
		{"stranger comments on a closed ticket", closedTicket(), Comment{}, create(by(dan), dan.Own(), true, 0), nil, ErrTicketNotFound},
		{"comment on an unknown ticket", Ticket{}, Comment{}, create(by(ana), ana.Own(), true, 0), nil, ErrTicketNotFound},
		{"comment opens a ticket", Ticket{}, Comment{}, create(by(ana), ana.Own(), true, 7), []Event{
			TicketOpened{Meta: meta(ana), Number: 7, Status: StatusOpen, DefaultPublic: true}, created(ana, ana.Own(), true)}, nil},
		{"relayed comment opens a ticket of the customer", Ticket{}, Comment{}, create(actAs, dan.Own(), true, 7), []Event{
			TicketOpened{Meta: meta(relay), Number: 7, Status: StatusOpen, Requester: &dan.ID, DefaultPublic: true}, flagged(created(relay, dan.Own(), true), FlagOnBehalf)}, nil},
		{"customer cannot open a ticket", Ticket{}, Comment{}, create(by(cleo), cleo.Own(), true, 7), nil, ErrTicketNotFound},
		{"integration relays a customer", openTicket(), Comment{}, create(actAs, dan.Own(), true, 0), []Event{flagged(created(relay, dan.Own(), true), FlagNotParticipant, FlagOnBehalf)}, nil},
		{"integration relays the requester", openTicket(), Comment{}, create(actAs, cleo.Own(), true, 0), []Event{flagged(created(relay, cleo.Own(), true), FlagOnBehalf)}, nil},
		{"integration relays an agent", openTicket(), Comment{}, create(actAs, ana.Own(), false, 0), []Event{flagged(created(relay, ana.Own(), false), FlagOnBehalf)}, nil},
		{"note of a customer", openTicket(), Comment{}, create(actAs, cleo.Own(), false, 0), []Event{flagged(created(relay, cleo.Own(), false), FlagOnBehalf, FlagPrivateByEndUser)}, nil},

		{"author edits", openTicket(), comment(ana.Own(), true), update(by(ana), other, nil), []Event{edited(ana)}, nil},
		{"same text", openTicket(), comment(ana.Own(), true), update(by(ana), first, ptr(true)), nil, nil},
		{"empty update", openTicket(), comment(ana.Own(), true), update(by(ana), nil, nil), nil, nil},
		{"hide and edit: hidden first", openTicket(), comment(ana.Own(), true), update(by(ana), other, ptr(false)), []Event{private(ana), edited(ana)}, nil},
		{"edit and publish: published last", openTicket(), comment(ana.Own(), false), update(by(ana), other, ptr(true)), []Event{edited(ana), public(ana)}, nil},
		{"another agent edits", openTicket(), comment(ana.Own(), true), update(by(bob), other, nil), nil, ErrForbidden},
		{"administrator edits", openTicket(), comment(ana.Own(), true), update(admin, other, nil), []Event{edited(bob)}, nil},
		{"whoever may act as the author edits", openTicket(), comment(cleo.Own(), true), update(actAs, other, nil), []Event{edited(relay)}, nil},
		{"system's words, by the system", openTicket(), comment(robot.Own(), true), update(by(robot), other, nil), nil, ErrForbidden},
		{"system's words, by an administrator", openTicket(), comment(robot.Own(), true), update(admin, other, nil), []Event{edited(bob)}, nil},
		{"customer edits own", openTicket(), comment(cleo.Own(), true), update(by(cleo), other, nil), []Event{edited(cleo)}, nil},
		{"customer hides own", openTicket(), comment(cleo.Own(), true), update(by(cleo), nil, ptr(false)), nil, ErrInternalForbidden},
		{"customer edits an agent's", openTicket(), comment(ana.Own(), true), update(by(cleo), other, nil), nil, ErrForbidden},
		{"customer edits a note", openTicket(), comment(ana.Own(), false), update(by(cleo), other, nil), nil, ErrNotFound},
		{"customer edits own comment that became a note", openTicket(), comment(cleo.Own(), false), update(by(cleo), other, nil), nil, ErrNotFound},
		{"edit of a deleted comment", openTicket(), gone, update(by(ana), other, nil), nil, ErrNotFound},
		{"edit on a closed ticket", closedTicket(), comment(ana.Own(), true), update(by(ana), other, nil), nil, ErrTicketClosed},
		{"edit of what changed meanwhile", openTicket(), comment(ana.Own(), true),
			UpdateComment{By: by(ana), Text: other, Revision: 3}, nil, ErrRevision},

		{"author deletes", openTicket(), comment(ana.Own(), true), remove(by(ana), 4), []Event{CommentDeleted{Meta: meta(ana)}}, nil},
		{"delete of what changed meanwhile", openTicket(), comment(ana.Own(), true), remove(by(ana), 3), nil, ErrRevision},
		{"second delete", openTicket(), gone, remove(by(ana), 0), nil, ErrNotFound},
		{"delete on a closed ticket", closedTicket(), comment(ana.Own(), true), remove(by(ana), 0), nil, ErrTicketClosed},
		{"stranger deletes", openTicket(), comment(ana.Own(), true), remove(by(dan), 0), nil, ErrTicketNotFound},

		{"ticket opens", Ticket{}, Comment{}, PutTicket{By: by(ana), Requester: ptr(&cleo.ID), Subject: ptr(first), Numbers: Numbers{90, 7}},
			[]Event{TicketOpened{Meta: meta(ana), Number: 7, Status: StatusOpen, Requester: &cleo.ID, Subject: &first.Content, DefaultPublic: true}}, nil},
		{"ticket unchanged", openTicket(), Comment{}, PutTicket{By: by(ana), Status: ptr(StatusOpen), Requester: ptr(&cleo.ID)}, nil, nil},
		{"ticket closes", openTicket(), Comment{}, PutTicket{By: by(ana), Status: ptr(StatusClosed), Numbers: Numbers{Audit: 90}},
			[]Event{TicketChanged{Meta: meta(ana), Status: StatusClosed, Requester: &cleo.ID, DefaultPublic: true}}, nil},
		{"requester goes", openTicket(), Comment{}, PutTicket{By: by(ana), Requester: ptr((*UserID)(nil)), Numbers: Numbers{Audit: 90}},
			[]Event{TicketChanged{Meta: meta(ana), Status: StatusOpen, DefaultPublic: true}}, nil},
		{"closed ticket reopens", closedTicket(), Comment{}, PutTicket{By: by(ana), Status: ptr(StatusOpen)}, nil, ErrTicketClosed},
		{"closed ticket closes again", closedTicket(), Comment{}, PutTicket{By: by(ana), Status: ptr(StatusClosed)}, nil, nil},
		{"customer changes a ticket", openTicket(), Comment{}, PutTicket{By: by(cleo), Status: ptr(StatusClosed)}, nil, ErrForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decide(tt.ticket, tt.comment, tt.when)
			if !errors.Is(err, tt.wantErr) || (err != nil) != (tt.wantErr != nil) {
				t.Fatalf("Decide = error %v; want %v", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.then, got); diff != "" {
				t.Errorf("Decide: events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpdatedAtRisesInWholeSeconds(t *testing.T) {
	at := func(d time.Duration) Meta { return Meta{Actor: ana, At: noon.Add(d)} }
	c := Comment{}
	var last time.Time
	for i, e := range []Event{
		CommentCreated{Meta: at(0), Public: true},
		CommentEdited{Meta: at(time.Millisecond)},
		CommentMadePrivate{Meta: at(2 * time.Millisecond)},
		CommentEdited{Meta: at(time.Minute)},
		CommentMadePublic{Meta: at(time.Minute)},
	} {
		c = c.Evolve(e)
		if got := c.UpdatedAt.Truncate(time.Second); !got.After(last) {
			t.Errorf("after event %d, %T: updated at %v; want a later second than %v", i, e, got, last)
		} else {
			last = got
		}
	}
	if !c.CreatedAt.Equal(noon) {
		t.Errorf("created at %v; want %v", c.CreatedAt, noon)
	}
}
