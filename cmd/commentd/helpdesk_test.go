package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/httpapi/imports"
)

const everyScope = "comments:read,comments:write,comments:delete,comments:redact,comments:act_as,tickets:write,audit:read,admin"

// helpdesk is a service with two accounts: the one is written to as if it were Zendesk, the other
// takes that over.
type helpdesk struct {
	*production
	t  *testing.T
	to tenant
	// Those of the first account, with the numbers of two.
	from, admin, customer tenant
	agentID, asksID       int64
}

func newHelpdesk(t *testing.T) *helpdesk {
	t.Helper()
	h := &helpdesk{production: newProduction(t), t: t}
	h.environment["COMMENTD_WEBHOOK_ALLOW_NETS"], h.environment["COMMENTD_WEBHOOK_ALLOW_HTTP"] = "127.0.0.0/8", "true"
	i := h.instance(t, "--roles", "api")
	i.environment = append(i.environment, "COMMENTD_PUBLIC_URL="+i.url)
	h.environment["COMMENTD_PUBLIC_URL"] = i.url
	i.start()
	i.awaitReady()
	h.do(t, "import", "zendesk", h.file("")) // into the only account there is
	other, _ := h.newAccount(t, "other", everyScope)
	h.to = tenant{i.url, other}
	h.from = h.person(i.url, "agent", "agent", "Ann Agent")
	h.admin = h.person(i.url, "admin", "agent", "Ada Admin")
	h.customer = h.person(i.url, "customer", "customer", "Pat Doe")
	h.agentID, h.asksID = h.numberOf(h.from), h.numberOf(h.customer)
	return h
}

// person introduces somebody to the first account.
func (h *helpdesk) person(api, role, kind, name string) tenant {
	h.t.Helper()
	var user struct{ ID string }
	h.read(h.do(h.t, "user", "create", "--json", "--account", "acme", "--role", role, "--name", name, "--email", role+"@example.com"), &user)
	scopes := everyScope
	if kind == "customer" {
		scopes = "comments:read,comments:write"
	}
	var key struct{ Key string }
	h.read(h.do(h.t, "key", "create", "--json", "--account", "acme", "--user", user.ID, "--kind", kind, "--scopes", scopes), &key)
	return tenant{api, key.Key}
}

func (h *helpdesk) read(text string, into any) {
	h.t.Helper()
	if err := json.NewDecoder(strings.NewReader(text)).Decode(into); err != nil {
		h.t.Fatalf("%v in %.300s", err, text)
	}
}

func (h *helpdesk) numberOf(tt tenant) int64 {
	h.t.Helper()
	var me struct{ User struct{ ID int64 } }
	h.read(tt.ask(h.t, "GET", "/api/v2/users/me.json", "").Body, &me)
	return me.User.ID
}

// must is a call that answers so.
func (h *helpdesk) must(tt tenant, status int, method, path, body string) string {
	h.t.Helper()
	return mustCall(h.t, status, method, tt.api+path, tt.key, body)
}

