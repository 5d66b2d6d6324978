package vault

import "encoding/base64"

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
