package projections

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// comparison finds out whether two versions of a read model are the same. Both may
// change meanwhile, so the rows of a ticket are compared when they show the same of its
// stream in both; until then it is pending. A nil comparison compares nothing.
type comparison struct {
	*site
	pending map[ticketKey]struct{}
	differ  map[ticketKey]struct{}
}

// digest is what the rows of a ticket come to in both versions.
type digest struct {
	ticketKey
	live, next       *eventstore.Version // null: there is no row
	liveSum, nextSum *int64
}

func (d *digest) sameVersion() bool { return d.live != nil && d.next != nil && *d.live == *d.next }

func (d *digest) same() bool { return d.sameVersion() && *d.liveSum == *d.nextSum }

// each runs a query for digests of both versions and hands on what it finds.
func (c *comparison) each(ctx context.Context, tx pgx.Tx, live, next string, args []any, do func(*digest)) error {
	rows, err := tx.Query(ctx, `
		SELECT coalesce(l.account_id, n.account_id), coalesce(l.ticket_id, n.ticket_id), l.version, n.version, l.digest, n.digest
		  FROM (`+live+`) l
		  FULL JOIN (`+next+`) n ON l.account_id = n.account_id AND l.ticket_id = n.ticket_id`, args...)
	if err != nil {
		return err
	}
	var d digest
	var ticket pgtype.UUID
	_, err = pgx.ForEachRow(rows, []any{&d.account, &ticket, &d.live, &d.next, &d.liveSum, &d.nextSum}, func() error {
		d.ticket = ticket.Bytes
		do(&d)
		return nil
	})
	return err
}

// whole are settings for a statement that reads everything: those of the session are
// for looking up a few rows.
const whole = `SELECT set_config(name, value, true) FROM (VALUES
	('enable_seqscan', 'on'), ('enable_hashjoin', 'on'), ('enable_mergejoin', 'on'), ('enable_material', 'on'),
	('work_mem', '64MB')) AS s (name, value)`

// all compares all tickets, in one statement, which sees one moment.
func (c *comparison) all(ctx context.Context) error {
	if c == nil {
		return nil
	}
	c.pending, c.differ = make(map[ticketKey]struct{}), make(map[ticketKey]struct{})
	c.begins(StepCompare, 0, 0)
	live, next := c.projection.Schema(), c.tables.Schema()
	c.report.Tickets = 0
	return c.moment(ctx, func(tx pgx.Tx, level *levels) error {
		if _, err := tx.Exec(ctx, whole); err != nil {
			return err
		}
		return c.each(ctx, tx, live.Digests, next.Digests, []any{c.config.Shard}, func(d *digest) {
			c.report.Tickets++
			c.note(d, level)
			if c.report.Tickets%1000 == 0 {
				c.advance(1000)
			}
		})
	})
}

// levels are the partitions of which both versions show the same events.
type levels [domain.Partitions]bool

// moment has do look at both versions as they are at one moment.
func (c *comparison) moment(ctx context.Context, do func(pgx.Tx, *levels) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, c.site.pool, options, func(tx pgx.Tx) error {
		live, err := readCheckpoints(ctx, tx, checkpointsSQL, c.projection.Name(), c.config.Shard)
		if err != nil {
			return err
		}
		next, err := readCheckpoints(ctx, tx, checkpointsSQL, c.tables.Name(), c.config.Shard)
		if err != nil {
			return err
		}
		var level levels
		for i := range level {
			level[i] = live[i] == next[i]
		}
		return do(tx, &level)
	})
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return nil
}

// note puts a ticket where it belongs. If its partition is level and the versions are not,
// then rows are missing, or say that they are good up to another version.
func (c *comparison) note(d *digest, level *levels) {
	switch {
	case d.same():
	case d.sameVersion(), level[domain.Partition(d.account, d.ticket)]:
		c.differ[d.ticketKey] = struct{}{}
	default:
		c.pending[d.ticketKey] = struct{}{}
	}
}

// touched notes that a ticket's rows have changed since they were compared.
func (c *comparison) touched(key ticketKey) {
	if c != nil && c.pending != nil {
		delete(c.differ, key)
		c.pending[key] = struct{}{}
	}
}

