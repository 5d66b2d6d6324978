package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// exchanged is an answer without what is new in every answer.
type exchanged struct {
	Status int
	Header http.Header
	Body   string
}

// ask makes a request and returns all of the answer that could tell one world from
// another one.
func (tt tenant) ask(t *testing.T, method, path, body string, headers ...string) exchanged {
	t.Helper()
	request, err := http.NewRequest(method, tt.api+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+tt.key)
	request.Header.Set("X-Request-Id", "same")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := loadClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Header.Del("Date")
	return exchanged{response.StatusCode, response.Header, string(answer)}
}

// tenant is an account as its agent uses it.
type tenant struct{ api, key string }

// TestTenantsApart has one account ask for everything that it could have learned of
// another one. Every answer is, to the byte, what it is for ids that nobody has.
func TestTenantsApart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	const scopes = "comments:read,comments:write,comments:delete,comments:act_as,tickets:write,audit:read,admin"
	ownKey, _ := p.newAccount(t, "owner", scopes)
	strangeKey, _ := p.newAccount(t, "stranger", scopes)
	api := p.instances(t, "api,relay,projector,worker")[0].url
	owner, stranger := tenant{api, ownKey}, tenant{api, strangeKey}

	ticket, person, nobody := uuid.NewString(), uuid.NewString(), uuid.NewString()
	owner.ask(t, "PUT", "/v1/users/"+person, `{"role":"customer","name":"Pat","email":"pat@example.com"}`)
	owner.ask(t, "PUT", "/v1/tickets/"+ticket, fmt.Sprintf(`{"subject":"Mine","requester_id":%q}`, person))
	var comments []shown
	for n := range 5 {
		var c shown
		made := owner.ask(t, "POST", "/v1/tickets/"+ticket+"/comments", fmt.Sprintf(`{"content":"number %d","is_internal":%t}`, n, n%2 == 1), "Idempotency-Key", fmt.Sprint("key ", n))
		if err := json.Unmarshal([]byte(made.Body), &c); err != nil || made.Status != 201 {
			t.Fatalf("POST = %+v, %v", made, err)
		}
		comments = append(comments, c)
	}
	list := owner.ask(t, "GET", "/v1/tickets/"+ticket+"/comments?limit=2", "")
	cursor := regexp.MustCompile(`after=([^&>]+)`).FindStringSubmatch(list.Header.Get("Link"))
	one := owner.ask(t, "GET", "/v1/tickets/"+ticket+"/comments/"+comments[0].ID, "")
	if cursor == nil || one.Header.Get("Etag") == "" || list.Header.Get("Etag") == "" {
		t.Fatalf("the owner gets %+v and %+v", list, one)
	}

	// The stranger asks for what the owner has, and for what nobody has.
	compare := func(method, path, body string, headers ...string) {
		t.Helper()
		got := stranger.ask(t, method, path, body, headers...)
		unknown := func(text string) string {
			for _, id := range []string{ticket, person} {
				text = strings.ReplaceAll(text, id, nobody)
			}
			for _, c := range comments {
				text = strings.ReplaceAll(text, c.ID, nobody)
			}
			return text
		}
		want := stranger.ask(t, method, unknown(path), unknown(body), headers...)
		if !reflect.DeepEqual(got, want) || got.Status < 400 {
			t.Errorf("%s %s %v:\n%+v\nunknown ids:\n%+v", method, path, headers, got, want)
		}
	}
	thread := "/v1/tickets/" + ticket + "/comments"
	for _, path := range []string{"/v1/tickets/" + ticket, "/v1/users/" + person, thread, thread + "?limit=2", thread + "?limit=2&after=" + cursor[1],
		thread + "?is_internal=true", thread + "/" + comments[0].ID, thread + "/" + comments[1].ID, "/v1/tickets/" + nobody + "/comments/" + comments[0].ID} {
		compare("GET", path, "")
		compare("HEAD", path, "")
		for _, etag := range []string{list.Header.Get("Etag"), one.Header.Get("Etag"), "*"} {
			compare("GET", path, "", "If-None-Match", etag)
		}
	}
	for n, c := range comments[:2] {
		compare("POST", thread, quoted(fmt.Sprint("number ", n)), "Idempotency-Key", fmt.Sprint("key ", n))
		for _, match := range [][]string{nil, {"If-Match", one.Header.Get("Etag")}, {"If-Match", "*"}} {
			compare("PATCH", thread+"/"+c.ID, quoted("mine now"), match...)
			compare("PATCH", thread+"/"+c.ID, `{"is_internal":false}`, match...)
			compare("DELETE", thread+"/"+c.ID, "", match...)
		}
	}

	// With a ticket of its own of the same id, the stranger still sees nothing of the owner's.
	if got := stranger.ask(t, "PUT", "/v1/tickets/"+ticket, `{"subject":"Mine too"}`); got.Status != 201 {
		t.Errorf("PUT of the same ticket id = %+v; want 201", got)
	}
	compareOwn := func(method, path, body string, headers ...string) {
		t.Helper()
		got := stranger.ask(t, method, path, body, headers...)
		for _, c := range comments {
			path = strings.ReplaceAll(path, c.ID, nobody)
		}
		if want := stranger.ask(t, method, path, body, headers...); !reflect.DeepEqual(got, want) || got.Status != 404 {
			t.Errorf("%s %s %v:\n%+v\nunknown comment:\n%+v", method, path, headers, got, want)
		}
	}
	for _, c := range comments {
		compareOwn("GET", thread+"/"+c.ID, "")
		compareOwn("GET", thread+"/"+c.ID, "", "If-None-Match", one.Header.Get("Etag"))
		compareOwn("PATCH", thread+"/"+c.ID, quoted("mine now"))
		compareOwn("DELETE", thread+"/"+c.ID, "", "If-Match", "*")
	}
	if got := stranger.ask(t, "GET", thread, "", "If-None-Match", list.Header.Get("Etag")); got.Status != 200 || got.Body != "[]" || got.Header.Get("X-Total-Count") != "0" {
		t.Errorf("the stranger's own thread is %+v", got)
	}
	if got := stranger.ask(t, "GET", thread+"?limit=2&after="+cursor[1], ""); got.Status != 400 && got.Body != "[]" {
		t.Errorf("the owner's cursor gives the stranger %+v", got)
	}
	for n, c := range comments {
		made := stranger.ask(t, "POST", thread, quoted(fmt.Sprint("number ", n)), "Idempotency-Key", fmt.Sprint("key ", n))
		if made.Status != 201 || made.Header.Get("Idempotent-Replayed") != "" || strings.Contains(made.Body, c.ID) {
			t.Errorf("the owner's idempotency key gives the stranger %+v", made)
		}
	}
	if got := stranger.ask(t, "PUT", "/v1/users/"+person, `{"role":"customer","name":"Sam","email":"pat@example.com"}`); got.Status != 201 || strings.Contains(got.Body, "Pat") {
		t.Errorf("the owner's person, put by the stranger, is %+v", got)
	}

	// The owner has noticed nothing.
	if got := owner.ask(t, "GET", "/v1/tickets/"+ticket+"/comments?limit=2", ""); !reflect.DeepEqual(got, list) {
		t.Errorf("the owner's list was\n%+v\nand is\n%+v", list, got)
	}
	if got := listed(t, api, ownKey, ticket); !slices.EqualFunc(got, comments, func(a, b shown) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("the owner's thread was\n%+v\nand is\n%+v", comments, got)
	}
	if got := owner.ask(t, "GET", "/v1/users/"+person, ""); !strings.Contains(got.Body, `"Pat"`) {
		t.Errorf("the owner's person is %+v", got)
	}
}
