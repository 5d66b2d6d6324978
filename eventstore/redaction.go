package eventstore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

var (
	//go:embed sql/contents.sql
	contentsSQL string
	//go:embed sql/obligation.sql
	obligationSQL string
)

// redact opens every version of the comment, hides in them what is to be hidden and,
// if that changes any, seals all of them anew: which of them held it is not to be told
// from the log.
func (s *Store) redact(ctx context.Context, cmd domain.RedactComment) (_ domain.RedactComment, d decision, err error) {
	versions, err := s.versions(ctx, cmd.Account, cmd.Ticket, cmd.Comment)
	if err != nil {
		return cmd, d, err
	}
	old := contentsOf(versions)
	documents, err := s.documents(ctx, cmd.Account, cmd.Ticket, cmd.Comment, old)
	if err != nil {
		return cmd, d, err
	}
	bodies := make([]domain.Body, len(documents))
	for i, d := range documents {
		bodies[i] = d.Written()
	}
	if cmd.Hide.Placeholders, err = s.placeholders(ctx, cmd.Account, bodies); err != nil {
		return cmd, d, err
	}
	masked, changed, err := domain.Redact(bodies, cmd.Hide, cmd.Mask)
	if err != nil || !changed {
		return cmd, d, err
	}
	if d.claims, err = s.rewriteOriginals(ctx, cmd, bodies, masked); err != nil {
		return cmd, d, err
	}
	d.contents = make([]content, len(masked))
	cmd.Contents = make([]domain.Replacement, len(masked))
	for i := range masked {
		document := vault.DocumentOf(masked[i], documents[i].Client)
		if d.contents[i], cmd.Contents[i], err = s.reseal(ctx, cmd.Account, cmd.Ticket, cmd.Comment, old[i], document); err != nil {
			return cmd, d, err
		}
	}
	cmd.Files, d.filesGone, cmd.TextKept = domain.FilesRedacted(bodies, masked)
	d.nearHits = domain.NearHits(bodies, cmd.Hide, masked[len(masked)-1])
	return cmd, d, nil
}

// placeholders draws the numbers of what may be put in the place of files; 0 if there are
// none.
func (s *Store) placeholders(ctx context.Context, account domain.AccountID, versions []domain.Body) (int64, error) {
	files := map[int64]bool{}
	for _, b := range versions {
		for _, a := range b.Attachments {
			files[a.Number] = true
		}
	}
	if len(files) == 0 {
		return 0, nil
	}
	return s.numbers.Draw(ctx, account, domain.NumbersPerFile*len(files))
}

// reseal seals what is to stand in the place of a content of a comment, or a chat.
func (s *Store) reseal(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, old domain.ContentID, d vault.Document) (content, domain.Replacement, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return content{}, domain.Replacement{}, fmt.Errorf("draw content id: %w", err)
	}
	c := content{id: domain.ContentID(id)}
	c.sealed, err = s.vault.Seal(ctx, vault.OfComment(account, ticket, comment, c.id), vault.EncodeDocument(d))
	if err != nil {
		return content{}, domain.Replacement{}, fmt.Errorf("seal text: %w", err)
	}
	return c, domain.Replacement{Old: old, New: domain.ContentRef{ID: c.id, Digest: c.sealed.Digest}}, nil
}

// documents opens contents of a comment, or a chat. If another command has removed one
// meanwhile, what is decided on this is refused when it is appended.
func (s *Store) documents(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, contents []domain.ContentID) ([]vault.Document, error) {
	ids := make([]uuid.UUID, len(contents))
	for i := range contents {
		ids[i] = uuid.UUID(contents[i])
	}
	rows, err := s.contents(ctx, ids)
	if err != nil {
		return nil, err
	}
	documents := make([]vault.Document, len(contents))
	for i, id := range contents {
		row, ok := rows[ids[i]]
		if !ok {
			continue
		}
		if documents[i], err = s.document(ctx, vault.OfComment(account, ticket, comment, id), id, row); err != nil {
			return nil, fmt.Errorf("open a text of %s: %w", comment, err)
		}
	}
	return documents, nil
}

// Obligation is what is owed since an event removed contents: that the keys which could
// still open them are destroyed.
type Obligation struct {
	Position       Position // of the event
	RecordedAt     time.Time
	KeyDestroyedAt *time.Time // UTC; nil: not yet
}

// ErrNoObligation: no event of that id has removed anything of the comment.
var ErrNoObligation = errors.New("nothing was removed by an event with this id")

// Obligation returns what became of the keys to what the event removed from a comment.
// The error is ErrNoObligation or ErrUnavailable.
func (s *Store) Obligation(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, event domain.EventID) (Obligation, error) {
	var o Obligation
	err := s.pool.QueryRow(ctx, obligationSQL, uuid.UUID(event), account, uuid.UUID(ticket), uuid.UUID(comment)).
		Scan(&o.Position, &o.RecordedAt, &o.KeyDestroyedAt)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return o, ErrNoObligation
	case err != nil:
		return o, fmt.Errorf("%w: read obligation: %s", ErrUnavailable, sqlState(err))
	}
	if o.RecordedAt = o.RecordedAt.UTC(); o.KeyDestroyedAt != nil {
		at := o.KeyDestroyedAt.UTC()
		o.KeyDestroyedAt = &at
	}
	return o, nil
}
