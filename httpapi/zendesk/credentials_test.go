package zendesk_test

import (
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestCredentials: the three forms, who may stand in for whom, and one answer for all
// that is wrong, before it shows whether there is anything.
func TestCredentials(t *testing.T) {
	s := newStack(t)
	a, b := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	for _, tt := range []struct {
		name, authorization string
		want                string // whose user; "": refused
	}{
		{"bearer", "Bearer " + a.keys["agent"], "agent"},
		{"token", basic(a.email("agent") + "/token:" + a.keys["agent"]), "agent"},
		{"password", basic(a.email("agent") + ":" + a.keys["agent"]), "agent"},
		{"customer", basic(a.email("customer") + ":" + a.keys["customer"]), "customer"},
		{"relay as itself", "Bearer " + a.keys["relay"], "relay"},
		{"relay as the customer", basic(a.email("customer") + "/token:" + a.keys["relay"]), "customer"},
		{"relay as the agent", basic(a.email("agent") + "/token:" + a.keys["relay"]), "agent"},
		{"none", "", ""},
		{"another's address", basic(a.email("customer") + "/token:" + a.keys["agent"]), ""},
		{"another account's address", basic(b.email("agent") + "/token:" + a.keys["relay"]), ""},
		{"no address", basic("/token:" + a.keys["agent"]), ""},
		{"no key", basic(a.email("agent") + "/token:"), ""},
		{"not base64", "Basic " + a.keys["agent"], ""},
		{"another scheme", "Token " + a.keys["agent"], ""},
	} {
		r := a.do("nobody", "GET", "/api/v2/users/me", "", header{"Authorization", tt.authorization})
		if tt.want == "" {
			if r.status != 401 || string(r.body) != `{"error":"Couldn't authenticate you"}` || r.header.Get("WWW-Authenticate") != `Basic realm="Web Password"` {
				t.Errorf("%s = %d %s %s", tt.name, r.status, r.header, r.body)
			}
			unknown := a.do("nobody", "GET", "/api/v2/nowhere", "", header{"Authorization", tt.authorization})
			if unknown.status != 401 || string(unknown.body) != string(r.body) {
				t.Errorf("%s, asking for nothing = %d %s", tt.name, unknown.status, unknown.body)
			}
			continue
		}
		var me struct {
			User struct {
				ID   int64  `json:"id"`
				Role string `json:"role"`
			} `json:"user"`
		}
		if r.status != 200 {
			t.Errorf("%s = %d %s", tt.name, r.status, r.body)
			continue
		}
		r.decode(t, &me)
		role := map[string]string{"agent": "agent", "customer": "end-user", "relay": "agent"}[tt.want]
		if me.User.ID != a.numbers[tt.want] || me.User.Role != role {
			t.Errorf("%s is %+v; want %d, %s", tt.name, me.User, a.numbers[tt.want], role)
		}
	}
}

// TestOnBehalfOf: an administrator asks as somebody else, with that user's rights;
// nobody else does.
func TestOnBehalfOf(t *testing.T) {
	s := newStack(t)
	a, b := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	ticket := a.ticket()
	behalf := func(of string) header { return header{"X-On-Behalf-Of", of} }
	a.must(200, "admin", "GET", ticket.path+"/comments", "", behalf(a.email("agent")))
	a.must(403, "admin", "GET", ticket.path+"/comments", "", behalf(a.email("customer")))
	a.must(200, "admin", "GET", ticket.public+"/comments", "", behalf(a.email("customer")))
	a.must(404, "admin", "GET", ticket.public+"/comments", "", behalf(a.email("stranger")))
	for _, of := range []string{"nobody@acme.example", b.email("agent"), "x"} {
		a.must(403, "admin", "GET", ticket.path+"/comments", "", behalf(of))
	}
	for _, as := range []string{"agent", "relay", "customer"} {
		a.must(403, as, "GET", "/api/v2/users/me", "", behalf(a.email("agent")))
	}
	a.must(401, "nobody", "GET", "/api/v2/users/me", "", behalf(a.email("agent")))
}
