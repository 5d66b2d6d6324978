package zendesk_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// access says what becomes of each operation for each principal (contract §1a). other
// is the agent of another account, forged a key that is none.
const access = `
operation        nobody forged other reader writer agent admin relay customer stranger
listComments        401    401   404    200    200   200   200   200      403      403
countComments       401    401   404    200    200   200   200   200      403      403
makePrivate         401    401   404    403    403   200   200   200      403      403
redactText          401    401   404    403    403   200   200   200      403      403
redactComment       401    401   404    403    403   200   200   200      403      403
getTicket           401    401   404    200    200   200   200   200      403      403
manyTickets         401    401   200    200    200   200   200   200      403      403
createTicket        401    401   201    403    403   201   201   201      403      403
commentTicket       401    401   404    403    200   200   200   200      403      403
changeTicket        401    401   404    403    403   200   200   200      403      403
listTickets         401    401   200    200    200   200   200   200      403      403
listRequested       401    401   404    200    200   200   200   200      403      403
listRequests        401    401   200    200    200   200   200   200      200      200
listUnsolved        401    401   200    200    200   200   200   200      200      200
listSolved          401    401   200    200    200   200   200   200      200      200
listRequestsOf      401    401   404    200    200   200   200   200      403      403
listAudits          401    401   404    200    200   200   200   200      403      403
countAudits         401    401   404    200    200   200   200   200      403      403
getAudit            401    401   404    200    200   200   200   200      403      403
makeAuditPrivate    401    401   404    403    403   200   200   200      403      403
accountAudits       401    401   403    403    403   403   200   403      403      403
exportEvents        401    401   403    403    403   403   200   403      403      403
listRemarks         401    401   404    200    200   200   200   200      200      404
getRemark           401    401   404    200    200   200   200   200      200      404
getNote             401    401   404    404    404   404   404   404      404      404
getRequest          401    401   404    200    200   200   200   200      200      404
createRequest       401    401   201    403    201   201   201   201      201      201
updateRequest       401    401   404    403    200   200   200   200      200      404
getMe               401    401   200    200    200   200   200   200      200      200
getUser             401    401   404    200    200   200   200   200      403      403
manyUsers           401    401   200    200    200   200   200   200      403      403
findUsers           401    401   200    200    200   200   200   200      403      403
listUsers           401    401   200    200    200   200   200   200      403      403
getRelated          401    401   404    200    200   200   200   200      403      403
createUser          401    401   201    403    403   201   201   201      403      403
createAgent         401    401   403    403    403   403   201   403      403      403
putUser             401    401   200    403    403   200   200   200      403      403
updateUser          401    401   404    403    403   200   200   200      403      403
promoteUser         401    401   404    403    403   403   200   403      403      403
deleteUser          401    401   404    403    403   200   200   200      403      403
deleteAgent         401    401   404    403    403   403   200   403      403      403
nowhere             401    401   404    404    404   404   404   404      404      404
noMethod            401    401   404    404    404   404   404   404      404      404
`

func TestAccess(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	a.keys["other"] = s.account("other", directory.Settings{}).keys["agent"]
	checkAccess(t, a, access, a.request)
}

// checkAccess makes the request that each line names as each of the principals.
func checkAccess(t *testing.T, a *account, table string, request func(operation string) (method, path, body string)) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(table), "\n")
	columns := strings.Fields(lines[0])[1:]
	for _, line := range lines[1:] {
		row := strings.Fields(line)
		for i, principal := range columns {
			want, err := strconv.Atoi(row[1+i])
			if err != nil {
				t.Fatal(err)
			}
			as := principal
			var headers []header
			switch principal {
			case "other":
				as = a.keys["other"]
			case "forged":
				as, headers = "nobody", []header{{"Authorization", basic(a.email("agent") + "/token:secret")}}
			}
			method, path, body := request(row[0])
			for _, suffix := range []string{"", ".json"} {
				if got := a.do(as, method, suffixed(path, suffix), body, headers...); got.status != want {
					t.Errorf("%s%s as %s = %d %s; want %d", row[0], suffix, principal, got.status, got.body, want)
				}
				if method != "GET" {
					method, path, body = request(row[0]) // on something new
				}
			}
		}
	}
}

// suffixed puts the suffix behind the path, before a query.
func suffixed(path, suffix string) string {
	path, query, found := strings.Cut(path, "?")
	if found {
		return path + suffix + "?" + query
	}
	return path + suffix
}

