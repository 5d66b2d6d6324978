package retention

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// Config is what a Worker may be told beyond what it needs.
type Config struct {
	Shard int16
	// Glance is how often the policies are read, and deleted comments looked for in
	// accounts that keep none; default 10 s.
	Glance time.Duration
	// Round is how often everything else is done; default 10 min. A change of the
	// policies is not waited for.
	Round time.Duration
}

// A Worker sees to it that nothing is kept for longer than the policies say. Any number
// may work at once: they do the same, which is done once.
type Worker struct {
	log      *eventstore.Store
	pool     *pgxpool.Pool
	eraser   *Eraser
	policies func(context.Context) ([]Policy, error)
	metrics  *metrics.Metrics
	config   Config
}

// width is how many commands a Worker has under way at once: there is no hurry, and
// others want connections, too.
const width = 8

// NewWorker returns a worker on log, which runs, and the database behind pool. policies
// returns those that differ from Policy{Deleted: DefaultDeleted}, in order of accounts.
func NewWorker(log *eventstore.Store, pool *pgxpool.Pool, policies func(context.Context) ([]Policy, error), m *metrics.Metrics, config Config) *Worker {
	if config.Glance == 0 {
		config.Glance = 10 * time.Second
	}
	if config.Round == 0 {
		config.Round = 10 * time.Minute
	}
	return &Worker{
		log: log, pool: pool, eraser: NewEraser(log, pool, config.Shard, width),
		policies: policies, metrics: m, config: config,
	}
}

// Run works until ctx ends. While nothing has to be done, a glance is one query.
func (w *Worker) Run(ctx context.Context) error {
	var round time.Time // the last one
	var known []Policy  // to it
	for {
		began := time.Now()
		policies, err := w.policies(ctx)
		switch {
		case err != nil:
		case round.IsZero() || began.Sub(round) >= w.config.Round || !slices.Equal(policies, known):
			if err = w.Round(ctx, policies); err == nil {
				round, known = began, policies
			}
		default:
			err = w.Glance(ctx, policies)
		}
		if err != nil && ctx.Err() == nil {
			slog.Warn("retention", "error", err) // the next glance tries again
		}
		select {
		case <-time.After(w.config.Glance):
		case <-ctx.Done():
			return nil
		}
	}
}

// Glance erases what was deleted in accounts that keep nothing of that kind.
func (w *Worker) Glance(ctx context.Context, policies []Policy) error {
	var accounts []domain.AccountID
	for _, p := range policies {
		if p.Deleted == 0 {
			accounts = append(accounts, p.Account)
		}
	}
	if accounts == nil {
		return nil
	}
	_, err := w.erase(ctx, domain.CauseDeletion, w.justDeleted(accounts))
	return err
}

// Round erases all that is older than the policies allow.
func (w *Worker) Round(ctx context.Context, policies []Policy) error {
	if _, err := w.erase(ctx, domain.CauseDeletion, w.deleted(policies)); err != nil {
		return err
	}
	cursors, err := w.cursors(ctx, policies)
	if err != nil {
		return err
	}
	for days, accounts := range byAge(policies) {
		if err := w.walk(ctx, days, accounts, cursors); err != nil {
			return err
		}
		if err := w.comeBack(ctx, days, accounts); err != nil {
			return err
		}
	}
	return nil
}

// byAge lists the accounts that do not keep texts for ever by the days for which they
// do: they can be walked together.
func byAge(policies []Policy) map[int][]domain.AccountID {
	groups := make(map[int][]domain.AccountID)
	for _, p := range policies {
		if p.Contents > 0 {
			groups[p.Contents] = append(groups[p.Contents], p.Account)
		}
	}
	return groups
}

// erase is that of the Eraser, and counts.
func (w *Worker) erase(ctx context.Context, cause domain.Cause, source Source) (Tally, error) {
	t, err := w.eraser.Erase(ctx, cause, source, nil)
	w.metrics.ErasedTexts.WithLabelValues(string(cause)).Add(float64(t.Texts))
	if t.Erased() > 0 {
		slog.Info("erased", "cause", string(cause), "comments", t.Comments, "chats", t.Chats, "subjects", t.Subjects, "texts", t.Texts)
	}
	return t, err
}

// these is the source of targets that are known, each handed out once.
func these(targets []Target) Source {
	return func(_ context.Context, take func(Target) error) error {
		seen := make(map[Target]bool, len(targets))
		for _, t := range targets {
			if seen[t] {
				continue
			}
			seen[t] = true
			if err := take(t); err != nil {
				return err
			}
		}
		return nil
	}
}
