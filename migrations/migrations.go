// Package migrations holds the schema of commentd as numbered SQL files and
// applies each of them once. They go forward only; a mistake is mended by the
// next file.
//
// The schema keyring has files and a count of its own, because it may live in
// another database than all the rest.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql keyring/*.sql
var files embed.FS

// set is a sequence of migrations: the folder of its files, and the table that counts
// which of them have been applied.
type set struct{ folder, table string }

var (
	main    = set{".", "goose_db_version"}
	keyring = set{"keyring", "goose_keyring_version"}
)

// Up brings the database at url to the current schema, that of the keyring included.
// It may be called by any number of processes at once: one of them works, the others
// wait for it. Nothing happens to a schema that is current.
func Up(ctx context.Context, url string) error { return UpApart(ctx, url, url) }

// UpApart is Up with the keyring in the database at keyringURL.
func UpApart(ctx context.Context, url, keyringURL string) error {
	return errors.Join(main.up(ctx, url), keyring.up(ctx, keyringURL))
}

// Status says at which version the database at url is, and which one is current,
// without regard to the keyring.
func Status(ctx context.Context, url string) (at, current int64, err error) {
	return main.status(ctx, url)
}

// KeyringStatus is Status of the keyring in the database at url.
func KeyringStatus(ctx context.Context, url string) (at, current int64, err error) {
	return keyring.status(ctx, url)
}

func (s set) up(ctx context.Context, url string) error {
	return s.with(ctx, url, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

func (s set) status(ctx context.Context, url string) (at, current int64, err error) {
	err = s.with(ctx, url, func(p *goose.Provider) error {
		sources := p.ListSources()
		current = sources[len(sources)-1].Version
		at, err = p.GetDBVersion(ctx)
		return err
	})
	return at, current, err
}

func (s set) with(ctx context.Context, url string, do func(*goose.Provider) error) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	folder, err := fs.Sub(files, s.folder)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// A migration gives up rather than make the service queue behind its wait for
	// a table lock; running it again goes on where it stopped.
	config.RuntimeParams["lock_timeout"] = "5s"
	db := stdlib.OpenDB(*config)
	defer db.Close()
	// Instances that start together ask for the lock at once, if only to see the version:
	// the others look again after a second, for five minutes at most.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithSessionLocker(locker), goose.WithTableName(s.table))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := do(provider); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