// recheckStep is how many tickets are looked at in one statement.
const recheckStep = 500

// open returns the pending tickets of partitions in which this version can come as far as
// the one that is read, which may be the one behind.
func (c *comparison) open(f *follower, live *checkpoints) (keys []ticketKey) {
	if c == nil {
		return nil
	}
	for key := range c.pending {
		i := domain.Partition(key.account, key.ticket)
		if live[i].epoch == f.head.epoch && live[i].position >= f.held[i].position {
			keys = append(keys, key)
		}
	}
	return keys
}

// recheck looks at tickets again.
func (c *comparison) recheck(ctx context.Context, keys []ticketKey) error {
	live, next := c.projection.Schema(), c.tables.Schema()
	for len(keys) > 0 {
		some := keys[:min(recheckStep, len(keys))]
		keys = keys[len(some):]
		var accounts []int32
		var tickets []pgtype.UUID
		for _, key := range some {
			delete(c.pending, key) // it comes back, unless neither version has rows of it
			accounts, tickets = append(accounts, int32(key.account)), append(tickets, pgtype.UUID{Bytes: key.ticket, Valid: true})
		}
		err := c.moment(ctx, func(tx pgx.Tx, level *levels) error {
			return c.each(ctx, tx, live.DigestsOf, next.DigestsOf, []any{c.config.Shard, accounts, tickets}, func(d *digest) {
				c.note(d, level)
			})
		})
		if err != nil {
			for _, key := range some {
				c.pending[key] = struct{}{}
			}
			return err
		}
	}
	return nil
}

// finish judges when neither version moves any more. What then is pending cannot be
// compared. The error is a *DifferError.
func (c *comparison) finish(ctx context.Context, f *follower, live *checkpoints) error {
	if c == nil {
		return nil
	}
	if err := c.recheck(ctx, c.open(f, live)); err != nil {
		return err
	}
	c.report.Behind = len(c.pending)
	return c.judge(ctx)
}

// early ends a comparison that has found a difference already.
func (c *comparison) early(ctx context.Context) error {
	if c == nil || len(c.differ) == 0 || c.config.Accept {
		return nil
	}
	return c.judge(ctx)
}

// judge reports the tickets that differ, quarantined ones excepted.
func (c *comparison) judge(ctx context.Context) error {
	sick, err := c.quarantined(ctx)
	if err != nil {
		return err
	}
	c.report.Differ, c.report.Differing = 0, nil
	for key := range c.differ {
		if !sick[key] {
			c.report.Differ++
			c.report.Differing = append(c.report.Differing, Ticket{Account: key.account, ID: key.ticket})
		}
	}
	slices.SortFunc(c.report.Differing, func(a, b Ticket) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), bytes.Compare(a.ID[:], b.ID[:]))
	})
	c.report.Differing = c.report.Differing[:min(maxNamed, len(c.report.Differing))]
	if c.report.Differ > 0 && !c.config.Accept {
		return &DifferError{}
	}
	return nil
}

// maxNamed is how many tickets a report names.
const maxNamed = 100

// quarantined returns the tickets that wait in either version, and reports those of the
// new one.
func (c *comparison) quarantined(ctx context.Context) (map[ticketKey]bool, error) {
	sick := make(map[ticketKey]bool)
	c.report.Sick, c.report.Quarantined = 0, nil
	for _, name := range []string{c.projection.Name(), c.tables.Name()} {
		rows, err := c.site.pool.Query(ctx, `SELECT account_id, ticket_id, reason FROM projections.quarantine
			WHERE projection = $1 AND shard = $2 ORDER BY position`, name, c.config.Shard)
		if err != nil {
			return nil, err
		}
		var account domain.AccountID
		var ticket pgtype.UUID
		var reason string
		_, err = pgx.ForEachRow(rows, []any{&account, &ticket, &reason}, func() error {
			sick[ticketKey{account, ticket.Bytes}] = true
			if name == c.tables.Name() {
				c.report.Sick++
				if len(c.report.Quarantined) < maxNamed {
					c.report.Quarantined = append(c.report.Quarantined, Ticket{account, ticket.Bytes, reason})
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return sick, nil
}
