package transfer

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/fold"
)

var (
	//go:embed sql/destroyed.sql
	destroyedSQL string
	//go:embed sql/taken_blocks.sql
	takenBlocksSQL string
	//go:embed sql/number_block.sql
	numberBlockSQL string
)

// page is how many events are read, and written, together.
const page = 500

// Exporter writes the log to a file.
type Exporter struct {
	Log  *eventstore.Store
	Pool *pgxpool.Pool
	Tree *audit.Reader
	// Directory gives what is in the directory, in the order in which it can be restored.
	Directory func(ctx context.Context, give func(Entry) error) error
	// Sealed tries until try does not return audit.ErrNotSealed any more, or it is in vain.
	Sealed func(ctx context.Context, try func() error) error
	// Progress, if set, is told which position of how many is written.
	Progress func(done, total int64)
}

// Range is what to export.
type Range struct {
	From, To eventstore.Position // To 0: the end of the log
	Contents bool                // with all texts that there are
}

// File is what an export is written to, and may go on in.
type File interface {
	io.ReadWriteSeeker
	Truncate(size int64) error
}

// ErrOther: the file is not one that this export could go on in.
var ErrOther = errors.New("the file is of another log, or of another export")

// Export writes a file. The error may be audit.ErrNotSealed.
func (x *Exporter) Export(ctx context.Context, w io.Writer, what Range) error {
	e := &export{Exporter: x, w: w, sum: sha256.New(), what: what, at: what.From - 1, missing: map[domain.ContentID]int64{}}
	if err := e.write(line{Header: &header{format, audit.Origin(0), int64(what.From), what.Contents}}); err != nil {
		return err
	}
	return e.run(ctx)
}

// Continue writes on in a file that an earlier export has left, whole or not, to the end of
// the range. The error may be ErrOther, or a *RefusedError if the file is damaged.
func (x *Exporter) Continue(ctx context.Context, f File, what Range) error {
	whole, err := wholeGroups(f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if whole == 0 { // it is new, or was interrupted before the header was whole
		if err := f.Truncate(0); err != nil {
			return err
		}
		return x.Export(ctx, f, what)
	}
	r := newReader(io.LimitReader(f, whole), "", ignore{})
	if err := r.read(ctx); err != nil && !r.unfinished(err) {
		return err
	}
	if r.header == nil || r.header.From != int64(what.From) || r.header.Contents != what.Contents {
		return ErrOther
	}
	if err := x.isOf(ctx, r); err != nil {
		return err
	}
	if err := f.Truncate(whole); err != nil {
		return err
	}
	if _, err := f.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	e := &export{
		Exporter: x, w: f, sum: r.sum, size: r.size, what: what, at: eventstore.Position(r.chain.position),
		events: r.events, contents: r.Contents, missing: r.missing,
	}
	return e.run(ctx)
}

// isOf makes sure that the log holds the last event of a file; whether it holds the others,
// the tree tells in the end.
func (x *Exporter) isOf(ctx context.Context, r *reader) error {
	if r.events == 0 {
		return nil
	}
	events, err := x.Log.ReadAll(ctx, eventstore.Position(r.chain.position-1), 1)
	if err != nil {
		return err
	}
	if len(events) == 0 || audit.LeafHash(0, &events[0]) != r.last {
		return ErrOther
	}
	return nil
}

// export is one Export.
type export struct {
	*Exporter
	w    io.Writer
	sum  hash.Hash
	size int64
	what Range

	at               eventstore.Position // of the last event
	events, contents int64
	missing          map[domain.ContentID]int64 // texts that are gone, although no event before at has removed them
}

func (e *export) write(l line) error {
	text, err := encode(l)
	if err != nil {
		return err
	}
	e.size += int64(len(text))
	e.sum.Write(text)
	_, err = e.w.Write(text)
	return err
}

func (e *export) run(ctx context.Context) error {
	for before := eventstore.Position(-1); ; {
		to, err := e.until(ctx)
		if err != nil {
			return err
		}
		if err := e.upTo(ctx, to); err != nil {
			return err
		}
		// What was gone when it was to be written was removed by an event that is in the log
		// by now. It is to be in the file as well.
		if len(e.missing) == 0 {
			return e.finish(ctx)
		}
		if to == before || e.what.To != 0 {
			return fmt.Errorf("%d texts that were brought up to position %d were removed after it, or cannot be opened: export more of the log, and see commentd log verify (%s)",
				len(e.missing), to, firstMissing(e.missing))
		}
		before = to
	}
}

// until returns the position to write up to.
func (e *export) until(ctx context.Context) (eventstore.Position, error) {
	head, err := e.Log.Head(ctx)
	if err != nil {
		return 0, err
	}
	if e.at > head.Position {
		return 0, fmt.Errorf("the log ends at position %d", head.Position)
	}
	if e.what.To == 0 || e.what.To >= head.Position {
		return head.Position, nil
	}
	return e.wholeWrite(ctx, max(e.what.To, e.at))
}

// wholeWrite returns the end of the write that the event at a position is part of: what
// belongs together is imported together.
func (e *export) wholeWrite(ctx context.Context, at eventstore.Position) (eventstore.Position, error) {
	events, err := e.Log.ReadAll(ctx, max(0, at-1), page)
	if err != nil {
		return 0, err
	}
	var before *group
	for k := range events {
		g := &group{recorded: &events[k]}
		if g.fact, err = g.recorded.Decode(); err != nil {
			return 0, fmt.Errorf("position %d: %w", g.recorded.Position, err)
		}
		if before != nil && !sameWrite(before, g) {
			break
		}
		before, at = g, g.recorded.Position
	}
	return at, nil
}

func (e *export) upTo(ctx context.Context, to eventstore.Position) error {
	for e.at < to {
		events, err := e.Log.ReadAll(ctx, e.at, int(min(page, to-e.at)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("there is no event at position %d: see commentd log verify", e.at+1)
		}
		if err := e.page(ctx, events); err != nil {
			return err
		}
		if e.Progress != nil {
			e.Progress(int64(e.at), int64(to))
		}
	}
	return nil
}

// page writes events with their texts.
func (e *export) page(ctx context.Context, events []eventstore.Recorded) error {
	facts := make([]domain.Event, len(events))
	var texts []eventstore.TextAt
	var obligations []uuid.UUID
	for i := range events {
		r := &events[i]
		var err error
		if facts[i], err = r.Decode(); err != nil {
			return fmt.Errorf("position %d: %w", r.Position, err)
		}
		for _, ref := range fold.Brings(facts[i]) {
			texts = append(texts, eventstore.TextAt{ContentRef: ref, Place: fold.Place(r, ref.ID)})
		}
		if done, ok := facts[i].(domain.ObligationCompleted); ok {
			obligations = append(obligations, uuid.UUID(done.Obligation))
		}
	}
	var disclosed map[domain.ContentID]eventstore.Disclosed
	if e.what.Contents {
		var err error
		if disclosed, err = e.Log.Disclose(ctx, texts); err != nil {
			return err
		}
	}
	destroyed, err := e.destroyed(ctx, obligations)
	if err != nil {
		return err
	}
	for i := range events {
		if err := e.event(&events[i], facts[i], disclosed, destroyed); err != nil {
			return err
		}
	}
	return nil
}

func (e *export) event(r *eventstore.Recorded, fact domain.Event, disclosed map[domain.ContentID]eventstore.Disclosed, destroyed map[domain.EventID]time.Time) error {
	row := event{EventRow: audit.RowOf(0, r), LeafHash: audit.LeafHash(0, r)}
	if done, ok := fact.(domain.ObligationCompleted); ok {
		at, known := destroyed[done.Obligation]
		if !known {
			return fmt.Errorf("position %d completes an obligation that is not known: see commentd log verify", r.Position)
		}
		row.KeyDestroyedAt = &at
	}
	if err := e.write(line{Event: &row}); err != nil {
		return err
	}
	e.at = r.Position
	e.events++
	if !e.what.Contents {
		return nil
	}
	for _, ref := range fold.Brings(fact) {
		d, there := disclosed[ref.ID]
		if !there {
			e.missing[ref.ID] = int64(r.Position)
			continue
		}
		if err := e.write(line{Content: &audit.ContentRow{ID: ref.ID, Document: string(d.Document), Salt: d.Salt}}); err != nil {
			return err
		}
		e.contents++
	}
	for _, id := range fold.Removes(fact) {
		delete(e.missing, id)
	}
	return nil
}

// destroyed returns when the keys were destroyed that obligations were about.
func (e *export) destroyed(ctx context.Context, obligations []uuid.UUID) (map[domain.EventID]time.Time, error) {
	if len(obligations) == 0 {
		return nil, nil
	}
	rows, err := e.Pool.Query(ctx, destroyedSQL, obligations)
	if err != nil {
		return nil, eventstore.Unavailable("read obligations", err)
	}
	found := map[domain.EventID]time.Time{}
	var id uuid.UUID
	var at time.Time
	if _, err := pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		found[domain.EventID(id)] = at.UTC()
		return nil
	}); err != nil {
		return nil, eventstore.Unavailable("read obligations", err)
	}
	return found, nil
}

