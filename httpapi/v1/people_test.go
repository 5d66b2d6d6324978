package v1_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
)

type ticket struct {
	ID          string  `json:"id"`
	Number      int64   `json:"number"`
	Status      string  `json:"status"`
	Subject     *string `json:"subject"`
	RequesterID *string `json:"requester_id"`
	LegalHold   *bool   `json:"legal_hold"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
}

type user struct {
	ID        string  `json:"id"`
	Number    int64   `json:"number"`
	Role      string  `json:"role"`
	Name      *string `json:"name"`
	Email     *string `json:"email"`
	Active    bool    `json:"active"`
	CreatedAt string  `json:"created_at"`
	UpdatedAt string  `json:"updated_at"`
}

func show(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// TestPutTicket: what is absent stays, null clears, and the number is for ever.
func TestPutTicket(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := "/v1/tickets/" + uuid.NewString()
	customer := a.users["customer"].String()
	newcomer := uuid.NewString()
	var first ticket
	for i, tt := range []struct{ body, want string }{
		{`{}`, "open null null"},
		{`{"subject":"Fire"}`, "open Fire null"},
		{`{"status":"pending"}`, "pending Fire null"},
		{`{"requester_id":"` + customer + `"}`, "pending Fire " + customer},
		{`{"requester_id":"` + strings.ToUpper(customer) + `","subject":"Fire"}`, "pending Fire " + customer},
		{`{"subject":null,"unknown":1,"Status":"closed"}`, "pending null " + customer},
		{`{"requester_id":"` + newcomer + `","subject":"Smoke"}`, "pending Smoke " + newcomer},
		{`{"requester_id":null}`, "pending Smoke null"},
		{`{"status":"closed"}`, "closed Smoke null"},
		{`{"status":"closed","subject":"Smoke"}`, "closed Smoke null"},
	} {
		status := 200
		if i == 0 {
			status = 201
		}
		r := a.must(status, "agent", "PUT", path, tt.body)
		var got ticket
		r.decode(t, &got)
		if s := fmt.Sprint(got.Status, " ", show(got.Subject), " ", show(got.RequesterID)); s != tt.want {
			t.Errorf("PUT %s = %s, want %s", tt.body, s, tt.want)
		}
		if i == 0 {
			first = got
		}
		if got.Number != first.Number || got.CreatedAt != first.CreatedAt || got.ID != path[len("/v1/tickets/"):] || got.Number <= 0 || got.Number >= 1<<53 {
			t.Errorf("PUT %s = %+v, first %+v", tt.body, got, first)
		}
		if again := a.must(200, "agent", "GET", path, ""); string(again.body) != string(r.body) {
			t.Errorf("GET = %s, PUT = %s", again.body, r.body)
		}
	}
	a.must(409, "agent", "PUT", path, `{"status":"open"}`)
	a.must(409, "agent", "PUT", path, `{"subject":"x"}`)
	a.must(200, "agent", "GET", "/v1/users/"+newcomer, "")
	for _, tt := range []struct{ body, fields string }{
		{`{"status":null}`, "status"},
		{`{"status":"Open"}`, "status"},
		{`{"status":"closed\u0000"}`, "status"},
		{`{"requester_id":"me"}`, "requester_id"},
		{`{"requester_id":""}`, "requester_id"},
		{`{"subject":""}`, "subject"},
		{`{"subject":"\u0000"}`, "subject"},
		{`{"subject":"` + strings.Repeat("é", 501) + `"}`, "subject"},
		{`{"status":1}`, ""},
		{`{"subject":[]}`, ""},
	} {
		r := a.do("agent", "PUT", "/v1/tickets/"+uuid.NewString(), tt.body)
		if want := map[bool]int{true: 422, false: 400}[tt.fields != ""]; r.status != want || fieldsOf(t, r) != tt.fields {
			t.Errorf("PUT %.60s = %d %s", tt.body, r.status, r.body)
		}
	}
	a.must(200, "agent", "PUT", a.ticket(), `{"subject":"`+strings.Repeat("é", 500)+`"}`)
}

// TestRequesterChanges: a ticket goes with its requester.
func TestRequesterChanges(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.ticket()
	comment := a.comment("customer", path, "mine", false)
	a.must(200, "customer", "GET", comment, "")
	a.must(404, "stranger", "GET", comment, "")
	a.must(200, "agent", "PUT", path, `{"requester_id":"`+a.users["stranger"].String()+`"}`)
	for _, p := range []string{path, path + "/comments", comment} {
		a.must(404, "customer", "GET", p, "")
		a.must(200, "stranger", "GET", p, "")
	}
	a.must(404, "customer", "PATCH", comment, `{"content":"still mine?"}`)
	a.must(404, "customer", "DELETE", comment, "")
	a.must(404, "customer", "POST", path+"/comments", `{"content":"hello?"}`)
	a.must(403, "stranger", "PATCH", comment, `{"content":"mine now?"}`)
}

func TestPutUser(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := "/v1/users/" + uuid.NewString()
	var first user
	for i, tt := range []struct{ as, body, want string }{
		{"agent", `{"role":"customer"}`, "customer null null true"},
		{"agent", `{"name":"Ana"}`, "customer Ana null true"},
		{"relay", `{"email":"Ana@Example.com"}`, "customer Ana Ana@Example.com true"},
		{"agent", `{"role":"customer","active":false}`, "customer Ana Ana@Example.com false"},
		{"agent", `{"name":null,"active":true}`, "customer null Ana@Example.com true"},
		{"agent", `{"email":null}`, "customer null null true"},
		{"admin", `{"role":"agent","name":"Ana"}`, "agent Ana null true"},
	} {
		status := 200
		if i == 0 {
			status = 201
		}
		r := a.must(status, tt.as, "PUT", path, tt.body)
		var got user
		r.decode(t, &got)
		if s := fmt.Sprint(got.Role, " ", show(got.Name), " ", show(got.Email), " ", got.Active); s != tt.want {
			t.Errorf("PUT %s = %s, want %s", tt.body, s, tt.want)
		}
		if i == 0 {
			first = got
		}
		if got.Number != first.Number || got.CreatedAt != first.CreatedAt || got.Number <= 0 || got.Number >= 1<<53 {
			t.Errorf("PUT %s = %+v, first %+v", tt.body, got, first)
		}
		if again := a.must(200, "agent", "GET", path, ""); string(again.body) != string(r.body) {
			t.Errorf("GET = %s, PUT = %s", again.body, r.body)
		}
	}
	// Whoever is not an administrator makes none, and unmakes none.
	for _, body := range []string{`{}`, `{"active":false}`, `{"role":"customer"}`, `{"role":"admin"}`, `{"email":"x@example.com"}`} {
		a.must(403, "agent", "PUT", path, body)
		a.must(403, "relay", "PUT", "/v1/users/"+a.users["admin"].String(), body)
	}
	for _, role := range []string{"agent", "admin"} {
		a.must(403, "agent", "PUT", "/v1/users/"+uuid.NewString(), `{"role":"`+role+`"}`)
	}
	a.must(403, "agent", "PUT", "/v1/users/"+a.users["system"].String(), `{"role":"customer"}`)
	taken := "/v1/users/" + uuid.NewString()
	a.must(201, "agent", "PUT", taken, `{"role":"customer","email":"taken@example.com"}`)
	for _, tt := range []struct{ body, fields string }{
		{`{}`, "role"},
		{`{"role":null}`, "role"},
		{`{"role":"owner"}`, "role"},
		{`{"role":"owner","active":null,"name":"\u0000","email":"@"}`, "active role name email"},
		{`{"role":"customer","active":null}`, "active"},
		{`{"role":"customer","email":"nobody"}`, "email"},
		{`{"role":"customer","email":"TAKEN@example.com"}`, "email"},
		{`{"role":"customer","name":"` + strings.Repeat("a", 256) + `"}`, "name"},
		{`{"role":"customer","name":"a\u0000"}`, "name"},
		{`{"role":1}`, ""},
		{`{"role":"customer","active":"yes"}`, ""},
	} {
		r := a.do("agent", "PUT", "/v1/users/"+uuid.NewString(), tt.body)
		if want := map[bool]int{true: 422, false: 400}[tt.fields != ""]; r.status != want || fieldsOf(t, r) != tt.fields {
			t.Errorf("PUT %.60s = %d %s", tt.body, r.status, r.body)
		}
	}
}

// TestAccountsAreApart: what has an id in one account has none in another, and the
// same id may be another thing there.
func TestAccountsAreApart(t *testing.T) {
	s := newStack(t)
	a, other := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	ticket := a.ticket()
	comment := a.comment("agent", ticket, "ours", false)
	unknown := other.must(404, "admin", "GET", ticket+"/comments/"+uuid.NewString(), "")
	for _, path := range []string{ticket, ticket + "/comments", comment, "/v1/users/" + a.users["customer"].String()} {
		r := other.must(404, "admin", "GET", path, "")
		if len(r.header) != len(unknown.header) {
			t.Errorf("headers of what is another's %s, of what is unknown %s", r.header, unknown.header)
		}
	}
	other.must(404, "admin", "PATCH", comment, `{"content":"theirs"}`)
	other.must(404, "admin", "DELETE", comment, "")
	other.must(201, "admin", "PUT", ticket, `{"subject":"theirs"}`)
	if got := other.list("admin", ticket); len(got) != 0 {
		t.Errorf("the other's ticket of the same id has %+v", got)
	}
	other.must(404, "admin", "GET", comment, "")
	other.must(404, "admin", "PATCH", comment, `{"content":"theirs"}`)
	if got := a.list("agent", ticket); len(got) != 1 || got[0].Content != "ours" {
		t.Errorf("ours = %+v", got)
	}
}

// TestRefusedIntroducesNobody: whom a refused request names stays unknown.
func TestRefusedIntroducesNobody(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	open, closed, unknown := a.ticket(), a.ticket(), "/v1/tickets/"+uuid.NewString()
	a.closeTicket(closed)
	key := header{"Idempotency-Key", "once"}
	a.must(201, "relay", "POST", open+"/comments", `{"content":"x"}`, key)
	named := uuid.NewString()
	chat := open + "/chats/" + named
	a.must(201, "relay", "POST", open+"/chats", fmt.Sprintf(`{"id":%q,"visitor_id":%q}`, named, a.users["customer"]), key)
	for _, tt := range []struct {
		status                     int
		as, method, path, template string
	}{
		{404, "relay", "POST", unknown + "/comments", `{"content":"x","author_type":"CUSTOMER","author_customer_id":"%s"}`},
		{409, "relay", "POST", closed + "/comments", `{"content":"x","author_type":"AGENT","author_user_id":"%s"}`},
		{422, "relay", "POST", open + "/comments", `{"content":"","author_type":"CUSTOMER","author_customer_id":"%s"}`},
		{409, "agent", "PUT", closed, `{"requester_id":"%s"}`},
		{422, "agent", "PUT", open, `{"requester_id":"%s","status":"gone"}`},
		{400, "relay", "POST", open + "/comments", `{"content":"x","author_type":"AGENT","author_user_id":"%s"}`},
		{400, "relay", "POST", open + "/chats", `{"visitor_id":"%s"}`},
		{422, "relay", "POST", chat + "/messages", `{"messages":[{"content":"x","author_type":"AGENT","author_user_id":"%s"},{"content":"x","author_type":"AGENT","author_user_id":"` + a.users["customer"].String() + `"}]}`},
		{422, "relay", "POST", chat + "/files", `{"upload":"` + vault.NewUploadToken().String() + `","author_type":"AGENT","author_user_id":"%s"}`},
	} {
		id := uuid.NewString()
		var headers []header
		if tt.status == 400 { // the key was that of another request
			headers = append(headers, key)
		}
		a.must(tt.status, tt.as, tt.method, tt.path, fmt.Sprintf(tt.template, id), headers...)
		a.must(404, "agent", "GET", "/v1/users/"+id, "")
	}
	id := uuid.NewString()
	a.must(201, "relay", "POST", open+"/comments", `{"content":"x","author_type":"CUSTOMER","author_customer_id":"`+id+`"}`)
	a.must(200, "agent", "GET", "/v1/users/"+id, "")
}

// TestLocations: what was put is told under its one address, however the caller
// spelt it.
func TestLocations(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for _, collection := range []string{"/v1/tickets/", "/v1/users/"} {
		id := uuid.NewString()
		r := a.must(201, "agent", "PUT", collection+strings.ToUpper(id)+"?x=1", `{"role":"customer"}`)
		if got := r.header.Get("Location"); got != collection+id {
			t.Errorf("PUT %s is at %s", collection+id, got)
		}
	}
}
