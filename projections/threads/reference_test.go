package threads_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/threads"
)

// reference is what a thread should look like, folded from the log by code that has
// nothing in common with what is tested: the stored JSON, read as maps.
type reference struct {
	events   []refEvent
	comments map[string]*refComment
	status   string
	subject  string
	customer string // the requester
	number   int64
	opened   time.Time
}

type refEvent struct {
	id       uuid.UUID
	at       time.Time
	internal bool
}

type refComment struct {
	id, author, authorType, content string
	number                          int64
	position                        eventstore.Position
	revision                        int
	public, deleted                 bool
	created, updated                time.Time
}

// fold reads the whole stream of a ticket.
func fold(tb testing.TB, pool *pgxpool.Pool, account domain.AccountID, ticket domain.TicketID) *reference {
	tb.Helper()
	ref := &reference{comments: make(map[string]*refComment)}
	rows, err := pool.Query(context.Background(), `
		SELECT position, version, recorded_at, internal, event_id, coalesce(comment_id::text, ''), type, data
		  FROM log.events WHERE account_id = $1 AND ticket_id = $2 ORDER BY version`, account, uuid.UUID(ticket))
	if err != nil {
		tb.Fatal(err)
	}
	var position eventstore.Position
	var version int
	var e refEvent
	var comment, kind string
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&position, &version, &e.at, &e.internal, &e.id, &comment, &kind, &data}, func() error {
		e.at = e.at.UTC()
		ref.events = append(ref.events, e)
		var open map[string]any
		if err := json.Unmarshal(data, &open); err != nil {
			return err
		}
		ref.add(position, version, e.at, comment, kind, open)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return ref
}

func (ref *reference) add(position eventstore.Position, version int, at time.Time, comment, kind string, open map[string]any) {
	content := func() string {
		if m, ok := open["content"].(map[string]any); ok {
			return m["id"].(string)
		}
		return ""
	}
	c := ref.comments[comment]
	if c != nil {
		c.revision = version
		if next := c.updated.Truncate(time.Second).Add(time.Second); at.Before(next) {
			c.updated = next
		} else {
			c.updated = at
		}
	}
	switch kind {
	case "ticket.opened", "ticket.changed":
		ref.status = open["status"].(string)
		ref.customer, _ = open["requester"].(string)
		ref.subject = ""
		if m, ok := open["subject"].(map[string]any); ok {
			ref.subject = m["id"].(string)
		}
		if kind == "ticket.opened" {
			ref.number, ref.opened = int64(open["number"].(float64)), at
		}
	case "comment.created":
		author := open["author"].(map[string]any)
		ref.comments[comment] = &refComment{
			id: comment, author: author["id"].(string), authorType: author["type"].(string), content: content(),
			number: int64(open["number"].(float64)), position: position, revision: version,
			public: open["public"].(bool), created: at, updated: at,
		}
	case "comment.edited":
		c.content = content()
	case "comment.made_private":
		c.public = false
	case "comment.made_public":
		c.public = true
	case "comment.deleted":
		c.deleted = true
	}
}

// seen is what somebody who may or may not see notes knows of the ticket as a whole.
func (ref *reference) seen(internal bool) (change uuid.UUID, updated time.Time) {
	for _, e := range ref.events {
		if e.internal && !internal {
			continue
		}
		change = e.id
		if next := updated.Truncate(time.Second).Add(time.Second); e.at.Before(next) {
			updated = next
		} else {
			updated = e.at
		}
	}
	return change, updated
}

// list is the answer to a query, by brute force.
func (ref *reference) list(q threads.ListQuery) (comments []*refComment, total int, more bool) {
	for _, c := range ref.comments {
		visible := !c.deleted && (c.public || q.Viewer.SeesInternal())
		if visible && (q.Internal == nil || *q.Internal != c.public) && (q.Author == 0 || q.Author.String() == c.authorType) {
			comments = append(comments, c)
		}
	}
	total = len(comments)
	slices.SortFunc(comments, func(a, b *refComment) int {
		if q.Desc {
			return int(b.position - a.position)
		}
		return int(a.position - b.position)
	})
	precedes := func(a, b eventstore.Position) bool { return a < b != q.Desc && a != b }
	comments = slices.DeleteFunc(comments, func(c *refComment) bool {
		return q.After != 0 && !precedes(q.After, c.position) || q.Before != 0 && !precedes(c.position, q.Before)
	})
	if q.Limit == 0 || len(comments) <= q.Limit {
		return comments, total, false
	}
	if q.Before != 0 && q.After == 0 {
		return comments[len(comments)-q.Limit:], total, true
	}
	return comments[:q.Limit], total, true
}