// numbers writes who has taken which numbers, as it is by now: that may be more than the
// events tell of.
func (e *export) numbers(ctx context.Context) error {
	rows, err := e.Pool.Query(ctx, takenBlocksSQL)
	if err != nil {
		return eventstore.Unavailable("read numbers", err)
	}
	taken, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[numbers])
	if err != nil {
		return eventstore.Unavailable("read numbers", err)
	}
	for _, n := range taken {
		if err := e.write(line{Numbers: n}); err != nil {
			return err
		}
	}
	return nil
}

// finish writes what comes after the events.
func (e *export) finish(ctx context.Context) error {
	if err := e.Directory(ctx, func(entry Entry) error { return e.write(line{Entry: &entry}) }); err != nil {
		return err
	}
	if err := e.numbers(ctx); err != nil {
		return err
	}
	t := new(tree)
	if e.at > 0 {
		if err := e.Sealed(ctx, func() error {
			proof, err := e.Tree.Consistency(ctx, int64(e.at), 0)
			if errors.Is(err, audit.ErrTreeSize) || errors.Is(err, audit.ErrNoHead) {
				return audit.ErrNotSealed
			}
			t.Head, t.Consistency = string(e.Tree.Key().Note(&proof.Head)), proof.Proof
			return err
		}); err != nil {
			return err
		}
	}
	if err := e.Pool.QueryRow(ctx, numberBlockSQL).Scan(&t.NumberBlock); err != nil {
		return eventstore.Unavailable("read numbers", err)
	}
	if err := e.write(line{Tree: t}); err != nil {
		return err
	}
	signed := e.Tree.Key().SignText(endText(audit.Origin(0), e.size, [sha256.Size]byte(e.sum.Sum(nil))))
	return e.write(line{End: &end{e.events, e.contents, string(signed)}})
}
