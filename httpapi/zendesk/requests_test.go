package zendesk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestRequests: what a requester says is public, and theirs; agents are treated alike.
func TestRequests(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	var answer struct {
		Request struct {
			ID          int64  `json:"id"`
			Status      string `json:"status"`
			Description string `json:"description"`
			Solved      bool   `json:"solved"`
		} `json:"request"`
	}
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"hidden first","public":false}}}`)
	a.must(200, "customer", "PUT", ticket.public+".json", fmt.Sprintf(`{"request":{"comment":{"body":"**mine**","public":false,"author_id":%d}}}`, a.numbers["agent"])).decode(t, &answer)
	if r := answer.Request; r.ID != ticket.number || r.Description != "**mine**" || r.Solved {
		t.Errorf("request = %+v", r)
	}
	a.must(200, "agent", "PUT", ticket.public, `{"request":{"comment":"from an agent"}}`)
	comments := a.comments("agent", ticket.path+"/comments")
	if c := comments[1]; !c.Public || c.AuthorID != a.numbers["customer"] || !strings.Contains(c.HTMLBody, "**mine**") {
		t.Errorf("the customer's comment = %+v", c)
	}
	if c := comments[2]; !c.Public || c.AuthorID != a.numbers["agent"] {
		t.Errorf("the agent's comment = %+v", c)
	}
	if got := a.comments("customer", ticket.public+"/comments"); len(got) != 2 {
		t.Errorf("the customer sees %+v", got)
	}
	a.must(200, "customer", "PUT", ticket.public, `{"request":{"solved":true}}`).decode(t, &answer)
	if !answer.Request.Solved || answer.Request.Status != "solved" {
		t.Errorf("request = %+v", answer.Request)
	}
	a.must(404, "stranger", "PUT", ticket.public, `{"request":{"comment":"x"}}`)
	a.must(404, "customer", "PUT", "/api/v2/requests/1", `{"request":{"comment":"x"}}`)
	a.must(422, "customer", "PUT", ticket.public, `{"ticket":{"comment":"x"}}`)
	a.must(422, "customer", "PUT", ticket.public, `{"request":{"comment":{"body":"x","uploads":["t"]}}}`)
	a.must(403, "customer", "PUT", ticket.path, `{"ticket":{"comment":"x"}}`)
	a.must(403, "customer", "POST", "/api/v2/tickets", `{"ticket":{"comment":"x"}}`)
}
