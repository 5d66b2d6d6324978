package relay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// An event travels as a CloudEvent 1.0 in binary mode: its attributes are headers,
// its open part is the body. Names of extensions are lower-case letters only, as
// CloudEvents asks. The position is the sequence that the stream gives the message.
const (
	headerSpecVersion   = "ce-specversion"
	headerID            = "ce-id"
	headerSource        = "ce-source"  // /accounts/<slug>
	headerType          = "ce-type"    // commentd.<entity>.<event>
	headerSubject       = "ce-subject" // tickets/<id>[/comments/<id>]
	headerTime          = "ce-time"
	headerDataRef       = "ce-dataref" // where those who may read it find the text
	headerSchemaVersion = "ce-schemaversion"
	headerAccount       = "ce-accountid"
	headerVersion       = "ce-version"
	headerPrevious      = "ce-previnpartition"
	headerEpoch         = "ce-epoch"
	headerInternal      = "ce-internal"
	headerContentType   = "Content-Type"

	// Not of CloudEvents: the server takes the message only as the successor of
	// this sequence.
	headerExpectedLast = "Nats-Expected-Last-Sequence"
)

const (
	specVersion = "1.0"
	contentType = "application/json"
	typePrefix  = "commentd."
)

// A Slug gives the name by which the world knows an account, [a-z0-9-]{1,40}. It is
// asked for every event, so it answers from memory where it can.
type Slug func(ctx context.Context, account domain.AccountID) (string, error)

// encoder turns events into messages. It has one message that it fills again and
// again: the client library copies what it sends. It is for one goroutine.
type encoder struct {
	shard    int16
	baseURL  string // without trailing slash
	slug     Slug
	subjects map[subjectKey]string
	msg      nats.Msg
}

type subjectKey struct {
	slug     string
	internal bool
	kind     string
}

func newEncoder(shard int16, baseURL string, slug Slug) *encoder {
	e := &encoder{
		shard: shard, baseURL: strings.TrimSuffix(baseURL, "/"), slug: slug,
		subjects: make(map[subjectKey]string),
		msg:      nats.Msg{Header: make(nats.Header)},
	}
	e.set(headerSpecVersion, specVersion)
	e.set(headerContentType, contentType)
	return e
}

// encode returns the message of r, which is valid until the next call. The error
// is that of the look-up of the account's slug.
func (e *encoder) encode(ctx context.Context, r eventstore.Recorded) (*nats.Msg, error) {
	if err := e.address(ctx, r); err != nil {
		return nil, err
	}
	path := "tickets/" + r.Ticket.String()
	if r.Comment != (domain.CommentID{}) {
		path += "/comments/" + r.Comment.String()
	}
	e.set(headerID, r.ID.String())
	e.set(headerType, typePrefix+r.Type)
	e.set(headerSubject, path)
	e.set(headerTime, r.RecordedAt.UTC().Format(time.RFC3339Nano))
	e.set(headerDataRef, e.baseURL+"/v1/"+path)
	e.set(headerSchemaVersion, strconv.Itoa(int(r.SchemaVersion)))
	e.set(headerAccount, strconv.Itoa(int(r.Account)))
	e.set(headerVersion, strconv.Itoa(int(r.Version)))
	e.set(headerPrevious, strconv.FormatInt(int64(r.PrevInPartition), 10))
	e.set(headerEpoch, strconv.Itoa(int(r.Epoch)))
	e.set(headerInternal, strconv.FormatBool(r.Internal))
	e.set(headerExpectedLast, strconv.FormatInt(int64(r.Position-1), 10))
	e.msg.Data = r.Data
	return &e.msg, nil
}

func (e *encoder) set(key, value string) {
	if v := e.msg.Header[key]; v != nil {
		v[0] = value
		return
	}
	e.msg.Header[key] = []string{value}
}

