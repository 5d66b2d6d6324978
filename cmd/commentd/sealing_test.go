package main

import (
	"errors"
	"testing"
)

// TestWitnessedHeads: a witness that verify can make nothing of is a mistake, for
// "0 witnessed" would look as if all were well.
func TestWitnessedHeads(t *testing.T) {
	for _, where := range []string{"heads.jsonl", "/var/lib/heads", "file:", "http://witness.example", "nats:a b"} {
		var usage *usageError
		if _, err := witnessedHeads(where); !errors.As(err, &usage) {
			t.Errorf("witnessedHeads(%q) = %v; want a usage error", where, err)
		}
	}
	for _, where := range []string{"", "nats:heads", "https://witness.example/heads"} { // serve's, which keep their own
		if heads, err := witnessedHeads(where); err != nil || heads != nil {
			t.Errorf("witnessedHeads(%q) = %v, %v; want none", where, heads, err)
		}
	}
	if _, err := witnessedHeads("file:" + t.TempDir() + "/none"); err == nil {
		t.Error("a file that is not there was read")
	}
}
