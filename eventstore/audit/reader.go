package audit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/event.sql
var eventSQL string

var (
	// ErrNoHead: nothing is sealed yet.
	ErrNoHead = errors.New("audit: no tree head was signed yet")
	// ErrNoEvent: the account has no event at this position.
	ErrNoEvent = errors.New("audit: no event of this account at this position")
	// ErrNotSealed: the event is younger than the last tree head.
	ErrNotSealed = errors.New("audit: the event is not sealed yet")
	// ErrTreeSize: there is no tree of this size, or not one that the proof could be about.
	ErrTreeSize = errors.New("audit: no tree of this size")
)

// Reader proves what is in the log. Its methods fail with eventstore.ErrUnavailable
// too, and with another error if the stored tree does not bear out the last head:
// what they return was checked against it.
type Reader struct {
	pool  *pgxpool.Pool
	key   *Key
	shard int16
}

// NewReader returns a reader of the tree of a shard, whose heads key has signed.
func NewReader(pool *pgxpool.Pool, key *Key, shard int16) *Reader {
	return &Reader{pool: pool, key: key, shard: shard}
}

// Key is what the heads are signed with.
func (r *Reader) Key() *Key { return r.key }

// Head returns the last tree head, or ErrNoHead.
func (r *Reader) Head(ctx context.Context) (Head, error) { return r.headOf(ctx, r.pool) }

func (r *Reader) headOf(ctx context.Context, db querier) (Head, error) {
	st, err := readState(ctx, db, r.shard)
	switch {
	case err != nil:
		return Head{}, err
	case st.head == nil || st.size == 0:
		return Head{}, ErrNoHead
	case !r.key.made(st.head):
		return Head{}, fmt.Errorf("%w: the head of size %d was not signed by this key", errTile, st.size)
	}
	return *st.head, nil
}

// Inclusion proves that an event is in the tree of a size.
type Inclusion struct {
	Position eventstore.Position
	LeafHash tlog.Hash
	TreeSize int64
	Root     tlog.Hash
	Proof    tlog.RecordProof
	Head     Head // the last one; the tree of TreeSize is the beginning of its
}

// Inclusion proves that the account's event at a position is in the tree of size, or
// if that is 0 of the last head. The error may be ErrNoEvent, whether there is no such
// event or one of another account, ErrNotSealed or ErrTreeSize.
func (r *Reader) Inclusion(ctx context.Context, account domain.AccountID, position eventstore.Position, size int64) (Inclusion, error) {
	event, err := r.event(ctx, account, position)
	if err != nil {
		return Inclusion{}, err
	}
	h, err := r.Head(ctx)
	switch {
	case errors.Is(err, ErrNoHead), err == nil && int64(position) > h.Size:
		return Inclusion{}, ErrNotSealed
	case err != nil:
		return Inclusion{}, err
	}
	if size == 0 {
		size = h.Size
	}
	if size < int64(position) || size > h.Size {
		return Inclusion{}, ErrTreeSize
	}
	return r.prove(r.hashes(ctx, h), h, event, size)
}

// prove makes the proof and checks it.
func (r *Reader) prove(hashes *hashReader, h Head, event *eventstore.Recorded, size int64) (Inclusion, error) {
	in := Inclusion{Position: event.Position, LeafHash: LeafHash(r.shard, event), TreeSize: size, Head: h}
	var err error
	if in.Root, err = r.root(hashes, h, size); err != nil {
		return Inclusion{}, err
	}
	if in.Proof, err = tlog.ProveRecord(size, int64(event.Position)-1, hashes); err != nil {
		return Inclusion{}, err
	}
	if tlog.CheckRecord(in.Proof, size, in.Root, int64(event.Position)-1, in.LeafHash) != nil {
		return Inclusion{}, fmt.Errorf("%w: it has another event at position %d than the log", errTile, event.Position)
	}
	return in, nil
}

// root returns the root of the tree of a size, having checked that the last head
// speaks of a tree that begins with it.
func (r *Reader) root(hashes *hashReader, h Head, size int64) (tlog.Hash, error) {
	root, err := tlog.TreeHash(size, hashes)
	if err != nil {
		return root, err
	}
	if size == h.Size {
		if root != h.Root {
			err = fmt.Errorf("%w: its root is not that of the last head", errTile)
		}
		return root, err
	}
	proof, err := tlog.ProveTree(h.Size, size, hashes)
	if err != nil {
		return root, err
	}
	if tlog.CheckTree(proof, h.Size, h.Root, size, root) != nil {
		return root, fmt.Errorf("%w: the last head does not follow from it", errTile)
	}
	return root, nil
}

// Consistency proves that the tree of size To begins with the tree of size From.
type Consistency struct {
	From, To         int64
	FromRoot, ToRoot tlog.Hash
	Proof            tlog.TreeProof
	Head             Head // the last one; the tree of To is the beginning of its
}

// Consistency proves that the tree of size to, or if that is 0 of the last head, begins
// with the tree of size from. The error may be ErrNoHead or ErrTreeSize.
func (r *Reader) Consistency(ctx context.Context, from, to int64) (Consistency, error) {
	h, err := r.Head(ctx)
	if err != nil {
		return Consistency{}, err
	}
	if to == 0 {
		to = h.Size
	}
	if from < 1 || from > to || to > h.Size {
		return Consistency{}, ErrTreeSize
	}
	hashes := r.hashes(ctx, h)
	c := Consistency{From: from, To: to, Head: h}
	if c.ToRoot, err = r.root(hashes, h, to); err != nil {
		return Consistency{}, err
	}
	if c.FromRoot, err = r.root(hashes, h, from); err != nil {
		return Consistency{}, err
	}
	if c.Proof, err = tlog.ProveTree(to, from, hashes); err != nil {
		return Consistency{}, err
	}
	if tlog.CheckTree(c.Proof, to, c.ToRoot, from, c.FromRoot) != nil {
		return Consistency{}, fmt.Errorf("%w: no proof from %d to %d", errTile, from, to)
	}
	return c, nil
}

func (r *Reader) hashes(ctx context.Context, h Head) *hashReader {
	return &hashReader{ctx: ctx, db: r.pool, shard: r.shard, generation: h.Generation, size: h.Size}
}

// event returns the account's event at a position, or ErrNoEvent.
func (r *Reader) event(ctx context.Context, account domain.AccountID, position eventstore.Position) (*eventstore.Recorded, error) {
	rows, err := r.pool.Query(ctx, eventSQL, r.shard, position, account)
	if err != nil {
		return nil, eventstore.Unavailable("read event", err)
	}
	event, err := pgx.CollectExactlyOneRow(rows, eventstore.ScanRecorded)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, ErrNoEvent
	case err != nil:
		return nil, eventstore.Unavailable("read event", err)
	}
	return &event, nil
}
