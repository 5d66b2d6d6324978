package eventstore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/receipt.sql
	receiptSQL string
	//go:embed sql/expire_receipts.sql
	expireReceiptsSQL string
)

// Receipt makes a command safe to repeat: of all commands that bear the same ID
// within two hours one takes effect, and the others are told its result.
type Receipt struct {
	ID          uuid.UUID // vault.ReceiptID
	Fingerprint []byte    // vault.Fingerprint of Request
	Request     []byte    // what was asked, in a form in which equal requests are equal bytes
}

// Receipt returns the receipt of what a principal asks for under an idempotency key of
// its own choice. operation tells apart the requests for which a client may use one key;
// request is as in Receipt. The error is that of vault.Fingerprint.
func (s *Store) Receipt(ctx context.Context, account domain.AccountID, principal domain.UserID, operation, key string, request []byte) (*Receipt, error) {
	id := s.vault.ReceiptID(account, principal, operation, key)
	fingerprint, err := s.vault.Fingerprint(ctx, id, request)
	if err != nil {
		return nil, err
	}
	return &Receipt{ID: id, Fingerprint: fingerprint, Request: request}, nil
}

// replay answers from the receipt of an earlier command, if there is one. It
// returns ErrReceiptReused if that command was another one.
func (s *Store) replay(ctx context.Context, account domain.AccountID, receipt *Receipt) (Result, bool, error) {
	if receipt == nil {
		return Result{}, false, nil
	}
	var comment uuid.UUID
	var ticket *uuid.UUID
	var fingerprint []byte
	err := s.pool.QueryRow(ctx, receiptSQL, s.config.Shard, receipt.ID, account).Scan(&comment, &ticket, &fingerprint)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Result{}, false, nil
	case err != nil:
		return Result{}, false, fmt.Errorf("%w: read receipt: %s", ErrUnavailable, sqlState(err))
	}
	same, err := s.vault.SameRequest(ctx, receipt.ID, fingerprint, receipt.Request)
	switch {
	case err != nil:
		return Result{}, false, fmt.Errorf("compare requests: %w", err)
	case !same:
		return Result{}, true, ErrReceiptReused
	}
	r := Result{Replayed: true, Comment: domain.CommentID(comment)}
	if ticket != nil {
		r.Ticket = domain.TicketID(*ticket)
	}
	return r, true, nil
}

// ExpireReceipts forgets the receipts that no longer count and returns how many
// there were.
func (s *Store) ExpireReceipts(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, expireReceiptsSQL, s.config.Shard)
	if err != nil {
		return 0, fmt.Errorf("%w: expire receipts: %s", ErrUnavailable, sqlState(err))
	}
	return tag.RowsAffected(), nil
}
