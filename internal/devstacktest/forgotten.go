package devstacktest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// forgottenAfter is when nobody can be at a test database any more.
const forgottenAfter = 6 * time.Hour

// dropForgotten drops the databases that dead test binaries have left on a server
// that outlives us.
func (s *server) dropForgotten(ctx context.Context) error {
	return s.with(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 'commentd\_test\_%'`)
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, name := range names {
			if !isForgotten(name, time.Now()) {
				continue
			}
			_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize())
			// Others may be sweeping too, or looking at it.
			if pg := (*pgconn.PgError)(nil); err != nil && !errors.As(err, &pg) {
				return err
			}
		}
		return nil
	})
}

// isForgotten reads the hour in a name that was made with prefix.
func isForgotten(database string, now time.Time) bool {
	var hour, pid, n int64
	if _, err := fmt.Sscanf(database, "commentd_test_%d_%d_%d", &hour, &pid, &n); err != nil {
		return false
	}
	return now.Sub(time.Unix(hour*3600, 0)) > forgottenAfter
}

// isBusy reports whether err says that a template has sessions.
func isBusy(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55006"
}
