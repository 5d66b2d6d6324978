package v1

import (
	"context"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/projections/threads"
)

// reader is what this API asks of the read side: threads.Reader.
type reader interface {
	List(ctx context.Context, q threads.ListQuery) (threads.Page, error)
	Stream(ctx context.Context, q threads.ListQuery, begin func(threads.Page) error, chunk func([]threads.Comment) error) error
	Get(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.CommentID, viewer domain.Actor) (threads.Comment, error)
	GetWhole(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.CommentID, viewer domain.Actor) (threads.Comment, error)
	Ticket(ctx context.Context, account domain.AccountID, id domain.TicketID, viewer domain.Actor) (threads.Ticket, error)
	TicketByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, number int64) (domain.TicketID, error)
	Locate(ctx context.Context, account domain.AccountID, viewer domain.Actor, comment domain.CommentID) (threads.Location, error)
	LocateByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, number int64) (threads.Location, error)
	Past(ctx context.Context, q threads.PastQuery) (threads.Page, error)
	StreamPast(ctx context.Context, q threads.PastQuery, begin func(threads.Page) error, chunk func([]threads.Comment) error) error
	History(ctx context.Context, q threads.HistoryQuery, begin func(total int) error, chunk func([]threads.Entry) error) error
	Versions(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, viewer domain.Actor, chunk func([]threads.Version) error) error
	Chat(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.ChatID, viewer domain.Actor) (threads.Chat, error)
	PositionBefore(ctx context.Context, moment time.Time) (eventstore.Position, error)
	Validator(ctx context.Context, account domain.AccountID, ticket domain.TicketID, viewer domain.Actor) (domain.EventID, error)
}

// getComment serves GET /v1/tickets/{ticket_id}/comments/{comment_id}.
func (a *API) getComment(w http.ResponseWriter, r *http.Request) error {
	ticket, comment, err := commentIDs(r)
	if err != nil {
		return err
	}
	return a.showComment(w, r, http.StatusOK, ticket, comment)
}

// showComment answers with a comment as it is now.
func (a *API) showComment(w http.ResponseWriter, r *http.Request, status int, ticket domain.TicketID, id domain.CommentID) error {
	principal := auth.From(r.Context())
	found, err := a.threads.Get(r.Context(), principal.Account, ticket, id, principal.Actor())
	if err != nil {
		return err
	}
	etag := a.commentTag(principal, id, found.Revision)
	c := shown(ticket, &found)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		setCommentHeaders(w.Header(), &c, etag)
		if unchanged(w, r, etag) {
			return nil
		}
	}
	replyComment(w, status, &c, etag)
	return nil
}

// destroyed stands for a text of which nothing is left.
var destroyed = Literal(`"▇▇▇▇"`)

// shown is a comment as this API shows it.
func shown(ticket domain.TicketID, c *threads.Comment) Comment {
	s := Comment{
		ID: c.ID, TicketID: ticket, Content: c.BodyJSON, IsInternal: !c.Public,
		CreatedAt: Time(c.CreatedAt), UpdatedAt: Time(c.UpdatedAt),
	}
	s.by(&c.Author)
	if c.Destroyed {
		s.Content = destroyed
	}
	return s
}

// replyComment answers with a comment. Nobody but the caller is to keep a note.
func replyComment(w http.ResponseWriter, status int, c *Comment, etag string) {
	setCommentHeaders(w.Header(), c, etag)
	buffer := pieces.Get().(*[]byte)
	defer putPiece(buffer)
	*buffer = c.append(*buffer)
	send(w, status, *buffer)
}

func setCommentHeaders(h http.Header, c *Comment, etag string) {
	h.Set("ETag", etag)
	if c.IsInternal {
		h.Set("Cache-Control", cacheNever)
	} else {
		h.Set("Cache-Control", cachePrivate)
	}
}

// commentTag is the entity tag of a comment in some revision.
func (a *API) commentTag(p auth.Principal, id domain.CommentID, revision int) string {
	which := binary.BigEndian.AppendUint64(append(make([]byte, 0, 32), id[:]...), uint64(revision))
	if p.MaySeeInternal() {
		which = append(which, 1)
	}
	return `"` + a.tags.Tag([]byte("comment"), which) + `"`
}

// ticketOf is a ticket as this API shows it.
func ticketOf(t threads.Ticket) (Ticket, error) {
	s := Ticket{
		ID: t.ID, Number: t.Number, Status: t.Status, RequesterID: t.Requester, LegalHold: t.LegalHold,
		CreatedAt: Time(t.OpenedAt), UpdatedAt: Time(t.UpdatedAt),
	}
	if t.SubjectJSON == nil {
		return s, nil
	}
	return s, json.Unmarshal(t.SubjectJSON, &s.Subject)
}
