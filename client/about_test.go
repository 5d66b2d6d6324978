package client

import (
	"testing"

	"github.com/google/uuid"
)

// A chat is no comment, and of what is not known yet the ticket is known.
func TestMessageIsAbout(t *testing.T) {
	ticket, thing := uuid.New(), uuid.New()
	for _, tt := range []struct {
		subject string
		want    Message
		wrong   bool
	}{
		{subject: "tickets/" + ticket.String(), want: Message{TicketID: ticket}},
		{subject: "tickets/" + ticket.String() + "/comments/" + thing.String(), want: Message{TicketID: ticket, CommentID: thing}},
		{subject: "tickets/" + ticket.String() + "/chats/" + thing.String(), want: Message{TicketID: ticket, ChatID: thing}},
		{subject: "tickets/" + ticket.String() + "/calls/17", want: Message{TicketID: ticket}},
		{subject: "", wrong: true},
		{subject: "tickets/", wrong: true},
		{subject: "users/" + ticket.String(), wrong: true},
		{subject: "tickets/" + ticket.String() + "/comments/x", wrong: true},
	} {
		var got Message
		if err := got.about(tt.subject); (err != nil) != tt.wrong {
			t.Errorf("about(%q) = %v", tt.subject, err)
		}
		if !tt.wrong && (got.TicketID != tt.want.TicketID || got.CommentID != tt.want.CommentID || got.ChatID != tt.want.ChatID) {
			t.Errorf("about(%q) = %+v", tt.subject, got)
		}
	}
}
