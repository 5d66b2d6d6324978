package client

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// Streams, and the consumers of outlets, say in their metadata for which opening of an
// outlet they were made, and in which epoch of the log. Two streams of which both are the
// same have the same messages at the same sequences.
const (
	metadataOutlet = "commentd-outlet"
	metadataEpoch  = "commentd-epoch"
)

// cursor is the sequence and, where that is known, the making of the stream.
func (s *subscriber) cursor() string {
	sequence := strconv.FormatUint(s.last, 10)
	if s.making == "" {
		return sequence
	}
	return sequence + ":" + s.making
}

// goOn takes up what cursor returned.
func (s *subscriber) goOn(saved string) (err error) {
	sequence, making, _ := strings.Cut(saved, ":")
	if s.last, err = strconv.ParseUint(sequence, 10, 64); err != nil {
		return errors.New("the cursor is not a sequence")
	}
	s.making = making
	return nil
}

// recognize compares the stream that is there with that of which messages were read.
func (s *subscriber) recognize(metadata map[string]string) error {
	making := metadata[metadataOutlet] + "." + metadata[metadataEpoch]
	if s.last > 0 && s.making != "" && s.making != making {
		return ErrBegunAnew
	}
	s.making = making
	return nil
}

// inspect asks which stream is there. Only those may who make their consumers themselves.
func (s *subscriber) inspect(ctx context.Context) error {
	stream, err := s.js.Stream(ctx, s.Stream)
	if err != nil {
		return err
	}
	return s.recognize(stream.CachedInfo().Config.Metadata)
}

// follows reports whether a message is the next one. One that comes after others that are
// missing is, if it has come there before, or an earlier one has: they have expired.
func (s *subscriber) follows(sequence uint64) bool {
	next := sequence == s.last+1 || sequence > s.last && s.beyond != 0 && sequence >= s.beyond
	s.beyond = 0
	if !next && sequence > s.last {
		s.beyond = sequence
	}
	return next
}
