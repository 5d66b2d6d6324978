package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/version_loaded.sql
	versionLoadedSQL string
	//go:embed sql/version_indexed.sql
	versionIndexedSQL string
)

// load fills the tables with what the log held when the rebuild began: part by part of
// the tickets, each folded in memory and written in one transaction.
func (s *site) load(ctx context.Context) error {
	total := int64(s.report.Position)
	s.begins(StepLoad, total*int64(len(s.loaded))/int64(max(1, s.parts)), total)
	var jobs []func(context.Context) error
	for part := range s.parts {
		if !slices.Contains(s.loaded, int16(part)) {
			jobs = append(jobs, func(ctx context.Context) error { return s.loadPart(ctx, part) })
		}
	}
	if err := parallel(ctx, s.config.Workers, jobs); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return nil
}

func (s *site) loadPart(ctx context.Context, part int) error {
	p := &loading{build: s.tables.Build(), pace: newPace(s.log.Head), sick: make(map[ticketKey]poison)}
	if err := s.foldPart(ctx, part, p); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, hurrySQL); err != nil {
			return err
		}
		if err := p.build.Copy(ctx, tx.Conn().PgConn(), p.torn, func() { p.pace.rest(ctx) }); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
		if err := p.quarantine(ctx, tx, s.schema, s.config.Shard); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, versionLoadedSQL, s.run, part)
		if err == nil && tag.RowsAffected() != 1 {
			err = errSuperseded
		}
		return err
	})
}

// foldPart reads the log. A statement that fails, as on a machine that has too much to
// do, is tried again from where it was: much may have been read before it.
func (s *site) foldPart(ctx context.Context, part int, p *loading) error {
	const tries = 5
	failures := 0
	for p.at < s.report.Position {
		to := min(p.at+p.pace.step(), s.report.Position)
		before, begun := p.events, p.at
		err := s.log.Scan(ctx, eventstore.Range{After: p.at, To: to, Part: part, Parts: s.parts}, p.add)
		s.advance(p.events - before)
		switch {
		case err == nil:
			p.at, failures = to, 0
			p.pace.rest(ctx)
			continue
		case p.at > begun:
			failures = 0
		}
		if failures++; failures == tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second << failures / 4):
		}
	}
	return nil
}

// loading is a part on its way into memory.
type loading struct {
	build  Build
	pace   *pace
	sick   map[ticketKey]poison
	lost   map[ticketKey]bool // of sick: half an event may have been applied
	event  Event
	at     eventstore.Position // of the last event
	events int64
}

// add folds an event. It never fails: a ticket that cannot be folded keeps the rows
// that it had before, and waits in quarantine.
func (p *loading) add(r *eventstore.Recorded) error {
	p.events++
	p.at = r.Position
	key := keyOf(r)
	if len(p.sick) > 0 {
		if _, sick := p.sick[key]; sick {
			return nil
		}
	}
	err := safely(func() (err error) {
		p.event.Recorded = *r
		if p.event.Fact, err = r.Decode(); err != nil {
			return err
		}
		if err = p.build.Add(&p.event); err != nil {
			err = fmt.Errorf("%s: %w", r.Type, err)
		}
		return err
	})
	if err == nil {
		return nil
	}
	if panicked := (*panicError)(nil); errors.As(err, &panicked) {
		if p.lost == nil {
			p.lost = make(map[ticketKey]bool)
		}
		p.lost[key] = true
		err = fmt.Errorf("%s: %w", r.Type, err)
	}
	p.sick[key] = poison{key, r.Position, err.Error()}
	return nil
}

// torn reports whether what was folded of a ticket is not to be trusted.
func (p *loading) torn(account domain.AccountID, ticket domain.TicketID) bool {
	return p.lost[ticketKey{account, ticket}]
}

// quarantine notes which tickets could not be folded.
func (p *loading) quarantine(ctx context.Context, tx pgx.Tx, name string, shard int16) error {
	if len(p.sick) == 0 {
		return nil
	}
	var accounts []int32
	var tickets []pgtype.UUID
	var positions []int64
	var reasons []string
	for key, q := range p.sick {
		accounts, tickets = append(accounts, int32(key.account)), append(tickets, pgtype.UUID{Bytes: key.ticket, Valid: true})
		positions, reasons = append(positions, int64(q.position)), append(reasons, q.reason)
	}
	_, err := tx.Exec(ctx, quarantineSQL, name, shard, accounts, tickets, positions, reasons)
	return err
}

// index makes the tables what those are that are read.
func (s *site) index(ctx context.Context) error {
	if s.indexed {
		return nil
	}
	schema := s.tables.Schema()
	s.begins(StepIndex, 0, int64(len(schema.Indexes)))
	var jobs []func(context.Context) error
	for _, index := range schema.Indexes {
		jobs = append(jobs, func(ctx context.Context) error {
			defer s.advance(1)
			return s.alter(ctx, index)
		})
	}
	if err := parallel(ctx, s.config.Workers, jobs); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, constraint := range schema.Constraints {
			if _, err := tx.Exec(ctx, constraint); err != nil {
				return err
			}
		}
		tag, err := tx.Exec(ctx, versionIndexedSQL, s.run)
		if err == nil && tag.RowsAffected() != 1 {
			err = errSuperseded
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// indexMemory is what Postgres may use to sort the entries of an index.
const indexMemory = "128MB"

func (s *site) alter(ctx context.Context, statement string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('maintenance_work_mem', $1, true)", indexMemory); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, statement)
		return err
	})
}

// parallel does jobs, a number of them at a time, and ends the others when one fails.
// It returns the first error.
func parallel(ctx context.Context, workers int, jobs []func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan func(context.Context) error)
	var working sync.WaitGroup
	for range min(workers, len(jobs)) {
		working.Go(func() {
			for job := range next {
				if err := job(ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, job := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- job
	}
	close(next)
	working.Wait()
	return context.Cause(ctx)
}