// address sets the subject and the source of the message of r.
func (e *encoder) address(ctx context.Context, r eventstore.Recorded) error {
	slug, err := e.slug(ctx, r.Account)
	if err != nil {
		return fmt.Errorf("slug of account %d: %w", r.Account, err)
	}
	key := subjectKey{slug, r.Internal, r.Type}
	subject, ok := e.subjects[key]
	if !ok {
		if !isToken(slug, "-") || len(slug) > 40 {
			return fmt.Errorf("slug of account %d: not of the form [a-z0-9-]{1,40}", r.Account)
		}
		subject = subjectOf(e.shard, slug, r.Internal, r.Type)
		e.subjects[key] = subject
	}
	e.msg.Subject = subject
	e.set(headerSource, "/accounts/"+slug)
	return nil
}

// subjectOf gives commentd.log.<shard>.<slug>.<public|internal>.<entity>.<event>.
// Nothing in it varies by ticket: the server keeps a state per subject in memory.
func subjectOf(shard int16, slug string, internal bool, kind string) string {
	audience := "public"
	if internal {
		audience = "internal"
	}
	entity, event, _ := strings.Cut(kind, ".")
	if !isToken(entity, "_") || !isToken(event, "_") {
		kind = "unknown.unknown" // must not keep those behind it from leaving
	}
	return fmt.Sprintf("%s.%s.%s.%s", subjectPrefix(shard), slug, audience, kind)
}

// subjectPrefix is what the subjects of all events of a shard begin with.
func subjectPrefix(shard int16) string { return fmt.Sprintf("commentd.log.%d", shard) }

// isToken reports whether s may stand between two dots of a subject: lower-case
// letters, digits and those of extra, at least one.
func isToken(s, extra string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return s != ""
}

// errMessage does not repeat what the message holds: whoever can publish could
// write our log files.
var errMessage = errors.New("not the message of an event")

// Decode is the inverse of what the relay publishes: it gives the event back exactly
// as it stands in the log. sequence is the message's sequence in the stream, which is
// the event's position.
func Decode(sequence uint64, header nats.Header, data []byte) (eventstore.Recorded, error) {
	f := fields{header: header}
	r := eventstore.Recorded{
		Position:        eventstore.Position(sequence),
		PrevInPartition: eventstore.Position(f.integer(headerPrevious, 64)),
		RecordedAt:      f.time(headerTime),
		Epoch:           int32(f.integer(headerEpoch, 32)),
		Account:         domain.AccountID(f.integer(headerAccount, 32)),
		Version:         eventstore.Version(f.integer(headerVersion, 32)),
		ID:              domain.EventID(f.uuid(header.Get(headerID))),
		Internal:        f.boolean(headerInternal),
		SchemaVersion:   int16(f.integer(headerSchemaVersion, 16)),
		Data:            data,
	}
	var named bool
	r.Type, named = strings.CutPrefix(header.Get(headerType), typePrefix)
	path, about := strings.CutPrefix(header.Get(headerSubject), "tickets/")
	ticket, comment, ofComment := strings.Cut(path, "/comments/")
	r.Ticket = domain.TicketID(f.uuid(ticket))
	if ofComment {
		r.Comment = domain.CommentID(f.uuid(comment))
	}
	if f.bad || !named || !about || header.Get(headerSpecVersion) != specVersion {
		return eventstore.Recorded{}, errMessage
	}
	return r, nil
}

// fields reads header values and remembers whether any was bad.
type fields struct {
	header nats.Header
	bad    bool
}

func (f *fields) note(err error) {
	if err != nil {
		f.bad = true
	}
}

func (f *fields) integer(key string, bits int) int64 {
	n, err := strconv.ParseInt(f.header.Get(key), 10, bits)
	f.note(err)
	return n
}

func (f *fields) boolean(key string) bool {
	b, err := strconv.ParseBool(f.header.Get(key))
	f.note(err)
	return b
}

func (f *fields) time(key string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, f.header.Get(key))
	f.note(err)
	return t.UTC()
}

func (f *fields) uuid(s string) uuid.UUID {
	id, err := uuid.Parse(s)
	f.note(err)
	return id
}
