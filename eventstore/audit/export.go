package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

// Export is what to put into a bundle.
type Export struct {
	Account  domain.AccountID
	Slug     string // of the account
	Ticket   domain.TicketID
	Contents bool // with all texts that there are
}

// Export writes the bundle of a ticket, as it is at one moment. The error may be
// domain.ErrTicketNotFound, or ErrNotSealed if the last events are too young; what was
// written is then of no use.
func (r *Reader) Export(ctx context.Context, w io.Writer, v *vault.Vault, what Export) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, r.pool, options, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return eventstore.Unavailable("export", err)
		}
		h, err := r.headOf(ctx, tx)
		if errors.Is(err, ErrNoHead) {
			err = ErrNotSealed
		}
		if err != nil {
			return err
		}
		e := &exporter{
			Reader: r, tx: tx, vault: v, what: what, head: h, out: newBundleWriter(w), stream: newStream(what.Account, what.Ticket),
			hashes: &hashReader{ctx: ctx, db: tx, shard: r.shard, generation: h.Generation, size: h.Size},
		}
		return e.run(ctx)
	})
}

// exporter is one Export.
type exporter struct {
	*Reader
	tx     pgx.Tx
	vault  *vault.Vault
	what   Export
	head   Head
	hashes *hashReader
	stream *stream
	out    *bundleWriter
}

func (e *exporter) run(ctx context.Context) error {
	header := bundleHeader{bundleFormat, e.what.Slug, e.what.Account, e.what.Ticket, string(e.key.Note(&e.head)), e.what.Contents}
	if err := e.out.write(record{Header: &header}); err != nil {
		return err
	}
	if err := e.events(ctx); err != nil {
		return err
	}
	if e.what.Contents {
		if err := e.contents(ctx); err != nil {
			return err
		}
	}
	return e.out.write(record{End: &bundleEnd{e.out.end.Events, e.out.end.Contents}})
}

// maxTiles is how many tiles are kept while a bundle is written: 8 KiB each.
const maxTiles = 512

func (e *exporter) events(ctx context.Context) error {
	run := run{tx: e.tx, page: page}
	last := eventstore.Version(0)
	for more := true; more; {
		events, err := run.read(ctx, streamsSQL, e.shard, e.what.Account, uuid.UUID(e.what.Ticket), last)
		if err != nil {
			return err
		}
		more = len(events) == page
		for i := range events {
			event := &events[i]
			if event.Account != e.what.Account || event.Ticket != e.what.Ticket {
				more = false
				break
			}
			if int64(event.Position) > e.head.Size {
				return ErrNotSealed
			}
			if len(e.hashes.cache) > maxTiles {
				clear(e.hashes.cache)
			}
			in, err := e.prove(e.hashes, e.head, event, e.head.Size)
			if err != nil {
				return err
			}
			if err := e.out.write(record{Event: &bundleEvent{RowOf(e.shard, event), in.Proof}}); err != nil {
				return err
			}
			fact, err := event.Decode()
			if err != nil {
				return fmt.Errorf("position %d: %w", event.Position, err)
			}
			e.stream.add(event, fact)
			last = event.Version
		}
	}
	if last == 0 {
		return domain.ErrTicketNotFound
	}
	return nil
}

func (e *exporter) contents(ctx context.Context) error {
	ids := make([]uuid.UUID, 0, len(e.stream.contents))
	for id := range e.stream.contents {
		ids = append(ids, uuid.UUID(id))
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for part := range slices.Chunk(ids, enough) {
		rows, err := readContents(ctx, e.tx, e.shard, part)
		if err != nil {
			return err
		}
		if len(rows) != len(part) {
			return fmt.Errorf("%d texts of the ticket are missing: see commentd log verify", len(part)-len(rows))
		}
		for _, row := range rows {
			b := e.stream.contents[row.id]
			document, salt, err := e.vault.Disclose(ctx, b.place, row.bucket, row.sealed, b.digest)
			if err != nil {
				return err
			}
			if err := e.out.write(record{Content: &ContentRow{row.id, string(document), salt}}); err != nil {
				return err
			}
		}
	}
	return nil
}
