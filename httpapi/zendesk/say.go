package zendesk

import (
	"errors"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/inbound"
)

// say puts the comment of a wish into a command.
func (a *API) say(c *call, cmd *domain.WriteTicket, w *wish) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	author, err := a.authorOf(c, w.comment.author)
	if err != nil {
		return err
	}
	var body domain.Body
	switch {
	case w.comment.voice != "":
		body = domain.TextBody(w.comment.text)
		body.Voice = w.comment.voice
	case w.comment.html != "":
		body = domain.RichBody(w.comment.html)
	case author.Type == domain.AuthorCustomer:
		body = domain.EndUserBody(w.comment.text)
	default:
		body = domain.MarkdownBody(w.comment.text)
	}
	body.Custom, body.Flagged = w.custom, w.comment.flagged
	text, err := inbound.NewText(c.Request, body)
	if err != nil {
		return err
	}
	if err := a.files.Claim(c.Context(), c.caller.Account, c.caller.UserID, w.comment.uploads, text); err != nil {
		return err
	}
	a.cabinet(c).markInline(text)
	cmd.Comment = domain.CommentID(id)
	cmd.Say = &domain.NewComment{Author: author, Public: w.comment.public, Text: text, Channel: w.channel, Flags: w.comment.flags}
	return nil
}

// authorOf returns the author with the number, or whoever asks. Agents may write in the
// name of anybody, as they may at Zendesk: that they did is kept, and shows (flag 11). Of 0,
// which is nobody's number, clients speak that have no author in mind.
func (a *API) authorOf(c *call, number *int64) (domain.Author, error) {
	own := c.caller.Actor().Own()
	if number == nil || *number == 0 {
		return own, nil
	}
	u, err := a.people.UserByNumber(c.Context(), c.caller.Account, *number)
	switch {
	case errors.Is(err, directory.ErrUserNotFound) || err == nil && !u.Active:
		return own, invalid("author", detail{"Author: is invalid", "InvalidValue"})
	case err != nil || u.ID == own.ID:
		return own, err
	}
	return u.Author(), nil
}
