package v1

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/httpapi/problem"
)

// createComment serves POST /v1/tickets/{ticket_id}/comments.
func (a *API) createComment(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, err := domain.ParseTicketID(r.PathValue("ticket_id"))
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	var body NewComment
	if err := readBody(w, r, body.members(principal)); err != nil {
		return err
	}
	named, err := body.valid()
	if err != nil {
		return err
	}
	cmd := domain.CreateComment{
		Account: principal.Account, Ticket: ticket, By: principal.By(), Author: principal.Actor().Own(), Public: !body.IsInternal.Value,
	}
	if err := a.identify(ctx, r, &cmd, body.Content.Value); err != nil {
		return err
	}
	if named != nil {
		cmd.Author = *named
	}
	receipt, err := a.receipt(ctx, principal, key, &cmd)
	if err != nil {
		return err
	}
	if named != nil {
		if err := a.introduceAuthor(ctx, cmd, receipt); err != nil {
			return err
		}
	}
	result, err := a.store.Execute(ctx, cmd, receipt)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Location", a.base+"/v1/tickets/"+ticket.String()+"/comments/"+result.Comment.String())
	if result.Replayed {
		h.Set("Idempotent-Replayed", "true")
		return a.showComment(w, r, http.StatusCreated, ticket, result.Comment)
	}
	// All that there is to show is known: nothing is read back.
	content, err := jsontext.AppendQuote(nil, cmd.Text.Body)
	if err != nil {
		return err
	}
	at := Time(result.RecordedAt)
	c := Comment{ID: cmd.Comment, TicketID: ticket, Content: content, IsInternal: !cmd.Public, CreatedAt: at, UpdatedAt: at}
	c.by(&cmd.Author)
	replyComment(w, http.StatusCreated, &c, a.commentTag(principal, cmd.Comment, int(result.Version)))
	return nil
}

// introduceAuthor sees to it that the author whom cmd names is known, and of a role
// that can be an author of the type.
func (a *API) introduceAuthor(ctx context.Context, cmd domain.CreateComment, receipt *eventstore.Receipt) error {
	role, err := a.introduce(ctx, cmd, receipt, cmd.Author.ID, roleOf(cmd.Author.Type))
	if err != nil {
		return err
	}
	if !fits(cmd.Author.Type, role) {
		field := "author_user_id"
		if cmd.Author.Type == domain.AuthorCustomer {
			field = "author_customer_id"
		}
		return problem.Invalid(problem.FieldError{Field: field, Message: "is the id of a user of another role"})
	}
	return nil
}

// introduce sees to it that whomever cmd names is known, in the role given unless
// they have one already, and returns the role that they have. A command that is
// refused introduces nobody.
func (a *API) introduce(ctx context.Context, cmd domain.Command, receipt *eventstore.Receipt, id domain.UserID, role directory.Role) (directory.Role, error) {
	account, _, _ := cmd.About()
	known, err := a.people.Role(ctx, account, id)
	if err != nil || known != "" {
		return known, err
	}
	if err := a.store.Refusal(ctx, cmd, receipt); err != nil {
		return "", err
	}
	return a.people.EnsureUser(ctx, account, id, role)
}

// identify gives the command its text and the ids and numbers of what it makes.
func (a *API) identify(ctx context.Context, r *http.Request, cmd *domain.CreateComment, content string) error {
	settings, err := a.people.Settings(ctx, cmd.Account)
	if err != nil {
		return err
	}
	first, err := a.numbers.Draw(ctx, cmd.Account, domain.NumbersPerWrite)
	if err != nil {
		return err
	}
	cmd.Numbers = domain.Numbers{Audit: first, Subject: first + 1}
	if settings.UnknownTickets == directory.OpenUnknownTickets {
		cmd.OpensTicket = first + 2
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	cmd.Comment = domain.CommentID(id)
	cmd.Text, err = newText(content, r)
	return err
}

// updateComment serves PATCH /v1/tickets/{ticket_id}/comments/{comment_id}.
func (a *API) updateComment(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, comment, err := commentIDs(r)
	if err != nil {
		return err
	}
	var body CommentChange
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	var m mistakes
	body.check(&m)
	if err := m.err(); err != nil {
		return err
	}
	cmd := domain.UpdateComment{Account: principal.Account, Ticket: ticket, Comment: comment, By: principal.By()}
	if body.Content.Set {
		if cmd.Text, err = newText(body.Content.Value, r); err != nil {
			return err
		}
	}
	if body.IsInternal.Set {
		public := !body.IsInternal.Value
		cmd.Public = &public
	}
	if cmd.Revision, err = a.expected(r, principal, ticket, comment); err != nil {
		return err
	}
	if cmd.Audit, err = a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite); err != nil {
		return err
	}
	if _, err := a.store.Execute(ctx, cmd, nil); err != nil {
		return err
	}
	return a.showComment(w, r, http.StatusOK, ticket, comment)
}

// deleteComment serves DELETE /v1/tickets/{ticket_id}/comments/{comment_id}.
func (a *API) deleteComment(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, comment, err := commentIDs(r)
	if err != nil {
		return err
	}
	cmd := domain.DeleteComment{Account: principal.Account, Ticket: ticket, Comment: comment, By: principal.By()}
	if cmd.Revision, err = a.expected(r, principal, ticket, comment); err != nil {
		return err
	}
	if cmd.Audit, err = a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite); err != nil {
		return err
	}
	if _, err := a.store.Execute(ctx, cmd, nil); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// expected returns the revision that If-Match asks for, 0 if it asks for none. The
// command is then refused if another one comes in between.
func (a *API) expected(r *http.Request, p auth.Principal, ticket domain.TicketID, comment domain.CommentID) (int, error) {
	values := r.Header["If-Match"]
	if len(values) == 0 {
		return 0, nil
	}
	c, err := a.threads.Get(r.Context(), p.Account, ticket, comment, p.Actor())
	if err != nil {
		return 0, err
	}
	if !inbound.Match(values, a.commentTag(p, comment, c.Revision)) {
		return 0, domain.ErrRevision
	}
	return c.Revision, nil
}

func commentIDs(r *http.Request) (ticket domain.TicketID, comment domain.CommentID, err error) {
	if ticket, err = domain.ParseTicketID(r.PathValue("ticket_id")); err != nil {
		return ticket, comment, err
	}
	comment, err = domain.ParseCommentID(r.PathValue("comment_id"))
	return ticket, comment, err
}
