package eventstore

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// prepare spells out the rows that log.append is to write for a decided command.
func prepare(cmd domain.Command, st state, d decision, receipt *Receipt) (*pending, error) {
	account, ticket, comment := cmd.About()
	p := &pending{
		account: account, ticket: ticket, ticketRevision: st.ticketRevision,
		comment: comment, revision: int32(st.comment.Revision), receipt: receipt,
		events: make([]encodedEvent, 0, len(d.events)), contents: d.contents, removesFiles: d.filesGone, claims: d.claims,
	}
	switch cmd := cmd.(type) {
	case domain.ChatCommand:
		p.revision = int32(st.chat.Revision)
	case domain.CompleteObligation:
		p.completes, p.destroyedAt = cmd.Obligation, cmd.DestroyedAt
	case domain.WriteTicket:
		if p.expected = int32(cmd.Expected); cmd.Say != nil {
			p.most = domain.MaxComments
		}
	}
	ticketAfter, commentAfter, chatAfter := st.ticket, st.comment, st.chat
	for _, e := range d.events {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("draw event id: %w", err)
		}
		encoded := encodedEvent{id: domain.EventID(id)}
		if encoded.name, encoded.schema, encoded.data, err = Encode(e); err != nil {
			return nil, err
		}
		p.removes = append(p.removes, removed(e)...)
		p.files(e)
		switch {
		case aboutTicket(e):
			encoded.internal = ticketAfter.Hides(e)
			ticketAfter = ticketAfter.Evolve(e)
			p.ticketAfter = &ticketAfter
		case encoded.name == kindObligationCompleted.name:
			encoded.internal = ticketAfter.Hides(e)
		case domain.OfChat(e): // customers are told of their chats when they ask for them, and not before
			chatAfter = chatAfter.Evolve(e)
			p.chatAfter, p.commentAfter = &chatAfter, rowOfChat(chatAfter)
			encoded.comment, encoded.internal = comment, true
		default:
			before := commentAfter
			commentAfter = commentAfter.Evolve(e)
			p.commentAfter = &commentAfter
			encoded.comment = comment
			encoded.internal = !before.Public && !commentAfter.Public
		}
		p.events = append(p.events, encoded)
	}
	return p, nil
}

// files notes what the event does to files.
func (p *pending) files(e domain.Event) {
	switch e := e.(type) {
	case domain.CommentRedacted:
		p.places(e.Files)
	case domain.ChatRedacted:
		p.places(e.Files)
	case domain.ContentErased:
		p.clearsFiles = !e.Subject
	}
}

// places notes what is in the place of files.
func (p *pending) places(files []domain.FileRedacted) {
	for _, f := range files {
		if f.New != 0 {
			p.placeholders = append(p.placeholders, f.New)
		}
	}
}

// rowOfChat is a chat as it stands in log.comments.
func rowOfChat(c domain.Chat) *domain.Comment {
	return &domain.Comment{Number: c.Number, Author: domain.Author{ID: c.Visitor}, Content: c.Content}
}

// aboutTicket reports whether the event changes what the ticket itself is.
func aboutTicket(e domain.Event) bool {
	switch e := e.(type) {
	case domain.TicketOpened, domain.TicketChanged:
		return true
	case domain.ContentErased:
		return e.Subject
	}
	return false
}
