package domain

// Hide returns b with the secret hidden wherever it occurs, whatever b belongs to, and
// whether it does: as Redact does it with the earlier versions of a comment. A redaction
// of files alone leaves every text as it is, and counts as found.
func (s *Secret) Hide(b Body, m Mask) (Body, bool) {
	hidden, found := s.redact(b, m, nil)
	return hidden, found || s.filesOnly
}
