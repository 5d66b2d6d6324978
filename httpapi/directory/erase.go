package directory

import (
	"context"
	_ "embed"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/erase_account.sql
	eraseAccountSQL string
	//go:embed sql/list_people.sql
	listPeopleSQL string
	//go:embed sql/erase_users.sql
	eraseUsersSQL string
	//go:embed sql/open_obligations.sql
	openObligationsSQL string
	//go:embed sql/owed_buckets.sql
	owedBucketsSQL string
	//go:embed sql/retire_buckets.sql
	retireBucketsSQL string
	//go:embed sql/fulfil.sql
	fulfilSQL string
)

// EraseAccount closes an account for ever: its keys are refused, everywhere within a
// second, and AccountBySlug knows it no more. What is in it stays to be erased. The error
// is ErrAccountNotFound.
func (s *Store) EraseAccount(ctx context.Context, id domain.AccountID) (Account, error) {
	return s.account(ctx, eraseAccountSQL, id)
}

// A Person is a user of whom no more is asked than whether there is anything to erase.
type Person struct {
	ID     domain.UserID
	Number int64
	Erased bool // nameless, and inactive
}

// People is Users without opening any seal.
func (s *Store) People(ctx context.Context, account domain.AccountID, after int64, limit int) ([]Person, error) {
	rows, err := s.pool.Query(ctx, listPeopleSQL, account, after, max(1, min(limit, MaxPage)))
	if err != nil {
		return nil, unavailable("list people", err)
	}
	people, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Person, err error) {
		return p, row.Scan(&p.ID, &p.Number, &p.Erased)
	})
	if err != nil {
		return nil, unavailable("list people", err)
	}
	return people, nil
}

// EraseUsers removes names and addresses of users, makes them inactive, and returns how
// many there was something to erase of. The keys to what they were, and have been
// before, are owed their destruction. Users that are not there are no mistake.
// If it fails, to erase them again is to go on.
func (s *Store) EraseUsers(ctx context.Context, account domain.AccountID, ids ...domain.UserID) (int, error) {
	rows, err := s.pool.Query(ctx, eraseUsersSQL, account, uuids(ids))
	if err != nil {
		return 0, unavailable("erase users", err)
	}
	erased, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, unavailable("erase users", err)
	}
	if len(erased) == 0 {
		return 0, nil
	}
	return len(erased), s.Settle(ctx)
}

// Settle sees to it that nothing more is sealed under keys that are owed their
// destruction, so that whoever destroys keys finds them, and notes which of them are
// destroyed. It goes on where an EraseUsers was stopped, and does nothing twice.
func (s *Store) Settle(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, owedBucketsSQL)
	if err != nil {
		return unavailable("read owed keys", err)
	}
	owed, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return unavailable("read owed keys", err)
	}
	if len(owed) > 0 {
		if _, err := s.pool.Exec(ctx, retireBucketsSQL, owed); err != nil {
			return unavailable("retire keys", err)
		}
	}
	if _, err := s.pool.Exec(ctx, fulfilSQL); err != nil {
		return unavailable("note destroyed keys", err)
	}
	return nil
}

func uuids(ids []domain.UserID) []uuid.UUID {
	out := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		out[i] = uuid.UUID(id)
	}
	return out
}

// OpenObligations returns how many people of the account were erased whose keys have yet
// to be destroyed.
func (s *Store) OpenObligations(ctx context.Context, account domain.AccountID) (n int, err error) {
	if err = s.pool.QueryRow(ctx, openObligationsSQL, account).Scan(&n); err != nil {
		return 0, unavailable("count obligations", err)
	}
	return n, nil
}
