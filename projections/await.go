package projections

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/await.sql
var awaitSQL string

// Await waits until a projection, on whatever instances it runs, has applied every
// event up to position. It asks the database again and again, so it is for tests and
// tools: readers of a read model are current without waiting.
func Await(ctx context.Context, pool *pgxpool.Pool, projection string, shard int16, position eventstore.Position) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		var done bool
		if err := pool.QueryRow(ctx, awaitSQL, projection, shard, position).Scan(&done); err != nil {
			return fmt.Errorf("await position %d: %w", position, err)
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("await position %d: %w", position, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
}
