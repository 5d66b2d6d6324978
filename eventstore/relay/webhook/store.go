package webhook

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

var (
	//go:embed sql/alone.sql
	aloneSQL string
	//go:embed sql/create.sql
	createSQL string
	//go:embed sql/list.sql
	listSQL string
	//go:embed sql/lock.sql
	lockSQL string
	//go:embed sql/update.sql
	updateSQL string
	//go:embed sql/delete.sql
	deleteSQL string
	//go:embed sql/forget.sql
	forgetSQL string
)

// Store keeps the endpoints of accounts. All errors that are no others are
// eventstore.ErrUnavailable.
type Store struct {
	pool    *pgxpool.Pool
	secrets *vault.Secrets
	shard   int16
}

// NewStore returns the store of a shard in the database behind pool, sealed under root.
func NewStore(pool *pgxpool.Pool, root vault.RootKey, shard int16) *Store {
	return &Store{pool, vault.NewSecrets(root), shard}
}

// Create makes an endpoint that gets what happens from here on. The secret is shown here
// and nowhere else. The error may be ErrTooMany.
func (s *Store) Create(ctx context.Context, account domain.AccountID, settings Settings) (e Endpoint, secret string, err error) {
	e = Endpoint{ID: ID(uuid.Must(uuid.NewV7())), Settings: settings}
	hidden := sealed{URL: settings.URL, Secret: newSecret()}
	text, err := s.seal(account, e.ID, hidden)
	if err != nil {
		return Endpoint{}, "", err
	}
	err = s.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, aloneSQL, account); err != nil {
			return unavailable("create", err)
		}
		err := tx.QueryRow(ctx, createSQL, s.shard, account, uuid.UUID(e.ID), orNull(settings.Ticket), types(settings.Types),
			settings.Internal, settings.Text, settings.Strict, off(settings.Off), text, MaxPerAccount).Scan(&e.CreatedAt, &e.UpdatedAt)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrTooMany
		}
		return unavailable("create", err)
	})
	return e, hidden.Secret, err
}

func (s *Store) transact(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return unavailable("begin", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // does nothing after a commit
	if err := do(tx); err != nil {
		return err
	}
	return unavailable("commit", tx.Commit(ctx))
}

// List returns the endpoints of an account, oldest first.
func (s *Store) List(ctx context.Context, account domain.AccountID) ([]Endpoint, error) {
	rows, err := s.pool.Query(ctx, listSQL, s.shard, account)
	if err != nil {
		return nil, unavailable("list", err)
	}
	stored, err := pgx.CollectRows(rows, scanStored)
	if err != nil {
		return nil, unavailable("list", err)
	}
	endpoints := make([]Endpoint, len(stored))
	for i := range stored {
		if _, err := s.reveal(account, &stored[i]); err != nil {
			return nil, err
		}
		endpoints[i] = stored[i].Endpoint
	}
	return endpoints, nil
}

// Get returns an endpoint. The error may be ErrNotFound.
func (s *Store) Get(ctx context.Context, account domain.AccountID, id ID) (Endpoint, error) {
	all, err := s.List(ctx, account)
	for _, e := range all {
		if e.ID == id {
			return e, nil
		}
	}
	if err == nil {
		err = ErrNotFound
	}
	return Endpoint{}, err
}

// Change has change make settings of what they are, and returns the endpoint with them. An
// endpoint that is switched on goes on where it was. The error may be ErrNotFound, or that
// of change.
func (s *Store) Change(ctx context.Context, account domain.AccountID, id ID, change func(*Settings) error) (e Endpoint, err error) {
	err = s.edit(ctx, account, id, func(endpoint *Endpoint, hidden *sealed) error {
		if err := change(&endpoint.Settings); err != nil {
			return err
		}
		hidden.URL = endpoint.URL
		return nil
	}, &e)
	return e, err
}

// Rotate gives an endpoint another secret, which is shown here and nowhere else. For a day
// the one before signs, too. The error may be ErrNotFound.
func (s *Store) Rotate(ctx context.Context, account domain.AccountID, id ID) (e Endpoint, secret string, err error) {
	err = s.edit(ctx, account, id, func(_ *Endpoint, hidden *sealed) error {
		secret = hidden.rotate(time.Now())
		return nil
	}, &e)
	return e, secret, err
}

// edit changes an endpoint under a lock, so that no change is lost to another.
func (s *Store) edit(ctx context.Context, account domain.AccountID, id ID, change func(*Endpoint, *sealed) error, result *Endpoint) error {
	return s.locked(ctx, account, id, func(tx pgx.Tx, e *stored) error {
		hidden, err := s.reveal(account, e)
		if err != nil {
			return err
		}
		if err := change(&e.Endpoint, &hidden); err != nil {
			return err
		}
		text, err := s.seal(account, id, hidden)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, updateSQL, uuid.UUID(id), orNull(e.Ticket), types(e.Types), e.Internal, e.Text, e.Strict, off(e.Off), text).
			Scan(&e.UpdatedAt, &e.FailingSince)
		*result = e.Endpoint
		return unavailable("change", err)
	})
}

// locked calls do with an endpoint that nobody else changes meanwhile.
func (s *Store) locked(ctx context.Context, account domain.AccountID, id ID, do func(pgx.Tx, *stored) error) error {
	return s.transact(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, lockSQL, s.shard, account, uuid.UUID(id))
		if err != nil {
			return unavailable("lock", err)
		}
		e, err := pgx.CollectExactlyOneRow(rows, scanStored)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return unavailable("lock", err)
		}
		return do(tx, &e)
	})
}

// Delete removes an endpoint and all that is known of it. The error may be ErrNotFound.
func (s *Store) Delete(ctx context.Context, account domain.AccountID, id ID) error {
	done, err := s.pool.Exec(ctx, deleteSQL, s.shard, account, uuid.UUID(id))
	if err == nil && done.RowsAffected() == 0 {
		return ErrNotFound
	}
	return unavailable("delete", err)
}

// Forget removes all endpoints of an account.
func (s *Store) Forget(ctx context.Context, account domain.AccountID) error {
	_, err := s.pool.Exec(ctx, forgetSQL, account)
	return unavailable("forget", err)
}

// stored is an endpoint with what of it is sealed.
type stored struct {
	Endpoint
	sealed []byte
}

func (s *Store) reveal(account domain.AccountID, e *stored) (sealed, error) {
	hidden, err := s.open(account, e.ID, e.sealed)
	e.URL = hidden.URL
	return hidden, err
}

// scanStored scans the columns that sql/list.sql selects.
func scanStored(row pgx.CollectableRow) (e stored, err error) {
	var ticket *uuid.UUID
	var off *string
	err = row.Scan((*uuid.UUID)(&e.ID), &ticket, &e.Types, &e.Internal, &e.Text, &e.Strict, &off, &e.sealed, &e.CreatedAt, &e.UpdatedAt, &e.FailingSince)
	e.settle(ticket, off)
	return e, err
}

func (s *Settings) settle(ticket *uuid.UUID, off *string) {
	if ticket != nil {
		s.Ticket = (*domain.TicketID)(ticket)
	}
	if off != nil {
		s.Off = Off(*off)
	}
}

func orNull(ticket *domain.TicketID) *uuid.UUID { return (*uuid.UUID)(ticket) }

func types(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func off(why Off) *string {
	if why == "" {
		return nil
	}
	return (*string)(&why)
}

// unavailable wraps what went wrong with a statement, without what Postgres says of the
// data.
func unavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	return eventstore.Unavailable("webhooks: "+what, err)
}
