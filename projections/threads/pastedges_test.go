package threads_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// A long past comes in portions, in either direction, and all of it is seen at one
// moment of today.
func TestPastGivesAllInChunks(t *testing.T) {
	w := long(t, 1100) // more events than are folded at a time
	for _, viewer := range []domain.Actor{logtest.Agent.Actor, w.customer} {
		for _, desc := range []bool{false, true} {
			q := threads.PastQuery{At: threads.Moment{Version: eventstore.Version(w.events())}}
			if viewer == w.customer {
				q.At = threads.Moment{Time: time.Now().Add(time.Hour)}
			}
			q.ListQuery = threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: viewer, Desc: desc}
			comments, total, _ := list(logtest.Fold(t, w.log.Pool, 1, w.ticket), q.ListQuery)
			var want, got []string
			for _, c := range comments {
				want = append(want, w.wanted(c))
			}
			chunks := 0
			err := w.reader.StreamPast(t.Context(), q,
				func(p threads.Page) error {
					if p.Total != total {
						t.Errorf("%s: total %d, want %d", viewer.Kind, p.Total, total)
					}
					if !desc {
						w.update(w.comments[1000], w.text("too late"), nil)
					}
					return nil
				},
				func(comments []threads.Comment) error {
					if chunks++; len(comments) > 256 {
						t.Errorf("a chunk of %d comments", len(comments))
					}
					for _, c := range comments {
						got = append(got, shown(c))
					}
					return nil
				})
			if err != nil || chunks < 5 || !slices.Equal(got, want) {
				t.Errorf("%s, desc %v: StreamPast = %v in %d chunks; %d comments, want %d as they were", viewer.Kind, desc, err, chunks, len(got), len(want))
			}
		}
	}
}

func (w *world) events() (n int) {
	w.tb.Helper()
	if err := w.log.Pool.QueryRow(w.tb.Context(), "SELECT count(*) FROM log.events").Scan(&n); err != nil {
		w.tb.Fatal(err)
	}
	return n
}

// Long texts come in portions of few, so that memory does not grow with them.
func TestPortionsOfLongTexts(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	body := strings.Repeat("x", 60_000)
	id := w.create(logtest.Agent.Actor.Own(), true, body)
	for i := range 90 {
		w.update(id, w.text(fmt.Sprint(i, body)), nil)
	}
	most, seen := 0, 0
	count := func(n int) error {
		most, seen = max(most, n), seen+n
		return nil
	}
	err := w.reader.Versions(t.Context(), 1, w.ticket, id, logtest.Agent.Actor, func(v []threads.Version) error { return count(len(v)) })
	if err != nil || seen != 91 || most > 32 {
		t.Errorf("Versions = %v: %d, at most %d at a time", err, seen, most)
	}
	most, seen = 0, 0
	err = w.reader.History(t.Context(), threads.HistoryQuery{Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor},
		func(int) error { return nil }, func(e []threads.Entry) error { return count(len(e)) })
	if err != nil || seen != 92 || most > 32 {
		t.Errorf("History = %v: %d, at most %d at a time", err, seen, most)
	}
}

// An event that does not decode may be the one that hid its comment: customers were
// shown nothing of it, and are not. Those who may see notes see the rest.
func TestTornPast(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	id := w.create(logtest.Agent.Actor.Own(), true, "one")
	other := w.create(logtest.Agent.Actor.Own(), true, "two")
	no := false
	w.update(id, nil, &no)
	w.update(id, w.text("three"), nil)
	yes := true
	w.update(id, nil, &yes)
	w.log.Exec("UPDATE log.events SET data = 'x' WHERE type = 'comment.made_private'")
	for _, tt := range []struct {
		q    threads.PastQuery
		want []domain.CommentID
	}{
		{threads.PastQuery{ListQuery: threads.ListQuery{Viewer: w.customer}, At: threads.Moment{Time: time.Now()}}, []domain.CommentID{other}},
		{threads.PastQuery{ListQuery: threads.ListQuery{Viewer: logtest.Agent.Actor}, At: threads.Moment{Version: 5}, Audit: true, AsCustomer: true}, []domain.CommentID{other}},
		{threads.PastQuery{ListQuery: threads.ListQuery{Viewer: logtest.Agent.Actor}, At: threads.Moment{Version: 5}}, []domain.CommentID{id, other}},
	} {
		tt.q.Account, tt.q.Ticket = 1, w.ticket
		page, err := w.reader.Past(t.Context(), tt.q)
		var got []domain.CommentID
		for _, c := range page.Comments {
			got = append(got, c.ID)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s sees %v, %v; want %v", tt.q.Viewer.Kind, got, err, tt.want)
		}
	}
	err := w.reader.History(t.Context(), threads.HistoryQuery{Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor}, func(int) error { return nil },
		func(entries []threads.Entry) error {
			for _, e := range entries {
				if unreadable := e.Type == "comment.made_private"; unreadable != (e.Fact == nil) {
					t.Errorf("entry %d %s: %v", e.Version, e.Type, e.Fact)
				}
			}
			return nil
		})
	if err != nil {
		t.Error(err)
	}
}
