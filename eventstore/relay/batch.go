package relay

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"time"

	"github.com/commentd/commentd/eventstore"
)

// A server that brings every message to disk before it answers (sync_interval:
// always) is paced by its disk. It then takes an atomic batch in little more time than
// one message, while a server that does not is slowed down by batches: it writes them
// twice. The server does not say which of the two it is, so the relay looks at the
// clock.
const (
	maxBatch   = 1000 // the server's limit
	minBatch   = 32
	slowServer = 4000 // messages in a second
)

const (
	headerBatchID     = "Nats-Batch-Id"
	headerBatchSeq    = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
)

// publishBatches sends events in atomic batches, one ahead of what the stream has
// taken. A batch states the sequence it follows once, and has one acknowledgement.
func (f *flight) publishBatches(ctx context.Context, events []eventstore.Recorded) error {
	header := f.encoder.msg.Header
	follows := header[headerExpectedLast]
	defer func() {
		header[headerExpectedLast] = follows
		delete(header, headerBatchID)
		delete(header, headerBatchSeq)
		delete(header, headerBatchCommit)
	}()
	for batch := range slices.Chunk(events, maxBatch) {
		if err := f.makeRoom(ctx, maxBatch); err != nil {
			return err
		}
		f.encoder.set(headerBatchID, rand.Text())
		header[headerExpectedLast] = follows
		delete(header, headerBatchCommit)
		for i, e := range batch {
			msg, err := f.encode(ctx, e)
			if err != nil {
				return err
			}
			msg.Reply = ""
			f.encoder.set(headerBatchSeq, strconv.Itoa(i+1))
			if i > 0 {
				delete(header, headerExpectedLast)
			}
			if i == len(batch)-1 {
				f.encoder.set(headerBatchCommit, "1")
				msg.Reply = f.replyOf(f.sent + 1)
			}
			if err := f.send(msg); err != nil {
				return err
			}
		}
	}
	return nil
}

// clock finds out whether the server is slow, from what it has taken since a moment
// from which on the window was never empty.
func (f *flight) clock(since time.Time, from uint64) {
	if taken := float64(f.acked - from); taken/time.Since(since).Seconds() < slowServer {
		f.slow = true
	}
}
