package v1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// takeOver writes to a ticket of the customer what was said elsewhere, by the agent, at a time.
// It opens the ticket if number is not 0.
func (a *account) takeOver(path string, number, audit int64, at time.Time, said string) {
	a.t.Helper()
	drawn, err := a.store.Numbers().Draw(a.t.Context(), a.id, domain.NumbersPerWrite)
	if err != nil {
		a.t.Fatal(err)
	}
	agent, customer := domain.Actor{Kind: domain.ActorAgent, ID: a.users["agent"]}, a.users["customer"]
	cmd := domain.WriteTicket{
		Account: a.id, Ticket: domain.TicketID(uuid.MustParse(strings.TrimPrefix(path, "/v1/tickets/"))), By: domain.By{Actor: agent},
		Comment: domain.CommentID(uuid.Must(uuid.NewV7())),
		Say: &domain.NewComment{Author: agent.Own(), Text: &domain.Text{
			Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: said,
		}},
		Numbers: domain.Numbers{Audit: drawn, Subject: drawn + 1}, Origin: &domain.Origin{Audit: audit, At: at},
	}
	if number != 0 {
		requester := &customer
		cmd.Opens, cmd.Requester = number, &requester
	}
	if _, err := a.store.Execute(a.t.Context(), cmd, nil); err != nil {
		a.t.Fatal(err)
	}
}

// TestTakenOver: what comes from elsewhere stands in the thread as it came, has the time of
// there, and is in the past from then on; so does what came later, and had happened before.
func TestTakenOver(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{}).historian()
	ticket := "/v1/tickets/" + uuid.NewString()
	first := time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC)
	a.takeOver(ticket, 35436, 360001, first, "one")
	a.takeOver(ticket, 0, 360002, first.Add(time.Hour), "two")
	began := time.Now().UTC().Truncate(time.Second)
	a.comment("customer", ticket, "here", false)
	a.takeOver(ticket, 0, 360003, first.Add(time.Minute), "late")

	var shown struct {
		Number    int64     `json:"number"`
		CreatedAt time.Time `json:"created_at"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	if err := json.Unmarshal(a.must(200, "agent", "GET", ticket, "").body, &shown); err != nil {
		t.Fatal(err)
	}
	if shown.Number != 35436 || !shown.CreatedAt.Equal(first) || shown.UpdatedAt.Before(began) {
		t.Errorf("the ticket is %+v; want number 35436, opened %v, changed since %v", shown, first, began)
	}
	for _, as := range []string{"agent", "customer"} {
		var said, times []string
		for _, c := range a.list(as, ticket) {
			said = append(said, c.Content)
			if c.Content != "here" {
				times = append(times, c.CreatedAt)
			}
		}
		if got := strings.Join(said, " "); got != "one two here late" {
			t.Errorf("%s sees %s; want the order in which it came", as, got)
		}
		if got := strings.Join(times, " "); got != "2014-02-03T04:05:06Z 2014-02-03T05:05:06Z 2014-02-03T04:06:06Z" {
			t.Errorf("%s sees it happen at %s", as, got)
		}
		for moment, want := range map[string]string{
			"2014-02-03T04:05:05Z": "", "2014-02-03T04:05:06Z": "one", "2014-02-03T04:30:00Z": "one late", "2014-02-03T05:05:06Z": "one two late",
			began.Add(-time.Second).Format(time.RFC3339): "one two late", began.Add(time.Hour).Format(time.RFC3339): "one two here late",
		} {
			var then []comment
			a.must(200, as, "GET", ticket+"/comments?as_of="+moment, "").decode(t, &then)
			var said []string
			for _, c := range then {
				said = append(said, c.Content)
			}
			if got := strings.Join(said, " "); got != want {
				t.Errorf("%s sees %q as of %s; want %q", as, got, moment, want)
			}
		}
	}

	var events []struct {
		Type       string    `json:"type"`
		RecordedAt time.Time `json:"recorded_at"`
		Origin     *struct {
			Audit int64  `json:"audit"`
			At    string `json:"at"`
		} `json:"origin"`
	}
	if err := json.Unmarshal(a.must(200, "auditor", "GET", ticket+"/events", "").body, &events); err != nil {
		t.Fatal(err)
	}
	want := []int64{360001, 360001, 360002, 0, 360003}
	if len(events) != len(want) {
		t.Fatalf("there are %d events; want %d", len(events), len(want))
	}
	for i, e := range events {
		switch {
		case e.RecordedAt.Before(began.Add(-time.Hour)):
			t.Errorf("%s was recorded at %v", e.Type, e.RecordedAt)
		case (e.Origin == nil) != (want[i] == 0), e.Origin != nil && e.Origin.Audit != want[i]:
			t.Errorf("%s comes from %+v; want audit %d", e.Type, e.Origin, want[i])
		}
	}
	var versions []struct {
		CreatedAt time.Time `json:"created_at"`
	}
	path := ticket + "/comments/" + a.list("agent", ticket)[0].ID
	a.must(200, "agent", "PATCH", path, `{"content":"edited"}`)
	if err := json.Unmarshal(a.must(200, "auditor", "GET", path+"/versions", "").body, &versions); err != nil {
		t.Fatal(err)
	}
	if len(versions) != 2 || !versions[0].CreatedAt.Equal(first) || versions[1].CreatedAt.Before(began) {
		t.Errorf("its versions are %+v; want one of %v and one of now", versions, first)
	}
	if at := events[4].Origin.At; at != "2014-02-03T04:06:06.000000Z" {
		t.Errorf("the last one happened at %s", at)
	}
}

// TestSubscribersHearWhenItCame: an event is of when it was recorded, its comment of when it was
// made elsewhere.
func TestSubscribersHearWhenItCame(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	a.hook(r, `"types":["comment.created"],"text":true`)
	a.dispatch()
	began := time.Now()
	a.takeOver("/v1/tickets/"+uuid.NewString(), 35436, 360001, time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC), "one")
	posted := r.await(1)[0]
	live := a.follow(t, "customer", "?from=beginning&type=comment.created", "").take(1)[0].data
	for name, told := range map[string]struct {
		at      string
		comment *comment
	}{"a webhook": {posted.Time, posted.Data.Comment}, "whoever follows": {live.RecordedAt, live.Comment}} {
		at, err := time.Parse(time.RFC3339Nano, told.at)
		if err != nil || at.Before(began.Add(-time.Hour)) {
			t.Errorf("%s hears of an event of %s, %v", name, told.at, err)
		}
		if told.comment == nil || told.comment.CreatedAt != "2014-02-03T04:05:06Z" {
			t.Errorf("%s hears of %+v", name, told.comment)
		}
	}
}
