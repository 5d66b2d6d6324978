package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// thread is what the log says of a ticket, worked out without the code that serves.
type thread struct {
	account    int32
	version    int32
	change     uuid.UUID // last event
	comments   []*folded // in the order of their creation
	references int       // to contents
}

// folded is a comment as the log says it is.
type folded struct {
	shown
	account  int32
	position int64
	number   int64
	revision int32
	text     reference
	deleted  bool
}

// reference is how an event names a text.
type reference struct {
	ID     uuid.UUID     `json:"id"`
	Digest domain.Digest `json:"digest"`
}

// payload is what may stand in the open part of an event about a comment.
type payload struct {
	Number  int64      `json:"number"`
	Public  bool       `json:"public"`
	Content *reference `json:"content"`
	Subject *reference `json:"subject"`
	Author  struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"author"`
}

func foldLog(t *testing.T, log []logged) map[uuid.UUID]*thread {
	t.Helper()
	threads := map[uuid.UUID]*thread{}
	comments := map[uuid.UUID]*folded{}
	for _, e := range log {
		var p payload
		if err := json.Unmarshal(e.Data, &p); err != nil {
			t.Fatalf("event %d: %v", e.Position, err)
		}
		if threads[e.Ticket] == nil {
			threads[e.Ticket] = &thread{account: e.Account}
		}
		of := threads[e.Ticket]
		of.version, of.change = e.Version, e.ID
		if p.Content != nil || p.Subject != nil && p.Subject.Digest != (domain.Digest{}) {
			of.references++
		}
		if e.Comment == nil {
			continue
		}
		c := comments[*e.Comment]
		if e.Type == "comment.created" {
			c = &folded{account: e.Account, position: e.Position, number: p.Number}
			c.ID, c.TicketID, c.AuthorType = e.Comment.String(), e.Ticket.String(), p.Author.Type
			c.CreatedAt, c.UpdatedAt, c.IsInternal = e.RecordedAt.UTC().Truncate(time.Second), e.RecordedAt.UTC().Truncate(time.Second), !p.Public
			if c.AuthorUserID = &p.Author.ID; c.AuthorType == "CUSTOMER" {
				c.AuthorUserID, c.AuthorCustomerID = nil, &p.Author.ID
			}
			comments[*e.Comment] = c
			of.comments = append(of.comments, c)
		} else if at := e.RecordedAt.UTC().Truncate(time.Second); at.After(c.UpdatedAt) {
			c.UpdatedAt = at
		} else { // a change shows
			c.UpdatedAt = c.UpdatedAt.Add(time.Second)
		}
		c.revision = e.Version
		switch e.Type {
		case "comment.created", "comment.edited":
			c.text = *p.Content
		case "comment.made_private":
			c.IsInternal = true
		case "comment.made_public":
			c.IsInternal = false
		case "comment.deleted":
			c.deleted = true
		default:
			t.Fatalf("event %d is a %s", e.Position, e.Type)
		}
	}
	return threads
}

// live are the comments that are not deleted.
func (th *thread) live() []*folded {
	return slices.DeleteFunc(slices.Clone(th.comments), func(c *folded) bool { return c.deleted })
}

func (th *thread) shown() []shown {
	all := []shown{}
	for _, c := range th.live() {
		all = append(all, c.shown)
	}
	return all
}

// openTexts opens the texts of all comments, as the digests in the log demand, and
// checks that there is no text that no event names.
func (p *production) openTexts(t *testing.T, db *pgxpool.Pool, threads map[uuid.UUID]*thread) {
	t.Helper()
	root, err := vault.ParseRootKey(p.environment["COMMENTD_ROOT_KEY"])
	if err != nil {
		t.Fatal(err)
	}
	v := vault.New(vault.NewKeyring(db, root))
	type content struct {
		ID     uuid.UUID
		Bucket int64
		Sealed []byte
	}
	rows, err := db.Query(t.Context(), "SELECT content_id, bucket_id, sealed FROM log.contents")
	if err != nil {
		t.Fatal(err)
	}
	contents := map[uuid.UUID]content{}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[content])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		contents[c.ID] = c
	}
	references := 0
	for ticket, th := range threads {
		references += th.references
		for _, c := range th.comments {
			place := vault.OfComment(domain.AccountID(c.account), domain.TicketID(ticket),
				domain.CommentID(uuid.MustParse(c.ID)), domain.ContentID(c.text.ID))
			sealed := contents[c.text.ID]
			text, err := v.OpenVerified(t.Context(), place, sealed.Bucket, sealed.Sealed, c.text.Digest)
			if err != nil {
				t.Fatalf("comment %s: %v", c.ID, err)
			}
			document, err := vault.DecodeDocument(text)
			if err != nil {
				t.Fatalf("comment %s: %v", c.ID, err)
			}
			c.Content = document.Body
		}
	}
	if references != len(contents) {
		t.Errorf("the log names %d texts, there are %d", references, len(contents))
	}
}

// readModelRow is a row of threads.comments.
type readModelRow struct {
	Comment, Content uuid.UUID
	Position, Number int64
	Revision         int32
	Public           bool
}

// sameReadModel reports how the tables of the read model differ from the threads.
func sameReadModel(ctx context.Context, db *pgxpool.Pool, threads map[uuid.UUID]*thread) error {
	rows, err := db.Query(ctx, "SELECT comment_id, content_id, position, number, revision, public FROM threads.comments ORDER BY position")
	if err != nil {
		return err
	}
	have, err := pgx.CollectRows(rows, pgx.RowToStructByPos[readModelRow])
	if err != nil {
		return err
	}
	var want []readModelRow
	for _, th := range threads {
		for _, c := range th.live() {
			want = append(want, readModelRow{uuid.MustParse(c.ID), c.text.ID, c.position, c.number, c.revision, !c.IsInternal})
		}
	}
	slices.SortFunc(want, func(a, b readModelRow) int { return int(a.Position - b.Position) })
	if !slices.Equal(have, want) {
		return fmt.Errorf("the read model has %d comments, the log %d, or they are not the same", len(have), len(want))
	}
	rows, err = db.Query(ctx, `SELECT ticket_id, applied_version, last_change_id,
		(SELECT sum(n) FROM unnest(public_counts) n)::int, (SELECT sum(n) FROM unnest(internal_counts) n)::int FROM threads.tickets`)
	if err != nil {
		return err
	}
	type ticket struct {
		ID               uuid.UUID
		Version          int32
		Change           uuid.UUID
		Public, Internal int32
	}
	tickets, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ticket])
	if err != nil {
		return err
	}
	for _, have := range tickets {
		th := threads[have.ID]
		want := ticket{ID: have.ID, Version: th.version, Change: th.change}
		for _, c := range th.live() {
			if c.IsInternal {
				want.Internal++
			} else {
				want.Public++
			}
		}
		if have != want {
			return fmt.Errorf("of ticket %s the read model says %+v, the log %+v", have.ID, have, want)
		}
	}
	if len(tickets) != len(threads) {
		return fmt.Errorf("the read model has %d tickets, the log %d", len(tickets), len(threads))
	}
	return nil
}
