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

var (
	//go:embed sql/comments_today.sql
	commentsTodaySQL string
	//go:embed sql/tickets_before.sql
	ticketsBeforeSQL string
)

// today is what an audit may show of a comment.
type today struct {
	row
	deleted bool
	opened  *Comment
}

// audits makes audits of events, which are in order, and closes the view.
func (v *view) audits(ctx context.Context, r *Reader, entries []Entry) ([]Audit, error) {
	if err := v.before(ctx, entries); err != nil {
		return nil, err
	}
	subjects := &passages{account: v.account, at: make(map[spot]passage)}
	var tickets, comments []pgtype.UUID
	var chats chatKeys
	for i := range entries {
		e := &entries[i]
		switch fact := e.Fact.(type) {
		case domain.TicketOpened:
			subjects.subject(e, fact.Subject)
		case domain.TicketChanged:
			subjects.subject(e, fact.Subject)
		case domain.CommentCreated, domain.CommentMadePrivate, domain.CommentMadePublic, domain.CommentRedacted:
			tickets, comments = append(tickets, asID(e.Ticket)), append(comments, asID(e.Comment))
		case domain.ChatStarted, domain.ChatEnded:
			chats.add(&e.Recorded)
		}
	}
	known, err := v.today(ctx, tickets, comments)
	if err != nil {
		return nil, err
	}
	talks, err := v.chatsToday(ctx, chats)
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
	for _, c := range talks {
		if err := c.open(ctx, r, v.account); err != nil {
			return nil, err
		}
	}
	var audits []Audit
	for i := range entries {
		e := &entries[i]
		if !audited(&e.Recorded, e.Fact) {
			continue
		}
		meta := e.Fact.Metadata()
		if n := len(audits); n == 0 || audits[n-1].Number != meta.Audit {
			audits = append(audits, Audit{Number: meta.Audit, Ticket: e.Ticket, At: meta.At, RecordedAt: e.RecordedAt, Actor: meta.Actor})
		}
		if talk := talks[domain.ChatID(e.Comment)]; talk != nil {
			audits[len(audits)-1].chat(e, &talk.Chat)
			continue
		}
		audits[len(audits)-1].add(e, known)
	}
	return audits, nil
}

// before notes what the ticket was before each of the entries that have changed one.
func (v *view) before(ctx context.Context, entries []Entry) error {
	var tickets []pgtype.UUID
	var versions []int32
	for i := range entries {
		if e := &entries[i]; changes(e) {
			tickets, versions = append(tickets, asID(e.Ticket)), append(versions, int32(e.Version))
		}
	}
	if len(tickets) == 0 {
		return nil
	}
	told := make(map[domain.TicketID][]Entry) // in order; some of them twice, which makes no difference
	err := v.each(ctx, func(r *eventstore.Recorded) {
		if fact, err := r.Decode(); err == nil {
			told[r.Ticket] = append(told[r.Ticket], Entry{Recorded: *r, Fact: fact})
		}
	}, ticketsBeforeSQL, v.r.shard, v.account, tickets, versions)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		for _, t := range told[e.Ticket] {
			if changes(e) && t.Version < e.Version {
				e.Before = e.Before.Evolve(t.Fact)
			}
		}
	}
	return nil
}

func changes(e *Entry) bool {
	_, changes := e.Fact.(domain.TicketChanged)
	return changes
}

// today reads what comments, each of the ticket beside it, are today.
func (v *view) today(ctx context.Context, tickets, ids []pgtype.UUID) (map[domain.CommentID]*today, error) {
	known := make(map[domain.CommentID]*today, len(ids))
	if len(ids) == 0 {
		return known, nil
	}
	rows, err := v.conn.Query(ctx, commentsTodaySQL, v.r.shard, v.account, tickets, ids)
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
	made := make(map[domain.TicketID][]row)
	var buckets []int64
	for i := range entries {
		e := &entries[i]
		fact, creates := e.Fact.(domain.CommentCreated)
		c := known[e.Comment]
		if !creates || c == nil {
			continue
		}
		c.Position, c.CreatedAt = e.Position, fact.At
		c.Author, c.Audit, c.Channel, c.Flags = fact.Author, fact.Audit, fact.Channel, fact.Flags
		if !c.deleted {
			made[e.Ticket] = append(made[e.Ticket], c.row)
			if c.sealed != nil {
				buckets = append(buckets, c.bucket)
			}
			continue
		}
		hidden := c.Comment
		hidden.Deleted, hidden.BodyJSON = true, maskedJSON
		hidden.Document = &Document{Body: domain.Body{Text: domain.MaskedText}}
		c.opened = &hidden
	}
	// At once for all tickets: none of them has to wait for its keys, then.
	if err := r.vault.Prefetch(ctx, buckets); err != nil {
		return failed(err)
	}
	for ticket, rows := range made {
		opened, err := r.open(ctx, v.account, ticket, rows, true)
		if err != nil {
			return err
		}
		for i := range opened {
			known[opened[i].ID].opened = &opened[i]
		}
	}
	return nil
}

var maskedJSON, _ = jsontext.AppendQuote(nil, domain.MaskedText)

// add notes what an event did.
func (a *Audit) add(e *Entry, known map[domain.CommentID]*today) {
	a.Version, a.Position = e.Version, e.Position
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
		a.redaction(&fact, c.Number)
	case domain.TicketOpened:
		a.fields(AuditCreate, e, domain.Ticket{}.Evolve(fact))
	case domain.TicketChanged:
		a.fields(AuditChange, e, e.Before.Evolve(fact))
	}
}

// chat notes that a chat began or ended.
func (a *Audit) chat(e *Entry, c *Chat) {
	a.Version, a.Position, a.Channel = e.Version, e.Position, domain.ChannelChat
	switch fact := e.Fact.(type) {
	case domain.ChatStarted:
		a.Events = append(a.Events, AuditEvent{Number: fact.Number, Type: AuditChatStarted, Chat: c})
	case domain.ChatEnded:
		a.Events = append(a.Events, AuditEvent{Number: a.Number + numberOfChange, Type: AuditChatEnded, Chat: c})
	}
}

// redaction notes what was redacted of a comment: its text, files, or both.
func (a *Audit) redaction(fact *domain.CommentRedacted, comment int64) {
	if !fact.TextKept {
		a.Events = append(a.Events, AuditEvent{Number: a.Number + numberOfChange, Type: AuditRedaction, CommentNumber: comment})
	}
	for _, f := range fact.Files {
		if f.New != 0 { // else it was an e-mail, which is no attachment
			a.Events = append(a.Events, AuditEvent{Number: f.New + 1, Type: AuditFileRedaction, CommentNumber: comment, FileNumber: f.New})
		}
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
