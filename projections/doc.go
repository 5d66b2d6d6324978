// Package projections turns the log into read models: tables made for reading,
// which can be dropped and rebuilt at any time.
//
// A Projector runs one Projection. It follows the log through a Feed and moves the
// projection's checkpoint in the transaction that applies the events, so that an
// event takes effect once however often it is delivered.
//
// # Partitions
//
// The tickets are divided into domain.Partitions parts. Each has a checkpoint of
// its own and is leased to one of the instances that run the projection. A lease
// only spreads the work; what makes it safe is that a checkpoint moves from the
// value its owner believes in, in the owner's name, or the transaction is rolled
// back.
//
// # No event is skipped
//
// Every event names the one before it in its partition. It is applied if that is
// where the checkpoint stands, dropped if the checkpoint is past it, and otherwise
// shows that something is missing, which is then read from the log. A checkpoint
// that the log does not lead to (the log was restored from a backup) halts its
// partition, loudly, until somebody has looked.
//
// # Poison
//
// An event that cannot be applied quarantines its ticket, never the partition. Its
// readers see the log folded on top of the rows as they were before; Replay heals
// the ticket once the cause is mended.
package projections
