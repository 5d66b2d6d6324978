package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// RebuildConfig is what a Rebuilder may be told beyond what it needs.
type RebuildConfig struct {
	Shard   int16 // of the log; default 0
	Workers int   // parts of the log that are loaded side by side; default: half the processors
	// Memory is about how many bytes the events take up that are folded at a time; default
	// 512 MiB. A log that needs more is read several times, for a part of the tickets each.
	Memory   int64
	Accept   bool   // read the new version even if it differs from the one before
	Restart  bool   // begin anew, whatever an interrupted rebuild has left
	DropOld  bool   // do not keep the version that was read before
	Build    string // names the program: what another one has begun is begun anew
	Progress func(Progress)
}

// Steps of a rebuild, in order. The first two are done in one go, the others begin
// again after an interruption.
const (
	StepLoad    = "load"
	StepIndex   = "index"
	StepCatchUp = "catch up"
	StepCompare = "compare"
	StepSwitch  = "switch"
)

// Progress is how far a step is: events, indexes, events, tickets, attempts in vain.
type Progress struct {
	Step        string
	Done, Total int64 // Total is 0 where it is not known
}

// Report is what a rebuild or a rollback has come to.
type Report struct {
	Version  int32               // that was built, or taken back
	Switched bool                // it is read now
	Resumed  bool                // another process has begun it
	Position eventstore.Position // the end of the log up to which it was loaded at once
	CaughtUp int                 // later events, applied in order
	Tickets  int                 // that were compared
	Behind   int                 // tickets not compared: what was read lacked events of them
	Differ   int                 // tickets whose rows differ
	Sick     int                 // tickets in the new version's quarantine, which are not compared
	// Differing and Quarantined name the first hundred of the two above.
	Differing, Quarantined []Ticket
	Took                   time.Duration
	Steps                  map[string]time.Duration // what part of that they took
}

// Ticket is a ticket that something is to be said about.
type Ticket struct {
	Account domain.AccountID
	ID      domain.TicketID
	Reason  string
}

var (
	// ErrRebuilding: another process is rebuilding the projection, or rolling it back.
	ErrRebuilding = errors.New("another rebuild or rollback of this projection is under way")
	// ErrNoOldVersion: there is nothing to go back to.
	ErrNoOldVersion = errors.New("no earlier version is kept")
	// errSuperseded: another process has taken over.
	errSuperseded = errors.New("another process has taken over the rebuild")
)

// DifferError: the rows that are read and those that were built from the log are not
// the same. What was read is read still.
type DifferError struct{ Report Report }

func (e *DifferError) Error() string {
	return fmt.Sprintf("the rebuilt rows of %d tickets differ from those that are read, which stay in place", e.Report.Differ)
}

// Rebuilder builds the tables of a projection anew from the log while they are read
// and written, and puts the new ones in their place.
//
// Readers and projectors need not know. Tables are moved by renaming their schemas
// while nobody has them locked, so that a transaction sees one version or the other;
// and rows of either version say up to where they are good, so that readers who fold
// what follows answer the same from both. A projector finds its checkpoints where the
// new rows leave off.
type Rebuilder struct {
	pool       *pgxpool.Pool
	projection Rebuildable
	log        History
	metrics    *metrics.Metrics
	config     RebuildConfig
}

// NewRebuilder returns a rebuilder of projection. It opens connections of its own, as
// pool does.
func NewRebuilder(pool *pgxpool.Pool, projection Rebuildable, log History, m *metrics.Metrics, config RebuildConfig) *Rebuilder {
	if config.Workers == 0 {
		config.Workers = DefaultWorkers()
	}
	if config.Memory == 0 {
		config.Memory = 512 << 20
	}
	if config.Progress == nil {
		config.Progress = func(Progress) {}
	}
	return &Rebuilder{pool: pool, projection: projection, log: log, metrics: m, config: config}
}

// DefaultWorkers is half the processors that this process may use.
func DefaultWorkers() int { return max(1, runtime.GOMAXPROCS(0)/2) }

// Rebuild builds a new version and has it read. It may be ended at any time and in any
// way: the next one goes on where it was, or begins anew. The version that was read
// before is kept, and kept up to date by nobody.
//
// The error is a *DifferError if the new rows are not those that were read, and
// ErrRebuilding if this is under way elsewhere.
func (r *Rebuilder) Rebuild(ctx context.Context) (Report, error) {
	return r.work(ctx, "next", func(ctx context.Context, s *site) error {
		if err := s.begin(ctx); err != nil {
			return err
		}
		if err := s.load(ctx); err != nil {
			return err
		}
		if err := s.index(ctx); err != nil {
			return err
		}
		if err := s.takeOver(ctx, &comparison{site: s}); err != nil {
			return err
		}
		if r.config.DropOld {
			return s.drop(ctx, "old")
		}
		return nil
	})
}

// Rollback brings the version that was read before up to date and has it read again.
// A further rollback takes that back. The error is ErrNoOldVersion or ErrRebuilding.
func (r *Rebuilder) Rollback(ctx context.Context) (Report, error) {
	return r.work(ctx, "old", func(ctx context.Context, s *site) error {
		if err := s.adopt(ctx); err != nil {
			return err
		}
		return s.takeOver(ctx, nil)
	})
}
