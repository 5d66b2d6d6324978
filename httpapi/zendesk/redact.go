package zendesk

import (
	"context"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// permitted checks what the account allows its agents (contract §15.10). That the
// caller's key may redact was checked before.
func (a *API) permitted(c *call, workspace bool) (directory.Settings, error) {
	settings, err := a.people.Settings(c.Context(), c.caller.Account)
	if err != nil {
		return settings, err
	}
	if !settings.AgentsMayDelete() || workspace && !settings.HasAgentWorkspace() {
		return settings, errForbidden
	}
	return settings, nil
}

// draw returns the number of a write.
func (a *API) draw(ctx context.Context, account domain.AccountID) (int64, error) {
	return a.numbers.Draw(ctx, account, domain.NumbersPerWrite)
}

// redactText serves PUT /tickets/{ticket_id}/comments/{comment_id}/redact.
func (a *API) redactText(c *call) error {
	settings, err := a.permitted(c, false)
	if err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	text, err := c.text(body, "text")
	if err != nil {
		return err
	}
	ticket, comment, err := a.comment(c)
	if err != nil {
		return err
	}
	if text == nil || *text == "" {
		return errRedaction
	}
	return a.redact(c, domain.RedactComment{
		Ticket: ticket, Comment: comment, Mask: settings.Mask, Hide: domain.Redaction{Text: *text}, OnlyOpen: true,
	})
}

// redactComment serves PUT /comment_redactions/{comment_id}.
func (a *API) redactComment(c *call) error {
	settings, err := a.permitted(c, true)
	if err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	number, err := c.number("comment_id")
	if err != nil {
		return err
	}
	ticketNumber, err := c.integer(body, "ticket_id")
	if err != nil {
		return err
	}
	html, err := c.text(body, "html_body")
	if err != nil {
		return err
	}
	if ticketNumber == nil {
		return invalid("ticket_id", detail{"Ticket: cannot be blank", "BlankValue"})
	}
	if err := a.spendUpdate(c, *ticketNumber); err != nil {
		return err
	}
	viewer := c.caller.Actor()
	ticket, err := a.threads.TicketByNumber(c.Context(), c.caller.Account, viewer, *ticketNumber)
	if err != nil {
		return err
	}
	comment, err := a.threads.CommentByNumber(c.Context(), c.caller.Account, viewer, ticket, number)
	if err != nil {
		return err
	}
	hide := domain.Redaction{}
	if html != nil {
		hide.MarkedHTML = *html
	}
	found, err := a.threads.GetWhole(c.Context(), c.caller.Account, ticket, comment, viewer)
	if err != nil {
		return err
	}
	if hide.Attachments, err = a.namedFiles(c, body, hide.MarkedHTML, attachmentsOf(&found)); err != nil {
		return err
	}
	if hide.MarkedHTML == "" && hide.Attachments == nil {
		return a.replySaying(c, ticket, comment)
	}
	return a.redact(c, domain.RedactComment{Ticket: ticket, Comment: comment, Mask: settings.Mask, Hide: hide})
}

// redact has something redacted, and shows what is left.
func (a *API) redact(c *call, cmd domain.RedactComment) error {
	cmd.Account, cmd.By = c.caller.Account, c.caller.By()
	var err error
	if cmd.Audit, err = a.draw(c.Context(), cmd.Account); err != nil {
		return err
	}
	if _, err := a.store.Execute(c.Context(), cmd, nil); err != nil {
		return err
	}
	return a.replySaying(c, cmd.Ticket, cmd.Comment)
}

// replySaying shows a comment as redactions do (contract §8.6).
func (a *API) replySaying(c *call, ticket domain.TicketID, comment domain.CommentID) error {
	found, err := a.threads.GetWhole(c.Context(), c.caller.Account, ticket, comment, c.caller.Actor())
	if err != nil {
		return err
	}
	s, err := a.sceneOf(c, nil, authorsOf([]threads.Comment{found}))
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"comment", s.saying(&found)}})
}

// makePrivate serves PUT /tickets/{ticket_id}/comments/{comment_id}/make_private.
func (a *API) makePrivate(c *call) error {
	if _, err := c.body(); err != nil {
		return err
	}
	ticket, comment, err := a.comment(c)
	if err != nil {
		return err
	}
	return a.hide(c, ticket, comment)
}

// makeAuditPrivate serves PUT /tickets/{ticket_id}/audits/{audit_id}/make_private.
func (a *API) makeAuditPrivate(c *call) error {
	if _, err := c.body(); err != nil {
		return err
	}
	ticket, found, err := a.audit(c)
	if err != nil {
		return err
	}
	for _, e := range found.Events {
		if e.Type == threads.AuditComment && !e.Comment.Deleted {
			return a.hide(c, ticket, e.Comment.ID)
		}
	}
	return errNotFound
}

func (a *API) hide(c *call, ticket domain.TicketID, comment domain.CommentID) error {
	cmd := domain.MakePrivate{Account: c.caller.Account, Ticket: ticket, Comment: comment, By: c.caller.By()}
	var err error
	if cmd.Audit, err = a.draw(c.Context(), cmd.Account); err != nil {
		return err
	}
	if _, err := a.store.Execute(c.Context(), cmd, nil); err != nil {
		return err
	}
	return c.reply(http.StatusOK, struct{}{})
}
