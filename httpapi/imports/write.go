package imports

import (
	"context"
	"errors"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/inbound"
)

// audit writes an audit, unless it is here.
func (l *lane) audit(ctx context.Context, a *audit) error {
	for range maxTries {
		s, err := l.stream(ctx, a.ticket)
		if err != nil {
			return err
		}
		if s.Version > 0 {
			l.tally.became(a.ticket, there) // unless it is this import that has brought it
		}
		if s.Here && !a.state {
			a.drop("the ticket has gone on here")
		}
		if l.settled(s, a) {
			return l.hide(ctx, s, a)
		}
		err = l.write(ctx, s, a)
		if !errors.Is(err, domain.ErrTicketChanged) && !errors.Is(err, domain.ErrTicketExists) {
			return err
		}
		delete(l.streams, a.ticket) // and look again
	}
	return eventstore.ErrBusy
}

// settled counts an audit of which nothing has to be written.
func (l *lane) settled(s *stream, a *audit) bool {
	said := false
	if a.comment != nil {
		_, said = s.Comments[l.ids.comment(int64(a.comment.id))]
	}
	switch {
	case s.waits:
		l.tally.done(a, waiting, "", nil)
	case s.Audits[a.id], a.opening && s.Version > 0,
		said, // and came in a file of another form
		a.state && (s.Here || a.at.Before(s.Newest)): // it has gone on
		l.tally.done(a, there, "", nil)
	case a.comment == nil && a.changes() == 0 && !a.opening:
		if len(a.left) > 0 {
			l.tally.done(a, notCarried, "nothing of it is carried", nil)
		} else {
			l.tally.done(a, contained, "", nil)
		}
	case a.comment == nil && !a.state && a.id < s.newest && s.Version > 0:
		l.tally.done(a, contained, "", nil) // what it changed has been changed since
	default:
		return false
	}
	return true
}

// write appends what an audit comes to. The error is also that of Execute for a ticket that has
// changed; what is wrong with the audit is counted.
func (l *lane) write(ctx context.Context, s *stream, a *audit) error {
	by, err := l.people.of(ctx, a.by, guess(a))
	if err != nil {
		return err
	}
	cmd := domain.WriteTicket{
		Account: l.account, Ticket: l.ids.ticket(a.ticket), By: domain.By{Actor: by.actor()}, Expected: int(s.Version),
		Origin: &domain.Origin{Audit: a.id, At: a.at},
	}
	if err := l.fields(ctx, s, a, &cmd); err != nil {
		return err
	}
	var with attached
	if a.comment != nil {
		if with, err = l.say(ctx, a, &cmd); err != nil {
			return l.failed(s, a, err)
		}
	}
	came := written
	if l.config.DryRun {
		s.Version++
	} else {
		if err := l.number(ctx, s, a, &cmd); err != nil {
			l.withdraw(ctx, with)
			return err
		}
		result, err := l.log.Execute(ctx, cmd, nil)
		if err != nil {
			l.withdraw(ctx, with)
			return l.failed(s, a, err)
		}
		if result.Opened && cmd.Opens != a.ticket {
			l.tally.count(func(r *Report) { r.NewNumbers++ })
		}
		if s.Version = max(s.Version, result.Version); !result.Changed {
			came = contained // the ticket was so already
		}
	}
	s.add(a)
	if a.comment != nil {
		s.Comments[cmd.Comment] = a.comment.public
	}
	l.tally.done(a, came, "", with.left)
	return nil
}

// hide makes a comment private which is here, and was made private there after it had been taken
// over. When that was, nothing tells: here it is from now on.
func (l *lane) hide(ctx context.Context, s *stream, a *audit) error {
	if a.comment == nil || a.comment.public || l.config.DryRun {
		return nil
	}
	comment := l.ids.comment(int64(a.comment.id))
	if !s.Comments[comment] {
		return nil
	}
	number, err := l.log.Numbers().Draw(ctx, l.account, domain.NumbersPerWrite)
	if err != nil {
		return err
	}
	result, err := l.log.Execute(ctx, domain.MakePrivate{
		Account: l.account, Ticket: l.ids.ticket(a.ticket), Comment: comment, By: domain.By{Actor: system.actor()}, Audit: number,
		Origin: &domain.Origin{Audit: a.id, At: time.Now()},
	}, nil)
	if err != nil && !errors.Is(err, domain.ErrNotFound) { // it was deleted here
		return err
	}
	s.Version, s.Comments[comment] = max(s.Version, result.Version), false
	l.tally.count(func(r *Report) { r.Hidden++ })
	return nil
}

