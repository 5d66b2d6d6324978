package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

// A Follower is told of every event, ticket by ticket, and says how what it keeps
// differs from what the events come to: the read models, which this package may not
// know.
type Follower interface {
	// Begin is called before the events of a ticket. Whatever is read by tx is of the
	// moment that the events are of.
	Begin(ctx context.Context, tx pgx.Tx, account domain.AccountID, ticket domain.TicketID) error
	// Event is called for each event, in order; fact is nil if it does not decode.
	Event(r *eventstore.Recorded, fact domain.Event)
	// Flush is called after a ticket, now and then, and returns what is wrong with those
	// since the last time.
	Flush(ctx context.Context, tx pgx.Tx) ([]Finding, error)
	// Finish is called after the last ticket, and returns what is wrong besides.
	Finish(ctx context.Context, tx pgx.Tx) ([]Finding, error)
}

// Verifier checks a whole log: that it is whole, that it is the one that was sealed,
// and that all that was made of it is what it comes to.
type Verifier struct {
	Pool  *pgxpool.Pool
	Vault *vault.Vault
	Key   *Key
	Shard int16
	// Follower may be nil.
	Follower Follower
	// Witnessed are signed heads that were kept outside.
	Witnessed [][]byte
	// Resume, if set, names a file in which it is noted how far the verification has
	// come. One that was interrupted goes on from there.
	Resume string
	// Progress, if set, is told how many of all events a stage has seen.
	Progress func(stage string, done, total int64)

	small int // of tests: read and compare so little at once; 0: as much as is good
}

// Stages of Verify, in order.
const (
	StageLog     = "log and tree"
	StageTickets = "tickets and texts"
	StageRows    = "strays"
)

// Stages are the stages in order.
var Stages = []string{StageLog, StageTickets, StageRows}

// Verify checks everything, as it is at one moment, while the service goes on. What is
// wrong is in the report; the error says that it could not be found out.
//
// It holds in memory what it knows of one ticket, and 8 bytes for each text.
func (v *Verifier) Verify(ctx context.Context) (*Report, error) {
	report := &Report{Findings: []Finding{}}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, v.Pool, options, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return eventstore.Unavailable("verify", err)
		}
		r := &run{Verifier: v, tx: tx, report: report, page: page, enough: enough}
		if v.small > 0 {
			r.page, r.enough = v.small, v.small
		}
		for _, step := range []func(context.Context) error{r.begin, r.log, r.witnesses, r.tickets, r.rows} {
			if err := step(ctx); err != nil {
				return errors.Join(err, r.save())
			}
		}
		return r.finished()
	})
	return report, err
}

// run is one Verify.
type run struct {
	*Verifier
	tx     pgx.Tx
	report *Report
	page   int // events to read at once
	enough int // rows to compare at once

	head       logHead
	noLog      bool // log.heads has no row
	size       int64
	generation int32
	epoch      int32
	trees      []*treeCheck // by generation
	folded     []*stream    // tickets that are to be compared
	contents   contentSet

	from    *logMark  // where to go on in the log; nil: from its beginning
	done    *tickMark // the last ticket that is checked; nil: none is
	mark    *mark     // to be saved
	saved   int       // hashes of texts that are saved
	savedAt time.Time
}

// logHead is the row of log.heads.
type logHead struct {
	eventstore.Head
	partitions []int64
}

// begin reads where log and tree say that they stand.
func (r *run) begin(ctx context.Context) error {
	err := r.tx.QueryRow(ctx, "SELECT position, epoch, recorded_at, partition_positions FROM log.heads WHERE shard = $1", r.Shard).
		Scan(&r.head.Position, &r.head.Epoch, &r.head.RecordedAt, &r.head.partitions)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		r.report.find("log.heads", fmt.Sprintf("shard %d", r.Shard), "missing")
		r.noLog = true
	case err != nil:
		return eventstore.Unavailable("read log.heads", err)
	}
	err = r.tx.QueryRow(ctx, "SELECT size, generation, epoch FROM audit.trees WHERE shard = $1", r.Shard).Scan(&r.size, &r.generation, &r.epoch)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		r.report.find("audit.trees", fmt.Sprintf("shard %d", r.Shard), "missing")
	case err != nil:
		return eventstore.Unavailable("read audit.trees", err)
	}
	r.report.Position, r.report.Epoch, r.report.Generation = int64(r.head.Position), r.head.Epoch, r.generation
	_, _ = rand.Read(r.contents.salt[:]) // which never fails
	if err := r.beginTrees(ctx); err != nil {
		return err
	}
	return r.load()
}

func (r *run) progress(stage string, done int64) {
	if r.Progress != nil {
		r.Progress(stage, done, int64(r.head.Position))
	}
}
