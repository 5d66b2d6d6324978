package eventstore

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// Chat returns what is known of a chat beside what was said in it: it costs the same
// however much that is. The error is domain.ErrChatNotFound or ErrUnavailable.
func (s *Store) Chat(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.ChatID) (domain.Chat, error) {
	st, err := s.load(ctx, domain.EndChat{Account: account, Ticket: ticket, Chat: id})
	if err == nil && !st.chat.Exists {
		err = domain.ErrChatNotFound
	}
	return st.chat, err
}

// chatEntries returns the entries of a chat.
func (s *Store) chatEntries(ctx context.Context, account domain.AccountID, ticket domain.TicketID, chat domain.ChatID) (all domain.ChatEntries, err error) {
	recorded, err := s.ReadComment(ctx, account, ticket, domain.CommentID(chat), 0)
	if err != nil {
		return nil, err
	}
	events, err := decodeAll(recorded)
	for _, e := range events {
		all = all.Evolve(e)
	}
	return all, err
}

// redactChat opens a message, hides in it what is marked and, if that changes it, seals it
// anew.
func (s *Store) redactChat(ctx context.Context, cmd domain.RedactChatMessage) (_ domain.Command, d decision, err error) {
	entries, err := s.chatEntries(ctx, cmd.Account, cmd.Ticket, cmd.Chat)
	if err != nil {
		return cmd, d, err
	}
	entry := entries[cmd.Index] // there is one, or it would have been refused
	if entry.Kind != domain.ChatMessage {
		return cmd, d, domain.ErrNoChatEntry
	}
	document, err := s.saidInChat(ctx, cmd, entry)
	if err != nil {
		return cmd, d, err
	}
	html, err := domain.MarkMessage(document.Body, cmd.Marked)
	if err != nil {
		return cmd, d, err
	}
	masked, changed, err := domain.Redact([]domain.Body{document.Written()}, domain.Redaction{MarkedHTML: html}, cmd.Mask)
	if err != nil || !changed || entry.Erased {
		return cmd, d, err
	}
	sealed, err := s.reseal(ctx, cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), vault.DocumentOf(masked[0], document.Client))
	if err != nil {
		return cmd, d, err
	}
	d.contents = []content{sealed}
	cmd.Contents = []domain.Replacement{{Old: entry.Content, New: domain.ContentRef{ID: sealed.id, Digest: sealed.sealed.Digest}}}
	return cmd, d, nil
}

// saidInChat opens what a message says; of one of which nothing is left, the mask.
func (s *Store) saidInChat(ctx context.Context, cmd domain.RedactChatMessage, entry domain.ChatEntry) (vault.Document, error) {
	if entry.Erased {
		return vault.Document{Body: domain.MaskedText}, nil
	}
	rows, err := s.contents(ctx, []uuid.UUID{uuid.UUID(entry.Content)})
	if err != nil {
		return vault.Document{}, err
	}
	row, found := rows[uuid.UUID(entry.Content)]
	if !found { // somebody was faster: what is decided on this is refused
		return vault.Document{}, nil
	}
	place := vault.OfComment(cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), entry.Content)
	document, err := s.document(ctx, place, entry.Content, row)
	if err != nil {
		return vault.Document{}, fmt.Errorf("open a message of chat %s: %w", cmd.Chat, err)
	}
	return document, nil
}
