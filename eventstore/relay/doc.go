// Package relay carries the log from Postgres to NATS JetStream and back out of it:
// a Relay publishes every event of a shard into one stream, a Feed reads them.
//
// # Guarantees
//
// A message's sequence in the stream is the event's position in the log. A message
// is the log's event at this position or it is absent, never another one.
//
// The stream is a cache. It may lose messages, its tail or itself; the relay brings
// them back from the log with the same sequences, and a feed reads from the log what
// the stream does not give. No state of the relay's own is kept anywhere: the
// stream's last sequence says where to go on.
//
// Any number of relays may run. Every message is published as the successor of the
// one before, so that of two relays one is refused; the lease among them saves work
// and guards nothing.
//
// # Outlets
//
// Outlets fills streams for the programs of single accounts. What is in one is made of
// the log alone, each event of the account once, in order, if the audience may know of it:
// the same sequence has the same bytes whenever the stream is filled, and between two logs
// that differ in what is hidden from the audience there is no difference. The event of the
// last message says where to go on. Any number of processes may fill, as with relays.
//
// # Trust
//
// The gaps of the log's stream tell how much is hidden from whom, so only commentd itself
// and an operator's own programs may read it. Nobody but the relay may publish on or
// subscribe to commentd.log.> and commentd.out.>, nor to subjects that begin with
// InboxPrefix. Access writes what nats-server has to know for that.
package relay
