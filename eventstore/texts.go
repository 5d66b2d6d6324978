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
		contents = append(contents, content{id: text.Content.ID, sealed: sealed})
		return nil
	}
	if said != nil {
		if err := seal(said, vault.OfComment(account, ticket, comment, said.Content.ID)); err != nil {
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
		case domain.TicketOpened:
			brought = e.Subject
		case domain.TicketChanged:
			brought = e.Subject
		}
		return brought != nil && brought.ID == id
	})
}

// textsOf returns the text of a comment and the subject that cmd gives, or nil.
func textsOf(cmd domain.Command) (said, subject *domain.Text) {
	var given **domain.Text
	switch cmd := cmd.(type) {
	case domain.CreateComment:
		said = cmd.Text
	case domain.UpdateComment:
		said = cmd.Text
	case domain.PutTicket:
		given = cmd.Subject
	case domain.WriteTicket:
		given = cmd.Subject
		if cmd.Say != nil {
			said = cmd.Say.Text
		}
	}
	if given != nil {
		subject = *given
	}
	return said, subject
}
