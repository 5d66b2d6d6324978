package imports

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/zendesk"
)

// An audit is what happened to a ticket at one moment there, as far as it is carried.
type audit struct {
	place  place
	id     int64 // of the audit there; below 0 it has none, and this stands for it
	ticket int64
	at     time.Time
	by     id
	client domain.Client
	custom string

	comment   *comment
	status    *domain.Status
	requester *id      // to 0: there is to be none
	subject   **string // to nil: likewise

	// bare: it is a comment that stands for itself; what it changes, no event tells.
	bare bool
	// opening: it only opens the ticket, if there is none.
	opening bool
	// state: it is no audit, but what the ticket has come to.
	state bool

	contained int            // of its events: what the comments show already
	left      map[string]int // of its events: not carried, by reason
}

// A comment is what somebody has said.
type comment struct {
	id     id
	author id
	public bool
	// text and html are how it is shown.
	text, html    string
	channel       domain.Channel
	flags         domain.Flags
	voice, source string // as in domain.Body
	flagged       string // likewise
	files         []fileShape
}

// changes is how many fields of the ticket an audit changes.
func (a *audit) changes() (n int) {
	for _, changes := range []bool{a.status != nil, a.requester != nil, a.subject != nil} {
		if changes {
			n++
		}
	}
	return n
}

// carried is how many events of an audit change the ticket.
func (a *audit) carried() int {
	if a.bare {
		return 0
	}
	return a.changes()
}

// events is how many events an audit has beside a comment, all told.
func (a *audit) events() int {
	n := a.carried() + a.contained
	for _, left := range a.left {
		n += left
	}
	return n
}

// drop leaves out what an audit changes of the ticket.
func (a *audit) drop(reason string) {
	for range a.carried() {
		a.leave(reason)
	}
	a.status, a.requester, a.subject = nil, nil, nil
}

func (a *audit) leave(reason string) {
	if a.left == nil {
		a.left = map[string]int{}
	}
	a.left[reason]++
}

var (
	errNoID      = errors.New("it has no id")
	errNoTicket  = errors.New("it does not say of which ticket it is")
	errNoTime    = errors.New("it does not say when it was, or not credibly")
	errTextless  = errors.New("a comment in it has no text: export with include=comment_events")
	errSilent    = errors.New("a comment in it does not say whether it is public")
	errSecond    = errors.New("it has more than one comment")
	errStatus    = errors.New("a status in it is none of new, open, pending, hold, solved, closed")
	errRequester = errors.New("a requester in it is not named by an id")
	errSubject   = errors.New("a subject in it is no text")
	errFiles     = errors.New("a comment in it has more than 100 attachments")
)

// auditOf reads an audit, in either of its forms.
func auditOf(r record, now time.Time) (*audit, error) {
	var shape auditShape
	if r.kind == anEvent {
		var event eventShape
		if err := readShape(r, &event); err != nil {
			return nil, err
		}
		shape = auditShape{event.ID, event.TicketID, event.CreatedAt, event.UpdaterID, event.Via, event.Metadata, event.Children}
		if shape.Metadata.System == (systemShape{}) { // which is only there with the texts
			shape.Metadata.System = event.System
		}
	} else if err := readShape(r, &shape); err != nil {
		return nil, err
	}
	return shape.audit(r.place, now)
}

func (s *auditShape) audit(at place, now time.Time) (*audit, error) {
	a := &audit{place: at, id: int64(s.ID), ticket: int64(s.TicketID), at: s.CreatedAt.UTC(), by: s.AuthorID}
	switch {
	case s.ID <= 0:
		return nil, errNoID
	case s.TicketID <= 0:
		return nil, errNoTicket
	case !credible(a.at, now):
		return nil, errNoTime
	}
	a.from(&s.Metadata)
	for i := range s.Events {
		if err := a.take(&s.Events[i], s); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// credible reports whether something can have happened at that time.
func credible(at, now time.Time) bool { return at.Year() >= 1970 && !at.After(now) }

// from notes where an audit came from.
func (a *audit) from(m *metadataShape) {
	a.client = domain.Client{IP: domain.Cut(m.System.IP, maxClient), UserAgent: domain.Cut(m.System.Client, maxClient)}
	if len(m.Custom) > 0 {
		if custom, err := domain.ParseCustom(m.Custom); err == nil {
			a.custom = custom
		}
	}
}

const maxClient = 256 // bytes

// take notes an event of an audit.
func (a *audit) take(c *childShape, of *auditShape) error {
	kind := c.EventType
	if kind == "" {
		kind = c.Type
	}
	switch kind {
	case "Comment", "VoiceComment", "TpeVoiceComment":
		if a.comment != nil {
			return errSecond
		}
		said, err := c.comment(of.Via, of.AuthorID, &of.Metadata)
		a.comment = said
		return err
	case "Create", "Change":
		return a.change(c, kind)
	case "CommentPrivacyChange", "CommentRedactionEvent", "AttachmentRedactionEvent":
		a.contained++
	default:
		a.leave(named(kind, eventTypes, "another event"))
	}
	return nil
}

// comment returns what an event, or a comment of a ticket, says. How it came in, and who said
// it, is that of the audit if it does not say so itself.
func (c *childShape) comment(via jsontext.Value, author id, of *metadataShape) (*comment, error) {
	switch {
	case c.ID <= 0:
		return nil, errNoID
	case c.Body == nil && c.HTML == nil:
		return nil, errTextless
	case c.Public == nil:
		return nil, errSilent
	case len(c.Files) > domain.MaxAttachments:
		return nil, errFiles
	}
	said := &comment{id: c.ID, author: author, public: *c.Public, files: c.Files}
	if c.AuthorID != nil {
		said.author = *c.AuthorID
	}
	if len(c.Via) > 0 {
		via = c.Via
	}
	said.text, said.html = text(c.Body), text(c.HTML)
	said.channel, said.source = zendesk.ReadVia(via)
	if len(c.Data) > 0 {
		said.channel, said.voice = domain.ChannelVoice, zendesk.ReadVoice(c.Data, via)
	}
	if len(c.Metadata.Flags) > 0 {
		of = &c.Metadata
	}
	said.flags, said.flagged = zendesk.ReadFlags(of.Flags, of.Told)
	return said, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
