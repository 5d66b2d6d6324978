package zendesk_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/commentd/commentd/httpapi/directory"
)

var (
	times   = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`)
	stamps  = regexp.MustCompile(`"generated_timestamp":\d{10}`)
	numbers = regexp.MustCompile(`\b\d{3,}\b`)
)

// plain returns a body with names in the place of what differs from run to run: numbers
// are called by what they are of.
func plain(a *account, t thread, body []byte, more map[int64]string) string {
	text := stamps.ReplaceAllString(times.ReplaceAllString(string(body), `"TIME"`), `"generated_timestamp":STAMP`)
	names := map[string]string{fmt.Sprint(t.number): "TICKET"}
	for name, number := range a.numbers {
		names[fmt.Sprint(number)] = "THE_" + name
	}
	for number, name := range more {
		names[fmt.Sprint(number)] = name
	}
	text = regexp.MustCompile(regexp.QuoteMeta(a.url)).ReplaceAllString(text, "HOST")
	return numbers.ReplaceAllStringFunc(text, func(number string) string {
		if name, ok := names[number]; ok {
			return name
		}
		return number
	})
}

// TestShapes: every object byte for byte, with the order of its members and its nulls
// (contract §5, §9, §11).
func TestShapes(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	first, _ := a.comment("customer", ticket, "Hi,\n\n**1 < 2**", false)
	note, _ := a.comment("agent", ticket, "a note", true)
	known := map[int64]string{
		first: "FIRST", note: "NOTE", a.auditOf(ticket, first): "FIRST_AUDIT", a.auditOf(ticket, note): "NOTE_AUDIT",
	}
	const (
		via     = `{"channel":"api","source":{"from":{},"to":{},"rel":null}}`
		toCarl  = `{"channel":"api","source":{"from":{},"to":{"name":"The customer","address":"customer@acme.example"},"rel":null}}`
		system  = `{"client":"Go-http-client/1.1","ip_address":"127.0.0.1","location":null,"latitude":null,"longitude":null}`
		said    = `"body":"Hi,\n\n**1 < 2**","html_body":"<div class=\"zd-comment\" dir=\"auto\"><p dir=\"auto\">Hi,</p>\n\n<p dir=\"auto\">**1 &lt; 2**</p></div>","plain_body":"Hi, \n\n **1 < 2**"`
		noted   = `"body":"a note","html_body":"<div class=\"zd-comment\" dir=\"auto\"><p dir=\"auto\">a note</p></div>","plain_body":"a note"`
		saying  = `{"id":FIRST,"type":"Comment","author_id":THE_customer,` + said + `,"public":true,"attachments":[],"audit_id":FIRST_AUDIT`
		ticketJ = `{"url":"HOST/api/v2/tickets/TICKET.json","id":TICKET,"external_id":null,"via":` + via + `,"created_at":"TIME","updated_at":"TIME","generated_timestamp":STAMP,` +
			`"type":null,"subject":"A subject","raw_subject":"A subject","description":"Hi,\n\n**1 < 2**","priority":null,"status":"open","recipient":null,` +
			`"requester_id":THE_customer,"submitter_id":THE_customer,"assignee_id":null,"organization_id":null,"group_id":null,"collaborator_ids":[],"follower_ids":[],` +
			`"email_cc_ids":[],"forum_topic_id":null,"problem_id":null,"has_incidents":false,"is_public":true,"due_at":null,"tags":[],"custom_fields":[],` +
			`"satisfaction_rating":null,"sharing_agreement_ids":[],"custom_status_id":null,"fields":[],"followup_ids":[],"ticket_form_id":null,"brand_id":null,` +
			`"allow_channelback":false,"allow_attachments":true,"from_messaging_channel":false`
		carl = `{"id":THE_customer,"url":"HOST/api/v2/users/THE_customer.json","name":"The customer","email":"customer@acme.example","role":"end-user","active":true,` +
			`"created_at":"TIME","updated_at":"TIME","time_zone":"UTC","locale":"en-US","photo":null,"user_fields":{},"alias":null}`
	)
	for path, want := range map[string]string{
		ticket.path + "/comments?per_page=1": `{"comments":[` + saying + `,"via":` + toCarl + `,"created_at":"TIME","metadata":{"system":` + system + `,"custom":{},"via":` + toCarl + `}}],` +
			`"next_page":"HOST/api/v2/tickets/TICKET/comments.json?page=2&per_page=1","previous_page":null,"count":2}`,
		ticket.path + "/comments?page=2&per_page=1": `{"comments":[{"id":NOTE,"type":"Comment","author_id":THE_agent,` + noted + `,"public":false,"attachments":[],"audit_id":NOTE_AUDIT,"via":` + via +
			`,"created_at":"TIME","metadata":{"system":` + system + `,"custom":{},"via":` + via + `}}],"next_page":null,"previous_page":"HOST/api/v2/tickets/TICKET/comments.json?page=1&per_page=1","count":2}`,
		ticket.path + "/comments/count":                                         `{"count":{"refreshed_at":"TIME","value":2}}`,
		ticket.path:                                                             `{"ticket":` + ticketJ + `}}`,
		ticket.path + "?include=comment_count,users":                            `{"ticket":` + ticketJ + `,"comment_count":2},"users":[` + carl + `]}`,
		ticket.public + "/comments":                                             `{"comments":[{"id":FIRST,"type":"Comment","request_id":TICKET,` + said + `,"public":true,"author_id":THE_customer,"attachments":[],"created_at":"TIME"}],"next_page":null,"previous_page":null,"count":1}`,
		fmt.Sprint(ticket.public, "/comments/", first):                          `{"comment":{"id":FIRST,"type":"Comment","request_id":TICKET,` + said + `,"public":true,"author_id":THE_customer,"attachments":[],"created_at":"TIME"}}`,
		fmt.Sprint("/api/v2/users/", a.numbers["customer"]):                     `{"user":` + carl + `}`,
		fmt.Sprint("/api/v2/users/show_many?ids=", a.numbers["customer"], ",1"): `{"users":[` + carl + `],"next_page":null,"previous_page":null,"count":1}`,
		"/api/v2/users/search?query=email:CUSTOMER@acme.example":                `{"users":[` + carl + `],"next_page":null,"previous_page":null,"count":1}`,
		fmt.Sprint(ticket.path, "/audits/", a.auditOf(ticket, first)): `{"audit":{"id":FIRST_AUDIT,"ticket_id":TICKET,"created_at":"TIME","author_id":THE_customer,"metadata":{"system":` + system +
			`,"custom":{}},"via":` + toCarl + `,"events":[` + saying + `}]}}`,
	} {
		r := a.must(200, "agent", "GET", path, "")
		if diff := cmp.Diff(want, plain(a, ticket, r.body, known)); diff != "" {
			t.Errorf("GET %s (-want +got):\n%s", path, diff)
		}
		if r.header.Get("Content-Type") != "application/json; charset=utf-8" || r.header.Get("X-Zendesk-Api-Version") != "v2" || r.header.Get("X-Request-Id") == "" {
			t.Errorf("GET %s: headers %v", path, r.header)
		}
	}
}

// TestErrors: the shapes of refusals, byte for byte (contract §3).
func TestErrors(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	number, _ := a.comment("agent", ticket, "text", false)
	shut := a.ticket()
	dead, _ := a.comment("agent", shut, "text", false)
	a.must(200, "agent", "PUT", shut.native, `{"status":"closed"}`)
	comment := fmt.Sprint(ticket.path, "/comments/", number)
	for _, tt := range []struct {
		as, method, path, body string
		status                 int
		want                   string
	}{
		{"customer", "GET", ticket.path, "", 403, `{"error":{"title":"Forbidden","message":"You do not have access to this page. Please contact the account owner of this help desk for further help."}}`},
		{"agent", "GET", "/api/v2/tickets/1", "", 404, `{"error":"RecordNotFound","description":"Not found"}`},
		{"agent", "GET", "/api/v2/tickets/99999999999999999999", "", 404, `{"error":"RecordNotFound","description":"Not found"}`},
		{"agent", "GET", ticket.path + "/audits/1", "", 404, `{"error":"RecordNotFound","description":"Not found"}`},
		{"agent", "PUT", fmt.Sprint(a.ticket().path, "/comments/", number, "/make_private"), "", 404, `{"error":"RecordNotFound","description":"Not found"}`},
		{"agent", "GET", "/api/v2", "", 404, `{"error":"InvalidEndpoint","description":"Not found"}`},
		{"agent", "GET", comment, "", 404, `{"error":"InvalidEndpoint","description":"Not found"}`},
		{"agent", "DELETE", comment, "", 404, `{"error":"InvalidEndpoint","description":"Not found"}`},
		{"agent", "GET", "/api/v2/tickets/abc/comments", "", 400, `{"error":{"title":"Invalid attribute","message":"You passed an invalid value for the ticket_id attribute. Invalid parameter: ticket_id must be an integer from api/v2/ticket_comments/index"}}`},
		{"agent", "PUT", comment + "/redact", `{"text":7}`, 400, `{"error":{"title":"Invalid attribute","message":"You passed an invalid value for the text attribute. Invalid parameter: text must be a string from api/v2/ticket_comments/redact"}}`},
		{"agent", "PUT", comment + "/redact", `{"text":"absent"}`, 400, `{"error":"InvalidRedaction","description":"Text not found in comment"}`},
		{"agent", "PUT", comment + "/redact", `{"text":""}`, 400, `{"error":"InvalidRedaction","description":"Text not found in comment"}`},
		{"agent", "PUT", comment + "/redact", "", 400, `{"error":"InvalidRedaction","description":"Text not found in comment"}`},
		{"agent", "PUT", comment + "/redact", `{"text":`, 422, `{"error":"Unprocessable Entity","message":"Server could not parse JSON"}`},
		{"agent", "PUT", fmt.Sprint(shut.path, "/comments/", dead, "/redact"), `{"text":"text"}`, 422, `{"error":"RecordInvalid","description":"Record validation errors","details":{"status":[{"description":"Status: closed prevents ticket update"}]}}`},
		{"agent", "PUT", fmt.Sprint(shut.path, "/comments/", dead, "/make_private"), "", 422, `{"error":"RecordInvalid","description":"Record validation errors","details":{"status":[{"description":"Status: closed prevents ticket update"}]}}`},
		{"agent", "PUT", fmt.Sprint("/api/v2/comment_redactions/", number), `{}`, 422, `{"error":"RecordInvalid","description":"Record validation errors","details":{"ticket_id":[{"description":"Ticket: cannot be blank","error":"BlankValue"}]}}`},
		{"agent", "GET", ticket.path + "/comments?page[after]=x&page[before]=y", "", 400, `{"errors":[{"code":"InvalidPaginationParameter","title":"Invalid pagination parameter","detail":"page[after] and page[before] must be cursors of this list, and exclude each other"}]}`},
		{"agent", "GET", ticket.path + "/comments?page=200", "", 400, `{"errors":[{"code":"InvalidPaginationDepth","title":"Pagination requests using Offset Pagination are limited to page 100 or up to 10000 records (page * per_page)","detail":"Use cursor pagination: page[size]"}]}`},
		{"customer", "GET", ticket.public + "/comments?role=boss", "", 400, `{"error":{"title":"Invalid attribute","message":"You passed an invalid value for the role attribute. Invalid parameter: role must be agent or end_user from api/v2/request_comments/index"}}`},
		{"agent", "GET", "/api/v2/users/show_many?ids=" + hundredAndOne(), "", 400, `{"error":"TooManyValues","description":"Parameter  cannot specify more than 100 values","max_count":100}`},
	} {
		r := a.do(tt.as, tt.method, tt.path, tt.body)
		if r.status != tt.status || string(r.body) != tt.want {
			t.Errorf("%s %s %s = %d %s\nwant %d %s", tt.method, tt.path, tt.body, r.status, r.body, tt.status, tt.want)
		}
	}
}

func hundredAndOne() (ids string) {
	for i := range 101 {
		ids += fmt.Sprint(i, ",")
	}
	return ids[:len(ids)-1]
}
