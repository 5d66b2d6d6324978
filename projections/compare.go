package projections

import (
	"context"
	"fmt"

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
	err := pgx.BeginFunc(ctx, c.site.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, whole); err != nil {
			return err
		}
		return c.each(ctx, tx, live.Digests, next.Digests, []any{c.config.Shard}, func(d *digest) {
			c.report.Tickets++
			c.note(d)
			if c.report.Tickets%1000 == 0 {
				c.advance(1000)
			}
		})
	})
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return nil
}

// note puts a ticket where it belongs.
func (c *comparison) note(d *digest) {
	switch {
	case d.same():
		delete(c.pending, d.ticketKey)
	case d.sameVersion():
		delete(c.pending, d.ticketKey)
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

// open returns the pending tickets of partitions in which both versions have come
// equally far, or might have.
func (c *comparison) open(f *follower, live *checkpoints) (keys []ticketKey) {
	if c == nil {
		return nil
	}
	for key := range c.pending {
		if f.level(domain.Partition(key.account, key.ticket), live) {
			keys = append(keys, key)
		}
	}
	return keys
}

// level reports whether this version has come as far as the one that is read, and no
// further.
func (f *follower) level(partition int, live *checkpoints) bool {
	return live[partition].epoch == f.head.epoch && live[partition].position >= f.held[partition].position
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
			accounts, tickets = append(accounts, int32(key.account)), append(tickets, pgtype.UUID{Bytes: key.ticket, Valid: true})
		}
		err := pgx.BeginFunc(ctx, c.site.pool, func(tx pgx.Tx) error {
			return c.each(ctx, tx, live.DigestsOf, next.DigestsOf, []any{c.config.Shard, accounts, tickets}, c.note)
		})
		if err != nil {
			return fmt.Errorf("compare: %w", err)
		}
	}
	return nil
}

// finish judges what is left when neither version moves any more, and reports. The
// error is a *DifferError.
func (c *comparison) finish(ctx context.Context, f *follower, live *checkpoints) error {
	if c == nil {
		return nil
	}
	if err := c.recheck(ctx, c.open(f, live)); err != nil {
		return err
	}
	sick, err := c.quarantined(ctx)
	if err != nil {
		return err
	}
	for key := range c.pending {
		i := domain.Partition(key.account, key.ticket)
		if live[i].epoch == f.head.epoch && live[i].position == f.held[i].position {
			c.differ[key] = struct{}{} // a row is missing, or says that it is good up to another version
			delete(c.pending, key)
		}
	}
	c.report.Behind = len(c.pending)
	return c.judge(sick)
}

// judge reports the tickets that differ, quarantined ones excepted.
func (c *comparison) judge(sick map[ticketKey]bool) error {
	c.report.Differ, c.report.Differing = 0, nil
	for key := range c.differ {
		if sick[key] {
			continue
		}
		c.report.Differ++
		if len(c.report.Differing) < maxNamed {
			c.report.Differing = append(c.report.Differing, Ticket{Account: key.account, ID: key.ticket})
		}
	}
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

// early ends a comparison that has found a difference already.
func (c *comparison) early(ctx context.Context) error {
	if c == nil || len(c.differ) == 0 || c.config.Accept {
		return nil
	}
	sick, err := c.quarantined(ctx)
	if err != nil {
		return err
	}
	return c.judge(sick)
}
