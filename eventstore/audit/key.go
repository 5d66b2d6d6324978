package audit

import (
	"crypto/ed25519"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/commentd/commentd/eventstore/vault"
)

// Key signs the tree heads of a shard. It is derived from the root key, so that it is
// in no database; whoever has the verifier key can check signatures for ever.
type Key struct {
	private  ed25519.PrivateKey
	verifier note.Verifier
	text     string
}

// NewKey returns the key of a shard. Equal root keys give equal keys.
func NewKey(root vault.RootKey, shard int16) *Key {
	private := ed25519.NewKeyFromSeed(root.Derive("tree head"))
	text, err := note.NewEd25519VerifierKey(Origin(shard), private.Public().(ed25519.PublicKey))
	if err != nil {
		panic("audit: " + err.Error()) // only for a key of another length
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		panic("audit: " + err.Error()) // it is what was just made
	}
	return &Key{private: private, verifier: verifier, text: text}
}

// Origin is the name of a shard's log: the first line of its heads, and the name of
// their key.
func Origin(shard int16) string { return fmt.Sprintf("commentd/log/%d", shard) }

// String returns the verifier key, as golang.org/x/mod/sumdb/note and
// c2sp.org/signed-note write it. It is public.
func (k *Key) String() string { return k.text }

// sign signs h, and notes the signature in it.
func (k *Key) sign(h *Head) { h.Signature = ed25519.Sign(k.private, []byte(h.text())) }

// made reports whether k made the signature of h.
func (k *Key) made(h *Head) bool { return k.verifier.Verify([]byte(h.text()), h.Signature) }

// Note returns h as a signed note. It is not checked that k made the signature.
func (k *Key) Note(h *Head) []byte {
	signed, err := note.Sign(&note.Note{Text: h.text()}, kept{k.verifier, h.Signature})
	if err != nil {
		panic("audit: " + err.Error()) // only for a text that is no text
	}
	return signed
}

// SignText returns a note of a text that is no tree head, signed.
func (k *Key) SignText(text string) []byte {
	signed, err := note.Sign(&note.Note{Text: text}, kept{k.verifier, ed25519.Sign(k.private, []byte(text))})
	if err != nil {
		panic("audit: " + err.Error()) // only for a text that is no text
	}
	return signed
}

// OpenText returns the text of a note that SignText has made, if the verifier key, as
// Key.String gives it, belongs to its signature. Else the error is ErrHead.
func OpenText(signed []byte, verifierKey string) (string, error) {
	verifier, err := newVerifier(verifierKey)
	if err != nil {
		return "", err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return "", ErrHead
	}
	if _, ok := signatureOf(opened.Sigs[0]); !ok {
		return "", ErrHead
	}
	return opened.Text, nil
}

// kept signs with a signature that was made before.
type kept struct {
	note.Verifier
	signature []byte
}

func (s kept) Sign([]byte) ([]byte, error) { return s.signature, nil }
