package retention

import (
	"context"
	_ "embed"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/deleted.sql
	deletedSQL string
	//go:embed sql/just_deleted.sql
	justDeletedSQL string
)

// deletedComment is a row of deleted.sql.
type deletedComment struct {
	Target
	age  float64 // since the deletion, in seconds
	held bool
}

// deleted hands out the comments that have been deleted for longer than their accounts
// keep them. It looks at all whose texts are still there: that they are held, or that a
// policy has changed, needs no bookkeeping.
func (w *Worker) deleted(policies []Policy) Source {
	days := make(map[domain.AccountID]int, len(policies))
	for _, p := range policies {
		days[p.Account] = p.Deleted
	}
	return func(ctx context.Context, take func(Target) error) error {
		for after := (Target{}); ; {
			page, err := query(ctx, w.eraser, scanDeleted, deletedSQL, w.config.Shard, after.Account, uuid.UUID(after.Comment), pageSize)
			if err != nil {
				return err
			}
			for _, d := range page {
				after = d.Target
				keep, ok := days[d.Account]
				if !ok {
					keep = DefaultDeleted
				}
				if d.held || d.age < seconds(keep) {
					continue
				}
				if err := take(d.Target); err != nil {
					return err
				}
			}
			if len(page) < pageSize {
				return nil
			}
		}
	}
}

func scanDeleted(row pgx.CollectableRow) (d deletedComment, err error) {
	return d, row.Scan(&d.Account, (*uuid.UUID)(&d.Ticket), (*uuid.UUID)(&d.Comment), &d.age, &d.held)
}

// perGlance is how many comments of one account a glance erases at most.
const perGlance = 1000

// justDeleted hands out deleted comments of accounts that do not keep them.
func (w *Worker) justDeleted(accounts []domain.AccountID) Source {
	return func(ctx context.Context, take func(Target) error) error {
		page, err := query(ctx, w.eraser, func(row pgx.CollectableRow) (t Target, err error) {
			return t, row.Scan(&t.Account, (*uuid.UUID)(&t.Ticket), (*uuid.UUID)(&t.Comment))
		}, justDeletedSQL, w.config.Shard, accounts, perGlance)
		if err != nil {
			return err
		}
		return these(page)(ctx, take)
	}
}
