package domain

import (
	"errors"

	"github.com/google/uuid"
)

// AccountID is the internal number of a tenant. It never leaves the service; the
// world knows an account by its slug.
type AccountID int32

// Ids of the things that a client can name. TicketID and UserID may be chosen by
// clients, so they are unique within their account only.
type (
	TicketID  uuid.UUID
	CommentID uuid.UUID
	ContentID uuid.UUID
	EventID   uuid.UUID
	UserID    uuid.UUID
	BlobID    uuid.UUID // of the sealed bytes of a file
	// ChatID is chosen by whoever relays the chat, and unique among the comments and chats
	// of an account.
	ChatID uuid.UUID
)

func (id TicketID) String() string  { return uuid.UUID(id).String() }
func (id CommentID) String() string { return uuid.UUID(id).String() }
func (id ContentID) String() string { return uuid.UUID(id).String() }
func (id EventID) String() string   { return uuid.UUID(id).String() }
func (id UserID) String() string    { return uuid.UUID(id).String() }
func (id BlobID) String() string    { return uuid.UUID(id).String() }
func (id ChatID) String() string    { return uuid.UUID(id).String() }

func (id TicketID) MarshalText() ([]byte, error)  { return uuid.UUID(id).MarshalText() }
func (id CommentID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }
func (id ContentID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }
func (id EventID) MarshalText() ([]byte, error)   { return uuid.UUID(id).MarshalText() }
func (id UserID) MarshalText() ([]byte, error)    { return uuid.UUID(id).MarshalText() }
func (id BlobID) MarshalText() ([]byte, error)    { return uuid.UUID(id).MarshalText() }
func (id ChatID) MarshalText() ([]byte, error)    { return uuid.UUID(id).MarshalText() }

func (id *TicketID) UnmarshalText(b []byte) error  { return parseID((*uuid.UUID)(id), b) }
func (id *CommentID) UnmarshalText(b []byte) error { return parseID((*uuid.UUID)(id), b) }
func (id *ContentID) UnmarshalText(b []byte) error { return parseID((*uuid.UUID)(id), b) }
func (id *EventID) UnmarshalText(b []byte) error   { return parseID((*uuid.UUID)(id), b) }
func (id *UserID) UnmarshalText(b []byte) error    { return parseID((*uuid.UUID)(id), b) }
func (id *BlobID) UnmarshalText(b []byte) error    { return parseID((*uuid.UUID)(id), b) }
func (id *ChatID) UnmarshalText(b []byte) error    { return parseID((*uuid.UUID)(id), b) }

// ErrID is the error of every text that is no id. It does not repeat the text.
var ErrID = errors.New("not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")

// parseID accepts the canonical form of RFC 9562 in either case and no other:
// braces, URNs and bare digits would give one ticket several addresses.
func parseID(id *uuid.UUID, text []byte) error {
	if len(text) != 36 {
		return ErrID
	}
	parsed, err := uuid.ParseBytes(text)
	if err != nil {
		return ErrID
	}
	*id = parsed
	return nil
}

// ParseTicketID reads the 36 character form of a ticket id, or returns ErrID.
func ParseTicketID(s string) (id TicketID, err error) { return id, id.UnmarshalText([]byte(s)) }

// ParseCommentID reads the 36 character form of a comment id, or returns ErrID.
func ParseCommentID(s string) (id CommentID, err error) { return id, id.UnmarshalText([]byte(s)) }

// ParseUserID reads the 36 character form of a user id, or returns ErrID.
func ParseUserID(s string) (id UserID, err error) { return id, id.UnmarshalText([]byte(s)) }

// ParseChatID reads the 36 character form of a chat's id, or returns ErrID.
func ParseChatID(s string) (id ChatID, err error) { return id, id.UnmarshalText([]byte(s)) }

// ParseEventID reads the 36 character form of an event id, or returns ErrID.
func ParseEventID(s string) (id EventID, err error) { return id, id.UnmarshalText([]byte(s)) }

// Partitions is the fixed number of parts into which the tickets of a shard are
// divided, so that projections can share the work.
const Partitions = 64

// Partition says to which part the ticket belongs, in [0, Partitions). The hash
// (FNV-1a over account and id) is stored with the log and can never change.
func Partition(account AccountID, ticket TicketID) int {
	h := uint32(2166136261)
	for shift := 0; shift < 32; shift += 8 {
		h = (h ^ uint32(byte(account>>shift))) * 16777619
	}
	for _, b := range ticket {
		h = (h ^ uint32(b)) * 16777619
	}
	return int(h>>26) % Partitions
}
