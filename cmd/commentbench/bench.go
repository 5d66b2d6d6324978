package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/commentd/commentd/domain"
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

	wide        *library // see wideLog
	wideTickets []domain.TicketID
}

// correctness counts what must not be. Numbers of a run in which any of it is not
// zero mean nothing.
type correctness struct {
	Failed    int `json:"failed_calls"`     // calls not answered as they should be
	Lost      int `json:"lost_events"`      // acknowledged, and not in the log, the stream or the read model
	Doubled   int `json:"doubled_events"`   // more in the log than were asked for
	Reordered int `json:"reordered_events"` // visible, or in the stream, in another order than in the log
	Checked   int `json:"checked_events"`   // that were looked for
}

func (c correctness) err() error {
	if c.Failed+c.Lost+c.Doubled+c.Reordered == 0 {
		return nil
	}
	return fmt.Errorf("not correct: %s", c)
}

func (c correctness) String() string {
	return fmt.Sprintf("%d calls failed; of %d events looked for, %d lost, %d doubled, %d reordered", c.Failed, c.Checked, c.Lost, c.Doubled, c.Reordered)
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
		"max_connections": "800",
		// When a transaction committed can then be asked afterwards (see D), instead of
		// looking again and again while it is awaited.
		"track_commit_timestamp": "on",
		// No checkpoint falls into one round and not into another.
		"max_wal_size": "16GB", "checkpoint_timeout": "1h",
		// What settle finds of Postgres' log is used again, as by a server that has been up
		// for a while: making a segment, 16 MB of zeros, holds up whoever commits meanwhile.
		"min_wal_size": "4GB",
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
