package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/commentd/commentd/domain"
)

// What happened elsewhere is taken over as it was there, whoever did it; only the limits
// hold.
func TestDecideWriteOfElsewhere(t *testing.T) {
	there := time.Date(2014, 2, 3, 4, 5, 6, 7008, time.FixedZone("", 3600))
	origin := &Origin{Audit: 360001234567, At: there}
	noted := &Origin{Audit: 360001234567, At: time.Date(2014, 2, 3, 3, 5, 6, 7000, time.UTC)} // as the log tells times
	metaOf := func(who Actor) Meta { return Meta{Actor: who, Audit: 90, Origin: noted} }
	write := func(who Actor, change func(*WriteTicket)) WriteTicket {
		cmd := WriteTicket{By: by(who), Numbers: Numbers{Audit: 90, Subject: 91}, Origin: origin}
		change(&cmd)
		return cmd
	}
	says := func(cmd *WriteTicket, author Author, public bool, flags Flags) {
		cmd.Comment, cmd.Say = id[CommentID](1), &NewComment{Author: author, Public: &public, Text: first, Channel: ChannelWeb, Flags: flags}
	}
	said := func(who Actor, author Author, public bool, flags Flags) Event {
		return CommentCreated{Meta: metaOf(who), Number: 91, Author: author, Public: public, Content: first.Content, Channel: ChannelWeb, Flags: flags}
	}
	full := openTicket()
	full.Comments = MaxComments
	nobodys := (*UserID)(nil)
	crowded := *first
	crowded.Attachments = make([]Attachment, MaxAttachments+1)

	for _, tt := range []struct {
		name    string
		given   Ticket
		when    WriteTicket
		then    []Event
		wantErr error
	}{
		{"opened solved, by a customer for another", Ticket{}, write(cleo, func(c *WriteTicket) {
			c.Opens, c.Status, c.Requester, c.Subject = 35436, ptr(StatusSolved), ptr(&dan.ID), ptr(other)
			says(c, cleo.Own(), true, 0)
		}), []Event{
			TicketOpened{Meta: metaOf(cleo), Number: 35436, Status: StatusSolved, Requester: &dan.ID, Subject: &other.Content, DefaultPublic: true},
			said(cleo, cleo.Own(), true, 0),
		}, nil},
		{"without a requester", Ticket{}, write(cleo, func(c *WriteTicket) { c.Opens, c.Requester = 35436, &nobodys }),
			[]Event{TicketOpened{Meta: metaOf(cleo), Number: 35436, Status: StatusOpen, DefaultPublic: true}}, nil},
		{"a stranger's note", openTicket(), write(dan, func(c *WriteTicket) { says(c, dan.Own(), false, 0) }),
			[]Event{said(dan, dan.Own(), false, 0)}, nil},
		{"flags are those of there", openTicket(), write(ana, func(c *WriteTicket) { says(c, cleo.Own(), true, 1<<4) }),
			[]Event{said(ana, cleo.Own(), true, 1<<4)}, nil},
		{"on a closed ticket", closedTicket(), write(ana, func(c *WriteTicket) { says(c, ana.Own(), true, 0) }),
			[]Event{said(ana, ana.Own(), true, 0)}, nil},
		{"a closed ticket changes", closedTicket(), write(cleo, func(c *WriteTicket) { c.Requester = ptr(&dan.ID) }),
			[]Event{TicketChanged{Meta: metaOf(cleo), Status: StatusClosed, Requester: &dan.ID, DefaultPublic: true}}, nil},
		{"nothing new", closedTicket(), write(dan, func(c *WriteTicket) { c.Status = ptr(StatusClosed) }), nil, nil},

		{"there is one", openTicket(), write(ana, func(c *WriteTicket) { c.Opens = 35436 }), nil, ErrTicketExists},
		{"there is none", Ticket{}, write(ana, func(c *WriteTicket) { says(c, ana.Own(), true, 0) }), nil, ErrTicketNotFound},
		{"full", full, write(ana, func(c *WriteTicket) { says(c, ana.Own(), true, 0) }), nil, ErrTicketFull},
		{"too many files", openTicket(), write(ana, func(c *WriteTicket) {
			says(c, ana.Own(), true, 0)
			c.Say.Text = &crowded
		}), nil, ErrTooManyAttachments},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decide(tt.given, Comment{}, tt.when)
			if diff := cmp.Diff(tt.then, got); !errors.Is(err, tt.wantErr) || diff != "" {
				t.Errorf("Decide = %v, want %v (-want +got):\n%s", err, tt.wantErr, diff)
			}
		})
	}
	if !origin.At.Equal(there) || origin.At.Location() == time.UTC {
		t.Error("the command was changed")
	}
}
