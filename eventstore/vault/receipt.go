package vault

import (
	"context"
	"crypto/hmac"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/receipt_hour.sql
	receiptHourSQL string
	//go:embed sql/insert_receipt_key.sql
	insertReceiptKeySQL string
	//go:embed sql/expire_receipt_keys.sql
	expireReceiptKeysSQL string
)

// receiptKey is the key of the fingerprints made in one hour, shared by all
// instances. Its id is the hour since 1970, negative: the primary key of the table
// thus allows one key per hour, and no bucket has a negative id.
type receiptKey struct {
	id    int64
	hash  *keyedHash
	until time.Time // the next one is due
}

const fingerprintSize = 8 + 32 // id of the receipt key, HMAC-SHA256

// ReceiptID names what a principal asked for under an idempotency key, in a way
// that tells nothing of either. operation tells apart the requests for which a
// client may use one idempotency key.
func (v *Vault) ReceiptID(account domain.AccountID, principal domain.UserID, operation, key string) uuid.UUID {
	sum := v.receiptIDs.sum(accountBytes(account), principal[:], []byte(operation), []byte(key))
	return uuid.UUID(sum[:16])
}

// Fingerprint returns 40 bytes by which a request is recognised when it comes
// again under the same receipt. Equal requests have equal fingerprints within an
// hour; beyond it SameRequest tells. Nothing can be tried against a fingerprint
// whose key is destroyed, and equal requests of two receipts never show. The error
// is ErrUnavailable or ErrWrongRootKey.
func (v *Vault) Fingerprint(ctx context.Context, receipt uuid.UUID, request []byte) ([]byte, error) {
	key, err := v.receiptKey.get(ctx,
		func(key *receiptKey) bool { return key != nil && time.Now().Before(key.until) },
		v.keyring.receiptKey)
	if err != nil {
		return nil, fmt.Errorf("fingerprint: %w", err)
	}
	return key.fingerprint(receipt, request), nil
}

// SameRequest reports whether Fingerprint, here or in another instance, was given
// the same receipt and request when it returned stored. The error is ErrDestroyed
// once ExpireReceiptKeys has destroyed the key, ErrDamaged if stored is no
// fingerprint, or ErrUnavailable.
func (v *Vault) SameRequest(ctx context.Context, receipt uuid.UUID, stored, request []byte) (bool, error) {
	if len(stored) != fingerprintSize {
		return false, fmt.Errorf("fingerprint: %w", ErrDamaged)
	}
	key, err := v.keyring.receiptKeyByID(ctx, int64(binary.BigEndian.Uint64(stored)))
	if err != nil {
		return false, fmt.Errorf("fingerprint: %w", err)
	}
	return hmac.Equal(stored, key.fingerprint(receipt, request)), nil
}

// ExpireReceiptKeys destroys the receipt keys that have not been in use for at
// least age, and returns how many there were. age is to be longer than receipts
// live. Their rows remain as tombstones.
func (v *Vault) ExpireReceiptKeys(ctx context.Context, age time.Duration) (int64, error) {
	if age < 0 {
		return 0, errors.New("expire receipt keys: negative age")
	}
	tag, err := v.keyring.pool.Exec(ctx, expireReceiptKeysSQL, age)
	if err != nil {
		return 0, unavailable("expire receipt keys", err)
	}
	return tag.RowsAffected(), nil
}

func (r *receiptKey) fingerprint(receipt uuid.UUID, request []byte) []byte {
	sum := r.hash.sum(receipt[:], request)
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, fingerprintSize), uint64(r.id)), sum[:]...)
}

// receiptKey returns the receipt key of this hour, and makes it if nobody has.
func (k *Keyring) receiptKey(ctx context.Context) (*receiptKey, error) {
	var id int64
	var seconds float64
	asked := time.Now()
	if err := k.pool.QueryRow(ctx, receiptHourSQL).Scan(&id, &seconds); err != nil {
		return nil, unavailable("read receipt key", err)
	}
	key, err := k.receiptKeyByID(ctx, id)
	if errors.Is(err, ErrNoKey) {
		if err = k.createReceiptKey(ctx, id); err == nil {
			key, err = k.receiptKeyByID(ctx, id)
		}
	}
	if err != nil {
		return nil, err
	}
	key.until = asked.Add(time.Duration(seconds * float64(time.Second)))
	return key, nil
}

func (k *Keyring) createReceiptKey(ctx context.Context, id int64) error {
	_, wrapped, err := k.newKey(ctx, 0, purposeReceipt)
	if err != nil {
		return err
	}
	if _, err := k.pool.Exec(ctx, insertReceiptKeySQL, id, k.root.ID(), wrapped); err != nil {
		return unavailable("create receipt key", err)
	}
	return nil
}

func (k *Keyring) receiptKeyByID(ctx context.Context, id int64) (*receiptKey, error) {
	rows, err := k.read(ctx, []int64{id})
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, fmt.Errorf("%w: receipt key %d", ErrNoKey, id)
	case rows[0].Purpose != purposeReceipt:
		return nil, fmt.Errorf("%w: bucket %d is no receipt key", ErrDamaged, id)
	}
	key, err := k.unwrap(ctx, rows[0])
	if err != nil {
		return nil, err
	}
	return &receiptKey{id: id, hash: newKeyedHash(key)}, nil
}
