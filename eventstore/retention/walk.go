package retention

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/cursors.sql
	cursorsSQL string
	//go:embed sql/advance.sql
	advanceSQL string
	//go:embed sql/old.sql
	oldSQL string
	//go:embed sql/written.sql
	writtenSQL string
)

// stride is how many events a walk looks at between two notes of how far it has come.
const stride = 5000

// cursors returns how far the accounts that do not keep texts for ever have been walked.
func (w *Worker) cursors(ctx context.Context, policies []Policy) (map[domain.AccountID]eventstore.Position, error) {
	cursors := make(map[domain.AccountID]eventstore.Position)
	var accounts []domain.AccountID
	for _, group := range byAge(policies) {
		accounts = append(accounts, group...)
	}
	if accounts == nil {
		return cursors, nil
	}
	_, err := query(ctx, w.eraser, func(row pgx.CollectableRow) (account domain.AccountID, err error) {
		var at eventstore.Position
		err = row.Scan(&account, &at)
		cursors[account] = at
		return account, err
	}, cursorsSQL, w.config.Shard, accounts)
	return cursors, err
}

// walk erases what accounts have written more than some days ago, as far as their
// cursors have not passed it yet. A text of a comment takes all versions of the comment
// with it, one of a chat the whole chat, a subject all subjects of the ticket. What is written into them later grows
// old by itself.
func (w *Worker) walk(ctx context.Context, days int, accounts []domain.AccountID, cursors map[domain.AccountID]eventstore.Position) error {
	from := cursors[accounts[0]]
	for _, account := range accounts {
		from = min(from, cursors[account])
	}
	old, err := w.lastOld(ctx, from, days)
	for err == nil && from < old {
		to := min(from+stride, old)
		behind := make([]domain.AccountID, 0, len(accounts))
		for _, account := range accounts {
			if cursors[account] < to {
				behind = append(behind, account)
			}
		}
		err = w.step(ctx, behind, cursors, from, to)
		from = to
	}
	return err
}

// step walks from one position to another.
func (w *Worker) step(ctx context.Context, accounts []domain.AccountID, cursors map[domain.AccountID]eventstore.Position, from, to eventstore.Position) error {
	events, err := query(ctx, w.eraser, eventstore.ScanRecorded, writtenSQL, w.config.Shard, accounts, from, to)
	if err != nil {
		return err
	}
	var targets []Target
	for i := range events {
		if events[i].Position <= cursors[events[i].Account] {
			continue
		}
		if targets, err = appendTarget(targets, &events[i]); err != nil {
			return err
		}
	}
	tally, err := w.erase(ctx, domain.CauseRetention, these(targets))
	if err != nil {
		return err
	}
	if err := w.passBy(ctx, tally.Held); err != nil {
		return err
	}
	if _, err := w.pool.Exec(ctx, advanceSQL, w.config.Shard, accounts, to); err != nil {
		return fmt.Errorf("%w: retention: %w", eventstore.ErrUnavailable, err)
	}
	return nil
}

// appendTarget appends what has to be erased for the event's text to be gone, if it has
// brought any.
func appendTarget(targets []Target, r *eventstore.Recorded) ([]Target, error) {
	fact, err := r.Decode()
	if err != nil {
		return targets, fmt.Errorf("retention: position %d: %w", r.Position, err)
	}
	var subject *domain.ContentRef
	switch e := fact.(type) {
	case domain.CommentCreated, domain.CommentEdited:
		return append(targets, Target{Account: r.Account, Ticket: r.Ticket, Comment: r.Comment}), nil
	case domain.ChatEntryAdded:
		if e.Content == (domain.ContentRef{}) {
			return targets, nil
		}
		return append(targets, Target{Account: r.Account, Ticket: r.Ticket, Comment: r.Comment, Chat: true}), nil
	case domain.TicketOpened:
		subject = e.Subject
	case domain.TicketChanged:
		subject = e.Subject
	}
	// A subject that stays is repeated without its digest.
	if subject != nil && subject.Digest != (domain.Digest{}) {
		targets = append(targets, Target{Account: r.Account, Ticket: r.Ticket})
	}
	return targets, nil
}

// lastOld returns the last position whose event is older than some days, but not one
// before from. The times of events never run backwards.
func (w *Worker) lastOld(ctx context.Context, from eventstore.Position, days int) (eventstore.Position, error) {
	old, beyond, err := w.old(ctx, from+1, days)
	if err != nil || !old {
		return from, err
	}
	last := from + 1
	for beyond++; err == nil && beyond-last > 1; {
		middle := last + (beyond-last)/2
		if old, _, err = w.old(ctx, middle, days); old {
			last = middle
		} else {
			beyond = middle
		}
	}
	return last, err
}

// old reports whether the event at a position is older than some days, and where the
// log ends.
func (w *Worker) old(ctx context.Context, at eventstore.Position, days int) (old bool, head eventstore.Position, err error) {
	var is *bool
	if err := w.pool.QueryRow(ctx, oldSQL, w.config.Shard, at, seconds(days)).Scan(&head, &is); err != nil {
		return false, 0, fmt.Errorf("%w: retention: %w", eventstore.ErrUnavailable, err)
	}
	return is != nil && *is, head, nil
}
