package eventstore

import (
	"strings"
	"time"

	"github.com/commentd/commentd/domain"
)

// Position is a place in the log of a shard: 1, 2, 3 and so on.
type Position int64

// Version is a place in the stream of a ticket: 1, 2, 3 and so on.
type Version int32

// Recorded is an event as it stands in the log.
type Recorded struct {
	Position Position
	// PrevInPartition is the position of the event before this one in the same
	// partition of tickets, 0 if this is the first: who reads one partition only
	// can tell whether anything is missing.
	PrevInPartition Position
	RecordedAt      time.Time // UTC, microseconds
	Epoch           int32     // raised by an operator after the log's tail was lost
	Account         domain.AccountID
	Ticket          domain.TicketID
	Version         Version
	// CommentPrevious is the version of the event before this one about the same
	// comment, 0 if there is none: the history of a comment is read back along it.
	CommentPrevious Version
	ID              domain.EventID
	Comment         domain.CommentID // or the id of a chat; zero for events about the ticket itself
	Internal        bool             // of no concern to those who may not see internal notes
	Type            string           // as in the codec, for instance "comment.created"
	SchemaVersion   int16
	Data            []byte // the open part, exactly as stored
}

// Decode returns the event in its current shape, whatever schema version it was
// stored in. The error is an *UnknownEventError or tells what is wrong with Data
// without quoting it.
func (r Recorded) Decode() (domain.Event, error) {
	return Decode(r.Type, r.SchemaVersion, r.Data, r.RecordedAt)
}

// OfChat reports whether Comment is the id of a chat.
func (r Recorded) OfChat() bool {
	if r.Type != kindContentErased.name {
		return strings.HasPrefix(r.Type, "chat")
	}
	fact, err := r.Decode()
	return err == nil && domain.OfChat(fact)
}

// Retracts reports whether it says that a comment is not to be shown any more.
func (r Recorded) Retracts() bool {
	return r.Type == kindCommentMadePrivate.name || r.Type == kindCommentDeleted.name
}

// Partition is the part of the tickets that this event belongs to.
func (r Recorded) Partition() int { return domain.Partition(r.Account, r.Ticket) }
