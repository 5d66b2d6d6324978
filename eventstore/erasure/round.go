package erasure

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

var (
	//go:embed sql/open.sql
	openSQL string
	//go:embed sql/retire.sql
	retireSQL string
	//go:embed sql/retired.sql
	retiredSQL string
	//go:embed sql/destroyed.sql
	destroyedSQL string
	//go:embed sql/due.sql
	dueSQL string
)

// maxObligations is how many a round takes. The next one follows at once.
const maxObligations = 10_000

// round fulfils the obligations that are open when it begins.
func (w *Worker) round(ctx context.Context) error {
	began := time.Now()
	upTo, open, buckets, err := w.open(ctx)
	if err != nil {
		return err
	}
	if len(buckets) > 0 {
		if err := Retire(ctx, w.pool, buckets); err != nil {
			return err
		}
	}
	w.step("retired")
	owed, err := w.retired(ctx)
	if err != nil {
		return err
	}
	moved := 0
	for _, bucket := range owed {
		w.keyring.Forget(bucket)
		for _, shelf := range w.shelves {
			n, err := w.clear(ctx, shelf, bucket)
			if err != nil {
				return err
			}
			moved += n
		}
	}
	w.step("rewrapped")
	if err := w.destroy(ctx, owed); err != nil {
		return err
	}
	if err := w.note(ctx, owed); err != nil {
		return err
	}
	unremoved := w.files.RemoveMarked(ctx, upTo)
	w.step("files removed")
	completed, err := w.complete(ctx, upTo)
	if open > 0 || len(owed) > 0 {
		w.logger.Info("erasure", "obligations", completed, "of", open, "keys", len(owed), "rewrapped", moved, "took", time.Since(began))
	}
	return errors.Join(unremoved, err)
}

// open returns the keys of the obligations that are open, how many they are, and the
// position of the last one.
func (w *Worker) open(ctx context.Context) (upTo eventstore.Position, n int, buckets []int64, err error) {
	rows, err := w.pool.Query(ctx, openSQL, w.config.Shard, maxObligations)
	if err == nil {
		var ids []int64
		_, err = pgx.ForEachRow(rows, []any{&upTo, &ids}, func() error {
			buckets = append(buckets, ids...)
			n++
			return nil
		})
	}
	if err != nil {
		return 0, 0, nil, fmt.Errorf("read obligations: %w", err)
	}
	slices.Sort(buckets)
	return upTo, n, slices.Compact(buckets), nil
}

func (w *Worker) retired(ctx context.Context) ([]int64, error) {
	rows, err := w.pool.Query(ctx, retiredSQL)
	if err == nil {
		var owed []int64
		if owed, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err == nil {
			return owed, nil
		}
	}
	return nil, fmt.Errorf("read retired keys: %w", err)
}

// destroy destroys keys under which there is nothing left.
func (w *Worker) destroy(ctx context.Context, owed []int64) error {
	if len(owed) > 0 {
		if err := w.keyring.Destroy(ctx, owed); err != nil {
			return err
		}
		w.step("destroyed")
	}
	return w.bury(ctx)
}

// bury sees to it that the bytes of all destroyed keys are in no file of the keyring.
func (w *Worker) bury(ctx context.Context) error {
	remains, err := w.keyring.Remains(ctx)
	if err != nil || remains.Keys == 0 || remains.InTable == 0 && !w.mayVerify() {
		return err
	}
	if remains.InTable > 0 {
		if err := w.keyring.Rewrite(ctx); err != nil {
			return err
		}
		w.step("rewritten")
		if remains, err = w.keyring.Remains(ctx); err != nil {
			return err
		}
	}
	err = w.look(ctx, remains)
	w.unverified = 0
	lacks := (*vault.PrivilegeError)(nil)
	if errors.As(err, &lacks) {
		w.unverified, w.lacked, err = remains.Keys, time.Now(), nil
		w.logger.Error("keys are destroyed, but nobody may look whether their bytes are gone",
			"keys", remains.Keys, "lacks", lacks.Lacked, "remedy", lacks.Remedy())
	}
	w.metrics.UnverifiedKeys.Set(float64(w.unverified))
	return err
}

