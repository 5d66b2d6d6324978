package domain_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/commentd/commentd/domain"
)

func TestDecideWriteTicket(t *testing.T) {
	solved, closed := StatusSolved, StatusClosed
	write := func(who By, change ...func(*WriteTicket)) WriteTicket {
		cmd := WriteTicket{By: who, Numbers: Numbers{Audit: 90, Subject: 91}}
		for _, c := range change {
			c(&cmd)
		}
		return cmd
	}
	opens := func(cmd *WriteTicket) { cmd.Opens = 7 }
	status := func(s Status) func(*WriteTicket) { return func(cmd *WriteTicket) { cmd.Status = &s } }
	requester := func(u *UserID) func(*WriteTicket) { return func(cmd *WriteTicket) { cmd.Requester = &u } }
	subject := func(text *Text) func(*WriteTicket) { return func(cmd *WriteTicket) { cmd.Subject = &text } }
	says := func(author Author, public *bool) func(*WriteTicket) {
		return func(cmd *WriteTicket) {
			cmd.Comment, cmd.Say = id[CommentID](1), &NewComment{Author: author, Public: public, Text: first, Channel: ChannelWeb, Flags: 1 << 4}
		}
	}
	said := func(who Actor, author Author, public bool, flags ...int) Event {
		f, _ := FlagsOf(append(flags, 4)...)
		return CommentCreated{Meta: meta(who), Number: 91, Author: author, Public: public, Content: first.Content, Channel: ChannelWeb, Flags: f}
	}
	opened := func(who Actor, requester *UserID, subject *ContentRef, public bool) Event {
		return TicketOpened{Meta: meta(who), Number: 7, Status: StatusOpen, Requester: requester, Subject: subject, DefaultPublic: public}
	}
	changed := func(who Actor, s Status, requester *UserID) Event {
		return TicketChanged{Meta: meta(who), Status: s, Requester: requester, DefaultPublic: true}
	}
	private, full, reopened := openTicket(), openTicket(), closedTicket()
	private.DefaultPublic, full.Comments, reopened.Comments = false, MaxComments, 1
	titled := openTicket()
	titled.Subject, titled.SubjectText = &ContentRef{ID: id[ContentID](9)}, other.Body

	for _, tt := range []struct {
		name    string
		given   Ticket
		when    WriteTicket
		then    []Event
		wantErr error
	}{
		{"a ticket with a comment", Ticket{}, write(by(ana), opens, requester(&cleo.ID), subject(other), says(ana.Own(), nil)),
			[]Event{opened(ana, &cleo.ID, &other.Content, true), said(ana, ana.Own(), true)}, nil},
		{"in private: so are later comments", Ticket{}, write(by(ana), opens, says(ana.Own(), ptr(false))),
			[]Event{opened(ana, nil, nil, false), said(ana, ana.Own(), false)}, nil},
		{"a ticket alone", Ticket{}, write(by(ana), opens), []Event{opened(ana, nil, nil, true)}, nil},
		{"there is one", openTicket(), write(by(ana), opens, says(ana.Own(), nil)), nil, ErrTicketExists},
		{"there is none", Ticket{}, write(by(ana), says(ana.Own(), nil)), nil, ErrTicketNotFound},

		{"a comment", openTicket(), write(by(ana), says(ana.Own(), nil)), []Event{said(ana, ana.Own(), true)}, nil},
		{"by default private", private, write(by(ana), says(ana.Own(), nil)), []Event{said(ana, ana.Own(), false)}, nil},
		{"explicitly public, and nothing else is", private, write(by(ana), says(ana.Own(), ptr(true))), []Event{said(ana, ana.Own(), true)}, nil},
		{"explicitly private", openTicket(), write(by(ana), says(ana.Own(), ptr(false))), []Event{said(ana, ana.Own(), false)}, nil},
		{"a field and a comment", openTicket(), write(by(ana), status(solved), says(ana.Own(), nil)),
			[]Event{changed(ana, solved, &cleo.ID), said(ana, ana.Own(), true)}, nil},
		{"closing words", openTicket(), write(by(ana), status(closed), says(ana.Own(), nil)),
			[]Event{changed(ana, closed, &cleo.ID), said(ana, ana.Own(), true)}, nil},
		{"nothing new", titled, write(by(ana), status(StatusOpen), requester(&cleo.ID), subject(other)), nil, nil},
		{"nothing at all", openTicket(), write(by(ana)), nil, nil},

		{"on behalf of the requester", openTicket(), write(by(ana), says(cleo.Own(), nil)), []Event{said(ana, cleo.Own(), true, FlagOnBehalf)}, nil},
		{"on behalf of a stranger", openTicket(), write(by(ana), says(dan.Own(), nil)), []Event{said(ana, dan.Own(), true, FlagOnBehalf, FlagNotParticipant)}, nil},
		{"on behalf of who is the requester from here on", openTicket(), write(by(ana), requester(&dan.ID), says(dan.Own(), nil)),
			[]Event{changed(ana, StatusOpen, &dan.ID), said(ana, dan.Own(), true, FlagOnBehalf)}, nil},
		{"a note on behalf of the requester", openTicket(), write(by(ana), says(cleo.Own(), ptr(false))),
			[]Event{said(ana, cleo.Own(), false, FlagOnBehalf, FlagPrivateByEndUser)}, nil},
		{"on behalf of another agent", openTicket(), write(by(ana), says(bob.Own(), nil)), []Event{said(ana, bob.Own(), true, FlagOnBehalf)}, nil},

		{"closed: a comment", reopened, write(by(ana), says(ana.Own(), nil)), nil, ErrTicketClosed},
		{"closed: a field", reopened, write(by(ana), status(StatusOpen)), nil, ErrTicketClosed},
		{"closed: nothing new", reopened, write(by(ana), status(closed)), nil, nil},
		{"full: a comment", full, write(by(ana), status(solved), says(ana.Own(), nil)), nil, ErrTicketFull},
		{"full: a field", full, write(by(ana), status(solved)), []Event{changed(ana, solved, &cleo.ID)}, nil},

		{"a customer says something", openTicket(), write(by(cleo), says(cleo.Own(), nil)), []Event{said(cleo, cleo.Own(), true)}, nil},
		{"in public even if the ticket is private", private, write(by(cleo), says(cleo.Own(), nil)), []Event{said(cleo, cleo.Own(), true)}, nil},
		{"a customer's note", openTicket(), write(by(cleo), says(cleo.Own(), ptr(false))), nil, ErrInternalForbidden},
		{"a customer is content", openTicket(), write(by(cleo), status(solved), says(cleo.Own(), nil)),
			[]Event{changed(cleo, solved, &cleo.ID), said(cleo, cleo.Own(), true)}, nil},
		{"a customer asks for help", Ticket{}, write(by(cleo), opens, requester(&cleo.ID), subject(other), says(cleo.Own(), nil)),
			[]Event{opened(cleo, &cleo.ID, &other.Content, true), said(cleo, cleo.Own(), true)}, nil},
		{"without saying who", Ticket{}, write(by(cleo), opens, says(cleo.Own(), nil)), []Event{opened(cleo, &cleo.ID, nil, true), said(cleo, cleo.Own(), true)}, nil},
		{"for another", Ticket{}, write(by(cleo), opens, requester(&dan.ID), says(cleo.Own(), nil)), nil, ErrForbidden},
		{"with a status", Ticket{}, write(by(cleo), opens, status(solved), says(cleo.Own(), nil)), nil, ErrForbidden},
		{"a customer on behalf of an agent", openTicket(), write(by(cleo), says(ana.Own(), nil)), nil, ErrForbidden},
		{"a customer closes", openTicket(), write(by(cleo), status(closed)), nil, ErrForbidden},
		{"a customer changes the subject", openTicket(), write(by(cleo), subject(other)), nil, ErrForbidden},
		{"a customer hands it over", openTicket(), write(by(cleo), requester(&dan.ID)), nil, ErrForbidden},
		{"another customer", openTicket(), write(by(dan), says(dan.Own(), nil)), nil, ErrTicketNotFound},
		{"nobody", Ticket{}, write(by(nobody), opens, says(nobody.Own(), nil)), nil, ErrForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decide(tt.given, Comment{}, tt.when)
			if diff := cmp.Diff(tt.then, got); !errors.Is(err, tt.wantErr) || diff != "" {
				t.Errorf("Decide = %v, want %v (-want +got):\n%s", err, tt.wantErr, diff)
			}
		})
	}
}

// What may be redacted on a closed ticket is for the caller to say (contract §7.3).
func TestRedactOnlyOpen(t *testing.T) {
	cmd := RedactComment{By: by(ana), Contents: []Replacement{{}}}
	c := comment(ana.Own(), true)
	if events, err := Decide(closedTicket(), c, cmd); err != nil || len(events) != 1 {
		t.Errorf("Decide = %v, %v; want a redaction", events, err)
	}
	cmd.OnlyOpen = true
	if events, err := Decide(closedTicket(), c, cmd); !errors.Is(err, ErrTicketClosed) {
		t.Errorf("Decide = %v, %v; want %v", events, err, ErrTicketClosed)
	}
	if events, err := Decide(openTicket(), c, cmd); err != nil || len(events) != 1 {
		t.Errorf("Decide = %v, %v; want a redaction", events, err)
	}
}
