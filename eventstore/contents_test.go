package eventstore_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestContents: whatever text an event brings is stored with it, and no other.
func TestContents(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	opening := i.create(t, domain.TicketID(uuid.New()), "opens the ticket")
	opening.OpensTicket = i.numbers(t).Subject
	plain := i.create(t, opening.Ticket, "first text")
	ticket := domain.TicketID(uuid.New())
	put := func(status domain.Status, subject *domain.Text) domain.PutTicket {
		return domain.PutTicket{
			Account: account, Ticket: ticket, By: domain.By{Actor: agent}, Status: &status, Subject: &subject, Numbers: i.numbers(t),
		}
	}
	edit := func(body string) domain.UpdateComment {
		return domain.UpdateComment{Account: account, Ticket: plain.Ticket, Comment: plain.Comment, By: plain.By, Text: text(body), Audit: 9}
	}
	hidden := edit("first text")
	hidden.Public = new(bool)
	for _, cmd := range []domain.Command{
		opening, plain, edit("first text"), hidden, edit("second text"),
		put(domain.StatusNew, text("first subject")), put(domain.StatusOpen, text("first subject")),
		put(domain.StatusOpen, text("second subject")), put(domain.StatusOpen, nil),
	} {
		if _, err := i.Execute(t.Context(), cmd, nil); err != nil {
			t.Fatalf("Execute(%T): %v", cmd, err)
		}
	}

	places := map[uuid.UUID]vault.Place{}
	digests := map[uuid.UUID]domain.Digest{}
	for _, e := range i.all(t) {
		fact, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		var brought *domain.ContentRef
		switch fact := fact.(type) {
		case domain.CommentCreated:
			brought = &fact.Content
		case domain.CommentEdited:
			brought = &fact.Content
		case domain.TicketOpened:
			brought = fact.Subject
		case domain.TicketChanged:
			brought = fact.Subject
		}
		if brought == nil || brought.Digest == (domain.Digest{}) {
			continue
		}
		places[uuid.UUID(brought.ID)] = vault.OfComment(account, e.Ticket, e.Comment, brought.ID)
		digests[uuid.UUID(brought.ID)] = brought.Digest
	}
	rows, err := i.pool.Query(t.Context(), "SELECT content_id, bucket_id, sealed FROM log.contents")
	if err != nil {
		t.Fatal(err)
	}
	var id uuid.UUID
	var bucket int64
	var sealed []byte
	var bodies []string
	if _, err := pgx.ForEachRow(rows, []any{&id, &bucket, &sealed}, func() error {
		place, ok := places[id]
		if !ok {
			t.Errorf("content %s is of no event", id)
			return nil
		}
		delete(places, id)
		document, err := i.vault.OpenVerified(t.Context(), place, bucket, sealed, digests[id])
		if err != nil {
			return err
		}
		d, err := vault.DecodeDocument(document)
		bodies = append(bodies, d.Body)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(places) > 0 {
		t.Errorf("events brought contents that are not stored: %v", slices.Collect(maps.Keys(places)))
	}
	slices.Sort(bodies)
	if want := []string{"first subject", "first text", "opens the ticket", "second subject", "second text"}; !slices.Equal(bodies, want) {
		t.Errorf("stored are %q; want %q", bodies, want)
	}
}