// look reads the files of the keyring. What it sees in the write-ahead log is for the
// operator: the horizon covers it.
func (w *Worker) look(ctx context.Context, remains vault.Remains) error {
	if err := w.keyring.Flush(ctx); err != nil {
		return err
	}
	w.step("flushed")
	if err := w.keyring.Verify(ctx, remains); err != nil {
		return err
	}
	w.step("verified")
	if due(&w.searched, searchPause) {
		seen, err := w.keyring.SearchWAL(ctx, remains)
		w.logger.Info("destroyed keys in the write-ahead log of the keyring", "keys", seen.Keys, "seen", seen.Seen,
			"segments", seen.Segments, "searched", seen.Searched, "error", err)
	}
	return nil
}

// searchPause keeps a busy worker from reading the write-ahead log again and again.
const searchPause = 10 * time.Minute

// note tells the log which keys are destroyed.
func (w *Worker) note(ctx context.Context, owed []int64) error {
	if len(owed) == 0 {
		return nil
	}
	tombstones, err := w.keyring.Tombstones(ctx, owed)
	if err != nil {
		return err
	}
	known := make(map[int64]vault.Tombstone, len(tombstones))
	for _, t := range tombstones {
		known[t.Bucket] = t
	}
	accounts, purposes := make([]*int32, len(owed)), make([]*string, len(owed))
	for i, id := range owed {
		if t, ok := known[id]; ok {
			account := int32(t.Account)
			accounts[i], purposes[i] = &account, &t.Purpose
			continue
		}
		// It was lost with a part of the keyring, and what it had sealed with it.
		w.logger.Error("a key that was to be destroyed is not in the keyring", "bucket", id)
	}
	if _, err := w.pool.Exec(ctx, destroyedSQL, owed, accounts, purposes); err != nil {
		return fmt.Errorf("note destroyed keys: %w", err)
	}
	w.step("noted")
	return nil
}

// fulfilled is an obligation whose keys are destroyed.
type fulfilled struct {
	Account     domain.AccountID
	Ticket      uuid.UUID
	Event       uuid.UUID
	DestroyedAt time.Time
}

// complete appends obligation.completed for what is due, and returns for how many. What
// still has files is not.
func (w *Worker) complete(ctx context.Context, upTo eventstore.Position) (completed int, err error) {
	rows, err := w.pool.Query(ctx, dueSQL, w.config.Shard, upTo)
	if err != nil {
		return 0, fmt.Errorf("read obligations: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[fulfilled])
	if err != nil {
		return 0, fmt.Errorf("read obligations: %w", err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := make(chan fulfilled)
	for range min(completers, len(all)) {
		wg.Go(func() {
			for d := range next {
				done, failed := w.completeOne(ctx, d)
				mu.Lock()
				if done {
					completed++
				}
				if err == nil {
					err = failed
				}
				mu.Unlock()
				w.step("completed")
			}
		})
	}
	for _, d := range all {
		next <- d
	}
	close(next)
	wg.Wait()
	return completed, err
}

// completers is how many obligations are completed at a time: the log writes them
// together.
const completers = 32

// keeper is who completes obligations.
var keeper = domain.By{Actor: domain.Actor{Kind: domain.ActorSystem}, Admin: true}

func (w *Worker) completeOne(ctx context.Context, d fulfilled) (done bool, err error) {
	audit, err := w.log.Numbers().Draw(ctx, d.Account, domain.NumbersPerWrite)
	if err != nil {
		return false, err
	}
	result, err := w.log.Execute(ctx, domain.CompleteObligation{
		Account: d.Account, Ticket: domain.TicketID(d.Ticket), By: keeper, Audit: audit,
		Obligation: domain.EventID(d.Event), DestroyedAt: d.DestroyedAt,
	}, nil)
	if err != nil {
		return false, fmt.Errorf("complete obligation %s: %w", d.Event, err)
	}
	return result.Changed, nil
}
