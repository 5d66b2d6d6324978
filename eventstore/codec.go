package eventstore

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
)

// kind ties the stored name of an event to its Go type. Name, schema version and
// payload of a released event never change: testdata/payloads holds one of each.
type kind struct {
	name    string
	version int16 // current schema version; older ones are lifted by upcasters
	decode  func(data []byte, at time.Time) (domain.Event, error)
}

var (
	kindTicketOpened        = kind{"ticket.opened", 1, decodeAs(func(e *domain.TicketOpened) *domain.Meta { return &e.Meta })}
	kindTicketChanged       = kind{"ticket.changed", 1, decodeAs(func(e *domain.TicketChanged) *domain.Meta { return &e.Meta })}
	kindCommentCreated      = kind{"comment.created", 1, decodeAs(func(e *domain.CommentCreated) *domain.Meta { return &e.Meta })}
	kindCommentEdited       = kind{"comment.edited", 1, decodeAs(func(e *domain.CommentEdited) *domain.Meta { return &e.Meta })}
	kindCommentMadePrivate  = kind{"comment.made_private", 1, decodeAs(func(e *domain.CommentMadePrivate) *domain.Meta { return &e.Meta })}
	kindCommentMadePublic   = kind{"comment.made_public", 1, decodeAs(func(e *domain.CommentMadePublic) *domain.Meta { return &e.Meta })}
	kindCommentDeleted      = kind{"comment.deleted", 1, decodeAs(func(e *domain.CommentDeleted) *domain.Meta { return &e.Meta })}
	kindCommentRedacted     = kind{"comment.redacted", 1, decodeAs(func(e *domain.CommentRedacted) *domain.Meta { return &e.Meta })}
	kindContentErased       = kind{"content.erased", 1, decodeAs(func(e *domain.ContentErased) *domain.Meta { return &e.Meta })}
	kindChatStarted         = kind{"chat.started", 1, decodeAs(func(e *domain.ChatStarted) *domain.Meta { return &e.Meta })}
	kindChatEntryAdded      = kind{"chat.entry_added", 1, decodeAs(func(e *domain.ChatEntryAdded) *domain.Meta { return &e.Meta })}
	kindChatEnded           = kind{"chat.ended", 1, decodeAs(func(e *domain.ChatEnded) *domain.Meta { return &e.Meta })}
	kindChatRedacted        = kind{"chat.redacted", 1, decodeAs(func(e *domain.ChatRedacted) *domain.Meta { return &e.Meta })}
	kindObligationCompleted = kind{"obligation.completed", 1, decodeAs(func(e *domain.ObligationCompleted) *domain.Meta { return &e.Meta })}
)

var kinds = map[string]kind{}

func init() {
	for _, k := range []kind{kindTicketOpened, kindTicketChanged, kindCommentCreated, kindCommentEdited,
		kindCommentMadePrivate, kindCommentMadePublic, kindCommentDeleted, kindCommentRedacted, kindContentErased, kindObligationCompleted,
		kindChatStarted, kindChatEntryAdded, kindChatEnded, kindChatRedacted} {
		kinds[k.name] = k
	}
}

// EventTypes returns the names of all types of events, sorted.
func EventTypes() []string { return slices.Sorted(maps.Keys(kinds)) }

// Blank returns an event of a type that says nothing, and the schema version in which
// events of the type are written. It panics if there is no such type.
func Blank(name string) (domain.Event, int16) {
	k, ok := kinds[name]
	if !ok {
		panic("eventstore: no event " + name)
	}
	e, err := k.decode([]byte("{}"), time.Time{})
	if err != nil {
		panic("eventstore: " + name + ": " + err.Error()) // nothing that an event says is required
	}
	return e, k.version
}

func kindOf(e domain.Event) kind {
	switch e.(type) {
	case domain.TicketOpened:
		return kindTicketOpened
	case domain.TicketChanged:
		return kindTicketChanged
	case domain.CommentCreated:
		return kindCommentCreated
	case domain.CommentEdited:
		return kindCommentEdited
	case domain.CommentMadePrivate:
		return kindCommentMadePrivate
	case domain.CommentMadePublic:
		return kindCommentMadePublic
	case domain.CommentDeleted:
		return kindCommentDeleted
	case domain.CommentRedacted:
		return kindCommentRedacted
	case domain.ContentErased:
		return kindContentErased
	case domain.ObligationCompleted:
		return kindObligationCompleted
	case domain.ChatStarted:
		return kindChatStarted
	case domain.ChatEntryAdded:
		return kindChatEntryAdded
	case domain.ChatEnded:
		return kindChatEnded
	case domain.ChatRedacted:
		return kindChatRedacted
	}
	panic(fmt.Sprintf("eventstore: no name for %T", e))
}

// decodeAs makes the decoder of one event type; meta finds the metadata in it.
func decodeAs[E domain.Event](meta func(*E) *domain.Meta) func([]byte, time.Time) (domain.Event, error) {
	return func(data []byte, at time.Time) (domain.Event, error) {
		var e E
		if err := json.Unmarshal(data, &e); err != nil {
			// The decoder's error quotes the input; the offset is all we repeat.
			return nil, errors.New("payload does not decode")
		}
		m := meta(&e)
		m.At = m.HappenedAt(at)
		return e, nil
	}
}

// Encode returns the stored form of e. The bytes are canonical: equal events give
// equal bytes.
func Encode(e domain.Event) (name string, schemaVersion int16, data []byte, err error) {
	k := kindOf(e)
	if data, err = json.Marshal(e, json.Deterministic(true)); err != nil {
		return "", 0, nil, fmt.Errorf("encode %s: %w", k.name, err)
	}
	return k.name, k.version, data, nil
}

// UnknownEventError: the log holds an event that this version of the program does
// not know, for instance because a newer one runs beside it.
type UnknownEventError struct {
	Type          string
	SchemaVersion int16
}

func (e *UnknownEventError) Error() string {
	return fmt.Sprintf("unknown event %s version %d", e.Type, e.SchemaVersion)
}

// Decode turns a stored payload into the event it stands for, recorded at the
// given time. Old schema versions are lifted to the current one first.
func Decode(name string, schemaVersion int16, data []byte, at time.Time) (domain.Event, error) {
	k, ok := kinds[name]
	if !ok || schemaVersion < 1 || schemaVersion > k.version {
		return nil, &UnknownEventError{Type: name, SchemaVersion: schemaVersion}
	}
	data, err := upcasters.lift(name, schemaVersion, k.version, data)
	if err != nil {
		return nil, fmt.Errorf("event %s version %d: %w", name, schemaVersion, err)
	}
	e, err := k.decode(data, at)
	if err != nil {
		return nil, fmt.Errorf("event %s version %d: %w", name, schemaVersion, err)
	}
	return e, nil
}
