package vault

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// HeadSize is how many bytes in front of a sealed content hold its data key. The
// rest of the row stays as it is for as long as the content lives.
const HeadSize = headerSize

// Rewrap wraps the data key of a content under another bucket of the same account
// and purpose: the one that this process fills. id is that of the content, or of the
// user whose name it is, and head the first HeadSize bytes of the row; to and
// rewrapped take their place. The content is neither needed nor opened.
//
// It fails like Open. A row that fails with ErrDamaged opens nowhere.
func (k *Keyring) Rewrap(ctx context.Context, from int64, id uuid.UUID, head []byte) (to int64, rewrapped []byte, err error) {
	old, err := k.bucket(ctx, from)
	if err != nil {
		return 0, nil, fmt.Errorf("rewrap %s: %w", id, err)
	}
	fresh, err := k.current(ctx, old.account, old.purpose)
	if err == nil && fresh.id == from { // it should have been forgotten
		k.Forget(from)
		fresh, err = k.current(ctx, old.account, old.purpose)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("rewrap %s: %w", id, err)
	}
	if rewrapped, err = fresh.rewrap(old, id, head); err != nil {
		return 0, nil, fmt.Errorf("rewrap %s: %w", id, err)
	}
	return fresh.id, rewrapped, nil
}

// rewrap uses up one of the contents that b may have.
func (b *bucket) rewrap(old *bucket, id uuid.UUID, head []byte) ([]byte, error) {
	if len(head) != headerSize || head[0] != format {
		return nil, ErrDamaged
	}
	var aad additionalData
	aad.setDataKey(old.purpose, old.account, id, old.id)
	key, err := old.aead.Open(nil, nil, head[1:], aad.dataKey[:])
	if err != nil {
		return nil, ErrDamaged
	}
	defer clear(key)
	aad.setDataKey(b.purpose, b.account, id, b.id)
	return b.aead.Seal([]byte{format}, nil, key, aad.dataKey[:]), nil
}
