package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/threads"
)

type projectionCommand struct {
	Status   projectionStatus   `cmd:"" help:"Say how far the read models are, who works on them, and what waits."`
	Rebuild  projectionRebuild  `cmd:"" help:"Build a read model anew from the log while it is in use, compare the two, and have the new one read. Goes on where an earlier rebuild was interrupted. Exit code 3: they differ, and the one in use stays."`
	Rollback projectionRollback `cmd:"" help:"Go back to the read model that was in use before the last rebuild. A second rollback takes that back."`
}

// projectionDatabase is the database as commands about projections use it: they open
// no text, so they need no root key.
type projectionDatabase struct {
	database
}

func (c projectionDatabase) with(ctx context.Context, size int, do func(*pgxpool.Pool) error) error {
	if err := c.validate(); err != nil {
		return &usageError{err}
	}
	pool, err := eventstore.Connect(ctx, c.PostgresURL, size)
	if err != nil {
		return err
	}
	defer pool.Close()
	return c.orBehind(ctx, do(pool))
}

// rebuilder is Rebuild or Rollback with what both need.
func rebuilder(pool *pgxpool.Pool, config projections.RebuildConfig) *projections.Rebuilder {
	m := metrics.New(prometheus.NewRegistry())
	log := eventstore.New(pool, nil, m, eventstore.Config{})
	return projections.NewRebuilder(pool, threads.Projection{}, log, m, config)
}

type projectionRebuild struct {
	projectionDatabase
	output
	Projection string `arg:"" enum:"threads" help:"The read model: threads."`
	Workers    int    `help:"Processors to use, and parts of the log to load side by side; half of those that there are if not given." placeholder:"N"`
	Memory     int    `default:"512" help:"Memory for events that are folded, roughly, in MiB. The less, the more often the log is read."`
	Accept     bool   `help:"Have the new read model read even if it differs, as after a fault of the projector is mended."`
	Restart    bool   `help:"Begin anew, whatever an interrupted rebuild has left."`
	DropOld    bool   `help:"Do not keep the read model that was in use: there will be no way back."`
}

func (c projectionRebuild) Run(ctx context.Context, e env) error {
	switch {
	case c.Workers < 0 || c.Workers > 64:
		return &usageError{errors.New("--workers must be between 1 and 64")}
	case c.Memory < 16:
		return &usageError{errors.New("--memory must be at least 16")}
	}
	if c.Workers == 0 {
		c.Workers = projections.DefaultWorkers()
	}
	// Collecting garbage counts, too: the service on this machine is to have processors left.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(c.Workers, runtime.GOMAXPROCS(0))))
	return c.with(ctx, max(4, c.Workers+1), func(pool *pgxpool.Pool) error {
		bars := newProgressBars(e.stderr)
		report, err := rebuilder(pool, projections.RebuildConfig{
			Workers: c.Workers, Memory: int64(c.Memory) << 20, Accept: c.Accept, Restart: c.Restart, DropOld: c.DropOld,
			Build: buildName(), Progress: bars.show,
		}).Rebuild(ctx)
		bars.stop()
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("interrupted; run the same command to go on")
		}
		if differ := (*projections.DifferError)(nil); err != nil && !errors.As(err, &differ) {
			return err
		}
		return errors.Join(c.printReport(ctx, e, pool, report), err)
	})
}

type projectionRollback struct {
	projectionDatabase
	output
	Projection string `arg:"" enum:"threads" help:"The read model: threads."`
}

func (c projectionRollback) Run(ctx context.Context, e env) error {
	return c.with(ctx, 4, func(pool *pgxpool.Pool) error {
		bars := newProgressBars(e.stderr)
		report, err := rebuilder(pool, projections.RebuildConfig{Progress: bars.show}).Rollback(ctx)
		bars.stop()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printReport(ctx, e, pool, report)
		}
		_, err = fmt.Fprintf(e.stdout, "%s: version %d is read again; %d later events were applied to it first\n",
			threads.Name, report.Version, report.CaughtUp)
		return err
	})
}

// buildName names this program: two that have the same name fold alike.
func buildName() string {
	name := version
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
				name += " " + s.Value
			}
		}
	}
	return name
}

// reportObject is a report as programs read it.
type reportObject struct {
	Projection  string             `json:"projection"`
	Version     int32              `json:"version"`
	Live        bool               `json:"live"`
	Resumed     bool               `json:"resumed"`
	Loaded      int64              `json:"loaded_events"`
	CaughtUp    int                `json:"caught_up_events"`
	Seconds     float64            `json:"seconds"`
	Steps       map[string]float64 `json:"step_seconds"`
	Tickets     int                `json:"compared_tickets"`
	Behind      int                `json:"not_compared"`
	Differ      int                `json:"differ"`
	Differing   []ticketObject     `json:"differing"`
	Sick        int                `json:"quarantined"`
	Quarantined []ticketObject     `json:"quarantine"`
}

func (c output) printReport(ctx context.Context, e env, pool *pgxpool.Pool, r projections.Report) error {
	names := newAccountNames(pool)
	if c.JSON {
		steps := make(map[string]float64)
		for step, took := range r.Steps {
			steps[step] = took.Seconds()
		}
		return c.print(e.stdout, "", []row{{object: reportObject{
			threads.Name, r.Version, r.Switched, r.Resumed, int64(r.Position), r.CaughtUp, r.Took.Seconds(), steps,
			r.Tickets, r.Behind, r.Differ, names.objects(ctx, r.Differing), r.Sick, names.objects(ctx, r.Quarantined),
		}}})
	}
	rate := float64(r.Position) / r.Took.Seconds()
	fmt.Fprintf(e.stdout, "%s: version %d, from %d events in %s (%.0f/s) and %d later ones\n",
		threads.Name, r.Version, r.Position, r.Took.Round(time.Millisecond), rate, r.CaughtUp)
	fmt.Fprintf(e.stdout, "%d tickets compared, %d differ", r.Tickets, r.Differ)
	if r.Behind > 0 {
		fmt.Fprintf(e.stdout, "; %d could not be compared: the read model in use lacks events of theirs", r.Behind)
	}
	fmt.Fprintln(e.stdout)
	if r.Switched {
		fmt.Fprintln(e.stdout, "the new version is read now")
	}
	var rows []row
	for _, t := range names.objects(ctx, r.Differing) {
		rows = append(rows, row{text: t.Account + "\t" + t.Ticket + "\tdiffers"})
	}
	for _, t := range names.objects(ctx, r.Quarantined) {
		rows = append(rows, row{text: t.Account + "\t" + t.Ticket + "\tin quarantine: " + t.Reason})
	}
	if len(rows) == 0 {
		return nil
	}
	return c.print(e.stdout, "ACCOUNT\tTICKET\tWHAT", rows)
}
