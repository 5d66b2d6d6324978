package vault

import (
	"encoding/base64"

	"github.com/google/uuid"
)

// A Tagger makes entity tags that tell nothing of what they are made from.
type Tagger struct{ hash *keyedHash }

// NewTagger returns the tagger of a root key. Taggers of one root key agree.
func NewTagger(root RootKey) *Tagger { return &Tagger{newKeyedHash(root.Derive("tag"))} }

// Tag returns 22 characters of base64url: the same for the same parts, and a
// different text for any other parts.
func (t *Tagger) Tag(parts ...[]byte) string {
	sum := t.hash.sum(parts...)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// UUID returns a UUID that is made of the parts (version 8 of RFC 9562): the same for the
// same ones, and of use to nobody else.
func (t *Tagger) UUID(parts ...[]byte) uuid.UUID {
	sum := t.hash.sum(append([][]byte{[]byte("uuid")}, parts...)...)
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}
