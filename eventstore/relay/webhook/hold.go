package webhook

import (
	"context"
	_ "embed"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/held.sql
	heldSQL string
	//go:embed sql/release.sql
	releaseSQL string
	//go:embed sql/leave.sql
	leaveSQL string
)

// holding is what is to be known of an endpoint that is held.
type holding struct {
	generation int32
	due        bool // something late is
	failing    bool
}

func (d *Dispatcher) held(ctx context.Context) (map[ID]holding, error) {
	rows, err := d.pool.Query(ctx, heldSQL, d.member)
	if err != nil {
		return nil, unavailable("held", err)
	}
	held := make(map[ID]holding)
	var id uuid.UUID
	var h holding
	_, err = pgx.ForEachRow(rows, []any{&id, &h.generation, &h.due, &h.failing}, func() error {
		held[ID(id)] = h
		return nil
	})
	return held, unavailable("held", err)
}

// follow stops what is held no more, or was changed, and starts what is new. Nothing is
// waited for: what was changed starts with the tick after the one at which it has ended.
func (d *Dispatcher) follow(ctx context.Context, held map[ID]holding) {
	for id, r := range d.runners {
		if h, ok := held[id]; !ok || h.generation != r.generation {
			r.stop()
		}
		if r.ended() {
			delete(d.runners, id)
		}
	}
	failing := 0
	for id, h := range held {
		if h.failing {
			failing++
		}
		r := d.runners[id]
		if r == nil {
			r = d.start(ctx, id, h.generation)
		}
		if h.due {
			select {
			case r.due <- struct{}{}:
			default:
			}
		}
	}
	d.metrics.WebhookEndpoints.WithLabelValues("held").Set(float64(len(held)))
	d.metrics.WebhookEndpoints.WithLabelValues("failing").Set(float64(failing))
}

func (r *running) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// start begins to deliver to an endpoint, until it is stopped.
func (d *Dispatcher) start(parent context.Context, id ID, generation int32) *running {
	ctx, stop := context.WithCancel(context.WithoutCancel(parent))
	r := &running{generation: generation, due: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	d.runners[id] = r
	go func() {
		defer close(r.done)
		defer stop()
		if err := d.deliver(ctx, id, r.due); err != nil && ctx.Err() == nil && parent.Err() == nil {
			slog.Warn("webhook", "endpoint", id, "error", err) // the next tick starts it again
		}
	}()
	return r
}

// giveBack frees endpoints for others, who have none.
func (d *Dispatcher) giveBack(ctx context.Context, surplus int) error {
	var ids []uuid.UUID
	for id, r := range d.runners {
		if len(ids) >= surplus {
			break
		}
		r.stop()
		ids = append(ids, uuid.UUID(id))
	}
	if ids == nil {
		return nil
	}
	for _, id := range ids {
		<-d.runners[ID(id)].done
		delete(d.runners, ID(id))
	}
	_, err := d.pool.Exec(ctx, releaseSQL, d.member, ids)
	return unavailable("release", err)
}

func (d *Dispatcher) stopAll() {
	for _, r := range d.runners {
		r.stop()
	}
	for id, r := range d.runners {
		<-r.done
		delete(d.runners, id)
	}
}

// leave stops everything and lets others take over at once.
func (d *Dispatcher) leave(ctx context.Context) {
	d.stopAll()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if _, err := d.pool.Exec(ctx, leaveSQL, d.member); err != nil {
		slog.Warn("webhooks", "error", unavailable("leave", err)) // they wait until the lease has run out
	}
}
