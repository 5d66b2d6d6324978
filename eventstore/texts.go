package eventstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// sealTexts seals the texts that cmd brings, and notes their digests in cmd.
func (s *Store) sealTexts(ctx context.Context, cmd domain.Command) ([]content, error) {
	said, subject := textsOf(cmd)
	account, ticket, comment := cmd.About()
	var contents []content
	seal := func(text *domain.Text, place vault.Place) error {
		document := vault.DocumentOf(text.Said(), text.Client)
		sealed, err := s.vault.Seal(ctx, place, vault.EncodeDocument(document))
		if err != nil {
			return fmt.Errorf("seal text: %w", err)
		}
		text.Content.Digest = sealed.Digest
		contents = append(contents, content{id: text.Content.ID, sealed: sealed, claims: text.Claims})
		return nil
	}
	for _, text := range said {
		if err := seal(text, vault.OfComment(account, ticket, comment, text.Content.ID)); err != nil {
			return nil, err
		}
	}
	if subject != nil {
		if err := seal(subject, vault.OfSubject(account, ticket, subject.Content.ID)); err != nil {
			return nil, err
		}
	}
	return contents, nil
}

// bring reports whether the events bring the content into the log: an edit to what
// the comment says already, and a subject that stays, bring none.
func bring(events []domain.Event, id domain.ContentID) bool {
	return slices.ContainsFunc(events, func(e domain.Event) bool {
		var brought *domain.ContentRef
		switch e := e.(type) {
		case domain.CommentCreated:
			brought = &e.Content
		case domain.CommentEdited:
			brought = &e.Content
		case domain.ChatEntryAdded:
			brought = &e.Content
		case domain.TicketOpened:
			brought = e.Subject
		case domain.TicketChanged:
			brought = e.Subject
		}
		return brought != nil && brought.ID == id
	})
}

// textsOf returns the texts of a comment or a chat, and the subject that cmd gives, or nil.
func textsOf(cmd domain.Command) (said []*domain.Text, subject *domain.Text) {
	say := func(text *domain.Text) {
		if text != nil {
			said = append(said, text)
		}
	}
	var given **domain.Text
	switch cmd := cmd.(type) {
	case domain.CreateComment:
		say(cmd.Text)
	case domain.UpdateComment:
		say(cmd.Text)
	case domain.AddChatEntries:
		for _, entry := range cmd.Entries {
			say(entry.Text)
		}
	case domain.PutTicket:
		given = cmd.Subject
	case domain.WriteTicket:
		given = cmd.Subject
		if cmd.Say != nil {
			say(cmd.Say.Text)
		}
	}
	if given != nil {
		subject = *given
	}
	return said, subject
}