// guess is the role of somebody of whom no more is known than what they did.
func guess(a *audit) directory.Role {
	if a.comment != nil && !a.comment.public {
		return directory.RoleAgent
	}
	return directory.RoleCustomer
}

// failed counts an audit that cannot be written, for good or for now. Other errors are returned.
func (l *lane) failed(s *stream, a *audit, err error) error {
	var lost *lostError
	switch {
	case errors.As(err, &lost), errors.Is(err, domain.ErrUploads), errors.Is(err, domain.ErrUploadQuota):
		s.waits = true
		l.tally.mistake(a.place, err.Error())
		l.tally.done(a, waiting, "", nil)
	case errors.Is(err, domain.ErrTicketFull), errors.Is(err, domain.ErrTooManyAttachments), errors.Is(err, eventstore.ErrExists):
		l.tally.mistake(a.place, err.Error())
		l.tally.done(a, refused, "", nil)
	default:
		return err
	}
	return nil
}

// fields puts into a command what an audit changes of its ticket. What was changed by a later
// one, which is here, stays as that has left it.
func (l *lane) fields(ctx context.Context, s *stream, a *audit, cmd *domain.WriteTicket) error {
	if s.Version > 0 && a.id < s.newest && !a.state {
		return nil
	}
	cmd.Status = a.status
	if a.requester != nil {
		cmd.Requester = new(*domain.UserID)
		if *a.requester > 0 {
			asks, err := l.people.of(ctx, *a.requester, directory.RoleCustomer)
			if err != nil {
				return err
			}
			*cmd.Requester = &asks.id
		}
	}
	if a.subject == nil {
		return nil
	}
	cmd.Subject = new(*domain.Text)
	if subject := *a.subject; subject != nil {
		text, err := inbound.TextFrom(domain.Body{Text: *subject}, a.client)
		*cmd.Subject = text
		return err
	}
	return nil
}

// say puts the comment of an audit into a command, with its files.
func (l *lane) say(ctx context.Context, a *audit, cmd *domain.WriteTicket) (with attached, err error) {
	c := a.comment
	author, err := l.people.of(ctx, c.author, guess(a))
	if err != nil {
		return with, err
	}
	body := domain.ShownBody(c.text, c.html)
	body.Custom, body.Voice, body.Source, body.Flagged = a.custom, c.voice, c.source, c.flagged
	text, err := inbound.TextFrom(body, a.client)
	if err != nil {
		return with, err
	}
	if with, err = l.attach(ctx, cmd.By.Actor.ID, c.files, &body); err != nil {
		return with, err
	}
	text.HTML = body.HTML // in which images are shown from here
	if err := l.claim(ctx, with, text); err != nil {
		return with, err
	}
	cmd.Comment = l.ids.comment(int64(c.id))
	public := c.public
	cmd.Say = &domain.NewComment{Author: author.author(), Public: &public, Text: text, Channel: c.channel, Flags: c.flags}
	return with, nil
}

// number gives a command its numbers. The ticket that it opens keeps the one that it had, if that
// can be; and if nobody says whose it is, then it is of the customer whose words come first.
func (l *lane) number(ctx context.Context, s *stream, a *audit, cmd *domain.WriteTicket) error {
	first, err := l.log.Numbers().Draw(ctx, l.account, domain.NumbersPerWrite)
	if err != nil {
		return err
	}
	cmd.Numbers = domain.Numbers{Audit: first, Subject: first + 1}
	if s.Version > 0 {
		return nil
	}
	kept, err := l.log.Numbers().Keep(ctx, l.account, a.ticket)
	if err != nil {
		return err
	}
	if cmd.Opens = first + 2; kept[a.ticket] {
		cmd.Opens = a.ticket
	}
	if cmd.Requester == nil && cmd.Say != nil && cmd.Say.Author.Type == domain.AuthorCustomer {
		asks := &cmd.Say.Author.ID
		cmd.Requester = &asks
	}
	return nil
}
