package erasure_test

import (
	"testing"

	"github.com/commentd/commentd/eventstore/erasure"
)

// TestStatements prepares every statement against the schema, so that a renamed column
// fails by name.
func TestStatements(t *testing.T) {
	w := newWorld(t)
	conn, err := w.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for name, sql := range erasure.Statements {
		if _, err := conn.Conn().Prepare(t.Context(), name, sql); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
	}
}
