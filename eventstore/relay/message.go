package relay

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
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
	headerSubject       = "ce-subject" // tickets/<id>[/comments/<id>], or /chats/<id>
	headerTime          = "ce-time"
	headerDataRef       = "ce-dataref" // where those who may read it find the text
	headerSchemaVersion = "ce-schemaversion"
	headerAccount       = "ce-accountid"
	headerVersion       = "ce-version"
	headerPrevious      = "ce-previnpartition"
	headerOfComment     = "ce-previncomment"
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

// A Slug gives the name by which the world knows an account, [a-z0-9-]{1,40}. The name
// never changes, so a relay asks once for each account.
type Slug func(ctx context.Context, account domain.AccountID) (string, error)

// form is what the messages of a stream tell of events.
type form struct {
	keeps   []string // those of varying that are not told
	subject func(slug string, internal bool, kind string) string
	// body returns what stands in the place of the open part, and its schema version. nil:
	// it is told as it stands in the log.
	body func(*eventstore.Recorded) (body []byte, schema int16, err error)
}

// logForm is that of the stream of a shard's log: everything.
func logForm(shard int16) form {
	return form{subject: func(slug string, internal bool, kind string) string { return subjectOf(shard, slug, internal, kind) }}
}

// encoder turns events into messages. It has one message that it fills again and
// again: the client library copies what it sends. It is for one goroutine.
type encoder struct {
	form
	baseURL   string // ends with /v1/
	slug      Slug
	slugs     map[domain.AccountID]string // that are known
	addresses map[addressKey]address
	msg       nats.Msg
	slots     [len(varying)][]string // of the varying values, in the header of msg
	text      []byte                 // these values, one after the other
	starts    []int                  // where they start
}

type addressKey struct {
	slug     string
	internal bool
	kind     string
}

// address is what all events of an account and a kind have in common.
type address struct{ subject, source, kind string }

// varying are the headers of which each event has its own values. The value of the
// last is the end of that of the last but one.
var varying = [...]string{headerID, headerTime, headerSchemaVersion, headerAccount, headerVersion, headerPrevious, headerOfComment,
	headerEpoch, headerInternal, headerExpectedLast, headerDataRef, headerSubject}

func newEncoder(f form, baseURL string, slug Slug) *encoder {
	e := &encoder{
		form: f, baseURL: strings.TrimSuffix(baseURL, "/") + "/v1/", slug: slug,
		slugs: make(map[domain.AccountID]string), addresses: make(map[addressKey]address),
		msg: nats.Msg{Header: make(nats.Header)},
	}
	for i, key := range varying {
		e.slots[i] = []string{""}
		if !slices.Contains(f.keeps, key) {
			e.msg.Header[key] = e.slots[i]
		}
	}
	e.set(headerSpecVersion, specVersion)
	e.set(headerContentType, contentType)
	return e
}

// encode returns the message of r for the place after a sequence, which is valid until
// the next call. The error is that of the look-up of the account's slug, or of the form.
func (e *encoder) encode(ctx context.Context, r eventstore.Recorded, follows uint64) (*nats.Msg, error) {
	if err := e.address(ctx, r); err != nil {
		return nil, err
	}
	body, schema := r.Data, r.SchemaVersion
	if e.body != nil {
		var err error
		if body, schema, err = e.body(&r); err != nil {
			return nil, err
		}
	}
	e.text, e.starts = e.text[:0], e.starts[:0]
	e.next(appendUUID(e.text, r.ID))
	e.next(r.RecordedAt.UTC().AppendFormat(e.text, time.RFC3339Nano))
	e.next(strconv.AppendInt(e.text, int64(schema), 10))
	e.next(strconv.AppendInt(e.text, int64(r.Account), 10))
	e.next(strconv.AppendInt(e.text, int64(r.Version), 10))
	e.next(strconv.AppendInt(e.text, int64(r.PrevInPartition), 10))
	e.next(strconv.AppendInt(e.text, int64(r.CommentPrevious), 10))
	e.next(strconv.AppendInt(e.text, int64(r.Epoch), 10))
	e.next(strconv.AppendBool(e.text, r.Internal))
	e.next(strconv.AppendUint(e.text, follows, 10))
	e.next(append(e.text, e.baseURL...))
	path := appendUUID(append(e.text, "tickets/"...), r.Ticket)
	switch {
	case r.Comment == (domain.CommentID{}):
	case r.OfChat():
		path = appendUUID(append(path, "/chats/"...), r.Comment)
	default:
		path = appendUUID(append(path, "/comments/"...), r.Comment)
	}
	e.next(path)

	all := string(e.text) // the one allocation
	for i, slot := range e.slots {
		end := len(all)
		if i < len(varying)-2 {
			end = e.starts[i+1]
		}
		slot[0] = all[e.starts[i]:end]
	}
	e.msg.Data = body
	return &e.msg, nil
}

