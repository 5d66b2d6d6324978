package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/client"
)

func TestComments(t *testing.T) {
	ctx, agent, ticket := within(t), as(t, "agent"), newTicket(t)
	first := say(t, agent, ticket, "Which printer?")
	if first.ETag == "" || first.AuthorType != client.Agent || first.TicketID != ticket || time.Since(first.CreatedAt) > time.Minute {
		t.Errorf("made: %+v", first)
	}
	private := true
	second, err := agent.CreateComment(ctx, ticket, client.NewComment{Content: "That customer again.", IsInternal: true})
	if err != nil || !second.IsInternal {
		t.Fatalf("%+v, %v", second, err)
	}
	text := "Which printer, please?"
	changed, err := agent.UpdateComment(ctx, ticket, first.ID, client.CommentChange{Content: &text, Match: first.ETag})
	if err != nil || changed.Content != text || changed.ETag == first.ETag {
		t.Fatalf("%+v, %v", changed, err)
	}
	var refused *client.Error
	if _, err := agent.UpdateComment(ctx, ticket, first.ID, client.CommentChange{IsInternal: &private, Match: first.ETag}); !errors.As(err, &refused) || refused.Code != client.CodeVersionConflict || refused.RequestID == "" {
		t.Errorf("changed behind somebody's back: %v", err)
	}
	if got, err := agent.Comment(ctx, ticket, first.ID); err != nil || got != changed && got.Content != text {
		t.Errorf("%+v, %v", got, err)
	}
	if hidden, err := as(t, "admin").MakePrivate(ctx, ticket, first.ID); err != nil || !hidden.IsInternal {
		t.Errorf("%+v, %v", hidden, err)
	}
	if err := agent.DeleteComment(ctx, ticket, first.ID); err != nil {
		t.Error(err)
	}
	if err := agent.DeleteComment(ctx, ticket, first.ID); !errors.As(err, &refused) || refused.Code != client.CodeNotFound {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := as(t, "customer").Comment(ctx, ticket, second.ID); !errors.As(err, &refused) || refused.Status != 404 {
		t.Errorf("a customer and a note: %v", err)
	}
	if _, err := agent.CreateComment(ctx, ticket, client.NewComment{}); !errors.As(err, &refused) || refused.Code != client.CodeValidationFailed || refused.Fields[0].Field != "content" {
		t.Errorf("an empty comment: %v", err)
	}
}

func TestLists(t *testing.T) {
	ctx, agent, ticket := within(t), as(t, "agent"), newTicket(t)
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprint(i))
		say(t, agent, ticket, want[i])
	}
	gather := func(o client.ListOptions) (got []string) {
		for c, err := range agent.Comments(ctx, ticket, o) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c.Content)
		}
		return got
	}
	if got := gather(client.ListOptions{PageSize: 10}); !slices.Equal(got, want) {
		t.Errorf("pages of 10: %q", got)
	}
	slices.Reverse(want)
	if got := gather(client.ListOptions{PageSize: 7, Newest: true}); !slices.Equal(got, want) {
		t.Errorf("newest first: %q", got)
	}
	internal := true
	if got := gather(client.ListOptions{Internal: &internal}); len(got) != 0 {
		t.Errorf("notes: %q", got)
	}
	for _, err := range agent.Comments(ctx, uuid.New(), client.ListOptions{}) {
		if err == nil {
			t.Error("an unknown ticket has comments")
		}
	}
	versions := 0
	for e, err := range as(t, "auditor").Events(ctx, ticket) {
		if err != nil {
			t.Fatal(err)
		}
		if versions++; e.Version != int64(versions) {
			t.Errorf("event %d has version %d", versions, e.Version)
		}
	}
	if versions != 26 {
		t.Errorf("%d events", versions)
	}
}

