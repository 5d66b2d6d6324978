package devstacktest

import "go.uber.org/goleak"

// Closing are the goroutines in which pgx ends a connection whose query was cut short, and
// has a pool look after its connections once more. They end in their own time, and are
// nobody's leak.
func Closing() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgconn/internal/bgreader.(*BGReader).bgRead"),
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgconn.(*PgConn).asyncClose.func1"),
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"),
	}
}
