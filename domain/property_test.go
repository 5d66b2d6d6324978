package domain_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	. "github.com/commentd/commentd/domain"
)

// TestProperties drives a ticket and one comment with random commands by random
// actors and checks, after each, what must never come to pass.
func TestProperties(t *testing.T) {
	rapid.Check(t, checkScript)
}

func FuzzScript(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkScript)) }

func checkScript(t *rapid.T) {
	actors := []Actor{ana, bob, cleo, dan, robot, relay, nobody}
	var ticket Ticket
	var c Comment
	for range rapid.IntRange(1, 30).Draw(t, "commands") {
		who := By{
			Actor: rapid.SampledFrom(actors).Draw(t, "actor"),
			Admin: rapid.Bool().Draw(t, "admin"),
			ActAs: rapid.Bool().Draw(t, "act as"),
		}
		text := rapid.SampledFrom([]*Text{nil, first, other}).Draw(t, "text")
		public := rapid.SampledFrom([]*bool{nil, ptr(true), ptr(false)}).Draw(t, "public")
		var cmd Command
		elsewhere := false // it has happened, whoever did it
		switch rapid.IntRange(0, 4).Draw(t, "command") {
		case 0:
			if c.Exists || text == nil {
				continue
			}
			cmd = CreateComment{By: who, Author: who.Actor.Own(), Public: public == nil || *public, Text: text,
				OpensTicket: rapid.Int64Range(0, 1).Draw(t, "opens")}
		case 1:
			cmd = UpdateComment{By: who, Text: text, Public: public}
		case 2:
			cmd = DeleteComment{By: who}
		case 3:
			put := PutTicket{By: who, Subject: rapid.SampledFrom([]**Text{nil, ptr(first), ptr((*Text)(nil))}).Draw(t, "subject")}
			if rapid.Bool().Draw(t, "give status") {
				put.Status = ptr(rapid.SampledFrom([]Status{StatusOpen, StatusSolved, StatusClosed}).Draw(t, "status"))
			}
			if rapid.Bool().Draw(t, "give requester") {
				put.Requester = ptr(&cleo.ID)
			}
			cmd = put
		case 4:
			elsewhere = true
			write := WriteTicket{By: who, Opens: rapid.Int64Range(0, 1).Draw(t, "opens"), Origin: &Origin{Audit: 1, At: noon}}
			if rapid.Bool().Draw(t, "give status") {
				write.Status = ptr(rapid.SampledFrom([]Status{StatusOpen, StatusClosed}).Draw(t, "status"))
			}
			if !c.Exists && text != nil {
				write.Say = &NewComment{Author: who.Actor.Own(), Public: public, Text: text}
			}
			cmd = write
		}

		events, err := Decide(ticket, c, cmd)
		if write, ok := cmd.(WriteTicket); ok && (err != nil) != ((write.Opens != 0) == ticket.Exists) {
			t.Fatalf("what happened elsewhere: %v on %+v", err, ticket)
		}
		if err != nil && len(events) > 0 {
			t.Fatalf("%T: refused with %v, yet events %v", cmd, err, events)
		}
		if len(events) > 0 && ticket.Status == StatusClosed && !elsewhere {
			t.Fatalf("%T changed a closed ticket: %v", cmd, events)
		}
		if len(events) > 0 && c.Deleted {
			if _, ok := cmd.(PutTicket); !ok && !elsewhere {
				t.Fatalf("%T changed a deleted comment: %v", cmd, events)
			}
		}
		if len(events) > 0 && !elsewhere && !who.Actor.SeesInternal() && !ticket.VisibleTo(who.Actor) {
			t.Fatalf("%T by %v changed a ticket they do not know: %v", cmd, who.Actor.Kind, events)
		}
		// Whoever may not see the comment hears the same as if there were none.
		if _, ok := cmd.(CreateComment); !ok && c.Exists && !c.VisibleTo(who.Actor) {
			_, wantErr := Decide(ticket, Comment{}, cmd)
			if !errors.Is(err, wantErr) && err != wantErr {
				t.Fatalf("%T by %v on a hidden comment: %v; on none: %v", cmd, who.Actor.Kind, err, wantErr)
			}
		}
		for _, e := range events {
			switch e.(type) {
			case TicketOpened, TicketChanged:
				ticket = ticket.Evolve(e)
			default:
				c = c.Evolve(e)
				ticket = ticket.Evolve(e)
			}
		}
		if ticket.Subject != nil {
			ticket.SubjectText = first.Body
		}
		c.Body = map[ContentID]string{first.Content.ID: first.Body, other.Content.ID: other.Body}[c.Content]
		// What is done is done: asking again changes nothing.
		if again, ok := cmd.(UpdateComment); ok && err == nil {
			if more, err := Decide(ticket, c, again); err != nil || len(more) > 0 {
				t.Fatalf("second %T = %v, %v; want nothing", again, more, err)
			}
		}
	}
}
