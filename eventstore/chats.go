package eventstore

import (
	"context"

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
	document := vault.Document{Body: domain.MaskedText} // of a message of which nothing is left
	if !entry.Erased {
		opened, err := s.documents(ctx, cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), []domain.ContentID{entry.Content})
		if err != nil {
			return cmd, d, err
		}
		document = opened[0]
	}
	html, err := domain.MarkMessage(document.Body, cmd.Marked)
	if err != nil {
		return cmd, d, err
	}
	masked, changed, err := domain.Redact([]domain.Body{document.Written()}, domain.Redaction{MarkedHTML: html}, cmd.Mask)
	if err != nil || !changed || entry.Erased {
		return cmd, d, err
	}
	sealed, replacement, err := s.reseal(ctx, cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), entry.Content, vault.DocumentOf(masked[0], document.Client))
	if err != nil {
		return cmd, d, err
	}
	d.contents, cmd.Contents = []content{sealed}, []domain.Replacement{replacement}
	return cmd, d, nil
}