// request returns the request for an operation on a new ticket.
func (a *account) request(operation string) (method, path, body string) {
	a.t.Helper()
	t := a.ticket()
	number, _ := a.comment("agent", t, "987-65-4320 is secret", false)
	comment := fmt.Sprint(t.path, "/comments/", number)
	switch operation {
	case "listComments":
		return "GET", t.path + "/comments", ""
	case "countComments":
		return "GET", t.path + "/comments/count", ""
	case "makePrivate":
		return "PUT", comment + "/make_private", ""
	case "redactText":
		return "PUT", comment + "/redact", `{"text":"987-65-4320"}`
	case "redactComment":
		return "PUT", fmt.Sprint("/api/v2/comment_redactions/", number), fmt.Sprintf(`{"ticket_id":%d}`, t.number)
	case "getTicket":
		return "GET", t.path, ""
	case "manyTickets":
		return "GET", fmt.Sprint("/api/v2/tickets/show_many?ids=", t.number), ""
	case "createTicket":
		return "POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"text"}}}`
	case "commentTicket":
		return "PUT", t.path, `{"ticket":{"comment":{"body":"text"}}}`
	case "changeTicket":
		return "PUT", t.path, `{"ticket":{"status":"pending"}}`
	case "getRequest":
		return "GET", t.public, ""
	case "createRequest":
		return "POST", "/api/v2/requests", `{"request":{"subject":"s","comment":{"body":"text"}}}`
	case "updateRequest":
		return "PUT", t.public, `{"request":{"comment":{"body":"text"}}}`
	case "listAudits":
		return "GET", t.path + "/audits", ""
	case "countAudits":
		return "GET", t.path + "/audits/count", ""
	case "getAudit":
		return "GET", fmt.Sprint(t.path, "/audits/", a.auditOf(t, number)), ""
	case "makeAuditPrivate":
		return "PUT", fmt.Sprint(t.path, "/audits/", a.auditOf(t, number), "/make_private"), ""
	case "accountAudits":
		return "GET", "/api/v2/ticket_audits", ""
	case "exportEvents":
		return "GET", "/api/v2/incremental/ticket_events?start_time=0", ""
	case "listRemarks":
		return "GET", t.public + "/comments", ""
	case "getRemark":
		return "GET", fmt.Sprint(t.public, "/comments/", number), ""
	case "getNote":
		note, _ := a.comment("agent", t, "a note", true)
		return "GET", fmt.Sprint(t.public, "/comments/", note), ""
	case "getMe":
		return "GET", "/api/v2/users/me", ""
	case "getUser":
		return "GET", fmt.Sprint("/api/v2/users/", a.numbers["customer"]), ""
	case "manyUsers":
		return "GET", fmt.Sprint("/api/v2/users/show_many?ids=", a.numbers["customer"], ",", a.numbers["agent"]), ""
	case "findUsers":
		return "GET", "/api/v2/users/search?query=" + a.email("customer"), ""
	case "listTickets":
		return "GET", "/api/v2/tickets", ""
	case "listRequested":
		return "GET", fmt.Sprint("/api/v2/users/", a.numbers["customer"], "/tickets/requested"), ""
	case "listRequests":
		return "GET", "/api/v2/requests", ""
	case "listUnsolved":
		return "GET", "/api/v2/requests/open", ""
	case "listSolved":
		return "GET", "/api/v2/requests/solved", ""
	case "listRequestsOf":
		return "GET", fmt.Sprint("/api/v2/users/", a.numbers["customer"], "/requests"), ""
	case "listUsers":
		return "GET", "/api/v2/users", ""
	case "getRelated":
		return "GET", fmt.Sprint("/api/v2/users/", a.numbers["customer"], "/related"), ""
	case "createUser":
		return "POST", "/api/v2/users", `{"user":{"name":"Fay"}}`
	case "createAgent":
		return "POST", "/api/v2/users", `{"user":{"name":"Fay","role":"agent"}}`
	case "putUser": // whom the other account knows by the address, too
		for _, other := range []domain.AccountID{a.id, a.id + 1} {
			_, _, err := a.directory.PutUser(a.t.Context(), other, domain.UserID{byte(other)}, directory.Profile{Role: directory.RoleCustomer, Name: "Gus", Email: "gus@example.com", Active: true})
			if err != nil {
				a.t.Fatal(err)
			}
		}
		return "POST", "/api/v2/users/create_or_update", `{"user":{"name":"Gus","email":"gus@example.com"}}`
	case "updateUser":
		return "PUT", a.newUser(directory.RoleCustomer), `{"user":{"name":"Hal"}}`
	case "promoteUser":
		return "PUT", a.newUser(directory.RoleCustomer), `{"user":{"role":"agent"}}`
	case "deleteUser":
		return "DELETE", a.newUser(directory.RoleCustomer), ""
	case "deleteAgent":
		return "DELETE", a.newUser(directory.RoleAgent), ""
	case "nowhere":
		return "GET", t.path + "/incidents", ""
	case "noMethod":
		return "POST", t.path + "/comments", `{"comment":{"body":"x"}}`
	}
	a.t.Fatalf("no such operation: %s", operation)
	return "", "", ""
}

// newUser introduces a user, and returns the path.
func (a *account) newUser(role directory.Role) string {
	a.t.Helper()
	u, _, err := a.directory.PutUser(a.t.Context(), a.id, domain.UserID(uuid.New()), directory.Profile{Role: role, Name: "Ina", Active: true})
	if err != nil {
		a.t.Fatal(err)
	}
	return fmt.Sprint("/api/v2/users/", u.Number)
}

// auditOf returns the number of the audit of a comment.
func (a *account) auditOf(t thread, comment int64) int64 {
	a.t.Helper()
	for _, c := range a.comments("agent", t.path+"/comments") {
		if c.ID == comment {
			return c.AuditID
		}
	}
	a.t.Fatalf("comment %d is not listed", comment)
	return 0
}

// TestSwitches: what an account forbids its agents, beside what their keys allow.
func TestSwitches(t *testing.T) {
	no := new(bool)
	for _, tt := range []struct {
		name           string
		settings       directory.Settings
		text, comment_ int
	}{
		{"both", directory.Settings{}, 200, 200},
		{"no-workspace", directory.Settings{AgentWorkspace: no}, 200, 403},
		{"no-deletion", directory.Settings{AgentsCanDeleteTickets: no}, 403, 403},
	} {
		a := newStack(t).account(tt.name, tt.settings)
		for operation, want := range map[string]int{"redactText": tt.text, "redactComment": tt.comment_, "makePrivate": 200} {
			method, path, body := a.request(operation)
			a.must(want, "agent", method, path, body)
		}
		// Checked before anything else is looked at.
		if tt.text == 403 {
			a.must(403, "agent", "PUT", "/api/v2/tickets/1/comments/2/redact", `{"text":"x"}`)
		}
	}
}
