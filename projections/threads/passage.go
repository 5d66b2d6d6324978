package threads

import (
	"context"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

// passages are where the texts before and after some events are today, by the places of
// the events, and what is sealed there.
type passages struct {
	account  domain.AccountID
	at       map[spot]passage
	contents map[domain.ContentID]row
}

// spot is the place of an event in the stream of its ticket.
type spot struct {
	ticket  domain.TicketID
	version eventstore.Version
}

func spotOf(e *Entry) spot { return spot{e.Ticket, e.Version} }

// passage is the way from one text to another. nil: there was none; zero: it is erased.
type passage struct {
	comment  domain.CommentID // zero: the ticket's subject
	old, new *domain.ContentID
}

// passages finds the texts that entries speak of.
func (v *view) passages(ctx context.Context, entries []Entry) (*passages, error) {
	found := &passages{account: v.account, at: make(map[spot]passage)}
	var comments []pgtype.UUID
	var chats chatKeys
	asked := make(map[domain.CommentID]bool)
	for i := range entries {
		e := &entries[i]
		switch fact := e.Fact.(type) {
		case domain.TicketOpened:
			found.subject(e, fact.Subject)
		case domain.TicketChanged:
			found.subject(e, fact.Subject)
		case domain.CommentCreated, domain.CommentEdited:
			if !asked[e.Comment] {
				asked[e.Comment] = true
				comments = append(comments, asID(e.Comment))
			}
		case domain.ChatEntryAdded:
			chats.add(&e.Recorded)
		}
	}
	if err := found.readChats(ctx, v, chats, entries); err != nil {
		return nil, err
	}
	if len(comments) > 0 {
		if err := found.read(ctx, v, comments, entries); err != nil {
			return nil, err
		}
	}
	var err error
	found.contents, err = v.contents(ctx, found.ids())
	return found, err
}

// subject notes that the ticket has another subject after the entry.
func (f *passages) subject(e *Entry, now *domain.ContentRef) {
	var p passage
	if before := e.Before.Subject; before != nil {
		p.old = &before.ID
	}
	if now != nil {
		p.new = &now.ID
	}
	if p.old != p.new && (p.old == nil || p.new == nil || *p.old != *p.new) {
		f.at[spotOf(e)] = p
	}
}

// read notes what comments said before and after the entries about them.
func (f *passages) read(ctx context.Context, v *view, comments []pgtype.UUID, entries []Entry) error {
	first, last := entries[0].Version, entries[len(entries)-1].Version
	var of domain.CommentID
	var said wordings
	note := func() {
		for i := range said {
			if said[i].version < first || said[i].version > last {
				continue
			}
			p := passage{comment: of, new: &said[i].content}
			if i > 0 {
				p.old = &said[i-1].content
			}
			f.at[spot{v.ticket, said[i].version}] = p
		}
	}
	err := v.chains(ctx, comments, false, func(e *eventstore.Recorded) {
		if e.Comment != of {
			note()
			of, said = e.Comment, nil
		}
		if fact, err := e.Decode(); err == nil {
			said.add(e, fact)
		}
	})
	note()
	return err
}

func (f *passages) ids() (ids []pgtype.UUID) {
	for _, p := range f.at {
		for _, id := range []*domain.ContentID{p.old, p.new} {
			if id != nil && *id != (domain.ContentID{}) {
				ids = append(ids, asID(*id))
			}
		}
	}
	return ids
}

// size is how many bytes are sealed there.
func (f *passages) size() (size int) {
	for _, content := range f.contents {
		size += len(content.sealed)
	}
	return size
}

// open gives the entries their texts.
func (f *passages) open(ctx context.Context, r *Reader, entries []Entry) error {
	var buckets []int64
	for _, content := range f.contents {
		buckets = append(buckets, content.bucket)
	}
	if err := r.vault.Prefetch(ctx, buckets); err != nil {
		return failed(err)
	}
	for i := range entries {
		e := &entries[i]
		p := f.at[spotOf(e)]
		var err error
		if e.Old, err = f.text(ctx, r, e.Ticket, p.comment, p.old); err != nil {
			return err
		}
		if e.New, err = f.text(ctx, r, e.Ticket, p.comment, p.new); err != nil {
			return err
		}
	}
	return nil
}

func (f *passages) text(ctx context.Context, r *Reader, ticket domain.TicketID, comment domain.CommentID, id *domain.ContentID) (Text, error) {
	if id == nil {
		return Text{}, nil
	}
	place := vault.OfComment(f.account, ticket, comment, *id)
	if comment == (domain.CommentID{}) {
		place = vault.OfSubject(f.account, ticket, *id)
	}
	return r.text(ctx, place, *id, f.contents[*id])
}
