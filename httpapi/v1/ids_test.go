package v1_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
	v1 "github.com/commentd/commentd/httpapi/v1"
)

func (a *account) name(as, id string) (n v1.Name) {
	a.t.Helper()
	a.must(200, as, "GET", "/v1/ids/"+id, "").decode(a.t, &n)
	return n
}

// TestNames: a ticket, a comment and a user are found by id and by number, and the
// answer is the same.
func TestNames(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.ticket()
	comment := a.comment("customer", path, "text", false)
	ticket := strings.TrimPrefix(path, "/v1/tickets/")
	var shown struct{ Number int64 }
	if err := decodeAnyCase(a.must(200, "agent", "GET", path, "").body, &shown); err != nil {
		t.Fatal(err)
	}
	for what, id := range map[string]string{"ticket": ticket, "comment": comment[strings.LastIndexByte(comment, '/')+1:], "user": a.users["customer"].String()} {
		for _, as := range []string{"agent", "customer"} {
			byID := a.name(as, id)
			byNumber := a.must(200, as, "GET", fmt.Sprint("/v1/ids/", byID.Number), "")
			again := a.must(200, as, "GET", "/v1/ids/"+strings.ToUpper(id), "")
			if string(byNumber.body) != string(again.body) || byID.Type != what || byID.ID.String() != id || byID.Number <= 0 {
				t.Errorf("%s as %s: %+v, %s, %s", what, as, byID, byNumber.body, again.body)
			}
			switch {
			case what == "user":
				if byID.TicketID != nil || byID.TicketNumber != nil {
					t.Errorf("a user belongs to a ticket: %+v", byID)
				}
			case byID.TicketID.String() != ticket || *byID.TicketNumber != shown.Number:
				t.Errorf("the ticket of the %s = %+v; want %s, %d", what, byID, ticket, shown.Number)
			}
		}
	}
	for _, id := range []string{"0", "00", "99999999999999999999999999"} {
		a.must(404, "agent", "GET", "/v1/ids/"+id, "")
	}
	for _, id := range []string{"-1", "1.5", "x", "%20", "123e4567e89b12d3a456426614174000"} {
		a.must(400, "agent", "GET", "/v1/ids/"+id, "")
	}
}
