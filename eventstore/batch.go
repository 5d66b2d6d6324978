package eventstore

import (
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
)

// batch is the arguments of log.append, column by column: arrays have no limit of
// 65,535 parameters, and the statement is the same for any number of commands.
type batch struct {
	tickets struct {
		account   []int32
		id        []pgtype.UUID
		partition []int16
	}
	items struct {
		ticket, ticketRevision []int32
		comment                []pgtype.UUID
		revision               []int32
		changesTicket          []bool
		receipt                []pgtype.UUID
		fingerprint            [][]byte
		receipts               bool // whether there are any
		completes              []pgtype.UUID
		destroyedAt            []pgtype.Timestamptz
		completions            bool // whether there are any
		expected, most         []pgtype.Int4
		conditions             bool // whether there are any
	}
	events struct {
		item     []int32
		id       []pgtype.UUID
		name     []string
		schema   []int16
		comment  []pgtype.UUID
		internal []bool
		data     [][]byte
	}
	contents struct {
		item   []int32
		id     []pgtype.UUID
		bucket []int64
		sealed [][]byte
	}
	removed struct {
		item []int32
		id   []pgtype.UUID
	}
	claims struct {
		item   []int32
		upload [][]byte
		files  []int32
	}
	gone struct {
		item   []int32
		number []pgtype.Int8
	}
	placeholders struct {
		item   []int32
		number []int64
	}
	comments struct {
		item            []int32
		id              []pgtype.UUID
		number          []int64
		authorType      []int16
		author          []pgtype.UUID
		public, deleted []bool
		content         []pgtype.UUID
	}
	states struct {
		item      []int32
		number    []int64
		status    []string
		requester []pgtype.UUID
		subject   []pgtype.UUID
		public    []bool
		hold      []bool
	}
	chats struct {
		item, entries []int32
		ended         []bool
	}
}

func newBatch(items []*pending) *batch {
	b := new(batch)
	type ticketKey struct {
		account domain.AccountID
		ticket  domain.TicketID
	}
	tickets := make(map[ticketKey]int32, len(items))
	for i, p := range items {
		item := int32(i + 1)
		key := ticketKey{p.account, p.ticket}
		ticket, ok := tickets[key]
		if !ok {
			b.tickets.account = append(b.tickets.account, int32(p.account))
			b.tickets.id = append(b.tickets.id, column(p.ticket))
			b.tickets.partition = append(b.tickets.partition, int16(domain.Partition(p.account, p.ticket)))
			ticket = int32(len(b.tickets.id))
			tickets[key] = ticket
		}
		b.addItem(ticket, p)
		for _, e := range p.events {
			b.addEvent(item, e)
		}
		for _, c := range p.contents {
			b.contents.item = append(b.contents.item, item)
			b.contents.id = append(b.contents.id, column(c.id))
			b.contents.bucket = append(b.contents.bucket, c.sealed.BucketID)
			b.contents.sealed = append(b.contents.sealed, c.sealed.Bytes)
		}
		for _, id := range p.removes {
			b.removed.item = append(b.removed.item, item)
			b.removed.id = append(b.removed.id, column(id))
		}
		b.addFiles(item, p)
		if c := p.commentAfter; c != nil {
			b.addComment(item, p.comment, c)
		}
		if c := p.chatAfter; c != nil {
			b.chats.item = append(b.chats.item, item)
			b.chats.entries, b.chats.ended = append(b.chats.entries, int32(c.Entries)), append(b.chats.ended, c.Ended)
		}
		if t := p.ticketAfter; t != nil {
			b.addState(item, t)
		}
	}
	return b
}

func (b *batch) addItem(ticket int32, p *pending) {
	c := &b.items
	c.ticket = append(c.ticket, ticket)
	c.ticketRevision = append(c.ticketRevision, p.ticketRevision)
	c.comment = append(c.comment, column(p.comment))
	c.revision = append(c.revision, p.revision)
	c.changesTicket = append(c.changesTicket, p.ticketAfter != nil)
	c.completes, c.destroyedAt = append(c.completes, column(p.completes)), append(c.destroyedAt, pgtype.Timestamptz{Time: p.destroyedAt, Valid: true})
	c.completions = c.completions || p.completes != domain.EventID{}
	c.expected, c.most = append(c.expected, condition(p.expected)), append(c.most, condition(p.most))
	c.conditions = c.conditions || p.expected != 0 || p.most != 0
	if p.receipt == nil {
		c.receipt, c.fingerprint = append(c.receipt, pgtype.UUID{}), append(c.fingerprint, nil)
		return
	}
	c.receipt, c.fingerprint = append(c.receipt, column(p.receipt.ID)), append(c.fingerprint, p.receipt.Fingerprint)
	c.receipts = true
}

