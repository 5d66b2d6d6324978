package webhook

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// ID names an endpoint.
type ID uuid.UUID

func (id ID) String() string               { return uuid.UUID(id).String() }
func (id ID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// ParseID reads the 36 character form of an id, or returns domain.ErrID.
func ParseID(s string) (ID, error) {
	id, err := domain.ParseEventID(s) // all ids are spelt alike
	return ID(id), err
}

var (
	// ErrNotFound: the account has no such endpoint.
	ErrNotFound = errors.New("no such webhook")
	// ErrTooMany: the account has as many endpoints as it may have.
	ErrTooMany = errors.New("too many webhooks")
	// ErrOff: nothing can be sent to an endpoint that is off.
	ErrOff = errors.New("the webhook is off")
)

// MaxPerAccount is how many endpoints an account may have.
const MaxPerAccount = 20

// Off says why an endpoint is off. The zero value: it is on.
type Off string

const (
	OffRequested Off = "requested" // somebody wanted it so
	OffGone      Off = "gone"      // the endpoint answered 410
	OffFailing   Off = "failing"   // nothing was taken for days
)

// Settings are what people say of an endpoint.
type Settings struct {
	URL      string
	Types    []string         // only events of these types; none: of all
	Ticket   *domain.TicketID // only events of this ticket; nil: of all
	Internal bool             // what customers may not know, too
	Text     bool             // comments as they are, with their texts
	Strict   bool             // in the order of the log
	Off      Off
}

// An Endpoint is where events are sent.
type Endpoint struct {
	ID ID
	Settings
	CreatedAt, UpdatedAt time.Time
	FailingSince         *time.Time // nil: the last attempt succeeded, or there was none
}

// wants reports whether the endpoint has asked for events like this one, and may be told
// of them.
func (s *Settings) wants(e *eventstore.Recorded) bool {
	return (s.Internal || !e.Internal) &&
		(s.Ticket == nil || *s.Ticket == e.Ticket) &&
		(len(s.Types) == 0 || slices.Contains(s.Types, e.Type))
}

// sealed is what of an endpoint is not for everybody who can read the database: secrets,
// and the URL, which may hold some.
type sealed struct {
	URL     string    `json:"url"`
	Secret  string    `json:"secret"`
	Former  string    `json:"former,omitzero"` // signs, too
	Expires time.Time `json:"expires,omitzero"`
}

// overlap is for how long the secret before the last one signs, too.
const overlap = 24 * time.Hour

// rotate replaces the secret. Of the former ones at most one is left, so that to rotate
// twice is to be rid of a secret at once.
func (s *sealed) rotate(now time.Time) (secret string) {
	s.Former, s.Expires = s.Secret, now.Add(overlap).UTC()
	s.Secret = newSecret()
	return s.Secret
}

// secrets are those that sign now.
func (s *sealed) secrets(now time.Time) []string {
	if s.Former != "" && now.Before(s.Expires) {
		return []string{s.Secret, s.Former}
	}
	return []string{s.Secret}
}

// seal and open: what is sealed for one endpoint opens for no other.
func (s *Store) seal(account domain.AccountID, id ID, v sealed) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.secrets.Seal(place(account, id), text), nil
}

func (s *Store) open(account domain.AccountID, id ID, text []byte) (v sealed, err error) {
	if text, err = s.secrets.Open(place(account, id), text); err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

func place(account domain.AccountID, id ID) []byte {
	return append(binary.BigEndian.AppendUint32([]byte("webhook"), uint32(account)), id[:]...)
}
