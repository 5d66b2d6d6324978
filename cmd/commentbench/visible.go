package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// measureVisible is D: comments come in at a fixed rate, whatever happens, and each
// is followed from its commit to the log to the commit that shows it in the read
// model. Postgres notes when transactions commit, so nothing is asked meanwhile. It
// notes the time before it brings the commit to disk: what the log's commit then
// still takes is part of the figure.
func (b *bench) measureVisible(ctx context.Context) ([]result, error) {
	h, err := b.web(ctx)
	if err != nil {
		return nil, err
	}
	var results []result
	for _, load := range []struct {
		rate     float64
		p50, p99 *target
	}{
		{500, atMost(1), atMost(5)},
		{2000, nil, atMost(12)},
	} {
		var p50, p99, afterAnswer, late series
		for round := -1; round < b.Rounds; round++ {
			v, err := b.followed(ctx, h, load.rate)
			if err != nil {
				return nil, err
			}
			if round < 0 {
				continue // as in interleave
			}
			b.say("round %d of %d: %.0f/s visible after p50 %.2f ms, p99 %.2f ms", round+1, b.Rounds, load.rate, milliseconds(quantile(v.fromCommit, 0.5)), milliseconds(quantile(v.fromCommit, 0.99)))
			p50 = append(p50, milliseconds(quantile(v.fromCommit, 0.5)))
			p99 = append(p99, milliseconds(quantile(v.fromCommit, 0.99)))
			afterAnswer = append(afterAnswer, milliseconds(quantile(v.fromAnswer, 0.99)))
			late = append(late, v.posted.p99())
		}
		what := fmt.Sprintf("commit → visible at %.0f/s", load.rate)
		results = append(results,
			absolute("D", what+": p50", "ms", p50, load.p50),
			absolute("D", what+": p99", "ms", p99, load.p99),
			absolute("D", fmt.Sprintf("answer 201 → visible at %.0f/s: p99", load.rate), "ms", afterAnswer, nil),
			absolute("D", fmt.Sprintf("POST at %.0f/s: p99, from when it was due", load.rate), "ms", late, nil),
		)
	}
	if err := h.check(ctx, b); err != nil {
		return nil, err
	}
	lost := series{float64(b.correct.Lost + b.correct.Doubled + b.correct.Reordered)}
	line := absolute("D", "events lost, doubled or reordered", "", lost, atMost(0))
	line.Note = fmt.Sprintf("of %d looked for", b.correct.Checked)
	return append(results, line), nil
}

// following is what became of the comments of one measurement.
type following struct {
	posted     sample
	fromCommit []time.Duration // to visible
	fromAnswer []time.Duration // likewise; 0 where the comment was visible before
}

// followed posts at a rate and looks up when each comment became visible.
func (b *bench) followed(ctx context.Context, h *httpStack, rate float64) (following, error) {
	before, err := h.library.log.Head(ctx)
	if err != nil {
		return following{}, err
	}
	f, answered, err := h.postAtRate(ctx, rate, time.Duration(b.Seconds*float64(time.Second)))
	b.correct.Failed += f.posted.failed
	if err != nil {
		return f, err
	}
	if err := h.projected(ctx); err != nil {
		return f, err
	}
	rows, err := h.library.desk.Query(ctx, followSQL, int64(before.Position))
	if err != nil {
		return f, err
	}
	var comment uuid.UUID
	var took *float64 // seconds; null: not in the read model
	var at *time.Time
	var reordered bool
	_, err = pgx.ForEachRow(rows, []any{&comment, &took, &at, &reordered}, func() error {
		b.correct.Checked++
		if reordered {
			b.correct.Reordered++
		}
		if took == nil {
			b.correct.Lost++
			return nil
		}
		f.fromCommit = append(f.fromCommit, time.Duration(*took*float64(time.Second)))
		if told, ok := answered[comment]; ok {
			f.fromAnswer = append(f.fromAnswer, max(0, at.Sub(told)))
			delete(answered, comment)
		}
		return nil
	})
	b.correct.Lost += len(answered) // acknowledged, and not found
	return f, err
}

// followSQL: a row of the read model that no event has changed since bears the
// transaction that made it. Within a ticket, what comes later in the log must not be
// visible earlier.
const followSQL = `
SELECT comment_id, extract(epoch FROM visible - committed)::float8, visible,
       coalesce(visible < lag(visible) OVER (PARTITION BY ticket_id ORDER BY position), false)
  FROM (SELECT e.comment_id, e.ticket_id, e.position,
               pg_xact_commit_timestamp(e.xmin) AS committed, pg_xact_commit_timestamp(c.xmin) AS visible
          FROM log.events e
          LEFT JOIN threads.comments c
            ON c.shard = e.shard AND c.account_id = e.account_id AND c.ticket_id = e.ticket_id AND c.position = e.position
         WHERE e.shard = 0 AND e.position > $1 AND e.type = 'comment.created') followed`

// postAtRate posts comments at a rate for d and notes when each was acknowledged.
func (h *httpStack) postAtRate(ctx context.Context, rate float64, d time.Duration) (f following, answered map[uuid.UUID]time.Time, err error) {
	clients, closeAll, err := dialAll(h.address, manyCallers)
	if err != nil {
		return f, nil, err
	}
	defer closeAll()
	buffers := make([][]byte, manyCallers)
	answered = make(map[uuid.UUID]time.Time)
	var mu sync.Mutex
	f.posted, err = openLoop(ctx, manyCallers, rate, d, func(_ context.Context, caller int) error {
		a, err := h.posted.post(clients[caller], anyOf(h.posted.tickets), &buffers[caller])
		if err != nil {
			return err
		}
		told := time.Now()
		if len(a.location) < 36 {
			return fmt.Errorf("answered without the comment's Location")
		}
		comment, err := uuid.ParseBytes(a.location[len(a.location)-36:])
		if err != nil {
			return fmt.Errorf("answered with a Location that does not end with an id")
		}
		mu.Lock()
		answered[comment] = told
		mu.Unlock()
		return nil
	})
	return f, answered, err
}