func (b *batch) addEvent(item int32, e encodedEvent) {
	c := &b.events
	c.item = append(c.item, item)
	c.id = append(c.id, column(e.id))
	c.name = append(c.name, e.name)
	c.schema = append(c.schema, e.schema)
	c.comment = append(c.comment, column(e.comment))
	c.internal = append(c.internal, e.internal)
	c.data = append(c.data, e.data)
}

func (b *batch) addFiles(item int32, p *pending) {
	for _, c := range p.claims {
		b.claims.item = append(b.claims.item, item)
		b.claims.upload = append(b.claims.upload, c.Upload[:])
		b.claims.files = append(b.claims.files, int32(c.Files))
	}
	for _, number := range p.removesFiles {
		b.gone.item, b.gone.number = append(b.gone.item, item), append(b.gone.number, pgtype.Int8{Int64: number, Valid: true})
	}
	if p.clearsFiles {
		b.gone.item, b.gone.number = append(b.gone.item, item), append(b.gone.number, pgtype.Int8{})
	}
	for _, number := range p.placeholders {
		b.placeholders.item, b.placeholders.number = append(b.placeholders.item, item), append(b.placeholders.number, number)
	}
}

func (b *batch) addComment(item int32, id domain.CommentID, after *domain.Comment) {
	c := &b.comments
	c.item = append(c.item, item)
	c.id = append(c.id, column(id))
	c.number = append(c.number, after.Number)
	c.authorType = append(c.authorType, int16(after.Author.Type))
	c.author = append(c.author, pgtype.UUID{Bytes: after.Author.ID, Valid: true})
	c.public = append(c.public, after.Public)
	c.deleted = append(c.deleted, after.Deleted)
	c.content = append(c.content, column(after.Content))
}

func (b *batch) addState(item int32, after *domain.Ticket) {
	c := &b.states
	c.item = append(c.item, item)
	c.number = append(c.number, after.Number)
	c.status = append(c.status, string(after.Status))
	c.public = append(c.public, after.DefaultPublic)
	c.hold = append(c.hold, after.LegalHold)
	var requester, subject pgtype.UUID
	if after.Requester != nil {
		requester = pgtype.UUID{Bytes: *after.Requester, Valid: true}
	}
	if after.Subject != nil {
		subject = column(after.Subject.ID)
	}
	c.requester, c.subject = append(c.requester, requester), append(c.subject, subject)
}

// condition is a number that a command depends on; 0 is none.
func condition(n int32) pgtype.Int4 { return pgtype.Int4{Int32: n, Valid: n != 0} }

// column is an id as pgx encodes it fastest; the zero id is null.
func column[ID ~[16]byte](id ID) pgtype.UUID {
	return pgtype.UUID{Bytes: id, Valid: id != ID{}}
}

// args lists the columns in the order of log.append's parameters.
func (b *batch) args(shard int16) []any {
	if !b.items.receipts {
		b.items.receipt, b.items.fingerprint = nil, nil
	}
	if !b.items.conditions {
		b.items.expected, b.items.most = nil, nil
	}
	if !b.items.completions {
		b.items.completes, b.items.destroyedAt = nil, nil
	}
	return []any{
		shard,
		flat(b.tickets.account), flat(b.tickets.id), flat(b.tickets.partition),
		flat(b.items.ticket), flat(b.items.ticketRevision), flat(b.items.comment), flat(b.items.revision), flat(b.items.changesTicket),
		flat(b.items.receipt), flat(b.items.fingerprint), flat(b.items.completes), flat(b.items.destroyedAt),
		flat(b.items.expected), flat(b.items.most),
		flat(b.events.item), flat(b.events.id), flat(b.events.name), flat(b.events.schema), flat(b.events.comment), flat(b.events.internal), flat(b.events.data),
		flat(b.contents.item), flat(b.contents.id), flat(b.contents.bucket), flat(b.contents.sealed),
		flat(b.removed.item), flat(b.removed.id),
		flat(b.claims.item), flat(b.claims.upload), flat(b.claims.files), flat(b.gone.item), flat(b.gone.number),
		flat(b.placeholders.item), flat(b.placeholders.number),
		flat(b.comments.item), flat(b.comments.id), flat(b.comments.number), flat(b.comments.authorType), flat(b.comments.author),
		flat(b.comments.public), flat(b.comments.deleted), flat(b.comments.content),
		flat(b.states.item), flat(b.states.number), flat(b.states.status), flat(b.states.requester), flat(b.states.subject), flat(b.states.public), flat(b.states.hold),
		flat(b.chats.item), flat(b.chats.entries), flat(b.chats.ended),
	}
}

// flat spares pgx the reflection that it takes to find out what a slice is.
func flat[T any](column []T) pgtype.FlatArray[T] { return column }
