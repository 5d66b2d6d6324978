package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstack"
)

const (
	// productPool is how many connections to Postgres the product has.
	productPool = 24
	// manyCallers is the usual number of them, and of the connections of a floor in
	// which every caller has its own.
	manyCallers = 64
)

// bench is a run: what it has started, and what it has found out about correctness.
type bench struct {
	options
	progress io.Writer
	dir      string // everything is in here, and goes with it
	commentd string // path of the product's binary
	rootKey  string
	root     vault.RootKey
	postgres *devstack.Postgres
	correct  correctness
	closers  []func() error

	http   *httpStack // see its use
	growth *growth
}

// correctness counts what must not be. Numbers of a run in which any of it is not
// zero mean nothing.
type correctness struct {
	Failed    int `json:"failed_calls"`     // calls not answered as they should be
	Lost      int `json:"lost_events"`      // acknowledged, and not in the log, the stream or the read model
	Reordered int `json:"reordered_events"` // visible, or in the stream, in another order than in the log
	Checked   int `json:"checked_events"`   // that were looked for
}

func (c correctness) err() error {
	if c.Failed+c.Lost+c.Reordered == 0 {
		return nil
	}
	return fmt.Errorf("not correct: %d calls failed, %d events lost, %d reordered", c.Failed, c.Lost, c.Reordered)
}

func newBench(ctx context.Context, o options, progress io.Writer) (b *bench, err error) {
	b = &bench{options: o, progress: progress, rootKey: vault.GenerateRootKey()}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if b.root, err = vault.ParseRootKey(b.rootKey); err != nil {
		return b, err
	}
	if b.dir, err = os.MkdirTemp(o.Dir, "commentbench-"); err != nil {
		return b, err
	}
	b.closers = append(b.closers, func() error { return os.RemoveAll(b.dir) })
	if err := os.Chmod(b.dir, 0o755); err != nil { // Postgres may run as another user
		return b, err
	}
	if b.commentd, err = b.product(ctx); err != nil {
		return b, err
	}
	return b, b.startPostgres(ctx)
}

func (b *bench) startPostgres(ctx context.Context) (err error) {
	b.say("starting Postgres")
	settings := map[string]string{
		"max_connections": "400",
		// When a transaction committed can then be asked afterwards (see D), instead of
		// looking again and again while it is awaited.
		"track_commit_timestamp": "on",
		// No checkpoint falls into one round and not into another.
		"max_wal_size": "16GB", "checkpoint_timeout": "1h",
	}
	if b.Flush > 0 {
		// Whoever flushes sleeps first, and those who come meanwhile are flushed along.
		settings["commit_delay"] = strconv.FormatInt(b.Flush.Microseconds(), 10)
		settings["commit_siblings"] = "0"
	}
	b.postgres, err = devstack.StartPostgres(ctx, devstack.PostgresConfig{Dir: filepath.Join(b.dir, "postgres"), Settings: settings})
	if err != nil {
		return err
	}
	b.closers = append(b.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return b.postgres.Remove(ctx)
	})
	return nil
}

// close ends what was started, the last first.
func (b *bench) close() error {
	var errs []error
	for _, c := range slices.Backward(b.closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// say tells on the way what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "commentbench: "+format+"\n", args...)
}

// product returns the binary to be measured, after building it if none was named.
func (b *bench) product(ctx context.Context) (string, error) {
	if b.Commentd != "" {
		return filepath.Abs(b.Commentd)
	}
	b.say("building commentd")
	path := filepath.Join(b.dir, "commentd")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/commentd/commentd/cmd/commentd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build commentd (or name a binary with --commentd): %w: %s", err, out)
	}
	return path, nil
}

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

// probe is one thing that is measured, by itself, for about d.
type probe struct {
	name string
	run  func(ctx context.Context, d time.Duration) (sample, error)
}

// interleave measures the probes one after the other, as often as there are rounds,
// every other time in reverse, so that product and floor share the machine's
// moods. A short pass that does not count comes first.
func (b *bench) interleave(ctx context.Context, probes ...probe) (map[string][]sample, error) {
	d := time.Duration(b.Seconds * float64(time.Second))
	samples := make(map[string][]sample)
	for round := -1; round < b.Rounds; round++ {
		for i := range probes {
			p := probes[i]
			if round%2 != 0 {
				p = probes[len(probes)-1-i]
			}
			length := d
			if round < 0 {
				length = d / 4
			}
			s, err := p.run(ctx, length)
			b.correct.Failed += s.failed
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if round >= 0 {
				samples[p.name] = append(samples[p.name], s)
				b.say("round %d of %d: %-40s %8.0f/s  p50 %6.2f ms  p99 %6.2f ms", round+1, b.Rounds, p.name, s.rate(), s.p50(), s.p99())
			}
		}
	}
	return samples, nil
}
