package eventstore

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/read_comment.sql
	readCommentSQL string
	//go:embed sql/read_subjects.sql
	readSubjectsSQL string
	//go:embed sql/owed.sql
	owedSQL string
)

// ReadComment returns the events of a comment, or a chat, after the given version of its
// ticket, in order. It costs what they are, however long the thread is. The error is
// ErrUnavailable.
func (s *Store) ReadComment(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, after Version) ([]Recorded, error) {
	return s.read(ctx, readCommentSQL, s.config.Shard, account, uuid.UUID(ticket), uuid.UUID(comment), after)
}

// complete adds to a command that removes contents what it has to know of them: the
// texts are in no state that a command is usually decided on. What it brings instead
// is returned sealed.
func (s *Store) complete(ctx context.Context, cmd domain.Command) (domain.Command, decision, error) {
	switch cmd := cmd.(type) {
	case domain.RedactComment:
		return s.redact(ctx, cmd)
	case domain.EraseComment:
		versions, err := s.versions(ctx, cmd.Account, cmd.Ticket, cmd.Comment)
		cmd.Contents = contentsOf(versions)
		return cmd, decision{}, err
	case domain.RedactChatMessage:
		return s.redactChat(ctx, cmd)
	case domain.RedactChatFiles:
		return s.redactChatFiles(ctx, cmd)
	case domain.EraseChat:
		entries, err := s.chatEntries(ctx, cmd.Account, cmd.Ticket, cmd.Chat)
		cmd.Contents = entries.Contents()
		return cmd, decision{}, err
	case domain.EraseSubject:
		var err error
		cmd.Contents, err = s.subjects(ctx, cmd.Account, cmd.Ticket)
		return cmd, decision{}, err
	}
	return cmd, decision{}, nil
}

// versions returns the texts that a comment has had and that are still there.
func (s *Store) versions(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID) ([]domain.Version, error) {
	recorded, err := s.ReadComment(ctx, account, ticket, comment, 0)
	if err != nil {
		return nil, err
	}
	events, err := decodeAll(recorded)
	return domain.Versions(events), err
}

func contentsOf(versions []domain.Version) []domain.ContentID {
	ids := make([]domain.ContentID, len(versions))
	for i := range versions {
		ids[i] = versions[i].Content.ID
	}
	return ids
}

// subjects returns the subjects that a ticket has had and that are still there.
func (s *Store) subjects(ctx context.Context, account domain.AccountID, ticket domain.TicketID) ([]domain.ContentID, error) {
	recorded, err := s.read(ctx, readSubjectsSQL, s.config.Shard, account, uuid.UUID(ticket))
	if err != nil {
		return nil, err
	}
	events, err := decodeAll(recorded)
	if err != nil {
		return nil, err
	}
	var ids []domain.ContentID
	for _, e := range events {
		var subject *domain.ContentRef
		switch e := e.(type) {
		case domain.TicketOpened:
			subject = e.Subject
		case domain.TicketChanged:
			subject = e.Subject
		case domain.ContentErased:
			ids = nil
		}
		// An event repeats the subject that stays.
		if subject != nil && (len(ids) == 0 || ids[len(ids)-1] != subject.ID) {
			ids = append(ids, subject.ID)
		}
	}
	return ids, nil
}

// owed reports whether the keys to what an event has removed have yet to be destroyed.
func (s *Store) owed(ctx context.Context, event domain.EventID) (owed bool, err error) {
	if err = s.pool.QueryRow(ctx, owedSQL, uuid.UUID(event)).Scan(&owed); err != nil {
		return false, fmt.Errorf("%w: read obligation: %s", ErrUnavailable, sqlState(err))
	}
	return owed, nil
}

func decodeAll(recorded []Recorded) ([]domain.Event, error) {
	events := make([]domain.Event, len(recorded))
	for i := range recorded {
		var err error
		if events[i], err = recorded[i].Decode(); err != nil {
			return nil, fmt.Errorf("position %d: %w", recorded[i].Position, err)
		}
	}
	return events, nil
}

// removed returns the contents that the event takes away.
func removed(e domain.Event) []domain.ContentID {
	switch e := e.(type) {
	case domain.CommentRedacted:
		return former(e.Contents)
	case domain.ChatRedacted:
		return former(e.Contents)
	case domain.ContentErased:
		return e.Contents
	}
	return nil
}

// former returns the contents that were replaced.
func former(replacements []domain.Replacement) []domain.ContentID {
	ids := make([]domain.ContentID, len(replacements))
	for i := range replacements {
		ids[i] = replacements[i].Old
	}
	return ids
}
