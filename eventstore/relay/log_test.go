package relay

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

// log is a log that tests append to by plain SQL.
type log struct {
	*eventstore.Store
	t       testing.TB
	pool    *pgxpool.Pool
	url     string
	signal  eventstore.Signal
	queries atomic.Int64
}

func newLog(t testing.TB) *log {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postgres")
	}
	return openLog(t, devstacktest.Postgres(t))
}

func openLog(t testing.TB, url string) *log {
	t.Helper()
	l := &log{t: t, url: url}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 8
	config.ConnConfig.Tracer = l
	if l.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.pool.Close)
	l.Store = eventstore.New(l.pool, nil, metrics.New(prometheus.NewRegistry()), eventstore.Config{})
	return l
}

func (l *log) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	l.queries.Add(1)
	return ctx
}

func (l *log) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Appended shadows that of the store, which does not know of SQL.
func (l *log) Appended() <-chan struct{} { return l.signal.C() }

func (l *log) exec(sql string, args ...any) {
	l.t.Helper()
	if _, err := l.pool.Exec(context.Background(), sql, args...); err != nil {
		l.t.Fatal(err)
	}
}

// appendSQL adds $1 events, recorded $2 ago, of 20 to a ticket, some of them internal.
const appendSQL = `
WITH head AS (
	UPDATE log.heads SET position = position + $1, recorded_at = now() - $2::interval WHERE shard = 0
	RETURNING position - $1 AS position, epoch, recorded_at
)
INSERT INTO log.events (position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous, shard, schema_version,
                        internal, event_id, ticket_id, comment_id, type, data)
SELECT p, greatest(p - 3, 0), head.recorded_at, head.epoch, p % 3 + 1, p % 20 + 1, 0, 0, 1, p % 4 = 0, gen_random_uuid(),
       md5((p / 20)::text)::uuid, CASE WHEN p % 20 > 0 THEN md5('c' || p)::uuid END,
       CASE WHEN p % 20 > 0 THEN 'comment.created' ELSE 'ticket.opened' END,
       convert_to('{"actor":{"kind":"agent","id":"550e8400-e29b-41d4-a716-446655440000"},"audit":' || p || ',"number":' || p ||
                  ',"author":{"type":"AGENT","id":"550e8400-e29b-41d4-a716-446655440000"},"public":true,"content":{"id":"' ||
                  gen_random_uuid() || '","digest":"' || repeat('d', 43) || '"}}', 'UTF8')
  FROM head, generate_series(head.position + 1, head.position + $1) AS p`

// append adds n events and tells this process, as the store does.
func (l *log) append(n int) { l.t.Helper(); l.appendAged(n, 0) }

func (l *log) appendAged(n int, age time.Duration) {
	l.t.Helper()
	l.exec(appendSQL, n, age)
	l.signal.Wake()
}

// appendUnheard adds n events as another process would.
func (l *log) appendUnheard(n int) { l.t.Helper(); l.exec(appendSQL, n, time.Duration(0)) }

// loseTail does what a restore of an older backup does.
func (l *log) loseTail(to eventstore.Position) {
	l.t.Helper()
	l.exec(`DELETE FROM log.events WHERE position > $1`, to)
	l.exec(`UPDATE log.heads SET position = $1`, to)
}

func (l *log) raiseEpoch() { l.t.Helper(); l.exec(`UPDATE log.heads SET epoch = epoch + 1`) }

func (l *log) head() eventstore.Head {
	l.t.Helper()
	h, err := l.Head(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	return h
}
