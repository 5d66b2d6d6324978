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
// rewritten and are found nowhere no longer remain. The error is ErrFound, a
// *PrivilegeError or ErrUnavailable.
func (k *Keyring) Verify(ctx context.Context, r Remains) error {
	if len(r.traces) == 0 {
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
	var gone []string
	found := make(map[trace]bool)
	for _, file := range files {
		size, err := k.searchFile(ctx, conn, file, r.traces, found)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("%w: %d of %d in %s", ErrFound, len(found), len(r.traces), file)
		}
		if size == 0 {
			gone = append(gone, file)
		}
	}
	traces := make([][]byte, 0, len(r.traces))
	for t := range r.traces {
		traces = append(traces, t[:])
	}
	_, err = k.pool.Exec(ctx, verifiedSQL, traces, gone)
	return orUnavailable("note that keys are gone", err)
}

// searchFile looks through a file with all its segments, and returns the size of the
// first: 0 if the file is gone.
func (k *Keyring) searchFile(ctx context.Context, conn *pgx.Conn, file string, wanted, found map[trace]bool) (int64, error) {
	size, err := k.searchSegment(ctx, conn, file, wanted, found)
	for n, more := 1, size; err == nil && more > 0; n++ {
		more, err = k.searchSegment(ctx, conn, fmt.Sprintf("%s.%d", file, n), wanted, found)
	}
	return size, err
}

func (k *Keyring) searchSegment(ctx context.Context, conn *pgx.Conn, file string, wanted, found map[trace]bool) (size int64, err error) {
	const chunk = 1 << 20
	for {
		var data []byte // nil if there is no such file
		if err := conn.QueryRow(ctx, readFileSQL, file, size, chunk).Scan(&data); err != nil {
			return 0, k.refused(err, "read the files of the database")
		}
		search(data, wanted, found)
		if len(data) < chunk {
			return size + int64(len(data)), nil
		}
		size += chunk - (traceSize - 1) // what crosses the border is seen whole
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
	found := make(map[trace]bool)
	s.Segments, s.Keys = len(segments), len(r.traces)
	left := int64(maxSearch)
	for _, segment := range segments {
		if left -= segment.Size; left < 0 {
			break
		}
		if _, err := k.searchSegment(ctx, conn, "pg_wal/"+segment.Name, r.traces, found); err != nil {
			return s, err
		}
		s.Searched++
	}
	s.Seen = len(found)
	return s, nil
}

// refused says what the role lacks if that is what is wrong.
func (k *Keyring) refused(err error, doing string) error {
	if hasCode(err, "42501") { // insufficient_privilege
		return &PrivilegeError{Role: k.pool.Config().ConnConfig.User, Lacked: doing}
	}
	return unavailable(doing, err)
}