func TestRedaction(t *testing.T) {
	ctx, admin, ticket := within(t), as(t, "admin"), newTicket(t)
	comment := say(t, admin, ticket, "My PIN is 4711.")
	r, err := admin.Redact(ctx, ticket, comment.ID, client.Hide{Text: "4711"})
	if err != nil || r.Comment.Content != "My PIN is ▇▇▇▇." || r.Receipt == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for receipt := *r.Receipt; receipt.KeyDestroyedAt == nil; time.Sleep(50 * time.Millisecond) {
		if receipt, err = admin.Redaction(ctx, ticket, comment.ID, r.Receipt.EventID); err != nil {
			t.Fatal(err)
		}
	}
	versions, err := as(t, "auditor").Versions(ctx, ticket, comment.ID)
	if err != nil || len(versions) != 1 || versions[0].Content != "My PIN is ▇▇▇▇." {
		t.Errorf("%+v, %v", versions, err)
	}
}

func TestUsersAndLog(t *testing.T) {
	ctx, admin := within(t), as(t, "admin")
	id := uuid.New()
	u, err := admin.PutUser(ctx, id, client.UserChange{Role: client.Set("customer"), Name: client.Set("Cara Customer")})
	if err != nil || *u.Name != "Cara Customer" || u.Email != nil {
		t.Fatalf("%+v, %v", u, err)
	}
	if u, err = admin.PutUser(ctx, id, client.UserChange{Name: client.Null[string]()}); err != nil || u.Name != nil {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err = admin.User(ctx, id); err != nil || u.Role != "customer" || !u.Active {
		t.Errorf("%+v, %v", u, err)
	}
	auditor := as(t, "auditor")
	ticket := newTicket(t)
	var position int64
	for e, err := range auditor.Events(ctx, ticket) {
		if err != nil {
			t.Fatal(err)
		}
		position = e.Position
	}
	var head client.TreeHead
	for head.Size < position {
		if head, err = auditor.TreeHead(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if p, err := auditor.Inclusion(ctx, position); err != nil || p.Position != position || p.LeafHash == "" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := auditor.Consistency(ctx, 1, head.Size); err != nil || p.ToRootHash != head.RootHash {
		t.Errorf("%+v, %v", p, err)
	}
}

// lossy loses the answers to some requests after the service has seen to them.
type lossy struct{ lose int }

var errLost = errors.New("the answer is lost")

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || l.lose == 0 {
		return answer, err
	}
	l.lose--
	_, err = io.Copy(io.Discard, answer.Body)
	return nil, errors.Join(errLost, err, answer.Body.Close())
}

// TestLostAnswers: what was done is not done again, and what cannot be repeated is not.
func TestLostAnswers(t *testing.T) {
	ctx, ticket, transport := within(t), newTicket(t), &lossy{}
	admin := as(t, "admin", client.WithHTTPClient(&http.Client{Transport: transport}))
	transport.lose = 2
	comment := say(t, admin, ticket, "Once: 4711.")
	n := 0
	for _, err := range admin.Comments(ctx, ticket, client.ListOptions{}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 1 {
		t.Errorf("made %d times", n)
	}
	transport.lose = 1
	if _, err := admin.Redact(ctx, ticket, comment.ID, client.Hide{Text: "4711"}); !errors.Is(err, errLost) {
		t.Errorf("a redaction whose answer is lost: %v", err)
	}
	if got, err := admin.Comment(ctx, ticket, comment.ID); err != nil || got.Content != "Once: ▇▇▇▇." {
		t.Errorf("%+v, %v", got, err)
	}
	transport.lose = 1
	if err := admin.DeleteComment(ctx, ticket, comment.ID); err != nil {
		t.Errorf("a deletion whose answer is lost: %v", err)
	}
	never := as(t, "admin", client.WithHTTPClient(&http.Client{Transport: &lossy{lose: 9}}), client.WithRetries(0))
	if _, err := never.Ticket(ctx, ticket); !errors.Is(err, errLost) {
		t.Errorf("without repetitions: %v", err)
	}
}
