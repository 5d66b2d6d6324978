package retention

import (
	"context"

	"github.com/commentd/commentd/domain"
)

// A Target is what one command erases.
type Target struct {
	Account domain.AccountID
	Ticket  domain.TicketID
	Comment domain.CommentID // or the id of a chat; zero: the subjects of the ticket
	Chat    bool
}

// command is the command that erases the target.
func (t Target) command(cause domain.Cause, audit int64) domain.Command {
	by := domain.By{Actor: domain.Actor{Kind: domain.ActorSystem}, Admin: true}
	if t.Comment == (domain.CommentID{}) {
		return domain.EraseSubject{Account: t.Account, Ticket: t.Ticket, By: by, Audit: audit, Cause: cause}
	}
	if t.Chat {
		return domain.EraseChat{Account: t.Account, Ticket: t.Ticket, Chat: domain.ChatID(t.Comment), By: by, Audit: audit, Cause: cause}
	}
	return domain.EraseComment{Account: t.Account, Ticket: t.Ticket, Comment: t.Comment, By: by, Audit: audit, Cause: cause}
}

// A Source hands targets to take until there are none left, or take returns an error:
// that is then its own.
type Source func(ctx context.Context, take func(Target) error) error
