package zendesk_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestCreateRequest: a customer opens a ticket of their own, in public, whatever the body
// says of visibility and people.
func TestCreateRequest(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	var made struct {
		Request struct {
			ID          int64  `json:"id"`
			Subject     string `json:"subject"`
			Description string `json:"description"`
			RequesterID int64  `json:"requester_id"`
			Status      string `json:"status"`
		} `json:"request"`
		Users []struct {
			ID int64 `json:"id"`
		} `json:"users"`
	}
	r := a.must(201, "customer", "POST", "/api/v2/requests.json?include=users", fmt.Sprintf(
		`{"request":{"subject":"Fire","comment":{"body":"It **burns**","public":false,"author_id":%d},"requester":{"email":"agent@acme.example"},"status":"closed","priority":"low"}}`, a.numbers["agent"]))
	r.decode(t, &made)
	got := made.Request
	public := fmt.Sprint("/api/v2/requests/", got.ID)
	if got.Subject != "Fire" || got.Description != "It **burns**" || got.RequesterID != a.numbers["customer"] || got.Status != "open" ||
		len(made.Users) != 1 || made.Users[0].ID != a.numbers["customer"] || r.header.Get("Location") != a.url+public+".json" {
		t.Errorf("request = %s, Location %s", r.body, r.header.Get("Location"))
	}
	if again := a.must(200, "customer", "GET", public+".json?include=users", ""); string(again.body) != string(r.body) {
		t.Errorf("GET = %s; POST was %s", again.body, r.body)
	}
	a.must(404, "stranger", "GET", public, "")
	if c := a.comments("agent", fmt.Sprint("/api/v2/tickets/", got.ID, "/comments"))[0]; !c.Public || c.AuthorID != a.numbers["customer"] || strings.Contains(c.HTMLBody, "<strong>") {
		t.Errorf("comment = %+v", c)
	}
	a.must(201, "agent", "POST", "/api/v2/requests", `{"request":{"description":"by an agent"}}`).decode(t, &made)
	if made.Request.RequesterID != a.numbers["agent"] || made.Request.Description != "by an agent" {
		t.Errorf("an agent's request = %+v", made.Request)
	}
	for body, want := range map[string]int{
		`{"request":{"subject":"s"}}`: 422, `{"ticket":{"comment":"x"}}`: 422, `{"request":{"comment":{"body":"x","uploads":["t"]}}}`: 422,
		`{"request":{"comment":{"body":"x"},"subject":7}}`: 400, `{"request":{"comment":{"body":" "}}}`: 422,
	} {
		a.must(want, "customer", "POST", "/api/v2/requests", body)
	}
}

// TestRemarkFilters: since and role leave out what they leave out of pages, cursors and
// counts.
func TestRemarkFilters(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	by := map[string][]int64{}
	var all []int64
	for i := range 9 {
		who := []string{"customer", "agent", "relay"}[i%3]
		id, _ := a.comment(who, ticket, fmt.Sprint("text ", i), false)
		a.comment("agent", ticket, "a note", true)
		all, by[who] = append(all, id), append(by[who], id)
	}
	a.age("w.position") // the ticket is at 1, its public comments at 2, 4, 6 and so on
	at := func(position int) string { return fmt.Sprintf("2026-01-02T03:00:%02dZ", position) }
	var agents []int64
	for i, id := range all {
		if i%3 != 0 {
			agents = append(agents, id)
		}
	}
	for query, want := range map[string][]int64{
		"": all, "&role=": all, "&role=end_user": by["customer"], "&role=agent": agents, "&sort_by=updated_at": all,
		"&since=" + at(0): all, "&since=" + at(8): all[3:], "&since=" + at(9): all[4:], "&since=2026-01-02T04:00:09+01:00": all[4:], "&since=" + at(50): nil,
		"&role=end_user&since=" + at(8): by["customer"][1:],
	} {
		for _, size := range []int{2, 100} {
			flat := func(pages [][]int64) (ids []int64) {
				for _, page := range pages {
					ids = append(ids, page...)
				}
				return ids
			}
			path := fmt.Sprintf("%s/comments?page[size]=%d%s", ticket.public, size, query)
			if got := flat(a.walk("customer", path, byCursor)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v; want %v", path, got, want)
			}
			path = fmt.Sprintf("%s/comments?per_page=%d%s", ticket.public, size, query)
			if got := flat(a.walk("customer", path, byNumber)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v; want %v", path, got, want)
			}
			if l := a.list("customer", path); *l.Count != len(want) {
				t.Errorf("%s counts %d; want %d", path, *l.Count, len(want))
			}
		}
	}
	for _, query := range []string{"since=yesterday", "since=2026-01-02", "since=9999-12-31T00:00:00Z", "role=admin", "sort_by=id"} {
		a.must(400, "customer", "GET", ticket.public+"/comments?"+query, "")
	}
	a.must(400, "agent", "GET", ticket.path+"/comments?sort_by=updated_at", "")
}

// TestRequestsHoldNoNotes: what an agent is shown of a request is the same, byte for byte,
// whether or not there are notes in between.
func TestRequestsHoldNoNotes(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	quiet, noted := a.ticket(), a.ticket()
	names := map[int64]string{quiet.number: "TICKET", noted.number: "TICKET"}
	for i := range 3 {
		a.comment("agent", noted, "a note", true)
		for _, ticket := range []thread{quiet, noted} {
			id, _ := a.comment("customer", ticket, fmt.Sprint("text ", i), false)
			names[id] = fmt.Sprint("COMMENT", i)
		}
	}
	show := func(ticket thread, query string) string {
		body := a.must(200, "customer", "GET", ticket.public+query, "").body
		return cursors.ReplaceAllString(plain(a, ticket, body, names), "CURSOR")
	}
	for _, query := range []string{"?include=users", "/comments?include=users&per_page=2", "/comments?page[size]=2", "/comments?role=agent", "/comments?since=2020-01-01T00:00:00Z&per_page=1"} {
		if a, b := show(quiet, query), show(noted, query); a != b {
			t.Errorf("%s without notes\n%s\nand with them\n%s", query, a, b)
		}
	}
}
