package eventstore

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/state.sql
var stateSQL string

// state is what a command is decided on.
type state struct {
	ticket         domain.Ticket
	ticketRevision int32 // 0: there is none
	comment        domain.Comment
	said           domain.Body // by the comment; set where an edit needs it
	chat           domain.Chat
	cached         bool // whether it may be older than the database
}

// load reads the state for cmd. Texts are opened where cmd may change them.
func (s *Store) load(ctx context.Context, cmd domain.Command) (state, error) {
	account, ticket, comment := cmd.About()
	var (
		st                       state
		revision, cRevision      *int32
		comments                 *int
		number, cNumber          *int64
		status                   *string
		requester, subject       *uuid.UUID
		defaultPublic, hold      *bool
		subjectBucket, bucket    *int64
		subjectSealed, sealed    []byte
		authorType               *int16
		author, current          *uuid.UUID
		public, deleted          *bool
		entries                  *int
		ended                    *bool
		shard, accountID, idBare = s.config.Shard, int32(account), uuid.UUID(ticket)
	)
	err := s.pool.QueryRow(ctx, stateSQL, shard, accountID, idBare, uuid.UUID(comment)).Scan(
		&revision, &number, &status, &requester, &subject, &defaultPublic, &hold, &comments, &subjectBucket, &subjectSealed,
		&cRevision, &cNumber, &authorType, &author, &public, &deleted, &current, &bucket, &sealed, &entries, &ended)
	if err != nil {
		return st, fmt.Errorf("%w: load ticket: %s", ErrUnavailable, sqlState(err))
	}
	if revision != nil {
		st.ticketRevision = *revision
		st.ticket = domain.Ticket{
			Exists: true, Number: *number, Status: domain.Status(*status),
			Requester: (*domain.UserID)(requester), DefaultPublic: *defaultPublic, LegalHold: *hold, Comments: *comments,
		}
		if subject != nil {
			st.ticket.Subject = &domain.ContentRef{ID: domain.ContentID(*subject)}
		}
	}
	switch {
	case cRevision == nil:
	case entries != nil:
		st.chat = domain.Chat{Exists: true, Number: *cNumber, Visitor: domain.UserID(*author), Entries: *entries, Ended: *ended, Revision: int(*cRevision)}
		if current != nil {
			st.chat.Content = domain.ContentID(*current)
		}
	case *authorType != 0: // else it is a chat without a row of its own, which a verification reports
		st.comment = domain.Comment{
			Exists: true, Deleted: *deleted, Number: *cNumber,
			Author: domain.Author{Type: domain.AuthorType(*authorType), ID: domain.UserID(*author)},
			Public: *public, Revision: int(*cRevision),
		}
		if current != nil {
			st.comment.Content = domain.ContentID(*current)
		}
	}
	switch cmd := cmd.(type) {
	case domain.UpdateComment:
		if cmd.Text != nil && bucket != nil && st.comment.Exists && !st.comment.Deleted {
			var d vault.Document
			d, err = s.open(ctx, account, ticket, comment, st.comment.Content, *bucket, sealed)
			st.comment.Body, st.said = d.Body, d.Written()
		}
	case domain.PutTicket, domain.WriteTicket:
		if givesSubject(cmd) && subjectBucket != nil {
			var d vault.Document
			d, err = s.open(ctx, account, ticket, domain.CommentID{}, st.ticket.Subject.ID, *subjectBucket, subjectSealed)
			st.ticket.SubjectText = d.Body
		}
	}
	return st, err
}

func givesSubject(cmd domain.Command) bool {
	switch cmd := cmd.(type) {
	case domain.PutTicket:
		return cmd.Subject != nil
	case domain.WriteTicket:
		return cmd.Subject != nil
	}
	return false
}

// open returns what is sealed in a content.
func (s *Store) open(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, id domain.ContentID, bucket int64, sealed []byte) (vault.Document, error) {
	d, err := s.document(ctx, vault.OfComment(account, ticket, comment, id), id, sealedRow{bucket, sealed})
	if err != nil {
		return d, fmt.Errorf("open content of ticket %s: %w", ticket, err)
	}
	return d, nil
}

// carryOver gives the text of an edit all of what the comment says that the edit is not
// about.
func carryOver(was domain.Body, edited *domain.Text) {
	edited.Custom, edited.Voice, edited.Source, edited.Flagged, edited.Attachments = was.Custom, was.Voice, was.Source, was.Flagged, was.Attachments
}

// headCache remembers the heads of tickets, so that a comment on a busy ticket is
// decided without asking the database first. It may be behind: log.append refuses
// what was decided on an old head, and a refusal of Decide is never believed
// before the head has been read.
type headCache struct {
	heads *otter.Cache[headKey, cachedHead]
}

type headKey struct {
	account domain.AccountID
	ticket  domain.TicketID
}

type cachedHead struct {
	ticket   domain.Ticket
	revision int32
}

func newHeadCache() *headCache {
	return &headCache{otter.Must(&otter.Options[headKey, cachedHead]{MaximumSize: 50_000})}
}

func (c *headCache) get(account domain.AccountID, ticket domain.TicketID) (state, bool) {
	h, ok := c.heads.GetIfPresent(headKey{account, ticket})
	return state{ticket: h.ticket, ticketRevision: h.revision, cached: true}, ok
}

func (c *headCache) put(account domain.AccountID, ticket domain.TicketID, t domain.Ticket, revision int32) {
	t.SubjectText = "" // a cache is no home for text
	c.heads.Set(headKey{account, ticket}, cachedHead{t, revision})
}

func (c *headCache) drop(account domain.AccountID, ticket domain.TicketID) {
	c.heads.Invalidate(headKey{account, ticket})
}
