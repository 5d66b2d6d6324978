package v1

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
)

// A Name is one thing under both of the names that it has.
type Name struct {
	Type         string           `json:"type" enum:"ticket,comment,user"`
	ID           uuid.UUID        `json:"id" format:"uuid" doc:"As this API names it."`
	Number       int64            `json:"number" doc:"Its permanent integer, as the Zendesk-compatible API names it."`
	TicketID     *domain.TicketID `json:"ticket_id" nullable:"true" format:"uuid" doc:"The ticket that it is, or belongs to; null of a user."`
	TicketNumber *int64           `json:"ticket_number"`
}

var (
	errNoName = problem.New(problem.NotFound, "There is nothing by that id or number.")
	errName   = problem.New(problem.BadRequest, "What stands at the end of the path must be a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, or a number.")
)

// getName serves GET /v1/ids/{id}. What the caller may not read is not there.
func (a *API) getName(w http.ResponseWriter, r *http.Request) error {
	text := r.PathValue("id")
	look := a.named
	if text != "" && strings.Trim(text, "0123456789") == "" {
		look = a.numbered
	}
	found, err := look(r.Context(), auth.From(r.Context()), text)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, found)
}

// named finds what has an id. Clients choose the ids of tickets and of users, and might
// choose one twice: tickets come first, and users last.
func (a *API) named(ctx context.Context, p auth.Principal, text string) (Name, error) {
	ticket, err := domain.ParseTicketID(text)
	if err != nil {
		return Name{}, errName
	}
	t, err := a.threads.Ticket(ctx, p.Account, ticket, p.Actor())
	if err == nil {
		return ofTicket(t.ID, t.Number), nil
	}
	if !errors.Is(err, domain.ErrTicketNotFound) {
		return Name{}, err
	}
	at, err := a.threads.Locate(ctx, p.Account, p.Actor(), domain.CommentID(ticket))
	if err == nil {
		return ofComment(at), nil
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return Name{}, err
	}
	u, err := a.people.User(ctx, p.Account, domain.UserID(ticket))
	return ofUser(p, &u, err)
}

// numbered finds what has a number. Of a ticket and a person who have brought the same from
// elsewhere, it is the ticket.
func (a *API) numbered(ctx context.Context, p auth.Principal, text string) (Name, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return Name{}, errNoName // greater than any
	}
	ticket, err := a.threads.TicketByNumber(ctx, p.Account, p.Actor(), number)
	if err == nil {
		return ofTicket(ticket, number), nil
	}
	if !errors.Is(err, domain.ErrTicketNotFound) {
		return Name{}, err
	}
	u, err := a.people.UserByNumber(ctx, p.Account, number)
	if err == nil || !errors.Is(err, directory.ErrUserNotFound) {
		return ofUser(p, &u, err)
	}
	at, err := a.threads.LocateByNumber(ctx, p.Account, p.Actor(), number)
	if errors.Is(err, domain.ErrNotFound) {
		return Name{}, errNoName
	}
	return ofComment(at), err
}

func ofTicket(id domain.TicketID, number int64) Name {
	return Name{Type: "ticket", ID: uuid.UUID(id), Number: number, TicketID: &id, TicketNumber: &number}
}

func ofComment(at threads.Location) Name {
	return Name{Type: "comment", ID: uuid.UUID(at.Comment), Number: at.Number, TicketID: &at.Ticket, TicketNumber: &at.TicketNumber}
}

// ofUser is the name of a user whom somebody has looked for, err being what came of it.
// Customers know themselves only.
func ofUser(p auth.Principal, u *directory.User, err error) (Name, error) {
	if errors.Is(err, directory.ErrUserNotFound) || err == nil && !p.MaySeeInternal() && u.ID != p.UserID {
		return Name{}, errNoName
	}
	return Name{Type: "user", ID: uuid.UUID(u.ID), Number: u.Number}, err
}
