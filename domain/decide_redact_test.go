package domain_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/commentd/commentd/domain"
)

func TestDecideRemovals(t *testing.T) {
	admin := By{Actor: bob, Admin: true}
	replaced := []Replacement{{Old: first.Content.ID, New: other.Content}}
	contents := []ContentID{first.Content.ID}
	held := openTicket()
	held.LegalHold = true
	deleted, erased := comment(cleo.Own(), true), comment(cleo.Own(), true)
	deleted.Deleted, erased.Content = true, ContentID{}
	redact := func(by By, contents []Replacement) RedactComment {
		return RedactComment{By: by, Audit: 90, Contents: contents}
	}
	redacted := func(a Actor) []Event { return []Event{CommentRedacted{Meta: meta(a), Contents: replaced}} }
	erase := EraseComment{By: admin, Audit: 90, Cause: CauseDeletion, Contents: contents}
	gone := []Event{ContentErased{Meta: meta(bob), Contents: contents, Cause: CauseDeletion}}
	subject := EraseSubject{By: admin, Audit: 90, Cause: CauseErasure, Contents: contents}
	private := MakePrivate{By: by(ana), Audit: 90}

	for _, tt := range []struct {
		name    string
		ticket  Ticket
		comment Comment
		when    Command
		then    []Event
		wantErr error
	}{
		{"redact what another wrote", openTicket(), comment(cleo.Own(), true), redact(by(ana), replaced), redacted(ana), nil},
		{"redact a note", openTicket(), comment(bob.Own(), false), redact(by(ana), replaced), redacted(ana), nil},
		{"redact on a closed ticket", closedTicket(), comment(cleo.Own(), true), redact(by(ana), replaced), redacted(ana), nil},
		{"redact nothing", openTicket(), comment(cleo.Own(), true), redact(by(ana), nil), nil, nil},
		{"redact under legal hold", held, comment(cleo.Own(), true), redact(by(ana), replaced), nil, ErrLegalHold},
		{"redact a deleted comment", openTicket(), deleted, redact(by(ana), replaced), nil, ErrNotFound},
		{"redact no comment", openTicket(), Comment{}, redact(by(ana), replaced), nil, ErrNotFound},
		{"a customer redacts its own", openTicket(), comment(cleo.Own(), true), redact(by(cleo), replaced), nil, ErrForbidden},
		{"a customer redacts a note", openTicket(), comment(bob.Own(), false), redact(by(cleo), replaced), nil, ErrNotFound},
		{"redact what has changed", openTicket(), comment(cleo.Own(), true), RedactComment{By: by(ana), Revision: 3, Contents: replaced}, nil, ErrRevision},

		{"make private", openTicket(), comment(cleo.Own(), true), private, []Event{CommentMadePrivate{Meta: meta(ana)}}, nil},
		{"make private what is", openTicket(), comment(cleo.Own(), false), private, nil, nil},
		{"make private on a closed ticket", closedTicket(), comment(cleo.Own(), true), private, nil, ErrTicketClosed},
		{"a customer makes private", openTicket(), comment(cleo.Own(), true), MakePrivate{By: by(cleo)}, nil, ErrInternalForbidden},
		{"make private what has changed", openTicket(), comment(cleo.Own(), true), MakePrivate{By: by(ana), Revision: 3}, nil, ErrRevision},

		{"erase a deleted comment", openTicket(), deleted, erase, gone, nil},
		{"erase on a closed ticket", closedTicket(), comment(cleo.Own(), true), erase, gone, nil},
		{"erase what is erased", openTicket(), erased, erase, nil, nil},
		{"erase under legal hold", held, deleted, erase, nil, ErrLegalHold},
		{"erase no comment", openTicket(), Comment{}, erase, nil, ErrNotFound},
		{"an agent erases", openTicket(), deleted, EraseComment{By: by(ana), Contents: contents}, nil, ErrForbidden},

		{"erase subjects", openTicket(), Comment{}, subject,
			[]Event{ContentErased{Meta: meta(bob), Subject: true, Contents: contents, Cause: CauseErasure}}, nil},
		{"erase subjects there are none of", openTicket(), Comment{}, EraseSubject{By: admin}, nil, nil},
		{"erase subjects under legal hold", held, Comment{}, subject, nil, ErrLegalHold},

		{"lay a hold on a closed ticket", closedTicket(), Comment{}, PutTicket{By: admin, LegalHold: ptr(true), Numbers: Numbers{Audit: 90}},
			[]Event{TicketChanged{Meta: meta(bob), Status: StatusClosed, Requester: &cleo.ID, DefaultPublic: true, LegalHold: true}}, nil},
		{"lay a hold that lies", held, Comment{}, PutTicket{By: by(ana), LegalHold: ptr(true)}, nil, nil},
		{"an agent lifts a hold", held, Comment{}, PutTicket{By: by(ana), LegalHold: ptr(false)}, nil, ErrHoldForbidden},
		{"an agent solves a ticket under hold", held, Comment{}, PutTicket{By: by(ana), Status: ptr(StatusSolved), Numbers: Numbers{Audit: 90}},
			[]Event{TicketChanged{Meta: meta(ana), Status: StatusSolved, Requester: &cleo.ID, DefaultPublic: true, LegalHold: true}}, nil},

		{"complete an obligation under hold", held, Comment{}, CompleteObligation{By: admin, Audit: 90, Obligation: EventID{1}},
			[]Event{ObligationCompleted{Meta: meta(bob), Obligation: EventID{1}}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decide(tt.ticket, tt.comment, tt.when)
			if !errors.Is(err, tt.wantErr) || !cmp.Equal(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %v", got, err, tt.then, tt.wantErr)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	c1, c2, c3 := ContentRef{ID: ContentID{1}}, ContentRef{ID: ContentID{2}}, ContentRef{ID: ContentID{3}}
	n1, n2 := ContentRef{ID: ContentID{11}, Digest: Digest{1}}, ContentRef{ID: ContentID{12}, Digest: Digest{2}}
	created, edited := CommentCreated{Meta: meta(ana), Content: c1}, CommentEdited{Meta: meta(bob), Content: c2}
	redacted := CommentRedacted{Contents: []Replacement{{c1.ID, n1}, {c2.ID, n2}}}
	for _, tt := range []struct {
		name   string
		events []Event
		want   []Version
	}{
		{"none", nil, nil},
		{"edited", []Event{created, edited, CommentMadePrivate{}}, []Version{{c1, meta(ana)}, {c2, meta(bob)}}},
		{"redacted", []Event{created, edited, redacted}, []Version{{n1, meta(ana)}, {n2, meta(bob)}}},
		{"edited after a redaction", []Event{created, edited, redacted, CommentEdited{Meta: meta(ana), Content: c3}},
			[]Version{{n1, meta(ana)}, {n2, meta(bob)}, {c3, meta(ana)}}},
		{"erased", []Event{created, edited, CommentDeleted{}, ContentErased{Contents: []ContentID{c1.ID, c2.ID}}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Versions(tt.events); !cmp.Equal(got, tt.want) {
				t.Errorf("Versions = %+v; want %+v", got, tt.want)
			}
		})
	}
}
