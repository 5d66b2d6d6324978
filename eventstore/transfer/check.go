package transfer

import (
	"context"
	"io"

	"github.com/commentd/commentd/eventstore/vault"
)

// genuine reports whether the text is the one that its event speaks of.
func (t *text) genuine() bool { return vault.CheckDigest(t.Salt, t.Document, t.Digest) }

// Check reads a whole file and checks all that can be checked without a database:
// signatures, the tree, that nothing is missing or moved, and each text against its event.
// The error is a *RefusedError or that of the reader.
func Check(ctx context.Context, in io.Reader, verifierKey string) (Report, error) {
	r := newReader(in, verifierKey, ignore{})
	err := r.read(ctx)
	return r.Report, err
}

// ignore is a sink for those who read to check.
type ignore struct{}

func (ignore) begin(context.Context, header) (*chain, error) { return nil, nil }
func (ignore) add(context.Context, *group) error             { return nil }
func (ignore) entry(context.Context, int, Entry) error       { return nil }
func (ignore) numbers(context.Context, *numbers) error       { return nil }
func (ignore) end(context.Context, *tree) error              { return nil }
