package domain

// Redaction and Mask are placeholders until the mask engine is in.
type Redaction struct {
	Text, MarkedHTML string
	All              bool
}
type Mask int
