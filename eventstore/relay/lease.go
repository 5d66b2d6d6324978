package relay

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// lease is a session-level advisory lock on a connection of its own. Of several
// relays it lets one work, so that the others need not try. It guards nothing: behind
// a pooler the lock may be had by two or by none.
type lease struct {
	config *pgx.ConnConfig
	shard  int16
	conn   *pgx.Conn
	have   bool
}

// leaseClass sets our advisory locks apart from others of two halves.
const leaseClass = 0x636d7464 // "cmtd"

const leaseTimeout = 2 * time.Second

// held takes the lease or makes sure that it is still there. The error is that of
// the database; it is then not known who has the lease.
func (l *lease) held(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	have, err := l.ask(ctx)
	if err != nil {
		l.release(ctx)
		return false, fmt.Errorf("lease: %w", err)
	}
	l.have = have
	return have, nil
}

func (l *lease) ask(ctx context.Context) (have bool, err error) {
	if l.conn == nil {
		if l.conn, err = pgx.ConnectConfig(ctx, l.config); err != nil {
			return false, err
		}
	}
	if l.have {
		// As long as this session lives the lock is ours.
		return true, l.conn.Ping(ctx)
	}
	err = l.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", leaseClass, int32(l.shard)).Scan(&have)
	return have, err
}

// release gives the lease back by ending its session.
func (l *lease) release(ctx context.Context) {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTimeout)
	defer cancel()
	l.conn.Close(ctx)
	l.conn, l.have = nil, false
}
