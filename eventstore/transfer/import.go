package transfer

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/head.sql
var headSQL string

//go:embed sql/skip_numbers.sql
var skipNumbersSQL string

//go:embed sql/take_blocks.sql
var takeBlocksSQL string

// Importer makes of a file the log that it was written from.
type Importer struct {
	Log   *eventstore.Store
	Pool  *pgxpool.Pool
	Vault *vault.Vault
	// Directory restores what Exporter.Directory has given, or finds that it is there. What
	// it returns as an error is what is wrong with the entry.
	Directory func(ctx context.Context, e Entry) error

	small int // of tests: append so many events together; 0: as many as is good
}

// ErrMoved: somebody else appends to the log.
var ErrMoved = errors.New("somebody else appends to the log: stop the service while a log is imported")

// Import reads a file and appends what the log does not have yet. What it has already must
// be what the file says. The error is a *RefusedError, ErrMoved, eventstore.ErrUnavailable,
// or that of the reader; what was appended until then stays, and is the beginning of the
// log.
func (m *Importer) Import(ctx context.Context, in io.Reader, verifierKey string) (Report, error) {
	i := &importing{Importer: m}
	r := newReader(in, verifierKey, i)
	err := r.read(ctx)
	r.New, r.Files = i.written, i.files
	return r.Report, err
}

// importing is one Import. It is the sink of its file.
type importing struct {
	*Importer
	head    logHead // of the log, as it was last written
	chain   *chain
	known   []eventstore.Recorded // events that the log has already, from the next one on
	pending []*group
	written int64 // events
	files   bool
	refused error // of the first entry of the directory that was; those after it are left out
}

// logHead is the row of log.heads.
type logHead struct {
	position   int64
	partitions []int64
}

// after returns the head after further events.
func (h logHead) after(groups []*group) logHead {
	h.partitions = slices.Clone(h.partitions)
	for _, g := range groups {
		h.position = int64(g.recorded.Position)
		h.partitions[g.recorded.Partition()] = h.position
	}
	return h
}

func (i *importing) begin(ctx context.Context, h header) (*chain, error) {
	if !h.Contents {
		return nil, refuse(1, "the file has no texts: it proves what has happened, and cannot be imported (export --contents)")
	}
	if err := i.Pool.QueryRow(ctx, headSQL, 0).Scan(&i.head.position, &i.head.partitions); err != nil {
		return nil, eventstore.Unavailable("read head", err)
	}
	if h.From > i.head.position+1 {
		return nil, refuse(1, "the file begins at position %d, the log ends at %d", h.From, i.head.position)
	}
	i.chain = newChain(0)
	for i.chain.position < h.From-1 { // what comes before is needed for the tree
		events, err := i.Log.ReadAll(ctx, eventstore.Position(i.chain.position), int(min(page, h.From-1-i.chain.position)))
		if err != nil {
			return nil, err
		}
		for k := range events {
			if wrong := i.chain.add(&events[k]); wrong != "" {
				return nil, fmt.Errorf("position %d: %s: see commentd log verify", events[k].Position, wrong)
			}
		}
		if len(events) == 0 {
			return nil, fmt.Errorf("there is no event at position %d: see commentd log verify", i.chain.position+1)
		}
	}
	return i.chain, nil
}

// add takes an event. Batches end where a write ends: what belongs together is appended
// together.
func (i *importing) add(ctx context.Context, g *group) error {
	if int64(g.recorded.Position) <= i.head.position && len(i.pending) == 0 {
		return i.compare(ctx, g)
	}
	enough := page
	if i.small > 0 {
		enough = i.small
	}
	if n := len(i.pending); n >= enough && !sameWrite(i.pending[n-1], g) {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	i.pending = append(i.pending, g)
	return nil
}

func sameWrite(a, b *group) bool {
	return a.recorded.Account == b.recorded.Account && a.recorded.Ticket == b.recorded.Ticket &&
		a.fact.Metadata().Audit == b.fact.Metadata().Audit
}

// compare makes sure that the log has the event where the file has it.
func (i *importing) compare(ctx context.Context, g *group) error {
	if len(i.known) == 0 {
		var err error
		if i.known, err = i.Log.ReadAll(ctx, g.recorded.Position-1, page); err != nil {
			return err
		}
	}
	if len(i.known) == 0 || audit.LeafHash(0, &i.known[0]) != g.LeafHash {
		return refuse(g.line, "the log has another event at position %d", g.recorded.Position)
	}
	i.known = i.known[1:]
	if i.files {
		return nil
	}
	b, err := newBatch([]*group{g}) // as if it were appended
	if err == nil {
		i.files = b.blobs
	}
	return err
}

// maxTries bounds how often a batch is sealed again because one of its keys is about to be
// destroyed.
const maxTries = 5

// flush appends what is pending.
func (i *importing) flush(ctx context.Context) error {
	if len(i.pending) == 0 {
		return nil
	}
	b, err := newBatch(i.pending)
	if err != nil {
		return err
	}
	for range maxTries {
		if err = i.write(ctx, b); !errors.Is(err, errRetired) {
			break
		}
	}
	if errors.Is(err, errRetired) {
		return fmt.Errorf("append: %w: its keys are destroyed all the time", eventstore.ErrBusy)
	}
	if err != nil {
		return err
	}
	i.head = i.head.after(i.pending)
	i.written, i.files = i.written+int64(len(i.pending)), i.files || b.blobs
	i.pending = nil
	return nil
}

// entry restores an entry of the directory. One of a file that ends before the log does is
// refused: it may undo what has happened since.
func (i *importing) entry(ctx context.Context, line int, e Entry) error {
	if err := i.flush(ctx); err != nil || i.refused != nil {
		return err
	}
	if i.head.position > i.chain.position {
		i.refused = refuse(line, "the file ends at position %d, the log here at %d: what the file says of accounts and people is out of date",
			i.chain.position, i.head.position)
		return nil
	}
	err := i.Directory(ctx, e)
	if err == nil || errors.Is(err, eventstore.ErrUnavailable) {
		return err
	}
	i.refused = refuse(line, "%v", err)
	return nil
}

// numbers takes blocks that were taken where the log comes from.
func (i *importing) numbers(ctx context.Context, n *numbers) error {
	if err := i.flush(ctx); err != nil {
		return err
	}
	if _, err := i.Pool.Exec(ctx, takeBlocksSQL, n.Account, n.Blocks, n.Reserved); err != nil {
		return eventstore.Unavailable("take numbers", err)
	}
	return nil
}

// end has numbers be drawn from beyond those that the file may hold, also if an entry of the
// directory was refused: the events with the numbers are here.
func (i *importing) end(ctx context.Context, t *tree) error {
	if err := i.flush(ctx); err != nil {
		return err
	}
	if _, err := i.Pool.Exec(ctx, skipNumbersSQL, t.NumberBlock); err != nil {
		return eventstore.Unavailable("skip numbers", err)
	}
	return i.refused
}
