package logtest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Thread is what a thread should look like, folded from the log by code that has
// nothing in common with what is tested: the stored JSON, read as maps.
type Thread struct {
	events   []event
	Comments map[string]*Comment // by id, deleted ones too
	Status   string
	Subject  string // content id, or empty
	Customer string // the requester, or empty
	Number   int64
	Opened   time.Time
	Audits   []Audit // with at least one event that is shown
}

// Audit is a write as the log tells of it.
type Audit struct {
	Number  int64
	Version int      // of its last event that is shown
	Events  []string // kinds of those that are shown
	At      time.Time
}

type event struct {
	id       uuid.UUID
	at       time.Time
	internal bool
}

// Comment is a comment as the log tells of it.
type Comment struct {
	ID, Author, AuthorType, Content string
	Channel, Flags                  string // Flags as JSON
	Number, Audit                   int64
	Position                        eventstore.Position
	Revision                        int
	Public, Deleted                 bool
	Created, Updated                time.Time
}

// Fold reads the whole stream of a ticket.
func Fold(tb testing.TB, pool *pgxpool.Pool, account domain.AccountID, ticket domain.TicketID) *Thread {
	tb.Helper()
	return fold(tb, pool, account, ticket, func(int, time.Time) bool { return true })
}

// FoldTo reads the stream of a ticket up to a version.
func FoldTo(tb testing.TB, pool *pgxpool.Pool, account domain.AccountID, ticket domain.TicketID, to eventstore.Version) *Thread {
	tb.Helper()
	return fold(tb, pool, account, ticket, func(version int, _ time.Time) bool { return version <= int(to) })
}

// FoldBy reads what had happened on a ticket by a time.
func FoldBy(tb testing.TB, pool *pgxpool.Pool, account domain.AccountID, ticket domain.TicketID, moment time.Time) *Thread {
	tb.Helper()
	return fold(tb, pool, account, ticket, func(_ int, at time.Time) bool { return !at.After(moment) })
}

// Times returns when the events of the ticket happened, in the order of the log.
func (ref *Thread) Times() (times []time.Time) {
	for _, e := range ref.events {
		times = append(times, e.at)
	}
	return times
}

// fold reads the events of a ticket that are asked for.
func fold(tb testing.TB, pool *pgxpool.Pool, account domain.AccountID, ticket domain.TicketID, asked func(version int, at time.Time) bool) *Thread {
	tb.Helper()
	ref := &Thread{Comments: make(map[string]*Comment)}
	rows, err := pool.Query(context.Background(), `
		SELECT position, version, recorded_at, internal, event_id, coalesce(comment_id::text, ''), type, data
		  FROM log.events WHERE account_id = $1 AND ticket_id = $2 ORDER BY version`, account, uuid.UUID(ticket))
	if err != nil {
		tb.Fatal(err)
	}
	var position eventstore.Position
	var version int
	var e event
	var comment, kind string
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&position, &version, &e.at, &e.internal, &e.id, &comment, &kind, &data}, func() error {
		var open map[string]any
		if err := json.Unmarshal(data, &open); err != nil {
			return err
		}
		if e.at = e.at.UTC(); open["origin"] != nil {
			there, err := time.Parse(time.RFC3339Nano, open["origin"].(map[string]any)["at"].(string))
			if err != nil {
				return err
			}
			if there.Before(e.at) {
				e.at = there
			}
		}
		if !asked(version, e.at) {
			return nil
		}
		ref.events = append(ref.events, e)
		ref.add(position, version, e.at, e.internal, comment, kind, open)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return ref
}

func (ref *Thread) add(position eventstore.Position, version int, at time.Time, internal bool, comment, kind string, open map[string]any) {
	content := func() string {
		if m, ok := open["content"].(map[string]any); ok {
			return m["id"].(string)
		}
		return ""
	}
	audit := int64(open["audit"].(float64))
	if kind != "comment.edited" && kind != "comment.deleted" && kind != "content.erased" && kind != "obligation.completed" && kind != "chat.entry_added" && kind != "chat.redacted" &&
		!(kind == "ticket.changed" && internal) {
		n := len(ref.Audits)
		if n == 0 || ref.Audits[n-1].Number != audit {
			ref.Audits, n = append(ref.Audits, Audit{Number: audit, At: at}), n+1
		}
		ref.Audits[n-1].Version, ref.Audits[n-1].Events = version, append(ref.Audits[n-1].Events, kind)
	}
	c := ref.Comments[comment]
	if c != nil {
		c.Revision = version
		if next := c.Updated.Truncate(time.Second).Add(time.Second); at.Before(next) {
			c.Updated = next
		} else {
			c.Updated = at
		}
	}
	switch kind {
	case "ticket.opened", "ticket.changed":
		ref.Status = open["status"].(string)
		ref.Customer, _ = open["requester"].(string)
		ref.Subject = ""
		if m, ok := open["subject"].(map[string]any); ok {
			ref.Subject = m["id"].(string)
		}
		if kind == "ticket.opened" {
			ref.Number, ref.Opened = int64(open["number"].(float64)), at
		}
	case "comment.redacted":
		versions := open["contents"].([]any)
		c.Content = versions[len(versions)-1].(map[string]any)["new"].(map[string]any)["id"].(string)
	case "content.erased":
		switch {
		case c != nil:
			c.Content = ""
		case comment == "": // else of a chat
			ref.Subject = ""
		}
	case "comment.created":
		author := open["author"].(map[string]any)
		ref.Comments[comment] = &Comment{
			ID: comment, Author: author["id"].(string), AuthorType: author["type"].(string), Content: content(),
			Number: int64(open["number"].(float64)), Position: position, Revision: version,
			Public: open["public"].(bool), Created: at, Updated: at, Audit: audit, Channel: "api", Flags: "[]",
		}
		if name, ok := open["channel"].(string); ok {
			ref.Comments[comment].Channel = name
		}
		if flags, ok := open["flags"]; ok {
			list, _ := json.Marshal(flags)
			ref.Comments[comment].Flags = string(list)
		}
	case "comment.edited":
		c.Content = content()
	case "comment.made_private":
		c.Public = false
	case "comment.made_public":
		c.Public = true
	case "comment.deleted":
		c.Deleted = true
	}
}

// Seen is what somebody who may or may not see notes knows of the ticket as a whole.
func (ref *Thread) Seen(internal bool) (change uuid.UUID, updated time.Time) {
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
