package main

import (
	"context"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// databaseURL is the URL of a database of the run's server.
func (b *bench) databaseURL(name string) string {
	u, err := url.Parse(b.postgres.URL())
	if err != nil {
		panic(err) // ours
	}
	u.Path = "/" + name
	return u.String()
}

// createDatabase makes an empty database and returns its URL.
func (b *bench) createDatabase(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, b.databaseURL("postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return b.databaseURL(name), err
}

// bareDatabase makes a database with the bare table.
func (b *bench) bareDatabase(ctx context.Context, name string) (databaseURL string, pool *pgxpool.Pool, err error) {
	if databaseURL, err = b.createDatabase(ctx, name); err != nil {
		return "", nil, err
	}
	if pool, err = openPool(ctx, databaseURL, manyCallers); err != nil {
		return "", nil, err
	}
	b.closers = append(b.closers, func() error { pool.Close(); return nil })
	_, err = pool.Exec(ctx, bareSchema)
	return databaseURL, pool, err
}

// openPool opens a pool as anybody would.
func openPool(ctx context.Context, databaseURL string, size int32) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = size
	return pgxpool.NewWithConfig(ctx, config)
}

// settle leaves Postgres with nothing to catch up on: dead rows, statistics, dirty
// pages.
func settle(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
		return err
	}
	_, err := pool.Exec(ctx, "CHECKPOINT")
	return err
}
