package zendesk_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// user returns the user that an answer shows.
func (r response) user(t testing.TB) thing {
	t.Helper()
	var answer struct {
		User thing `json:"user"`
	}
	r.decode(t, &answer)
	answer.User.UpdatedAt = "" // another each time
	return answer.User
}

// TestUsersAreWritten: what is given is kept, what is not stays, and who is known by the
// address is known.
func TestUsersAreWritten(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := a.must(201, "agent", "POST", "/api/v2/users.json", `{"user":{"id":7,"name":" Fay ","email":"fay@example.com","phone":"1","verified":true,"created_at":"0001-01-01T00:00:00Z"}}`)
	fay := r.user(t)
	path := fmt.Sprint("/api/v2/users/", fay.ID)
	want := thing{ID: fay.ID, Name: "Fay", Email: "fay@example.com", Role: "end-user", Active: true}
	if fay != want || r.header.Get("Location") != a.url+path+".json" || !strings.Contains(r.header.Get("X-Zendesk-Api-Warn"), `"user.phone"`) {
		t.Errorf("created: %+v %v", fay, r.header)
	}
	step := func(method, path, body string, status int, want thing) {
		t.Helper()
		if got := a.must(status, "admin", method, path, body).user(t); got != want {
			t.Errorf("%s %s %s = %+v; want %+v", method, path, body, got, want)
		}
		if got := a.must(200, "agent", "GET", path[:strings.LastIndex(path, "/")+1]+fmt.Sprint(want.ID), "").user(t); got != want {
			t.Errorf("after %s %s %s it is %+v; want %+v", method, path, body, got, want)
		}
	}
	want.Email = "green@example.com"
	step("PUT", path, `{"user":{"email":"green@example.com"}}`, 200, want)
	want.Name = "Fay Green"
	step("POST", "/api/v2/users/create_or_update", `{"user":{"name":"Fay Green","email":"GREEN@example.com "}}`, 200, thing{ID: want.ID, Name: "Fay Green", Email: "GREEN@example.com", Role: "end-user", Active: true})
	want.Email = "GREEN@example.com"
	want.Role = "admin"
	step("PUT", path, `{"user":{"role":"admin"}}`, 200, want)
	want.Active = false
	step("PUT", path, `{"user":{"suspended":true}}`, 200, want)
	want.Active = true
	step("PUT", path, `{"user":{"suspended":"false"}}`, 200, want)
	want.Active = false
	step("DELETE", path, "", 200, want)
	gus := a.must(201, "agent", "POST", "/api/v2/users/create_or_update", `{"user":{"name":"Gus","email":"gus@example.com"}}`).user(t)
	if gus.ID == fay.ID || gus.Name != "Gus" {
		t.Errorf("another address = %+v", gus)
	}
	// A program is an agent here, and stays a program.
	relay := fmt.Sprint("/api/v2/users/", a.numbers["relay"])
	a.must(200, "admin", "PUT", relay, `{"user":{"role":"agent","name":"Relay"}}`)
	if u, err := a.directory.UserByNumber(t.Context(), a.id, a.numbers["relay"]); err != nil || u.Role != directory.RoleSystem || u.Name != "Relay" {
		t.Errorf("the program = %+v, %v", u, err)
	}
}

// TestUsersAreRefused: whatever is wrong with a user, nobody is made or changed.
func TestUsersAreRefused(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	before := a.must(200, "agent", "GET", "/api/v2/users", "").body
	customer := fmt.Sprint("/api/v2/users/", a.numbers["customer"])
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/api/v2/users", `{}`, 422, "param is missing"},
		{"POST", "/api/v2/users", `{"user":{}}`, 422, `"name"`},
		{"POST", "/api/v2/users", `{"user":{"name":"  "}}`, 422, `"BlankValue"`},
		{"POST", "/api/v2/users", `{"user":{"name":7}}`, 400, "name must be a string"},
		{"POST", "/api/v2/users", `{"user":{"name":"x","email":"no address"}}`, 422, `"email"`},
		{"POST", "/api/v2/users", `{"user":{"name":"x","role":"owner"}}`, 422, "Role: is invalid"},
		{"POST", "/api/v2/users", `{"user":{"name":"x","email":"` + a.email("agent") + `"}}`, 422, `"DuplicateValue"`},
		{"PUT", customer, `{"user":{"email":"` + strings.ToUpper(a.email("agent")) + `"}}`, 422, `"DuplicateValue"`},
		{"PUT", customer, `{"user":{"name":""}}`, 422, `"BlankValue"`},
		{"PUT", customer, `{"user":{"name":"new","suspended":"maybe"}}`, 400, "suspended must be a boolean"},
		{"PUT", "/api/v2/users/1", `{"user":{"name":"x"}}`, 404, "RecordNotFound"},
		{"PUT", "/api/v2/users/update_many", `{"user":{"name":"x"}}`, 400, "id must be an integer"},
		{"DELETE", "/api/v2/users/1", "", 404, "RecordNotFound"},
	} {
		if r := a.must(tt.status, "admin", tt.method, tt.path, tt.body); !bytes.Contains(r.body, []byte(tt.says)) {
			t.Errorf("%s %s %s = %s; want %s", tt.method, tt.path, tt.body, r.body, tt.says)
		}
	}
	if after := a.must(200, "agent", "GET", "/api/v2/users", "").body; !bytes.Equal(before, after) {
		t.Errorf("the users were\n%s\nand are\n%s", before, after)
	}
}

// TestOneUserFromManyClients: of those who introduce one address at once one creates the
// user, and the others find the same.
func TestOneUserFromManyClients(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	answers := make([]response, 12)
	var clients sync.WaitGroup
	for i := range answers {
		clients.Go(func() {
			answers[i] = a.do("agent", "POST", "/api/v2/users/create_or_update", `{"user":{"name":"Ida","email":"ida@example.com"}}`)
		})
	}
	clients.Wait()
	created, first := 0, answers[0].user(t).ID
	for _, r := range answers {
		if r.status == 201 {
			created++
		}
		if r.status > 201 || r.user(t).ID != first {
			t.Errorf("an answer = %d %s; want user %d", r.status, r.body, first)
		}
	}
	if created != 1 {
		t.Errorf("%d clients created the user; want one", created)
	}
}
