package vault

import "crypto/cipher"

// Secrets seals what the service has to know by itself, such as the keys that it signs
// webhooks with. Unlike a content it has no key of its own to be destroyed: it ends by
// being replaced.
type Secrets struct{ aead cipher.AEAD }

// NewSecrets returns the seal of a root key. Those of one root key open each other's.
func NewSecrets(root RootKey) *Secrets { return &Secrets{newAEAD(root.Derive("secrets"))} }

// Seal returns what opens with the same context only, which names the row that it is in.
func (s *Secrets) Seal(context, secret []byte) []byte { return s.aead.Seal(nil, nil, secret, context) }

// Open is the inverse of Seal. The error is ErrDamaged.
func (s *Secrets) Open(context, sealed []byte) ([]byte, error) {
	secret, err := s.aead.Open(nil, nil, sealed, context)
	if err != nil {
		return nil, ErrDamaged
	}
	return secret, nil
}
