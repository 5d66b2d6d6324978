package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/internal/metrics"
)

// tools are the stores that subcommands work with.
type tools struct {
	root      vault.RootKey
	pool      *pgxpool.Pool
	keyring   *vault.Keyring
	vault     *vault.Vault
	log       *eventstore.Store
	directory *directory.Store
	keys      *auth.Store
}

// newTools opens the stores in the database behind pool, with the keyring in that
// behind keyringPool.
func newTools(pool, keyringPool *pgxpool.Pool, root vault.RootKey, m *metrics.Metrics) *tools {
	keyring := vault.NewKeyring(keyringPool, root)
	v := vault.New(keyring)
	log := eventstore.New(pool, v, m, eventstore.Config{})
	return &tools{
		root: root, pool: pool, keyring: keyring, vault: v, log: log,
		directory: directory.NewStore(pool, v, log.Numbers()),
		keys:      auth.NewStore(pool),
	}
}

// outlets knows which outlets accounts have.
func (t *tools) outlets() *relay.OutletStore { return relay.NewOutletStore(t.pool, 0) }

// with opens the stores, has do use them while the log takes appends, and closes
// them.
func (c database) with(ctx context.Context, e env, do func(*tools) error) error {
	return c.withPool(ctx, e, 4, do)
}

// withPool is with on so many connections to Postgres, at most.
func (c database) withPool(ctx context.Context, e env, size int, do func(*tools) error) error {
	if err := c.validate(); err != nil {
		return &usageError{err}
	}
	root, err := e.rootKey()
	if err != nil {
		return err
	}
	pool, keyring, closePools, err := c.connect(ctx, size)
	if err != nil {
		return err
	}
	defer closePools()
	t := newTools(pool, keyring, root, metrics.New(prometheus.NewRegistry()))
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- t.log.Run(running) }()
	defer func() { stop(); <-done }()
	return c.orBehind(ctx, do(t))
}

// output prints what a subcommand has found: a table for people, one JSON object
// per line for programs.
type output struct {
	JSON bool `name:"json" help:"Print one JSON object per line."`
}

func (o output) print(w io.Writer, header string, rows []row) error {
	if o.JSON {
		encoder := json.NewEncoder(w)
		for _, r := range rows {
			if err := encoder.Encode(r.object); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, header)
	for _, r := range rows {
		fmt.Fprintln(table, r.text)
	}
	return table.Flush()
}

// row is one thing found: its columns, divided by tabs, and the same as an object.
type row struct {
	text   string
	object any
}
