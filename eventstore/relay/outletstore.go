package relay

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/outlet_claim.sql
	outletClaimSQL string
	//go:embed sql/outlet_list.sql
	outletListSQL string
	//go:embed sql/outlet_open.sql
	outletOpenSQL string
	//go:embed sql/outlet_close.sql
	outletCloseSQL string
	//go:embed sql/outlet_remove.sql
	outletRemoveSQL string
	//go:embed sql/outlet_mark.sql
	outletMarkSQL string
	//go:embed sql/outlet_unmark.sql
	outletUnmarkSQL string
	//go:embed sql/outlet_leave.sql
	outletLeaveSQL string
	//go:embed sql/reader_add.sql
	readerAddSQL string
	//go:embed sql/reader_remove.sql
	readerRemoveSQL string
)

// Outlet is a stream of what happens in one account, for one audience.
type Outlet struct {
	Account  domain.AccountID
	Audience Audience
	// Start is the position after which it begins.
	Start    eventstore.Position
	OpenedAt time.Time
	ClosedAt *time.Time // its stream is about to be deleted; nil: it is open
	Readers  []string   // sorted

	id   uuid.UUID
	mark mark
}

// place is how far an outlet has come: all that it tells of the log up to the position
// is in the stream up to the sequence.
type place struct {
	sequence uint64
	position eventstore.Position
}

// mark is a place that was noted. It is true of the log of its epoch only.
type mark struct {
	place
	epoch int32
}

var (
	// ErrOutletOpen: the outlet is there already.
	ErrOutletOpen = errors.New("the account has this outlet already; close it first to begin anew")
	// ErrNoOutlet: the account has no such outlet.
	ErrNoOutlet = errors.New("the account has no such outlet")
	// ErrReaderName: the name can be no consumer's.
	ErrReaderName = errors.New("the name of a reader must be 1 to 40 of a-z, 0-9, - and _")
	// ErrNoReader: the outlet has no such reader.
	ErrNoReader = errors.New("the outlet has no such reader")
)

// OutletStore knows which outlets there are. All errors that are no others are
// eventstore.ErrUnavailable.
type OutletStore struct {
	pool  *pgxpool.Pool
	shard int16
}

// NewOutletStore returns the store of a shard in the database behind pool.
func NewOutletStore(pool *pgxpool.Pool, shard int16) *OutletStore { return &OutletStore{pool, shard} }

// Open has an outlet filled with what comes after a position. The error may be
// ErrOutletOpen.
func (s *OutletStore) Open(ctx context.Context, account domain.AccountID, a Audience, start eventstore.Position) error {
	opened, err := s.exec(ctx, "open", outletOpenSQL, account, a, uuid.New(), start)
	if err == nil && opened == 0 {
		return ErrOutletOpen
	}
	return err
}

// Close has the stream of an outlet deleted. The error may be ErrNoOutlet.
func (s *OutletStore) Close(ctx context.Context, account domain.AccountID, a Audience) error {
	closed, err := s.exec(ctx, "close", outletCloseSQL, account, a)
	if err == nil && closed == 0 {
		return ErrNoOutlet
	}
	return err
}

// Forget closes all outlets of an account.
func (s *OutletStore) Forget(ctx context.Context, account domain.AccountID) error {
	_, err := s.exec(ctx, "close", outletCloseSQL, account, "")
	return err
}

// List returns the outlets of an account, also those that are about to be deleted.
func (s *OutletStore) List(ctx context.Context, account domain.AccountID) ([]Outlet, error) {
	return s.query(ctx, outletListSQL, account)
}

// AddReader has an outlet have a consumer of this name. That there is one is no error.
// The error may be ErrNoOutlet or ErrReaderName.
func (s *OutletStore) AddReader(ctx context.Context, account domain.AccountID, a Audience, name string) error {
	if !isToken(name, "-_") || len(name) > 40 {
		return ErrReaderName
	}
	added, err := s.exec(ctx, "add a reader", readerAddSQL, account, a, name)
	if err != nil || added > 0 {
		return err
	}
	outlets, err := s.List(ctx, account)
	for _, o := range outlets {
		if o.Audience == a && o.ClosedAt == nil {
			return nil // and the reader, too
		}
	}
	return errors.Join(err, ErrNoOutlet)
}

// RemoveReader has a consumer deleted. The error may be ErrNoReader.
func (s *OutletStore) RemoveReader(ctx context.Context, account domain.AccountID, a Audience, name string) error {
	removed, err := s.exec(ctx, "remove a reader", readerRemoveSQL, account, a, name)
	if err == nil && removed == 0 {
		return ErrNoReader
	}
	return err
}

// claim returns all outlets of the shard if holder is, or becomes, the one to fill them.
func (s *OutletStore) claim(ctx context.Context, holder uuid.UUID, lease time.Duration) ([]Outlet, error) {
	return s.query(ctx, outletClaimSQL, holder, lease.Seconds())
}

// leave lets another process take over at once.
func (s *OutletStore) leave(ctx context.Context, holder uuid.UUID) error {
	_, err := s.exec(ctx, "leave", outletLeaveSQL, holder)
	return err
}

// note keeps a place of an outlet, for when its stream cannot tell.
func (s *OutletStore) note(ctx context.Context, o *Outlet, m mark) error {
	_, err := s.exec(ctx, "note", outletMarkSQL, o.Account, o.Audience, o.id, m.position, int64(m.sequence), m.epoch)
	return err
}

// unmark forgets the place that was noted, if it is not one of the log that ends with head.
func (s *OutletStore) unmark(ctx context.Context, o *Outlet, head eventstore.Head) error {
	_, err := s.exec(ctx, "forget the place", outletUnmarkSQL, o.Account, o.Audience, o.id, head.Position, head.Epoch)
	return err
}

// remove forgets an outlet that is closed.
func (s *OutletStore) remove(ctx context.Context, o *Outlet) error {
	_, err := s.exec(ctx, "remove", outletRemoveSQL, o.Account, o.Audience, o.id)
	return err
}

// exec runs a statement whose first argument is the shard, and returns how many rows it
// has changed.
func (s *OutletStore) exec(ctx context.Context, what, sql string, args ...any) (int64, error) {
	done, err := s.pool.Exec(ctx, sql, append([]any{s.shard}, args...)...)
	if err != nil {
		return 0, eventstore.Unavailable("outlets: "+what, err)
	}
	return done.RowsAffected(), nil
}

func (s *OutletStore) query(ctx context.Context, sql string, args ...any) ([]Outlet, error) {
	rows, err := s.pool.Query(ctx, sql, append([]any{s.shard}, args...)...)
	if err != nil {
		return nil, eventstore.Unavailable("list outlets", err)
	}
	outlets, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Outlet, err error) {
		var sequence int64
		err = row.Scan(&o.Account, &o.Audience, &o.id, &o.Start, &o.mark.position, &sequence, &o.mark.epoch, &o.OpenedAt, &o.ClosedAt, &o.Readers)
		o.mark.sequence = uint64(sequence)
		return o, err
	})
	if err != nil {
		return nil, eventstore.Unavailable("list outlets", err)
	}
	return outlets, nil
}
