package threads_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// Whatever happens, and however far the projector has come, the answers are those of
// the reference: rows, tail and all mixtures of them.
func TestAnswersAreThoseOfTheReference(t *testing.T) {
	l := logtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, l)
		for range rapid.IntRange(1, 6).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 8).Draw(rt, "events") {
				w.happen(rt)
			}
			for range rapid.IntRange(0, 2).Draw(rt, "batches") {
				w.apply(rapid.IntRange(1, 12).Draw(rt, "batch"))
			}
			w.check(rt)
		}
		w.apply(1000)
		w.check(rt)
	})
}

// check compares everything that a customer and an agent can ask.
func (w *world) check(rt *rapid.T) {
	ref := logtest.Fold(w.tb, w.log.Pool, w.account, w.ticket)
	for _, viewer := range []domain.Actor{logtest.Agent.Actor, w.customer} {
		w.checkTicket(rt, ref, viewer)
		w.checkComments(rt, ref, viewer)
		for range 4 {
			w.checkList(rt, ref, viewer)
		}
	}
}

func (w *world) checkList(rt *rapid.T, ref *logtest.Thread, viewer domain.Actor) {
	q := threads.ListQuery{
		Account: w.account, Ticket: w.ticket, Viewer: viewer,
		Desc:   rapid.Bool().Draw(rt, "desc"),
		Limit:  rapid.IntRange(0, 5).Draw(rt, "limit"),
		Author: domain.AuthorType(rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, -1, -2, -3}).Draw(rt, "author")),
	}
	if rapid.Bool().Draw(rt, "filtered") {
		internal := rapid.Bool().Draw(rt, "internal")
		q.Internal = &internal
	}
	position := func(label string) eventstore.Position {
		if len(w.comments) == 0 {
			return 1
		}
		return ref.Comments[rapid.SampledFrom(w.comments).Draw(rt, label).String()].Position
	}
	switch rapid.IntRange(0, 3).Draw(rt, "cursors") {
	case 1:
		q.After = position("after")
	case 2:
		q.Before = position("before")
	case 3:
		q.After, q.Before = position("after"), position("before")
	}
	if rapid.Bool().Draw(rt, "from") {
		q.From = position("from on")
	}
	if rapid.Bool().Draw(rt, "skip") {
		q.Skip = rapid.IntRange(0, len(w.comments)+1).Draw(rt, "skipped")
	}
	q.Whole = rapid.Bool().Draw(rt, "whole")
	page, err := w.reader.List(context.Background(), q)
	for _, c := range page.Comments {
		w.checkWhole(rt, c, q.Whole)
	}
	if err != nil {
		rt.Fatalf("List(%+v): %v", q, err)
	}
	comments, total, more := list(ref, q)
	var want, got []string
	for _, c := range comments {
		want = append(want, w.wanted(c))
	}
	for _, c := range page.Comments {
		got = append(got, shown(c))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("List(%+v) at applied version %d (-want +got):\n%s", q, w.applied, diff)
	}
	if page.Total != total || page.More != more {
		rt.Fatalf("List(%+v) = total %d, more %v; want %d, %v", q, page.Total, page.More, total, more)
	}
	w.checkThread(rt, ref, viewer, page.Thread)
}

func (w *world) checkThread(rt *rapid.T, ref *logtest.Thread, viewer domain.Actor, got threads.Thread) {
	change, updated := ref.Seen(viewer.SeesInternal())
	if uuid.UUID(got.ChangeID) != change || !got.UpdatedAt.Equal(updated) {
		rt.Fatalf("%s sees change %s at %s; want %s at %s", viewer.Kind, got.ChangeID, got.UpdatedAt, change, updated)
	}
}

