package vault

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	//go:embed sql/destroy.sql
	destroySQL string
	//go:embed sql/remains.sql
	remainsSQL string
	//go:embed sql/rewrite.sql
	rewriteSQL string
	//go:embed sql/lockers.sql
	lockersSQL string
)

// Destroying a key takes four steps, each of which may be repeated: Destroy makes the
// row a tombstone; Rewrite copies what is left into a new table, since the bytes of the
// key are still in the old one; Flush has Postgres let go of the old file and the log
// of it; Verify reads the files. Between them everything is in the tables.

// Destroy destroys bucket keys: from now on no process is given them, and what they
// have sealed is gone. Keys that are destroyed already, or unknown, stay as they are.
// The error is ErrUnavailable.
func (k *Keyring) Destroy(ctx context.Context, ids []int64) error {
	if _, err := k.pool.Exec(ctx, destroySQL, ids); err != nil {
		return unavailable("destroy bucket keys", err)
	}
	for _, id := range ids {
		k.Forget(id)
	}
	return nil
}

// Remains are destroyed keys of which it is not known that their bytes are gone.
type Remains struct {
	Keys    int
	InTable int // those of Keys whose bytes are still in the file of the table
	traces  *traces
}

// Remains returns what is left for Rewrite, Flush and Verify to do. The error is
// ErrUnavailable.
func (k *Keyring) Remains(ctx context.Context) (Remains, error) {
	r := Remains{traces: newTraces()}
	rows, err := k.pool.Query(ctx, remainsSQL)
	if err != nil {
		return r, unavailable("read tombstones", err)
	}
	var inTable bool
	var t []byte
	_, err = pgx.ForEachRow(rows, []any{&inTable, &t}, func() error {
		if len(t) != len(trace{}) {
			return errors.New("a trace of another length")
		}
		r.Keys++
		if inTable {
			r.InTable++
		} else {
			r.traces.add(trace(t))
		}
		return nil
	})
	if err != nil {
		return r, unavailable("read tombstones", err)
	}
	return r, nil
}

// LockedError: somebody who reads the table of the keyring in a transaction that does
// not end keeps it from being rewritten.
type LockedError struct{ By []string }

func (e *LockedError) Error() string {
	by := "a process that has ended meanwhile"
	if len(e.By) > 0 {
		by = strings.Join(e.By, ", ")
	}
	return "vault: the keyring cannot be rewritten: it is locked by " + by
}

// rewriteLock is how long a rewrite waits for those who use the table. All who come
// later wait with it.
const rewriteLock = "500" // milliseconds

// Rewrite gives the keyring a new file, without the keys that were destroyed, if there
// are any in the present one. The error is a *LockedError, after which another try may
// have more luck, or ErrUnavailable.
func (k *Keyring) Rewrite(ctx context.Context) error {
	conn, err := k.session(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, rewriteSQL)
	if !hasCode(err, "55P03") { // lock_not_available
		return orUnavailable("rewrite the keyring", err)
	}
	locked := new(LockedError)
	if rows, err := conn.Query(ctx, lockersSQL); err == nil {
		locked.By, _ = pgx.CollectRows(rows, pgx.RowTo[string]) // for the message only
	}
	return locked
}

// session opens a connection on which statements may take their time, but not wait
// for a lock.
func (k *Keyring) session(ctx context.Context) (*pgx.Conn, error) {
	config := k.pool.Config().ConnConfig.Copy()
	config.RuntimeParams["statement_timeout"] = "120000"
	config.RuntimeParams["lock_timeout"] = rewriteLock
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, unavailable("connect to the keyring", err)
	}
	return conn, nil
}

func hasCode(err error, code string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == code
}

func orUnavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	return unavailable(what, err)
}

// PrivilegeError: the role of the keyring's connections may not do what verification
// takes. Keys are destroyed all the same.
type PrivilegeError struct {
	Role   string
	Lacked string // what was refused
}

// Remedy is what a superuser of the keyring's database does about it.
func (e *PrivilegeError) Remedy() string {
	role := pgx.Identifier{e.Role}.Sanitize()
	return "GRANT pg_checkpoint, pg_monitor TO " + role + "; " +
		"GRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_read_binary_file(text, bigint, bigint, boolean) TO " + role + ";"
}

func (e *PrivilegeError) Error() string {
	return fmt.Sprintf("vault: the role %s may not %s: %s", e.Role, e.Lacked, e.Remedy())
}
