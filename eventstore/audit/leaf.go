package audit

import (
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// leafFormat is the first byte of a leaf. Another set of columns, or another way to
// write them, is another format: leaves of released formats never change.
const leafFormat = 1

// Leaf returns the canonical bytes of an event in the log of a shard. Every column of
// log.events is in them; no two rows that differ have the same. All numbers are
// big-endian:
//
//	format (1) | shard (2) | position (8) | prev_in_partition (8) | recorded_at (8) |
//	epoch (4) | account_id (4) | ticket_id (16) | version (4) |
//	comment: 0, or 1 and comment_id (16) | comment_previous (4) | schema_version (2) |
//	internal (1) | event_id (16) | length (4) | type | length (4) | data
//
// recorded_at is in microseconds since 1970, as precise as it is stored.
func Leaf(shard int16, r *eventstore.Recorded) []byte {
	b := make([]byte, 0, 128+len(r.Type)+len(r.Data))
	b = append(b, leafFormat)
	b = binary.BigEndian.AppendUint16(b, uint16(shard))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Position))
	b = binary.BigEndian.AppendUint64(b, uint64(r.PrevInPartition))
	b = binary.BigEndian.AppendUint64(b, uint64(r.RecordedAt.UnixMicro()))
	b = binary.BigEndian.AppendUint32(b, uint32(r.Epoch))
	b = binary.BigEndian.AppendUint32(b, uint32(r.Account))
	b = append(b, r.Ticket[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Version))
	if r.Comment == (domain.CommentID{}) {
		b = append(b, 0)
	} else {
		b = append(append(b, 1), r.Comment[:]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(r.CommentPrevious))
	b = binary.BigEndian.AppendUint16(b, uint16(r.SchemaVersion))
	if r.Internal {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	b = append(b, r.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Type)))
	b = append(b, r.Type...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Data)))
	return append(b, r.Data...)
}

// LeafHash returns the hash by which an event stands in the tree of its shard:
// SHA-256 of a zero byte and Leaf (RFC 6962, section 2.1).
func LeafHash(shard int16, r *eventstore.Recorded) tlog.Hash {
	return tlog.RecordHash(Leaf(shard, r))
}