// next notes that text has grown by a value.
func (e *encoder) next(text []byte) {
	e.starts = append(e.starts, len(e.text))
	e.text = text
}

func appendUUID[ID ~[16]byte](text []byte, id ID) []byte {
	b := [16]byte(id)
	text = append(hex.AppendEncode(text, b[:4]), '-')
	text = append(hex.AppendEncode(text, b[4:6]), '-')
	text = append(hex.AppendEncode(text, b[6:8]), '-')
	text = append(hex.AppendEncode(text, b[8:10]), '-')
	return hex.AppendEncode(text, b[10:])
}

func (e *encoder) set(key, value string) {
	if v := e.msg.Header[key]; v != nil {
		v[0] = value
		return
	}
	e.msg.Header[key] = []string{value}
}

// forget makes the encoder ask for names again: in a database that was restored an id
// may have become another account's.
func (e *encoder) forget() { clear(e.slugs) }

// address sets what the message of r has in common with others.
func (e *encoder) address(ctx context.Context, r eventstore.Recorded) error {
	slug, known := e.slugs[r.Account]
	if !known {
		var err error
		if slug, err = e.slug(ctx, r.Account); err != nil {
			return fmt.Errorf("slug of account %d: %w", r.Account, err)
		}
		e.slugs[r.Account] = slug
	}
	key := addressKey{slug, r.Internal, r.Type}
	a, ok := e.addresses[key]
	if !ok {
		if !isToken(slug, "-") || len(slug) > 40 {
			return fmt.Errorf("slug of account %d: not of the form [a-z0-9-]{1,40}", r.Account)
		}
		a = address{e.subject(slug, r.Internal, r.Type), "/accounts/" + slug, typePrefix + r.Type}
		e.addresses[key] = a
	}
	e.msg.Subject = a.subject
	e.set(headerSource, a.source)
	e.set(headerType, a.kind)
	return nil
}

// subjectOf gives commentd.log.<shard>.<slug>.<public|internal>.<entity>.<event>.
// Nothing in it varies by ticket: the server keeps a state per subject in memory.
func subjectOf(shard int16, slug string, internal bool, kind string) string {
	audience := "public"
	if internal {
		audience = "internal"
	}
	return fmt.Sprintf("%s.%s.%s.%s", subjectPrefix(shard), slug, audience, tokens(kind))
}

// tokens returns the name of a type of events as tokens of a subject.
func tokens(kind string) string {
	entity, event, _ := strings.Cut(kind, ".")
	if !isToken(entity, "_") || !isToken(event, "_") {
		return "unknown.unknown" // must not keep those behind it from leaving
	}
	return kind
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
		CommentPrevious: eventstore.Version(f.integer(headerOfComment, 32)),
		ID:              domain.EventID(f.uuid(header.Get(headerID))),
		Internal:        f.boolean(headerInternal),
		SchemaVersion:   int16(f.integer(headerSchemaVersion, 16)),
		Data:            data,
	}
	var named bool
	r.Type, named = strings.CutPrefix(header.Get(headerType), typePrefix)
	path, about := strings.CutPrefix(header.Get(headerSubject), "tickets/")
	ticket, comment, ofThing := strings.Cut(path, "/comments/")
	if !ofThing {
		ticket, comment, ofThing = strings.Cut(path, "/chats/")
	}
	r.Ticket = domain.TicketID(f.uuid(ticket))
	if ofThing {
		r.Comment = domain.CommentID(f.uuid(comment))
	}
	if f.bad || !named || !about || header.Get(headerSpecVersion) != specVersion {
		return eventstore.Recorded{}, errMessage
	}
	return r, nil
}

// decodeOutlet reads of an outlet's message what finds its event in the log: id, ticket
// and epoch.
func decodeOutlet(header nats.Header) (eventstore.Recorded, error) {
	f := fields{header: header}
	r := eventstore.Recorded{ID: domain.EventID(f.uuid(header.Get(headerID))), Epoch: int32(f.integer(headerEpoch, 32))}
	path, about := strings.CutPrefix(header.Get(headerSubject), "tickets/")
	ticket, _, _ := strings.Cut(path, "/")
	r.Ticket = domain.TicketID(f.uuid(ticket))
	if f.bad || !about || header.Get(headerSpecVersion) != specVersion {
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
