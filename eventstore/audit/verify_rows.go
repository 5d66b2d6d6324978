package audit

import (
	"context"
	"embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/strays/*.sql
var strays embed.FS

// whole are settings for statements that read everything: those of the session are for
// looking up a few rows.
const whole = `SELECT set_config(name, value, true) FROM (VALUES
	('enable_seqscan', 'on'), ('enable_hashjoin', 'on'), ('enable_mergejoin', 'on'), ('enable_material', 'on'),
	('enable_bitmapscan', 'on'), ('plan_cache_mode', 'force_custom_plan')) AS s (name, value)`

// rows looks for rows that no event accounts for. Each statement in sql/strays returns
// rows of table, row and problem.
func (r *run) rows(ctx context.Context) error {
	if err := r.save(); err != nil { // before the hashes are sorted
		return err
	}
	if err := r.strayContents(ctx); err != nil {
		return err
	}
	if _, err := r.tx.Exec(ctx, whole); err != nil {
		return eventstore.Unavailable("verify", err)
	}
	files, err := strays.ReadDir("sql/strays")
	if err != nil {
		return err
	}
	sizes := make([]int64, len(r.trees))
	for i, t := range r.trees {
		sizes[i] = t.size
	}
	for _, file := range files {
		text, err := strays.ReadFile("sql/strays/" + file.Name())
		if err != nil {
			return err
		}
		args := []any{r.Shard}
		if file.Name() == "tiles.sql" {
			if r.generation == 0 {
				continue // which was reported
			}
			args = append(args, sizes)
		}
		if err := r.stray(ctx, string(text), args...); err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	if r.Follower != nil {
		findings, err := r.Follower.Finish(ctx, r.tx)
		if err != nil {
			return err
		}
		for _, f := range findings {
			r.report.find(f.Table, f.Row, "%s", f.Problem)
		}
	}
	r.progress(StageRows, int64(r.head.Position))
	return nil
}

func (r *run) stray(ctx context.Context, sql string, args ...any) error {
	rows, err := r.tx.Query(ctx, sql, args...)
	if err != nil {
		return eventstore.Unavailable("look for strays", err)
	}
	var table, row, problem string
	if _, err := pgx.ForEachRow(rows, []any{&table, &row, &problem}, func() error {
		r.report.find(table, row, "%s", problem)
		return nil
	}); err != nil {
		return eventstore.Unavailable("look for strays", err)
	}
	return nil
}

// strayContents looks for texts that no event has brought, or that one has removed.
func (r *run) strayContents(ctx context.Context) error {
	const some = 10_000
	for after := (uuid.UUID{}); ; {
		rows, err := r.tx.Query(ctx, "SELECT content_id FROM log.contents WHERE shard = $1 AND content_id > $2 ORDER BY content_id LIMIT $3", r.Shard, after, some)
		if err != nil {
			return eventstore.Unavailable("read log.contents", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return eventstore.Unavailable("read log.contents", err)
		}
		for _, id := range ids {
			if !r.contents.has(domain.ContentID(id)) {
				r.report.find("log.contents", "content "+id.String(), "no event has brought it, or one has removed it")
			}
		}
		if len(ids) < some {
			return nil
		}
		after = ids[len(ids)-1]
	}
}
