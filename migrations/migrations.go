// Package migrations holds the schema of commentd as numbered SQL files and
// applies each of them once. They go forward only; a mistake is mended by the
// next file.
package migrations

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// Up brings the database at url to the current schema. It may be called by any
// number of processes at once: one of them works, the others wait for it.
// Nothing happens to a schema that is current.
func Up(ctx context.Context, url string) error {
	return with(ctx, url, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// Status says at which version the database at url is, and which one is current.
func Status(ctx context.Context, url string) (at, current int64, err error) {
	err = with(ctx, url, func(p *goose.Provider) error {
		sources := p.ListSources()
		current = sources[len(sources)-1].Version
		at, err = p.GetDBVersion(ctx)
		return err
	})
	return at, current, err
}

func with(ctx context.Context, url string, do func(*goose.Provider) error) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// A migration gives up rather than make the service queue behind its wait for
	// a table lock; running it again goes on where it stopped.
	config.RuntimeParams["lock_timeout"] = "5s"
	db := stdlib.OpenDB(*config)
	defer db.Close()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := do(provider); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
