package zendesk_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestClients: the calls of public client libraries, as they put them on the wire
// (contract §12), get the status and the members that they look for. TICKET, COMMENT,
// AUDIT and USER stand for numbers.
func TestClients(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for _, tt := range []struct {
		client, method, path, body string
		status                     int
		reads                      string // members of the answer, all of them; "": nothing is read
	}{
		{"go-zendesk ListTicketComments", "GET", "/tickets/TICKET/comments.json?include=users&include_inline_images=false&page%5Bsize%5D=2&sort=-created_at", "", 200, "comments users meta links"},
		{"go-zendesk GetTicketCommentsOBP", "GET", "/tickets/TICKET/comments.json?Access=&Category=&Id=0&OnlyViewable=false&page=1&per_page=2&query=&sort_by=&sort_order=", "", 200, "comments next_page previous_page count"},
		{"go-zendesk GetTicketCommentsCBP", "GET", "/tickets/TICKET/comments.json?page%5Bafter%5D=&page%5Bbefore%5D=&page%5Bsize%5D=100", "", 200, "comments meta links"},
		{"go-zendesk CreateTicketComment", "PUT", "/tickets/TICKET.json", `{"ticket":{"comment":{"id":0,"body":"x","html_body":"","plain_body":"","public":true,"author_id":0,"attachments":null,"created_at":"0001-01-01T00:00:00Z","uploads":null}}}`, 200, "ticket audit"},
		{"go-zendesk CreateTicketComment, with its author", "PUT", "/tickets/TICKET.json", `{"ticket":{"comment":{"body":"x","public":true,"author_id":USER,"created_at":"0001-01-01T00:00:00Z"}}}`, 200, "ticket audit"},
		{"go-zendesk MakeCommentPrivate", "PUT", "/tickets/TICKET/comments/COMMENT/make_private", "null", 200, ""},
		{"go-zendesk RedactTicketComment", "PUT", "/api/v2/comment_redactions/COMMENT.json", `{"ticket_id":TICKET}`, 200, "comment"},
		{"go-zendesk GetTicketAudits", "GET", "/tickets/TICKET/audits.json?page%5Bsize%5D=10", "", 200, "audits meta links"},
		{"go-zendesk GetTicketAudit", "GET", "/tickets/TICKET/audits/AUDIT.json", "", 200, "audit"},
		{"go-zendesk GetAllTicketAudits", "GET", "/ticket_audits.json?page%5Bsize%5D=10", "", 200, "audits meta links"},
		{"go-zendesk GetAllTicketAudits, as ever", "GET", "/ticket_audits.json?start_time=1", "", 200, "audits after_url before_url after_cursor before_cursor"},
		{"go-zendesk CreateTicket", "POST", "/tickets.json", `{"ticket":{"subject":"s","comment":{"body":"x","created_at":"0001-01-01T00:00:00Z"},"created_at":"0001-01-01T00:00:00Z"}}`, 201, "ticket audit"},
		{"go-zendesk GetTicket", "GET", "/tickets/TICKET.json", "", 200, "ticket"},
		{"go-zendesk GetMultipleTickets", "GET", "/tickets/show_many.json?ids=TICKET", "", 200, "tickets next_page previous_page count"},
		{"go-zendesk GetUser", "GET", "/users/USER.json", "", 200, "user"},
		{"go-zendesk GetManyUsers", "GET", "/users/show_many.json?ids=USER", "", 200, "users next_page previous_page count"},
		{"go-zendesk SearchUsers", "GET", "/users/search.json?query=customer@acme.example", "", 200, "users next_page previous_page count"},

		{"node-zendesk tickets.getComments", "GET", "/tickets/TICKET/comments.json", "", 200, "comments next_page previous_page count"},
		{"node-zendesk requests.listComments", "GET", "/requests/TICKET/comments.json?page[size]=100", "", 200, "comments meta links"},
		{"node-zendesk tickets.create", "POST", "/tickets.json", `{"ticket":{"subject":"s","comment":{"body":"x"}}}`, 201, "ticket audit"},
		{"node-zendesk tickets.update", "PUT", "/tickets/TICKET.json", `{"ticket":{"comment":{"body":"x","public":false}}}`, 200, "ticket audit"},
		{"node-zendesk tickets.exportAudit", "GET", "/tickets/TICKET/audits.json", "", 200, "audits next_page previous_page count"},
		{"node-zendesk ticketaudits.count", "GET", "/tickets/TICKET/audits/count.json", "", 200, "count"},
		{"node-zendesk ticketaudits.show", "GET", "/tickets/TICKET/audits/AUDIT.json", "", 200, "audit"},
		{"node-zendesk ticketaudits.listAll", "GET", "/ticket_audits.json", "", 200, "audits after_url before_url after_cursor before_cursor"},
		{"node-zendesk ticketevents.exportEvents", "GET", "/incremental/ticket_events.json?start_time=1&include=comment_events", "", 200, "ticket_events next_page count end_of_stream end_time"},
		{"node-zendesk ticketaudits.makePrivate", "PUT", "/tickets/TICKET/audits/AUDIT/make_private.json", "", 200, ""},
		{"node-zendesk users.me", "GET", "/users/me.json", "", 200, "user"},

		{"zenpy tickets.comments", "GET", "/tickets/TICKET/comments.json?include_inline_images=false&page%5Bsize%5D=100", "", 200, "comments meta links"},
		{"zenpy tickets.comment_redact", "PUT", "/tickets/TICKET/comments/COMMENT/redact.json", `{"text": "4711"}`, 200, "comment"},
		{"zenpy tickets.create", "POST", "/tickets.json", `{"ticket": {"subject": "s", "comment": {"body": "x", "uploads": ""}, "id": null}}`, 201, "ticket audit"},
		{"zenpy tickets.update", "PUT", "/tickets/TICKET.json", `{"ticket": {"id": TICKET, "status": "solved", "comment": {"body": "x", "public": true}}}`, 200, "ticket audit"},
		{"zenpy tickets.audits", "GET", "/tickets/TICKET/audits.json?page%5Bsize%5D=100", "", 200, "audits meta links"},
		{"zenpy tickets.events", "GET", "/incremental/ticket_events.json?include=comment_events&per_page=100&start_time=1", "", 200, "ticket_events next_page count end_of_stream end_time"},
		{"zenpy requests.comments", "GET", "/requests/TICKET/comments.json?page%5Bsize%5D=100", "", 200, "comments meta links"},

		{"zendesk_api_client_rb ticket.comments", "GET", "/tickets/TICKET/comments", "", 200, "comments next_page previous_page count"},
		{"zendesk_api_client_rb ticket.save!", "PUT", "/tickets/TICKET", `{"ticket":{"comment":{"value":"x","public":true}}}`, 200, "ticket audit"},
		{"zendesk_api_client_rb ticket.save!, as ever", "PUT", "/tickets/TICKET", `{"ticket":{"status":"pending","comment":null}}`, 200, "ticket audit"},
		{"zendesk_api_client_rb ticket.audits", "GET", "/tickets/TICKET/audits?page[size]=100", "", 200, "audits meta links"},

		{"zendesk-java-client getTicketComments", "GET", "/tickets/TICKET/comments.json?sort_order=desc", "", 200, "comments next_page previous_page count"},
		{"zendesk-java-client getRequestComments", "GET", "/requests/TICKET/comments.json?page%5Bsize%5D=100", "", 200, "comments meta links"},
		{"zendesk-java-client createComment", "PUT", "/tickets/TICKET.json", `{"ticket":{"comment":{"body":"x","public":true}}}`, 200, "ticket audit"},

		{"libzapi count", "GET", "/tickets/TICKET/comments/count", "", 200, "count"},
		{"libzapi redact", "PUT", "/tickets/TICKET/comments/COMMENT/redact", `{"text":"4711"}`, 200, "comment"},
		{"libzapi make_private", "PUT", "/tickets/TICKET/comments/COMMENT/make_private", "{}", 200, ""},

		{"MEDIGO RedactCommentString", "PUT", "/tickets/TICKET/comments/COMMENT/redact.json", `{"text":"4711"}`, 200, "comment"},
		{"MEDIGO ListTicketCommentsFull", "GET", "/tickets/TICKET/comments.json?include=users&per_page=100", "", 200, "comments users next_page previous_page count"},
	} {
		ticket := a.ticket()
		number, _ := a.comment("customer", ticket, "my number is 4711", false)
		fill := strings.NewReplacer("TICKET", fmt.Sprint(ticket.number), "COMMENT", fmt.Sprint(number),
			"AUDIT", fmt.Sprint(a.auditOf(ticket, number)), "USER", fmt.Sprint(a.numbers["agent"]))
		as := "agent"
		if strings.Contains(tt.path, "ticket_audits") || strings.Contains(tt.path, "ticket_events") {
			as = "admin"
		}
		r := a.do(as, tt.method, "/api/v2"+fill.Replace(tt.path), fill.Replace(tt.body))
		if r.status != tt.status {
			t.Errorf("%s = %d %s; want %d", tt.client, r.status, r.body, tt.status)
			continue
		}
		var answer map[string]jsontext.Value
		if err := json.Unmarshal(r.body, &answer); err != nil {
			t.Errorf("%s: %v", tt.client, err)
		}
		if got := slices.Sorted(maps.Keys(answer)); !slices.Equal(got, slices.Sorted(slices.Values(strings.Fields(tt.reads)))) {
			t.Errorf("%s reads %q; want %q", tt.client, got, tt.reads)
		}
	}
}
