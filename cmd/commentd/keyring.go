package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/migrations"
)

// keyringURL is the URL of the database that the keyring is in.
func (c database) keyringURL() string {
	if c.KeyringURL != "" {
		return c.KeyringURL
	}
	return c.PostgresURL
}

// connect opens the database with size connections, and that of the keyring: it is
// the same pool if the keyring has no database of its own.
func (c database) connect(ctx context.Context, size int) (pool, keyring *pgxpool.Pool, closePools func(), err error) {
	if pool, err = eventstore.Connect(ctx, c.PostgresURL, size); err != nil {
		return nil, nil, nil, err
	}
	if c.KeyringURL == "" {
		return pool, pool, pool.Close, nil
	}
	// A key is asked for once in a thousand contents.
	if keyring, err = eventstore.Connect(ctx, c.KeyringURL, min(size, 8)); err != nil {
		pool.Close()
		return nil, nil, nil, fmt.Errorf("keyring: %w", err)
	}
	return pool, keyring, func() { keyring.Close(); pool.Close() }, nil
}

// errBehind is what migrated says of a schema that is not current.
var errBehind = errors.New("run commentd migrate")

// migrated fails if a schema is not current.
func (c database) migrated(ctx context.Context) error {
	for _, s := range c.schemas() {
		at, current, err := s.status(ctx, s.url)
		if err != nil {
			return err
		}
		if at < current {
			return fmt.Errorf("the %s is at schema version %d, this program needs %d: %w", s.name, at, current, errBehind)
		}
	}
	return nil
}

// orBehind returns err or, where that comes of a schema that is not current, how to
// mend it: Postgres tells of a table that is missing as of any other trouble.
func (c database) orBehind(ctx context.Context, err error) error {
	var refused *pgconn.PgError
	if !errors.Is(err, eventstore.ErrUnavailable) && !errors.As(err, &refused) {
		return err
	}
	if behind := c.migrated(ctx); errors.Is(behind, errBehind) {
		return behind
	}
	return err
}

type schema struct {
	name, url string
	status    func(ctx context.Context, url string) (at, current int64, err error)
}

func (c database) schemas() []schema {
	return []schema{
		{"database", c.PostgresURL, migrations.Status},
		{"keyring", c.keyringURL(), migrations.KeyringStatus},
	}
}

// shelves are all tables whose rows are sealed.
func shelves() []erasure.Shelf { return []erasure.Shelf{erasure.Contents(0), directory.Shelf()} }

// settleKeyring makes sure of the keyring before anything is served: that the root key
// opens it, and that it knows of every key that is destroyed.
func (t *tools) settleKeyring(ctx context.Context) error {
	if err := t.keyring.Check(ctx); err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	if err := erasure.Replay(ctx, t.pool, t.keyring, shelves()); err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}
