package vault

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/files.sql
	filesSQL string
	//go:embed sql/read_file.sql
	readFileSQL string
	//go:embed sql/found.sql
	foundSQL string
	//go:embed sql/verified.sql
	verifiedSQL string
	//go:embed sql/wal_segments.sql
	walSegmentsSQL string
)

// ErrFound: the bytes of a destroyed key are still in a file of the keyring.
var ErrFound = errors.New("vault: bytes of a destroyed key are still on disk")

// Flush has Postgres write what it holds, remove the old file of the keyring and, with
// the next segment begun, the log of what was before. The error is a *PrivilegeError
// or ErrUnavailable.
func (k *Keyring) Flush(ctx context.Context) error {
	conn, err := k.session(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, step := range []struct{ sql, what string }{
		{"SELECT pg_switch_wal()", "switch to another segment of the write-ahead log"},
		{"CHECKPOINT", "ask for a checkpoint"},
	} {
		if _, err := conn.Exec(ctx, step.sql); err != nil {
			return k.refused(err, step.what)
		}
	}
	return nil
}

// Verify reads the files of the keyring and looks for the keys of r. Those that were
// rewritten and are found nowhere no longer remain; the table has to be rewritten for those
// that are found. The error is ErrFound, a *PrivilegeError or ErrUnavailable.
func (k *Keyring) Verify(ctx context.Context, r Remains) error {
	if len(r.traces.wanted) == 0 {
		return nil
	}
	conn, err := k.session(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, filesSQL)
	if err != nil {
		return unavailable("list the files of the keyring", err)
	}
	files, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return unavailable("list the files of the keyring", err)
	}
	clear(r.traces.found)
	var gone []string
	for _, file := range files {
		size, err := k.searchFile(ctx, conn, file, r.traces)
		if err != nil {
			return err
		}
		if found := list(r.traces.found); len(found) > 0 {
			_, err := k.pool.Exec(ctx, foundSQL, found)
			return errors.Join(fmt.Errorf("%w: %d of %d in %s", ErrFound, len(found), len(r.traces.wanted), file), err)
		}
		if size == 0 {
			gone = append(gone, file)
		}
	}
	_, err = k.pool.Exec(ctx, verifiedSQL, list(r.traces.wanted), gone)
	return orUnavailable("note that keys are gone", err)
}

// searchFile looks through a file with all its segments, and returns the size of the
// first: 0 if the file is gone.
func (k *Keyring) searchFile(ctx context.Context, conn *pgx.Conn, file string, t *traces) (int64, error) {
	size, err := k.searchSegment(ctx, conn, file, t)
	for n, more := 1, size; err == nil && more > 0; n++ {
		more, err = k.searchSegment(ctx, conn, fmt.Sprintf("%s.%d", file, n), t)
	}
	return size, err
}

func (k *Keyring) searchSegment(ctx context.Context, conn *pgx.Conn, file string, t *traces) (size int64, err error) {
	const chunk = 1 << 20
	for {
		var data []byte // nil if there is no such file
		if err := conn.QueryRow(ctx, readFileSQL, file, size, chunk).Scan(&data); err != nil {
			return 0, k.refused(err, "read the files of the database")
		}
		t.search(data)
		if len(data) < chunk {
			return size + int64(len(data)), nil
		}
		size += chunk - (tracedSize - 1) // what crosses the border is seen whole
	}
}

// Sightings tells in how much of the write-ahead log destroyed keys still show. This is
// no failure: it is what the erasure horizon is about.
type Sightings struct {
	Segments, Searched int // of the log on disk
	Keys, Seen         int // looked for, and found
}

// maxSearch bounds how much of the write-ahead log is searched.
const maxSearch = 128 << 20

// SearchWAL looks for the keys of r in the write-ahead log on disk, or in as much of it
// as can be searched in a moment. The error is a *PrivilegeError or ErrUnavailable.
func (k *Keyring) SearchWAL(ctx context.Context, r Remains) (s Sightings, err error) {
	conn, err := k.session(ctx)
	if err != nil {
		return s, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, walSegmentsSQL)
	if err != nil {
		return s, k.refused(err, "list the write-ahead log")
	}
	type segment struct {
		Name string
		Size int64
	}
	segments, err := pgx.CollectRows(rows, pgx.RowToStructByPos[segment])
	if err != nil {
		return s, k.refused(err, "list the write-ahead log")
	}
	s.Segments, s.Keys = len(segments), len(r.traces.wanted)
	clear(r.traces.found)
	left := int64(maxSearch)
	for _, segment := range segments {
		if left -= segment.Size; left < 0 {
			break
		}
		if _, err := k.searchSegment(ctx, conn, "pg_wal/"+segment.Name, r.traces); err != nil {
			return s, err
		}
		s.Searched++
	}
	s.Seen = len(r.traces.found)
	return s, nil
}

// refused says what the role lacks if that is what is wrong.
func (k *Keyring) refused(err error, doing string) error {
	if hasCode(err, "42501") { // insufficient_privilege
		return &PrivilegeError{Role: k.pool.Config().ConnConfig.User, Lacked: doing}
	}
	return unavailable(doing, err)
}
