package client_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/client"
)

// brittle ends the body of an answer somewhere.
type brittle struct{}

func (brittle) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, 200+rand.Int64N(3000)), answer.Body}
	}
	return answer, err
}

// TestFollow: through broken connections, restarts of the subscriber and a killed
// service, every event arrives, and in order; none is told twice but what was under way.
func TestFollow(t *testing.T) {
	ctx, ticket := within(t), newTicket(t)
	agent := as(t, "agent")
	const total = 60
	var writing sync.WaitGroup
	written := make([]uuid.UUID, total)
	writing.Go(func() {
		for i := range total {
			if i == total/2 {
				if err := errors.Join(dev.stop(syscall.SIGKILL), dev.start()); err != nil {
					t.Error(err)
				}
			}
			written[i] = say(t, agent, ticket, "x").ID
		}
	})
	cursor := client.FileCursor(filepath.Join(t.TempDir(), "cursor"))
	var got []uuid.UUID
	for len(got) < total {
		n := 0
		follower := as(t, "agent", client.WithHTTPClient(&http.Client{Transport: brittle{}}))
		for e, err := range follower.Follow(ctx, client.FollowOptions{Ticket: ticket, Types: []string{"comment.created"}, From: client.FromBeginning, Cursor: cursor}) {
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 || got[len(got)-1] != *e.CommentID { // it may come again after a restart of ours
				got = append(got, *e.CommentID)
			}
			if e.Comment == nil || e.Comment.Content != "x" || e.Cursor == "" {
				t.Errorf("%+v", e)
			}
			if n++; n == 17 || len(got) == total {
				break // without having saved the cursor
			}
		}
	}
	writing.Wait()
	if !slices.Equal(got, written) {
		t.Errorf("got %d events: %v\nwant %v", len(got), got, written)
	}
}

// TestFollowIsRefused: what will not get better ends it.
func TestFollowIsRefused(t *testing.T) {
	c, err := client.New(dev.info.BaseURL, "cmt_a_nobody")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range c.Follow(within(t), client.FollowOptions{}) {
		var refused *client.Error
		if n++; !errors.As(err, &refused) || refused.Code != client.CodeUnauthorized {
			t.Errorf("%v", err)
		}
	}
	if n != 1 {
		t.Errorf("told %d times", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, err := range as(t, "agent").Follow(ctx, client.FollowOptions{Ticket: newTicket(t)}) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	}
}

// TestSubscribe: every message of a ticket, once, in order, over restarts of the
// subscriber; and its text from where the message says.
func TestSubscribe(t *testing.T) {
	ctx, agent, ticket := within(t), as(t, "agent"), newTicket(t)
	conn, err := nats.Connect(dev.info.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	var written []uuid.UUID
	for range 10 {
		written = append(written, say(t, agent, ticket, "hello").ID)
	}
	cursor := client.FileCursor(filepath.Join(t.TempDir(), "cursor"))
	var got []uuid.UUID
	var last uint64
	for len(got) < len(written) {
		n := 0
		for m, err := range client.Subscribe(ctx, js, client.SubscribeOptions{Subjects: []string{"commentd.log.0.*.public.comment.created"}, Cursor: cursor}) {
			if err != nil {
				t.Fatal(err)
			}
			if m.Sequence <= last {
				continue // it was under way when this subscriber ended
			}
			if last = m.Sequence; m.TicketID == ticket {
				got = append(got, m.CommentID)
				c, err := agent.Resolve(ctx, m.DataRef)
				if err != nil || c.Content != "hello" || c.ID != m.CommentID || m.Type != "comment.created" || m.Internal {
					t.Errorf("%+v: %+v, %v", m, c, err)
				}
			}
			if n++; n == 4 || len(got) == len(written) {
				break
			}
		}
	}
	if !slices.Equal(got, written) {
		t.Errorf("got %v\nwant %v", got, written)
	}
	for _, reference := range []string{"", "::", "http://elsewhere.example/comments/1", "/v1/users/" + ticket.String()} {
		if _, err := agent.Resolve(ctx, reference); err == nil {
			t.Errorf("%q is resolved", reference)
		}
	}
}

// TestSubscribeToAnOutlet: what is public, once and in order, over restarts of the
// subscriber and over a stream that is made anew in between; and a chat is told by its id.
func TestSubscribeToAnOutlet(t *testing.T) {
	ctx, agent, ticket := within(t), as(t, "agent"), newTicket(t)
	dev.tool(t, "account", "outlet", "on", "demo", "public", "--from", "now")
	dev.tool(t, "account", "outlet", "admit", "demo", "public", "portal")
	t.Cleanup(func() { dev.tool(t, "account", "outlet", "off", "demo", "public") })
	conn, err := nats.Connect(dev.info.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream := client.OutletStream("demo", "public")
	cursor := client.FileCursor(filepath.Join(t.TempDir(), "cursor"))
	var written, got []uuid.UUID
	var sequence uint64
	for round := range 3 {
		for range 5 {
			written = append(written, say(t, agent, ticket, "hello").ID)
			if _, err := agent.CreateComment(ctx, ticket, client.NewComment{Content: "a note", IsInternal: true}); err != nil {
				t.Fatal(err)
			}
		}
		if round == 2 {
			if err := js.DeleteStream(ctx, stream); err != nil {
				t.Fatal(err)
			}
		}
		for m, err := range client.Subscribe(ctx, js, client.SubscribeOptions{Stream: stream, Consumer: "portal", Cursor: cursor}) {
			if err != nil {
				t.Fatal(err)
			}
			if m.TicketID == ticket && m.Type == "comment.created" && !slices.Contains(got, m.CommentID) { // the last one before a restart comes again
				got = append(got, m.CommentID)
			}
			if m.Sequence > sequence+1 || m.Version != 0 || m.Internal || m.Account != "demo" {
				t.Errorf("after %d: %+v", sequence, m)
			}
			sequence = m.Sequence
			if len(got) == len(written) {
				break
			}
		}
	}
	if !slices.Equal(got, written) {
		t.Errorf("got %v\nwant %v", got, written)
	}
	for _, err := range client.Subscribe(ctx, js, client.SubscribeOptions{Stream: stream, Consumer: "portal", Subjects: []string{"commentd.out.>"}}) {
		if err == nil {
			t.Error("a consumer that was made for the caller is given subjects")
		}
	}
}
