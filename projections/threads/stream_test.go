package threads_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// long is a world with n comments, every seventh of them a note. The last events are
// not applied, and change comments all over the thread.
func long(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(t, logtest.New(t))
	for i := range n {
		w.create(logtest.Agent.Actor.Own(), i%7 != 0, fmt.Sprint(i))
	}
	w.apply(n + 1)
	flip := true
	for i := 0; i < n; i += n / 10 {
		w.update(w.comments[i], w.text("changed"), &flip)
	}
	w.remove(w.comments[1])
	w.create(logtest.Agent.Actor.Own(), true, "last")
	return w
}

func TestStreamGivesAllInChunks(t *testing.T) {
	w := long(t, 700)
	ref := logtest.Fold(t, w.log.Pool, 1, w.ticket)
	for _, viewer := range []domain.Actor{logtest.Agent.Actor, w.customer} {
		for _, desc := range []bool{false, true} {
			q := threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: viewer, Desc: desc, Limit: 3}
			var got []string
			chunks, begun := 0, 0
			err := w.reader.Stream(t.Context(), q,
				func(p threads.Page) error {
					begun++
					if _, total, _ := list(ref, q); p.Total != total {
						t.Errorf("%s: total %d, want %d", viewer.Kind, p.Total, total)
					}
					return nil
				},
				func(comments []threads.Comment) error {
					chunks++
					for _, c := range comments {
						got = append(got, shown(c))
					}
					if len(comments) > 256 {
						t.Errorf("a chunk of %d comments", len(comments))
					}
					return nil
				})
			if err != nil || begun != 1 || chunks < 3 {
				t.Errorf("Stream = %v with %d beginnings and %d chunks", err, begun, chunks)
			}
			q.Limit = 0
			var want []string
			comments, _, _ := list(ref, q)
			for _, c := range comments {
				want = append(want, w.wanted(c))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, desc %v: the stream is not the thread", viewer.Kind, desc)
			}
		}
	}
}

// All of a stream is as it was when it began, whatever happens meanwhile.
func TestStreamShowsOneMoment(t *testing.T) {
	w := long(t, 600)
	q := threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor}
	comments, _, _ := list(logtest.Fold(t, w.log.Pool, 1, w.ticket), q)
	var want, got []string
	for _, c := range comments {
		want = append(want, w.wanted(c))
	}
	err := w.reader.Stream(t.Context(), q,
		func(threads.Page) error {
			w.remove(w.comments[590])
			w.update(w.comments[500], w.text("too late"), nil)
			w.apply(1000)
			return nil
		},
		func(comments []threads.Comment) error {
			for _, c := range comments {
				got = append(got, shown(c))
			}
			return nil
		})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Stream = %v; %d of %d comments, or what became of them later", err, len(got), len(want))
	}
}

func TestStreamEndsWithItsReader(t *testing.T) {
	w := long(t, 600)
	enough := errors.New("enough")
	q := threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor}
	for range 20 { // more often than there are connections to keep
		err := w.reader.Stream(t.Context(), q, func(threads.Page) error { return nil },
			func([]threads.Comment) error { return enough })
		if err != enough {
			t.Fatalf("Stream = %v; want the error of its reader", err)
		}
	}
	q.Viewer = domain.Actor{Kind: domain.ActorCustomer, ID: domain.UserID(uuid.New())}
	if err := w.reader.Stream(t.Context(), q, nil, nil); !errors.Is(err, domain.ErrTicketNotFound) {
		t.Errorf("Stream for a stranger = %v; want %v", err, domain.ErrTicketNotFound)
	}
}

// A thread of texts that are large together passes through in parts.
func TestStreamOfLargeTexts(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	for range 3 {
		w.create(logtest.Agent.Actor.Own(), true, strings.Repeat("ü\"\\\n", 10_000))
	}
	page, err := w.reader.List(t.Context(), threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: w.customer})
	if err != nil || len(page.Comments) != 3 || unquoted(page.Comments[2].BodyJSON) != strings.Repeat("ü\"\\\n", 10_000) {
		t.Errorf("List = %d comments, %v", len(page.Comments), err)
	}
}

// Where texts are long a stream holds few of them at a time.
func TestStreamHoldsLittle(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	const n, size = 300, 40_000
	for range n {
		w.create(logtest.Agent.Actor.Own(), true, strings.Repeat("a", size))
	}
	w.apply(n + 1)
	got := 0
	err := w.reader.Stream(t.Context(), threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: w.customer},
		func(threads.Page) error { return nil },
		func(comments []threads.Comment) error {
			got += len(comments)
			if len(comments)*size > 2<<20 {
				t.Errorf("a chunk of %d comments of %d bytes", len(comments), size)
			}
			return nil
		})
	if err != nil || got != n {
		t.Errorf("Stream = %v with %d comments; want %d", err, got, n)
	}
}

// Those who take their time over long threads keep nobody from a short one, not even
// while the projector is behind.
func TestShortThreadWaitsForNoStream(t *testing.T) {
	w := long(t, 600)
	short := newWorld(t, w.log)
	short.reader = w.reader
	short.create(logtest.Agent.Actor.Own(), true, "not applied")
	received, enough := make(chan struct{}), make(chan struct{})
	var slow sync.WaitGroup
	defer slow.Wait()
	defer close(enough)
	nothing := func(threads.Page) error { return nil }
	for range w.log.Pool.Config().MaxConns / 2 {
		slow.Go(func() {
			q := threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor}
			err := w.reader.Stream(t.Context(), q, nothing, func([]threads.Comment) error {
				received <- struct{}{}
				<-enough
				return errEnough
			})
			if err != errEnough {
				t.Errorf("Stream = %v", err)
			}
		})
		<-received
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []threads.Comment
	q := threads.ListQuery{Account: 1, Ticket: short.ticket, Viewer: logtest.Agent.Actor}
	err := w.reader.Stream(ctx, q, nothing, func(comments []threads.Comment) error {
		got = append(got, comments...)
		return nil
	})
	if err != nil || len(got) != 1 {
		t.Errorf("Stream of a short thread = %v with %d comments, want 1", err, len(got))
	}
}

var errEnough = errors.New("enough")
