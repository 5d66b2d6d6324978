package threads

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/known.sql
	knownSQL string
	//go:embed sql/stream.sql
	streamSQL string
	//go:embed sql/chains.sql
	chainsSQL string
)

// A view reads the past of a ticket in a transaction that sees one state of the
// database: what a redaction has replaced is found under its new id, or not yet gone.
type view struct {
	r       *Reader
	account domain.AccountID
	ticket  domain.TicketID
	conn    *pgxpool.Conn // nil: the transaction is over
}

// view begins a transaction, to be closed by the caller.
func (r *Reader) view(ctx context.Context, account domain.AccountID, ticket domain.TicketID) (*view, error) {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return nil, failed(err)
	}
	v := &view{r: r, account: account, ticket: ticket, conn: conn}
	var batch pgx.Batch
	batch.Queue(beginSQL)
	batch.Queue(patienceSQL)
	if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
		v.close()
		return nil, failed(err)
	}
	return v, nil
}

// close ends the transaction and gives the connection back. It may be called twice.
func (v *view) close() {
	if v.conn != nil {
		release(v.conn)
		v.conn = nil
	}
}

// release gives back a connection that is in a transaction.
func release(conn *pgxpool.Conn) {
	// If this fails the pool finds the connection in a transaction and drops it.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn.Exec(ctx, "COMMIT")
	conn.Release()
}

// version returns that of the ticket's last event. The error is
// domain.ErrTicketNotFound if the audience may not know of the ticket.
func (v *view) version(ctx context.Context, who audience) (version eventstore.Version, err error) {
	err = v.conn.QueryRow(ctx, knownSQL, v.r.shard, v.account, asID(v.ticket), who.requester).Scan(&version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, domain.ErrTicketNotFound
	case err != nil:
		return 0, failed(err)
	}
	return version, nil
}

// stream returns up to limit events of the ticket after a version.
func (v *view) stream(ctx context.Context, after eventstore.Version, limit int) (events []eventstore.Recorded, err error) {
	err = v.each(ctx, func(e *eventstore.Recorded) { events = append(events, *e) },
		streamSQL, v.r.shard, v.account, asID(v.ticket), after, limit)
	return events, err
}

// chains gives all events of some comments of the ticket, comment by comment and in
// order; if public is true, only of comments that customers may see today.
func (v *view) chains(ctx context.Context, comments []pgtype.UUID, public bool, add func(*eventstore.Recorded)) error {
	return v.each(ctx, add, chainsSQL, v.r.shard, v.account, asID(v.ticket), comments, public)
}

// each gives the events that a statement finds, one by one.
func (v *view) each(ctx context.Context, add func(*eventstore.Recorded), sql string, args ...any) error {
	rows, err := v.conn.Query(ctx, sql, args...)
	if err != nil {
		return failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		e, err := eventstore.ScanRecorded(rows)
		if err != nil {
			return failed(err)
		}
		add(&e)
	}
	if rows.Err() != nil {
		return failed(rows.Err())
	}
	return nil
}

// contents finds sealed contents. Those that are gone are not among them.
func (v *view) contents(ctx context.Context, ids []pgtype.UUID) (map[domain.ContentID]row, error) {
	found := make(map[domain.ContentID]row, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	if err := readContents(ctx, v.conn, v.r.shard, ids, found); err != nil {
		return nil, failed(err)
	}
	return found, nil
}

// fill finds the contents of rows.
func (v *view) fill(ctx context.Context, rows []row) error {
	ids := make([]pgtype.UUID, 0, len(rows))
	for i := range rows {
		if rows[i].Content != (domain.ContentID{}) {
			ids = append(ids, asID(rows[i].Content))
		}
	}
	found, err := v.contents(ctx, ids)
	for i := range rows {
		content := found[rows[i].Content]
		rows[i].bucket, rows[i].sealed = content.bucket, content.sealed
	}
	return err
}
