package zendesk_test

import (
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestRefusedWritesLeaveNothing: neither the comment nor any field of a write that is
// refused is stored.
func TestRefusedWritesLeaveNothing(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	before := a.must(200, "agent", "GET", ticket.path, "")
	for _, tt := range []struct {
		ticket string
		status int
		want   string
	}{
		{`"status":"odd"`, 422, `"status":[{"description":"Status: is invalid","error":"InvalidValue"}]`},
		{`"requester_id":1`, 422, `"requester":[{"description":"Requester: is invalid","error":"InvalidValue"}]`},
		{`"requester":{"email":"nobody@acme.example"}`, 422, `"requester":[`},
		{`"subject":"` + strings.Repeat("x", 1001) + `"`, 422, `"subject":[`},
		{`"subject":7`, 400, `subject must be a string from api/v2/tickets/update`},
		{`"safe_update":true`, 422, `"safe_update":[`},
		{`"safe_update":true,"updated_stamp":"soon"`, 400, `updated_stamp must be a time`},
		{`"safe_update":"true","updated_stamp":"2020-01-01T00:00:00Z"`, 409, `{"error":"UpdateConflict","description":"Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again."}`},
		{`"metadata":[1]`, 400, `metadata must be a hash`},
		{`"voice_comment":{"from":"1"}`, 422, `"voice_comment":[`},
	} {
		r := a.do("agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"lost"},"status":"hold",`+tt.ticket+`}}`)
		if strings.HasPrefix(tt.ticket, `"status"`) {
			r = a.do("agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"lost"},`+tt.ticket+`}}`)
		}
		if r.status != tt.status || !strings.Contains(string(r.body), tt.want) {
			t.Errorf("%s = %d %s; want %d %s", tt.ticket, r.status, r.body, tt.status, tt.want)
		}
	}
	for comment, status := range map[string]int{
		`{"body":"x","uploads":["token"]}`: 422, `{"body":"x","uploads":"token"}`: 422, `{"body":"x","uploads":7}`: 422, `{"body":7}`: 400, `[]`: 400, `7`: 400, `{"body":"x","public":"maybe"}`: 400,
		`{"body":"a\u0000b"}`: 422, `{"body":"x","author_id":"y"}`: 400, `{"body":"x","author_id":-1}`: 422, `{"body":"x","author_id":"null"}`: 400,
		`{"body":"x","public":"null"}`: 400,
	} {
		a.must(status, "agent", "PUT", ticket.path, `{"ticket":{"status":"hold","comment":`+comment+`}}`)
	}
	for body, want := range map[string]string{
		``: "param is missing or the value is empty or invalid: ticket", `{}`: "param is missing", `{"ticket":7}`: "param is missing", `{"Ticket":{"comment":"x"}}`: "param is missing", `[]`: "Server could not parse JSON", `{"ticket":`: "Server could not parse JSON",
	} {
		for _, request := range [][2]string{{"PUT", ticket.path}, {"POST", "/api/v2/tickets"}} {
			if r := a.do("agent", request[0], request[1], body); r.status != 422 || !strings.Contains(string(r.body), want) {
				t.Errorf("%s %s = %d %s; want %s", request[0], body, r.status, r.body, want)
			}
		}
	}
	for _, body := range []string{`{"ticket":{"subject":"x"}}`, `{"ticket":{"comment":{"body":" "}}}`, `{"ticket":{"comment":{"html_body":"<p></p><script>x</script>"}}}`} {
		if r := a.do("agent", "POST", "/api/v2/tickets", body); r.status != 422 || string(r.body) != `{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"Description: cannot be blank","error":"BlankValue"}]}}` {
			t.Errorf("POST %s = %d %s", body, r.status, r.body)
		}
	}
	a.must(422, "agent", "POST", "/api/v2/tickets", `{"ticket":{"comment":"x"}}`, header{"Content-Type", "text/plain"})
	after := a.must(200, "agent", "GET", ticket.path, "")
	if string(after.body) != string(before.body) || len(a.comments("agent", ticket.path+"/comments")) != 0 {
		t.Errorf("before %s\nafter %s", before.body, after.body)
	}
}