func (w *world) checkTicket(rt *rapid.T, ref *logtest.Thread, viewer domain.Actor) {
	ctx := context.Background()
	got, err := w.reader.Ticket(ctx, w.account, w.ticket, viewer)
	if err != nil {
		rt.Fatalf("Ticket: %v", err)
	}
	w.checkThread(rt, ref, viewer, got.Thread)
	subject := "nothing"
	if ref.Subject != "" {
		subject = w.bodies[ref.Subject]
	}
	_, total, _ := list(ref, threads.ListQuery{Viewer: viewer})
	if got.Number != ref.Number || string(got.Status) != ref.Status || got.Requester.String() != ref.Customer ||
		!got.OpenedAt.Equal(ref.Opened) || unquoted(got.SubjectJSON) != subject || got.Count(0, nil) != total {
		rt.Fatalf("Ticket = %+v; want %+v with %d comments", got, ref, total)
	}
	if id, err := w.reader.TicketByNumber(ctx, w.account, viewer, ref.Number); err != nil || id != w.ticket {
		rt.Fatalf("TicketByNumber(%d) = %s, %v; want %s", ref.Number, id, err, w.ticket)
	}
	id, err := w.reader.Validator(ctx, w.account, w.ticket, viewer)
	if err != nil || id != got.ChangeID {
		rt.Fatalf("Validator = %s, %v; want that of the ticket, %s", id, err, got.ChangeID)
	}
}

func (w *world) checkComments(rt *rapid.T, ref *logtest.Thread, viewer domain.Actor) {
	for _, id := range w.comments {
		c := ref.Comments[id.String()]
		w.checkNumbers(rt, id, c, viewer)
		got, err := w.reader.Get(context.Background(), w.account, w.ticket, id, viewer)
		if c.Deleted || !c.Public && !viewer.SeesInternal() {
			if !errors.Is(err, domain.ErrNotFound) {
				rt.Fatalf("Get of what %s may not see = %+v, %v; want %v", viewer.Kind, got, err, domain.ErrNotFound)
			}
			continue
		}
		if want := w.wanted(c); err != nil || shown(got) != want {
			rt.Fatalf("Get = %s, %v; want %s", shown(got), err, want)
		}
	}
}

// checkWhole compares all that is sealed with a comment with what was written.
func (w *world) checkWhole(rt *rapid.T, c threads.Comment, whole bool) {
	if !whole {
		if c.Document != nil {
			rt.Fatalf("%+v comes with what was not asked for", c)
		}
		return
	}
	want, ok := w.written[c.Content.String()]
	if !ok {
		want = domain.Body{Text: w.bodies[c.Content.String()]}
	}
	if c.Document == nil || !c.Document.Body.Equal(want) {
		rt.Fatalf("%+v says %+v; want %+v", c, c.Document, want)
	}
}

// checkNumbers looks a comment up by its number.
func (w *world) checkNumbers(rt *rapid.T, id domain.CommentID, c *logtest.Comment, viewer domain.Actor) {
	ctx := context.Background()
	got, err := w.reader.CommentByNumber(ctx, w.account, viewer, w.ticket, c.Number)
	if c.Deleted || !c.Public && !viewer.SeesInternal() {
		if !errors.Is(err, domain.ErrNotFound) {
			rt.Fatalf("CommentByNumber of what %s may not see = %s, %v; want %v", viewer.Kind, got, err, domain.ErrNotFound)
		}
		return
	}
	if err != nil || got != id {
		rt.Fatalf("CommentByNumber(%d) = %s, %v; want %s", c.Number, got, err, id)
	}
	if found, err := w.reader.GetWhole(ctx, w.account, w.ticket, id, viewer); err != nil {
		rt.Fatalf("GetWhole: %v", err)
	} else {
		w.checkWhole(rt, found, true)
	}
}

func (w *world) wanted(c *logtest.Comment) string {
	return fmt.Sprintln(c.ID, c.AuthorType, c.Author, c.Public, c.Number, int64(c.Position), c.Revision, c.Content,
		c.Created.UnixMicro(), c.Updated.UnixMicro(), w.bodies[c.Content], c.Audit, c.Channel, c.Flags)
}

func shown(c threads.Comment) string {
	return fmt.Sprintln(c.ID, c.Author.Type, c.Author.ID, c.Public, c.Number, int64(c.Position), c.Revision, c.Content,
		c.CreatedAt.UnixMicro(), c.UpdatedAt.UnixMicro(), unquoted(c.BodyJSON), c.Audit, c.Channel, flagList(c.Flags))
}

// unquoted is the text of a JSON string.
func unquoted(literal []byte) string {
	if literal == nil {
		return "nothing"
	}
	var text string
	if err := json.Unmarshal(literal, &text); err != nil {
		panic(err)
	}
	return text
}

// flagList is a set of flags as the log has it.
func flagList(f domain.Flags) string {
	text, err := json.Marshal(append([]int{}, f.List()...))
	if err != nil {
		panic(err)
	}
	return string(text)
}
