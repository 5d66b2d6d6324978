package threads

import (
	"context"
	_ "embed"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/comments_today.sql
var commentsTodaySQL string

// today is what an audit may show of a comment.
type today struct {
	row
	deleted bool
	opened  *Comment
}

// audits makes audits of events, which are in order, and closes the view.
func (v *view) audits(ctx context.Context, r *Reader, entries []Entry) ([]Audit, error) {
	if err := new(history).tickets(ctx, v, entries); err != nil {
		return nil, err
	}
	subjects := &passages{account: v.account, ticket: v.ticket, at: make(map[eventstore.Version]passage)}
	var comments []pgtype.UUID
	for i := range entries {
		e := &entries[i]
		switch fact := e.Fact.(type) {
		case domain.TicketOpened:
			subjects.subject(e, fact.Subject)
		case domain.TicketChanged:
			subjects.subject(e, fact.Subject)
		case domain.CommentCreated, domain.CommentMadePrivate, domain.CommentMadePublic, domain.CommentRedacted:
			comments = append(comments, asID(e.Comment))
		}
	}
	known, err := v.today(ctx, comments)
	if err != nil {
		return nil, err
	}
	if subjects.contents, err = v.contents(ctx, subjects.ids()); err != nil {
		return nil, err
	}
	v.close() // what is opened may need a connection of its own
	if err := subjects.open(ctx, r, entries); err != nil {
		return nil, err
	}
	if err := r.openToday(ctx, v, known, entries); err != nil {
		return nil, err
	}
	var audits []Audit
	for i := range entries {
		e := &entries[i]
		if !audited(&e.Recorded, e.Fact) {
			continue
		}
		meta := e.Fact.Metadata()
		if n := len(audits); n == 0 || audits[n-1].Number != meta.Audit {
			audits = append(audits, Audit{Number: meta.Audit, At: e.RecordedAt, Actor: meta.Actor})
		}
		audits[len(audits)-1].add(e, known)
	}
	return audits, nil
}

// today reads what comments are today.
func (v *view) today(ctx context.Context, ids []pgtype.UUID) (map[domain.CommentID]*today, error) {
	known := make(map[domain.CommentID]*today, len(ids))
	if len(ids) == 0 {
		return known, nil
	}
	rows, err := v.conn.Query(ctx, commentsTodaySQL, v.r.shard, v.account, asID(v.ticket), ids)
	if err != nil {
		return nil, failed(err)
	}
	var id, content pgtype.UUID
	var bucket *int64
	var read today
	_, err = pgx.ForEachRow(rows, []any{&id, &read.Number, &read.Revision, &read.Public, &read.deleted, &content, &bucket, &read.sealed}, func() error {
		c := read
		if c.ID, c.Content = id.Bytes, content.Bytes; bucket != nil {
			c.bucket = *bucket
		}
		known[c.ID] = &c
		read.sealed = nil // the next one gets memory of its own
		return nil
	})
	if err != nil {
		return nil, failed(err)
	}
	return known, nil
}

// openToday opens the comments that the entries have made.
func (r *Reader) openToday(ctx context.Context, v *view, known map[domain.CommentID]*today, entries []Entry) error {
	var rows []row
	for i := range entries {
		e := &entries[i]
		fact, made := e.Fact.(domain.CommentCreated)
		c := known[e.Comment]
		if !made || c == nil {
			continue
		}
		c.Position, c.CreatedAt = e.Position, e.RecordedAt
		c.Author, c.Audit, c.Channel, c.Flags = fact.Author, fact.Audit, fact.Channel, fact.Flags
		if !c.deleted {
			rows = append(rows, c.row)
			continue
		}
		hidden := c.Comment
		hidden.Deleted, hidden.BodyJSON = true, maskedJSON
		hidden.Document = &Document{Body: domain.Body{Text: domain.MaskedText}}
		c.opened = &hidden
	}
	opened, err := r.open(ctx, v.account, v.ticket, rows, true)
	for i := range opened {
		known[opened[i].ID].opened = &opened[i]
	}
	return err
}

var maskedJSON, _ = jsontext.AppendQuote(nil, domain.MaskedText)

// add notes what an event did.
func (a *Audit) add(e *Entry, known map[domain.CommentID]*today) {
	a.Version = e.Version
	c := known[e.Comment]
	if c == nil && e.Comment != (domain.CommentID{}) {
		return // its row is missing, which a verification reports
	}
	switch fact := e.Fact.(type) {
	case domain.CommentCreated:
		a.Channel, a.Flags = fact.Channel, fact.Flags
		if !c.deleted {
			a.Document = c.opened.Document
		}
		made := AuditEvent{Number: fact.Number, Type: AuditComment, Comment: c.opened}
		a.Events = append([]AuditEvent{made}, a.Events...)
	case domain.CommentMadePrivate:
		a.Events = append(a.Events, AuditEvent{Number: a.Number + numberOfChange, Type: AuditPrivacy, CommentNumber: c.Number})
	case domain.CommentMadePublic:
		a.Events = append(a.Events, AuditEvent{Number: a.Number + numberOfChange, Type: AuditPrivacy, CommentNumber: c.Number, Public: true})
	case domain.CommentRedacted:
		a.Events = append(a.Events, AuditEvent{Number: a.Number + numberOfChange, Type: AuditRedaction, CommentNumber: c.Number})
	case domain.TicketOpened:
		a.fields(AuditCreate, e, domain.Ticket{}.Evolve(fact))
	case domain.TicketChanged:
		a.fields(AuditChange, e, e.Before.Evolve(fact))
	}
}

// fields notes what became of the fields of the ticket: all of them when it is opened,
// or those that an event has changed.
func (a *Audit) fields(kind AuditType, e *Entry, after domain.Ticket) {
	before := e.Before
	all := kind == AuditCreate
	note := func(place int64, field AuditField, changed bool, value, previous AuditValue) {
		if all || changed {
			a.Events = append(a.Events, AuditEvent{
				Number: a.Number + numberOfField + place, Type: kind, Field: field, Value: value, Previous: previous,
			})
		}
	}
	note(0, FieldStatus, after.Status != before.Status, AuditValue{Status: after.Status}, AuditValue{Status: before.Status})
	note(1, FieldRequester, !sameUser(after.Requester, before.Requester), AuditValue{User: after.Requester}, AuditValue{User: before.Requester})
	note(2, FieldSubject, !sameContent(after.Subject, before.Subject), AuditValue{SubjectJSON: e.New.BodyJSON}, AuditValue{SubjectJSON: e.Old.BodyJSON})
}

func sameUser(a, b *domain.UserID) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func sameContent(a, b *domain.ContentRef) bool {
	return a == b || a != nil && b != nil && a.ID == b.ID
}
