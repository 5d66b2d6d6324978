package v1

import (
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// A Ticket is what this API shows of a ticket.
type Ticket struct {
	ID          domain.TicketID `json:"id" format:"uuid"`
	Number      int64           `json:"number" doc:"Its permanent integer."`
	Status      domain.Status   `json:"status" enum:"new,open,pending,hold,solved,closed"`
	Subject     *string         `json:"subject"`
	RequesterID *domain.UserID  `json:"requester_id" nullable:"true" format:"uuid" doc:"The customer who may see the ticket."`
	LegalHold   *bool           `json:"legal_hold,omitzero" required:"false" doc:"Whether everything in the ticket is kept from being redacted or erased. Absent for customers."`
	CreatedAt   Time            `json:"created_at"`
	UpdatedAt   Time            `json:"updated_at" doc:"Moves with every change to the ticket or its comments that the caller may see."`
}

// getTicket serves GET /v1/tickets/{ticket_id}.
func (a *API) getTicket(w http.ResponseWriter, r *http.Request) error {
	id, err := domain.ParseTicketID(r.PathValue("ticket_id"))
	if err != nil {
		return err
	}
	return a.showTicket(w, r, http.StatusOK, id)
}

func (a *API) showTicket(w http.ResponseWriter, r *http.Request, status int, id domain.TicketID) error {
	principal := auth.From(r.Context())
	found, err := a.threads.Ticket(r.Context(), principal.Account, id, principal.Actor())
	if err != nil {
		return err
	}
	t, err := ticketOf(found)
	if err != nil {
		return err
	}
	return reply(w, status, t)
}

// putTicket serves PUT /v1/tickets/{ticket_id}.
func (a *API) putTicket(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	id, err := domain.ParseTicketID(r.PathValue("ticket_id"))
	if err != nil {
		return err
	}
	var body TicketChange
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	cmd := domain.PutTicket{Account: principal.Account, Ticket: id, By: principal.By()}
	if err := body.into(&cmd, r); err != nil {
		return err
	}
	first, err := a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite)
	if err != nil {
		return err
	}
	cmd.Numbers = domain.Numbers{Audit: first, Subject: first + 1}
	if cmd.Requester != nil && *cmd.Requester != nil {
		if _, err := a.introduce(ctx, cmd, nil, **cmd.Requester, directory.RoleCustomer); err != nil {
			return err
		}
	}
	result, err := a.store.Execute(ctx, cmd, nil)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if result.Opened {
		status = http.StatusCreated
		w.Header().Set("Location", a.base+"/v1/tickets/"+id.String())
	}
	return a.showTicket(w, r, status, id)
}

// into notes in cmd what the body asks for.
func (body *TicketChange) into(cmd *domain.PutTicket, r *http.Request) error {
	var m mistakes
	notNull(&m, "status", body.Status)
	if body.Status.given() {
		cmd.Status = new(domain.Status)
		if cmd.Status.UnmarshalText([]byte(body.Status.Value)) != nil {
			m.add("status", "must be new, open, pending, hold, solved or closed")
		}
	}
	notNull(&m, "legal_hold", body.LegalHold)
	if body.LegalHold.given() {
		cmd.LegalHold = &body.LegalHold.Value
	}
	if body.RequesterID.Set {
		cmd.Requester = new(*domain.UserID)
	}
	if body.RequesterID.given() {
		requester, err := domain.ParseUserID(body.RequesterID.Value)
		if err != nil {
			m.add("requester_id", "must be a UUID or null")
		}
		*cmd.Requester = &requester
	}
	if body.Subject.Set {
		cmd.Subject = new(*domain.Text)
	}
	if body.Subject.given() {
		m.text("subject", body.Subject.Value, maxSubject, maxSubjectText)
		text, err := newText(body.Subject.Value, r)
		if err != nil {
			return err
		}
		*cmd.Subject = text
	}
	return m.err()
}
