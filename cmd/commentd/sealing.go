package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/commentd/commentd/eventstore/audit"
)

// sealing is the configuration of who is told what was sealed.
type sealing struct {
	Witness       string `help:"Where signed tree heads are published: file:PATH, nats:SUBJECT or an https:// URL. With a file, the service does not start on a log that is not the one it has told of." placeholder:"WHERE"`
	IgnoreWitness bool   `help:"Start although the log is not the one that was witnessed, as after an accepted loss."`
}

// witness returns the witness that was configured, nil if none was.
func (s *service) witness() (audit.Witness, error) {
	if s.Witness == "" {
		return nil, nil
	}
	var nc audit.Publisher
	if s.nats != nil {
		nc = s.nats
	}
	w, err := audit.NewWitness(s.Witness, nc)
	if err != nil {
		return nil, &usageError{fmt.Errorf("COMMENTD_WITNESS: %w", err)}
	}
	return w, nil
}

// checkWitnessed makes sure that the log is the one of the last head in the witness'
// file, if it is one.
func (s *service) checkWitnessed(ctx context.Context, w audit.Witness) error {
	file, ok := w.(audit.FileWitness)
	if !ok {
		return nil
	}
	signed, err := file.Last()
	if err != nil {
		return fmt.Errorf("COMMENTD_WITNESS: %w", err)
	}
	if signed == nil {
		return nil
	}
	err = s.tree().CheckWitnessed(ctx, s.tools.log, signed)
	var lost *audit.WitnessError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lost) && s.IgnoreWitness:
		slog.Warn("starting all the same", "reason", lost.Error())
		return nil
	case errors.As(err, &lost):
		return fmt.Errorf("%w. See commentd log verify; to start all the same, set COMMENTD_IGNORE_WITNESS=true", err)
	}
	return err
}

// tree is the Merkle tree over the log.
func (s *service) tree() *audit.Reader {
	return audit.NewReader(s.tools.pool, audit.NewKey(s.root, 0), 0)
}

// witnessedHeads reads the heads in the file of a witness, as the flag of serve names
// it: other witnesses keep theirs, and whoever has them looks there.
func witnessedHeads(where string) ([][]byte, error) {
	if where == "" {
		return nil, nil
	}
	w, err := audit.NewWitness(where, noNATS{})
	if err != nil {
		return nil, &usageError{fmt.Errorf("--witness: %w", err)}
	}
	if file, ok := w.(audit.FileWitness); ok {
		return file.All()
	}
	return nil, nil
}

// noNATS stands where nothing is published.
type noNATS struct{}

func (noNATS) Publish(string, []byte) error { return errors.New("not connected to NATS") }
