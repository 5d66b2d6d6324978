package erasure

import (
	"context"
	"log/slog"
	"time"
)

// Hurry makes a worker look again and again.
func (w *Worker) Hurry() {
	w.timing = timing{poll: 50 * time.Millisecond, pause: 10 * time.Millisecond, sweep: 100 * time.Millisecond,
		replay: time.Hour, retry: time.Hour, despair: time.Hour}
}

// OnStep has step told what has been done.
func (w *Worker) OnStep(step func(string)) { w.step = step }

// LogTo has the worker log elsewhere.
func (w *Worker) LogTo(logger *slog.Logger) { w.logger = logger }

// Measure only looks at how things stand.
func (w *Worker) Measure(ctx context.Context) error {
	_, _, err := w.measure(ctx)
	return err
}

// Round does what there is to do, whoever else is at work.
func (w *Worker) Round(ctx context.Context) error { return w.round(ctx) }

// Tend does what Run does each time.
func (w *Worker) Tend(ctx context.Context) error { return w.tend(ctx) }

var Statements = map[string]string{
	"open": openSQL, "retire": retireSQL, "retired": retiredSQL, "destroyed": destroyedSQL, "due": dueSQL,
	"state": stateSQL, "contents": contentsSQL, "rewrap_contents": rewrapContentsSQL, "refused": refusedSQL,
	"tombstones": tombstonesSQL, "newest_content": newestContentSQL, "newest_retired": newestRetiredSQL,
}