// written writes a ticket with a bit of everything, and returns its number.
func (h *helpdesk) written() int64 {
	h.t.Helper()
	var made struct {
		Ticket struct{ ID int64 }
		Audit  struct{ Events []struct{ ID int64 } }
	}
	h.read(h.must(h.from, 201, "POST", "/api/v2/tickets.json", fmt.Sprintf(
		`{"ticket":{"subject":"The printer is on fire","requester_id":%d,"metadata":{"shop":7},"comment":{"author_id":%[1]d,"body":"It burns.\n\nIs **that** usual?","metadata":{"flags":[4,21]}}}}`, h.asksID)), &made)
	ticket := fmt.Sprint("/api/v2/tickets/", made.Ticket.ID)
	put := func(fields string) int64 {
		h.t.Helper()
		h.read(h.must(h.from, 200, "PUT", ticket+".json", `{"ticket":`+fields+`}`), &made)
		return made.Audit.Events[0].ID
	}
	put(`{"status":"open","comment":{"body":"We **look** into it.\n\n- at once","public":true}}`)
	put(fmt.Sprintf(`{"comment":{"html_body":"<p>See the <b>list</b> &amp; the scan</p><ul><li>one</li></ul>","uploads":[%q,%q]}}`,
		h.from.upload(h.t, "scan.txt", "what was scanned"), h.from.upload(h.t, "more.txt", "more of it")))
	hidden := put(`{"comment":{"body":"hidden later"}}`)
	h.must(h.from, 200, "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket, hidden), "{}")
	secret := put(`{"comment":{"body":"The code is 4711, really.","public":false}}`)
	h.must(h.from, 200, "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket, secret), `{"text":"4711"}`)
	h.must(h.customer, 200, "PUT", strings.Replace(ticket, "tickets", "requests", 1), `{"request":{"comment":{"body":"1 < 2 & <b>no</b> markup"}}}`)
	put(`{"status":"pending","subject":"The printer was on fire"}`)
	put(`{"status":"solved","comment":{"body":"It is out."}}`)
	return made.Ticket.ID
}

// export returns what an account exports, as one page after the other.
func (h *helpdesk) export(tt tenant) string {
	h.t.Helper()
	h.age()
	events := h.must(tt, 200, "GET", "/api/v2/incremental/ticket_events.json?start_time=0&include=comment_events", "")
	return h.must(tt, 200, "GET", "/api/v2/users.json", "") + "\n" + events + "\n"
}

// age has all that is in the log be an hour older: what is of the last minute is not exported.
func (h *helpdesk) age() {
	h.t.Helper()
	h.exec("UPDATE log.events SET recorded_at = recorded_at - interval '1 hour'")
}

func (h *helpdesk) exec(sql string, args ...any) {
	h.t.Helper()
	db, err := pgx.Connect(h.t.Context(), h.postgres)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close(h.t.Context())
	if _, err := db.Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

// file writes a file and returns its name.
func (h *helpdesk) file(content string) string {
	h.t.Helper()
	name := filepath.Join(h.t.TempDir(), "export.json")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return name
}

// take imports a file into an account, and returns the report.
func (h *helpdesk) take(account, name string, flags ...string) (r imports.Report, err error) {
	h.t.Helper()
	args := append([]string{"import", "zendesk", "--json", "--account", account, name}, flags...)
	out, err := command(h.t, h.environment, args...)
	return h.report(out), err
}

func (h *helpdesk) report(out string) (r imports.Report) {
	h.t.Helper()
	_, object, there := strings.Cut(out, "{")
	if !there {
		h.t.Fatalf("there is no report in %q", out)
	}
	h.read("{"+object, &r)
	if wrong := r.Unreconciled(); wrong != nil {
		h.t.Errorf("the report does not add up: %v", wrong)
	}
	return r
}

// shown is all that the API shows of a ticket and some users, without what no import keeps.
func (h *helpdesk) shown(tt tenant, ticket int64, users ...int64) map[string]any {
	h.t.Helper()
	all := map[string]any{}
	for name, path := range map[string]string{
		"ticket":   fmt.Sprintf("/api/v2/tickets/%d.json", ticket),
		"comments": fmt.Sprintf("/api/v2/tickets/%d/comments.json?include_inline_images=true", ticket),
		"audits":   fmt.Sprintf("/api/v2/tickets/%d/audits.json", ticket),
		"remarks":  fmt.Sprintf("/api/v2/requests/%d/comments.json", ticket),
		"users":    "/api/v2/users/show_many.json?ids=" + strings.Trim(strings.ReplaceAll(fmt.Sprint(users), " ", ","), "[]"),
	} {
		var answer map[string]any
		h.read(h.must(tt, 200, "GET", path, ""), &answer)
		all[name] = plain(answer[strings.Replace(name, "remarks", "comments", 1)])
	}
	return all
}

// plain is a value without ids of its own: those of comments, audits and files are new ones, and
// so is where something is to be had. Audits that were only about hiding something, which a
// comment shows for itself, are none.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			if item = plain(item); item != nil {
				list = append(list, item)
			}
		}
		return list
	case map[string]any:
		if kind, _ := v["type"].(string); slices.Contains([]string{"CommentPrivacyChange", "CommentRedactionEvent"}, kind) {
			return nil
		}
		_, user := v["role"]
		_, ticket := v["requester_id"]
		v = maps.Clone(v)
		if !user && !ticket {
			delete(v, "id")
		}
		for _, name := range []string{"audit_id", "url", "content_url", "mapped_content_url", "generated_timestamp"} {
			delete(v, name)
		}
		if ticket { // it moves by what was hidden
			delete(v, "updated_at")
		}
		for name := range v {
			v[name] = plain(v[name])
		}
		if events, audit := v["events"].([]any); audit && len(events) == 0 {
			return nil
		}
		return v
	}
	return v
}
