package transfer

import (
	"context"
	_ "embed"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/attach.sql
	attachSQL string
	//go:embed sql/clear.sql
	clearSQL string
	//go:embed sql/complete.sql
	completeSQL string
	//go:embed sql/forget.sql
	forgetSQL string
)

// writeFiles does to files what the events have done, and completes obligations. The blob
// of a file that is gone already was never here, or is deleted as one that nobody knows.
func (b *batch) writeFiles(ctx context.Context, tx pgx.Tx) error {
	for k := range b.files {
		step := &b.files[k]
		r := step.g.recorded
		numbers, sizes, blobs := make([]int64, len(step.files)), make([]int64, len(step.files)), make([]pgtype.UUID, len(step.files))
		for n, a := range step.files {
			numbers[n], sizes[n], blobs[n] = a.Number, a.Size, id(a.Blob)
		}
		if len(numbers) > 0 {
			if _, err := tx.Exec(ctx, attachSQL, 0, r.Account, uuid.UUID(r.Ticket), uuid.UUID(r.Comment), numbers, sizes, blobs); err != nil {
				return err
			}
		}
		if step.clears {
			if _, err := tx.Exec(ctx, clearSQL, 0, r.Account, uuid.UUID(r.Comment), r.Position, numbers); err != nil {
				return err
			}
		}
		if step.completes != (domain.EventID{}) {
			if err := step.complete(ctx, tx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *fileStep) complete(ctx context.Context, tx pgx.Tx) error {
	var position int64
	err := tx.QueryRow(ctx, completeSQL, 0, uuid.UUID(s.completes), s.g.recorded.RecordedAt, s.g.KeyDestroyedAt).Scan(&position)
	if errors.Is(err, pgx.ErrNoRows) {
		return refuse(s.g.line, "the event completes an obligation that is not owed, or before its keys were destroyed")
	}
	if err == nil {
		_, err = tx.Exec(ctx, forgetSQL, 0, position)
	}
	return err
}
