package eventstore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/append.sql
var appendSQL string

// outcome is what log.append says of one command. The numbers are its own.
type outcome int16

const (
	outcomeAppended        outcome = 1
	outcomeReplayed        outcome = 2
	outcomeOtherRequest    outcome = 3
	outcomeTicketConflict  outcome = 4
	outcomeCommentConflict outcome = 5
	outcomeRetiredBucket   outcome = 6
	outcomeTicketChanged   outcome = 7
	outcomeTicketFull      outcome = 8
	outcomeUploads         outcome = 9
)

// pending is a decided command on its way into the log.
type pending struct {
	account        domain.AccountID
	ticket         domain.TicketID
	ticketRevision int32
	comment        domain.CommentID // or the chat; zero if the command is about the ticket alone
	revision       int32            // of the comment or chat
	expected       int32            // version that the ticket must be at; 0: any
	most           int32            // comments that the ticket must have fewer than; 0: any number
	receipt        *Receipt
	events         []encodedEvent
	contents       []content
	removes        []domain.ContentID
	claims         []domain.Claim
	removesFiles   []int64
	clearsFiles    bool // it removes all files of the comment
	placeholders   []int64
	completes      domain.EventID // the event whose obligation is completed, if any is
	destroyedAt    time.Time
	commentAfter   *domain.Comment // the row of the comment or chat afterwards
	chatAfter      *domain.Chat    // the chat's row afterwards, if it is one
	ticketAfter    *domain.Ticket  // the ticket's row afterwards, if it changes

	done chan verdict // of capacity 1
}

type encodedEvent struct {
	id       domain.EventID
	name     string
	schema   int16
	comment  domain.CommentID
	internal bool
	data     []byte
}

type content struct {
	id     domain.ContentID
	sealed vault.Sealed
	claims []domain.Claim // of the uploads whose files are named in it
}

// verdict is what became of a pending command.
type verdict struct {
	outcome  outcome
	comment  domain.CommentID // that a replayed receipt names
	position Position         // of the last event
	version  Version          // of the last event
	recorded time.Time
	err      error
}

// append queues p and waits for its verdict. When ctx ends first, p may still be
// written: the error is then ErrUnknownOutcome.
func (s *Store) append(ctx context.Context, p *pending) (verdict, error) {
	p.done = make(chan verdict, 1)
	began := time.Now()
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return verdict{}, fmt.Errorf("append: %w: shutting down", ErrUnavailable)
	}
	s.queue = append(s.queue, p)
	s.mu.Unlock()
	select {
	case s.work <- struct{}{}:
	default:
	}
	select {
	case v := <-p.done:
		s.metrics.AppendSeconds.Observe(time.Since(began).Seconds())
		return v, v.err
	case <-ctx.Done():
		return verdict{}, fmt.Errorf("append: %w: %w", ErrUnknownOutcome, context.Cause(ctx))
	}
}

// commitQueue writes batch after batch until the queue is empty. While one batch
// is on its way the next one gathers: no delay is ever added.
func (s *Store) commitQueue(ctx context.Context) {
	for {
		items := s.takeBatch()
		if len(items) == 0 {
			return
		}
		s.commit(ctx, items)
	}
}

// takeBatch removes up to MaxBatch commands from the queue, in order, but leaves
// those behind that are about a comment, bear a receipt or claim an upload already in the
// batch.
func (s *Store) takeBatch() []*pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	var items, left []*pending
	comments := make(map[domain.CommentID]bool, len(s.queue))
	receipts := make(map[uuid.UUID]bool)
	uploads := make(map[[32]byte]bool)
	claimed := func(c domain.Claim) bool { return uploads[c.Upload] }
	for i, p := range s.queue {
		if len(items) == s.config.MaxBatch {
			left = append(left, s.queue[i:]...)
			break
		}
		if p.comment != (domain.CommentID{}) && comments[p.comment] || p.receipt != nil && receipts[p.receipt.ID] ||
			slices.ContainsFunc(p.claims, claimed) {
			left = append(left, p)
			continue
		}
		comments[p.comment] = true
		if p.receipt != nil {
			receipts[p.receipt.ID] = true
		}
		for _, c := range p.claims {
			uploads[c.Upload] = true
		}
		items = append(items, p)
	}
	s.queue = left
	return items
}

// commit writes one batch and tells everybody in it what became of their command.
// A batch that Postgres refuses because of what is in it is split, so that one bad
// command fails alone.
func (s *Store) commit(ctx context.Context, items []*pending) {
	verdicts, err := s.appendBatch(ctx, items)
	var refused *pgconn.PgError
	switch {
	case err == nil:
		s.metrics.AppendBatch.Observe(float64(len(items)))
		for _, v := range verdicts {
			s.extended(v.position, v.recorded)
		}
		s.appended.Wake()
	case errors.As(err, &refused) && dataError(refused) && len(items) > 1:
		half := len(items) / 2
		s.commit(ctx, items[:half])
		s.commit(ctx, items[half:])
		return
	case errors.As(err, &refused) && refused.ConstraintName == "comments_pkey":
		err = ErrExists
	case errors.As(err, &refused) && (dataError(refused) || gaveUp(refused)):
		// The statement was rolled back before it could commit.
		slog.Error("append refused", "sqlstate", refused.Code, "constraint", refused.ConstraintName, "commands", len(items))
		err = fmt.Errorf("append: %w: SQLSTATE %s", ErrBusy, refused.Code)
	default:
		slog.Error("append failed", "error", sqlState(err), "commands", len(items))
		err = fmt.Errorf("append: %w: %s", ErrUnknownOutcome, sqlState(err))
	}
	for i, p := range items {
		v := verdict{err: err}
		if err == nil {
			v = verdicts[i]
		}
		s.metrics.AppendOutcomes.WithLabelValues(v.label()).Inc()
		p.done <- v
	}
}

func (v verdict) label() string {
	switch {
	case v.err != nil:
		return "failed"
	case v.outcome == outcomeAppended:
		return "appended"
	case v.outcome == outcomeReplayed:
		return "replayed"
	}
	return "conflict"
}

// dataError: classes 22 (data exception) and 23 (integrity constraint).
func dataError(e *pgconn.PgError) bool {
	return strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23")
}

// gaveUp: lock_timeout, or statement_timeout while waiting for the head.
func gaveUp(e *pgconn.PgError) bool { return e.Code == "55P03" || e.Code == "57014" }

// sqlState says what failed without repeating what Postgres says of the data.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return "SQLSTATE " + e.Code
	}
	return err.Error()
}

// appendBatch makes the one statement of a batch.
func (s *Store) appendBatch(ctx context.Context, items []*pending) ([]verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	b := newBatch(items)
	var (
		outcomes  []int16
		comments  []pgtype.UUID
		positions []int64
		versions  []int32
		recorded  time.Time
	)
	row := s.pool.QueryRow(ctx, appendSQL, b.args(s.config.Shard)...)
	if err := row.Scan(&outcomes, &comments, &positions, &versions, &recorded); err != nil {
		return nil, err
	}
	verdicts := make([]verdict, len(items))
	last := -1 // index of the last event of the command at hand
	for i, p := range items {
		last += len(p.events)
		v := &verdicts[i]
		v.outcome, v.recorded = outcome(outcomes[i]), recorded.UTC()
		v.position, v.version = Position(positions[last]), Version(versions[last])
		v.comment = domain.CommentID(comments[i].Bytes)
	}
	return verdicts, nil
}
