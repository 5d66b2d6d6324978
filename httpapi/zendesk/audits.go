package zendesk

import (
	"errors"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/threads"
)

// listAudits serves GET /tickets/{ticket_id}/audits.
func (a *API) listAudits(c *call) error {
	asked, err := parsePage(c.URL.RawQuery, c.op.action)
	if err != nil {
		return err
	}
	ticket, err := a.ticket(c, "ticket_id")
	if err != nil {
		return err
	}
	q := threads.AuditQuery{
		Account: c.caller.Account, Ticket: ticket, Viewer: c.caller.Actor(), Desc: asked.desc, Limit: asked.size,
	}
	list := cursorContext(c.op.action, q.Account, q.Ticket)
	if q.After, q.Before, q.Skip, err = span[eventstore.Version](a, list, &asked); err != nil {
		return err
	}
	page, err := a.threads.Audits(c.Context(), q)
	if err != nil {
		return err
	}
	at := placeOf(a, list, &asked, page.Audits, func(a *threads.Audit) uint64 { return uint64(a.Version) })
	at.more, at.total = page.More, page.Total
	about, err := a.threads.Ticket(c.Context(), q.Account, ticket, q.Viewer)
	if err != nil {
		return err
	}
	s, err := a.sceneOf(c, about.Requester, peopleOf(page.Audits))
	if err != nil {
		return err
	}
	shown := make([]audit, len(page.Audits))
	for i := range page.Audits {
		shown[i] = s.audit(about.Number, &page.Audits[i])
	}
	return c.reply(http.StatusOK, append(ordered{{"audits", shown}}, asked.members(c.self(), at)...))
}

// getAudit serves GET /tickets/{ticket_id}/audits/{audit_id}.
func (a *API) getAudit(c *call) error {
	ticket, found, err := a.audit(c)
	if err != nil {
		return err
	}
	about, err := a.threads.Ticket(c.Context(), c.caller.Account, ticket, c.caller.Actor())
	if err != nil {
		return err
	}
	shown, err := a.shownAudit(c, &about, found)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"audit", shown}})
}

func (a *API) shownAudit(c *call, about *threads.Ticket, found threads.Audit) (audit, error) {
	s, err := a.sceneOf(c, about.Requester, peopleOf([]threads.Audit{found}))
	if err != nil {
		return audit{}, err
	}
	return s.audit(about.Number, &found), nil
}

// audit returns the audit that the path names, of the ticket that it names.
func (a *API) audit(c *call) (domain.TicketID, threads.Audit, error) {
	number, err := c.number("audit_id")
	if err != nil {
		return domain.TicketID{}, threads.Audit{}, err
	}
	ticket, err := a.ticket(c, "ticket_id")
	if err != nil {
		return ticket, threads.Audit{}, err
	}
	found, err := a.threads.AuditByNumber(c.Context(), c.caller.Account, ticket, c.caller.Actor(), number)
	if errors.Is(err, threads.ErrNoAudit) {
		err = errNotFound
	}
	return ticket, found, err
}

// countAudits serves GET /tickets/{ticket_id}/audits/count.
func (a *API) countAudits(c *call) error {
	ticket, err := a.ticket(c, "ticket_id")
	if err != nil {
		return err
	}
	n, err := a.threads.AuditCount(c.Context(), c.caller.Account, ticket, c.caller.Actor())
	if err != nil {
		return err
	}
	return c.replyCount(n)
}
