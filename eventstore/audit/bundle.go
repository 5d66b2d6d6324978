package audit

import (
	"encoding/json"
	"io"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// A bundle is all there is about a ticket, with the proof that it is from the log: one
// JSON object to a line, the first with a header, then an event each, then a text each,
// and last the end. It can be checked without the database it is from: CheckBundle.
const bundleFormat = 1

// record is a line of a bundle. One of its fields is set.
type record struct {
	Header  *bundleHeader `json:"header,omitempty"`
	Event   *bundleEvent  `json:"event,omitempty"`
	Content *ContentRow   `json:"content,omitempty"`
	End     *bundleEnd    `json:"end,omitempty"`
}

type bundleHeader struct {
	Format   int              `json:"format"`
	Account  string           `json:"account"` // slug; of which nothing is proved
	ID       domain.AccountID `json:"account_id"`
	Ticket   domain.TicketID  `json:"ticket_id"`
	Head     string           `json:"tree_head"`     // a signed note, see Head
	Contents bool             `json:"with_contents"` // whether all texts that there are follow
}

// bundleEvent is a row of log.events, and the proof that it is in the tree of the
// header's head.
type bundleEvent struct {
	EventRow
	Proof []tlog.Hash `json:"proof"`
}

// EventRow is a row of log.events as it is written down outside of the database, whole:
// its leaf is made of the columns, see Leaf.
type EventRow struct {
	Shard           int16             `json:"shard"`
	Position        int64             `json:"position"`
	PrevInPartition int64             `json:"prev_in_partition"`
	RecordedAt      time.Time         `json:"recorded_at"`
	Epoch           int32             `json:"epoch"`
	Account         domain.AccountID  `json:"account_id"`
	Ticket          domain.TicketID   `json:"ticket_id"`
	Version         int32             `json:"version"`
	Comment         *domain.CommentID `json:"comment_id"`
	CommentPrevious int32             `json:"comment_previous"`
	SchemaVersion   int16             `json:"schema_version"`
	Internal        bool              `json:"internal"`
	ID              domain.EventID    `json:"event_id"`
	Type            string            `json:"type"`
	Data            []byte            `json:"data"` // base64, exactly as stored
}

// ContentRow is a text outside of the database: HMAC-SHA256(salt, document) is the digest in its event.
type ContentRow struct {
	ID       domain.ContentID `json:"content_id"`
	Document string           `json:"document"` // JSON, as it was sealed
	Salt     []byte           `json:"salt"`
}

type bundleEnd struct {
	Events   int `json:"events"`
	Contents int `json:"contents"`
}

// RowOf returns the row of an event in the log of a shard.
func RowOf(shard int16, e *eventstore.Recorded) EventRow {
	row := EventRow{
		Shard: shard, Position: int64(e.Position), PrevInPartition: int64(e.PrevInPartition), RecordedAt: e.RecordedAt,
		Epoch: e.Epoch, Account: e.Account, Ticket: e.Ticket, Version: int32(e.Version), CommentPrevious: int32(e.CommentPrevious),
		SchemaVersion: e.SchemaVersion, Internal: e.Internal, ID: e.ID, Type: e.Type, Data: e.Data,
	}
	if uuid.UUID(e.Comment) != uuid.Nil {
		comment := e.Comment
		row.Comment = &comment
	}
	return row
}

// Recorded returns the event of the row.
func (b *EventRow) Recorded() *eventstore.Recorded {
	e := &eventstore.Recorded{
		Position: eventstore.Position(b.Position), PrevInPartition: eventstore.Position(b.PrevInPartition), RecordedAt: b.RecordedAt.UTC(),
		Epoch: b.Epoch, Account: b.Account, Ticket: b.Ticket, Version: eventstore.Version(b.Version),
		CommentPrevious: eventstore.Version(b.CommentPrevious), SchemaVersion: b.SchemaVersion, Internal: b.Internal,
		ID: b.ID, Type: b.Type, Data: b.Data,
	}
	if b.Comment != nil {
		e.Comment = *b.Comment
	}
	return e
}

// bundleWriter counts what it writes.
type bundleWriter struct {
	encoder *json.Encoder
	end     bundleEnd
}

func newBundleWriter(w io.Writer) *bundleWriter {
	b := &bundleWriter{encoder: json.NewEncoder(w)}
	b.encoder.SetEscapeHTML(false)
	return b
}

func (b *bundleWriter) write(r record) error {
	if r.Event != nil {
		b.end.Events++
	}
	if r.Content != nil {
		b.end.Contents++
	}
	return b.encoder.Encode(r)
}
