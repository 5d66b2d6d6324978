package domain

import (
	"encoding/base64"
	"errors"
	"time"
)

// An Event is a fact about one ticket or one of its comments. The set is closed: a
// new fact is a new type here, a case in Evolve, and a name in eventstore/codec.go.
// The JSON of an event is the open part that is stored and published: it never
// holds anything a person typed.
type Event interface {
	// Metadata is who did it and when.
	Metadata() Meta
	isEvent()
}

// Meta is common to all events.
type Meta struct {
	Actor Actor `json:"actor"`
	// Audit is the public number of the write that this event is part of. The
	// events of one write share it.
	Audit int64 `json:"audit"`
	// Origin is nil unless the write was taken over from elsewhere.
	Origin *Origin `json:"origin,omitzero"`
	// At is when it happened: see HappenedAt. It is zero until the event is recorded.
	At time.Time `json:"-"`
}

// Metadata returns m.
func (m Meta) Metadata() Meta { return m }
func (Meta) isEvent()         {}

// Digest is HMAC-SHA256(salt, text), the salt being sealed with the text: it lets
// a surviving text be checked against the log and says nothing once both are gone.
type Digest [32]byte

// MarshalText gives 43 characters of unpadded base64url.
func (d Digest) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, d[:]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(b []byte) error {
	raw, err := base64.RawURLEncoding.AppendDecode(nil, b)
	if err != nil || len(raw) != len(d) {
		return errors.New("not a digest")
	}
	copy(d[:], raw)
	return nil
}

// ContentRef names a sealed text and binds it to the event that brought it. The
// digest is zero where an event only repeats what an earlier one brought.
type ContentRef struct {
	ID     ContentID `json:"id"`
	Digest Digest    `json:"digest,omitzero"`
}

// TicketOpened: the stream begins.
type TicketOpened struct {
	Meta
	Number        int64       `json:"number"`
	Status        Status      `json:"status"`
	Requester     *UserID     `json:"requester,omitzero"`
	Subject       *ContentRef `json:"subject,omitzero"`
	DefaultPublic bool        `json:"default_public"`
	LegalHold     bool        `json:"legal_hold,omitzero"`
}

// TicketChanged holds all of what can change, as it is after the change.
type TicketChanged struct {
	Meta
	Status        Status      `json:"status"`
	Requester     *UserID     `json:"requester,omitzero"`
	Subject       *ContentRef `json:"subject,omitzero"`
	DefaultPublic bool        `json:"default_public"`
	LegalHold     bool        `json:"legal_hold,omitzero"`
}

// CommentCreated: somebody said something.
type CommentCreated struct {
	Meta
	Number  int64      `json:"number"`
	Author  Author     `json:"author"`
	Public  bool       `json:"public"`
	Content ContentRef `json:"content"`
	Channel Channel    `json:"channel,omitzero"`
	Flags   Flags      `json:"flags,omitzero"`
}

// CommentEdited: the comment now says Content.
type CommentEdited struct {
	Meta
	Content ContentRef `json:"content"`
}

// CommentMadePrivate: the comment is an internal note from here on.
type CommentMadePrivate struct{ Meta }

// CommentMadePublic: the internal note is published.
type CommentMadePublic struct{ Meta }

// CommentDeleted: no reader gets the comment any more. Its text stays sealed until
// the account's retention of deleted comments ends.
type CommentDeleted struct{ Meta }

// CommentRedacted: something that the comment said, today or ever, is hidden for good.
// Every version of it was sealed anew, whether or not the secret stood in it, and the
// former texts are gone: the event says nothing of what was hidden, or where.
type CommentRedacted struct {
	Meta
	// Contents are all versions that there are, oldest first; the last is what the
	// comment says now.
	Contents []Replacement `json:"contents"`
	// Files are those that are gone, each once.
	Files []FileRedacted `json:"files,omitzero"`
	// TextKept: nothing but files was redacted.
	TextKept bool `json:"text_kept,omitzero"`
}

// Replacement is a version of a comment that was sealed anew.
type Replacement struct {
	Old ContentID  `json:"old"`
	New ContentRef `json:"new"`
}

// ContentErased: texts are gone for good with nothing in their place: all versions of
// a comment or, if Subject is true, of the ticket's subject or, if Chat is true, all that
// was said in a chat.
type ContentErased struct {
	Meta
	Subject  bool        `json:"subject,omitzero"`
	Chat     bool        `json:"chat,omitzero"`
	Contents []ContentID `json:"contents"`
	Cause    Cause       `json:"cause"`
}

// Cause says why contents were erased.
type Cause string

const (
	CauseRetention Cause = "retention" // older than the account keeps contents
	CauseDeletion  Cause = "deletion"  // deleted for longer than the account keeps deleted comments
	CauseErasure   Cause = "erasure"   // of a customer, a ticket or an account
)

// ObligationCompleted: the keys that could open what an earlier event has removed are
// destroyed.
type ObligationCompleted struct {
	Meta
	Obligation EventID `json:"obligation"` // the earlier event
}
