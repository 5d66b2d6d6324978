package v1_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// historian gives the account a key that may read comments and their history.
func (a *account) historian() *account {
	a.keys["historian"] = a.key(a.user(directory.RoleAgent), domain.ActorAgent, auth.ScopesOf(auth.CommentsRead, auth.AuditRead))
	return a
}

// erase removes all that the comment at path ever said.
func (a *account) erase(path string) {
	a.t.Helper()
	ticket, comment, _ := strings.Cut(strings.TrimPrefix(path, "/v1/tickets/"), "/comments/")
	_, err := a.store.Execute(a.t.Context(), domain.EraseComment{
		Account: a.id, Ticket: domain.TicketID(uuid.MustParse(ticket)), Comment: domain.CommentID(uuid.MustParse(comment)),
		By: domain.By{Actor: domain.Actor{Kind: domain.ActorSystem}, Admin: true}, Audit: 1, Cause: domain.CauseErasure,
	}, nil)
	if err != nil {
		a.t.Fatal(err)
	}
}

// TestHistory is a ticket with a past, and what an auditor and others are told of it.
func TestHistory(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{}).historian()
	tr := a.transcript()
	ticket := "/v1/tickets/" + uuid.NewString()
	a.must(201, "agent", "PUT", ticket, fmt.Sprintf(`{"requester_id":%q,"subject":"Printer"}`, a.users["customer"]))
	asked := a.comment("customer", ticket, "My number is 555-0199, please call.", false)
	note := a.comment("agent", ticket, "Difficult customer.", true)
	a.must(200, "customer", "PATCH", asked, `{"content":"My number is 555-0100, please call."}`)
	a.must(200, "agent", "PUT", ticket, `{"status":"pending","subject":"Printer on fire"}`)
	a.must(200, "agent", "PATCH", note, `{"is_internal":false}`)
	a.must(200, "agent", "PATCH", note, `{"content":"Nice customer.","is_internal":true}`)
	a.redact(201, asked, `{"text":"555"}`)
	a.must(204, "customer", "DELETE", asked, "")
	a.erase(note)

	tr.do("auditor", "GET", ticket+"/events", "")
	first := tr.do("auditor", "GET", ticket+"/events?limit=3&x=y", "", header{"Accept", linesType})
	tr.do("auditor", "GET", next(t, first), "", header{"Accept", linesType})
	tr.do("auditor", "HEAD", ticket+"/events?limit=3", "")
	tr.do("auditor", "GET", asked+"/versions", "")
	tr.do("auditor", "GET", note+"/versions", "")
	for _, query := range []string{
		"?as_of=version:4", "?as_of=version:6&limit=1", "?as_of=version:6&as=customer", "?as_of=version:8&as=customer", "?as_of=version:4&is_internal=true",
	} {
		tr.do("historian", "GET", ticket+"/comments"+query, "")
	}
	tr.do("agent", "GET", ticket+"/comments?as_of=version:4", "")
	tr.do("agent", "HEAD", ticket+"/comments?as_of=version:4", "")
	tr.do("agent", "GET", ticket+"/comments?as_of=version:4&as=customer", "")
	tr.do("customer", "GET", ticket+"/comments?as_of=version:4", "")
	tr.do("customer", "GET", ticket+"/comments?as_of=2999-12-31T23:59:59Z", "")
	golden(t, "history.txt", tr.out.Bytes())
}

// TestMoments: what as_of may be, and what a time in whole seconds stands for.
func TestMoments(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{}).historian()
	ticket := a.ticket()
	path := a.comment("customer", ticket, "one", false)
	var c comment
	a.must(200, "agent", "GET", path, "").decode(t, &c)
	for _, tt := range []struct {
		query  string
		status int
		count  string
	}{
		{"as_of=version:1", 200, "0"},
		{"as_of=version:2", 200, "1"},
		{"as_of=version%3A2", 200, "1"},
		{"as_of=version:3", 400, ""},
		{"as_of=2147483648", 400, ""},
		{"as_of=version:2147483647", 400, ""},
		{"as_of=version:2147483648", 400, ""},
		{"as_of=version:0", 400, ""},
		{"as_of=version:-1", 400, ""},
		{"as_of=version:%2B1", 400, ""},
		{"as_of=version:", 400, ""},
		{"as_of=Version:1", 400, ""},
		{"as_of=", 400, ""},
		{"as_of=now", 400, ""},
		{"as_of=2026-01-01", 400, ""},
		{"as_of=2026-01-01T00:00:00", 400, ""},
		{"as_of=2026-01-01T00:00:00,5Z", 400, ""},
		{"as_of=2026-13-01T00:00:00Z", 400, ""},
		{"as_of=2026-01-01T0:00:00Z", 400, ""},
		{"as_of=2026-01-01T00:00:00+02:00", 400, ""}, // the plus is a space here
		{"as_of=2026-01-01T00:00:00%2B02:00", 200, "0"},
		{"as_of=0000-01-01T00:00:00Z", 200, "0"},
		{"as_of=9999-12-31T23:59:59.999999999Z", 200, "1"},
		{"as_of=" + c.CreatedAt, 200, "1"},
		{"as_of=" + strings.Replace(c.CreatedAt, "Z", ".000000Z", 1), 200, "0"},
		{"as_of=version:1&as_of=version:1", 400, ""},
		{"as=customer", 400, ""},
		{"as_of=version:2&as=agent", 400, ""},
		{"as_of=version:2&as=", 400, ""},
		{"as_of=version:2&as=customer", 200, "1"},
	} {
		r := a.do("historian", "GET", ticket+"/comments?"+tt.query, "")
		if r.status != tt.status || r.header.Get("X-Total-Count") != tt.count {
			t.Errorf("%s = %d %s with %s comments; want %d, %s", tt.query, r.status, r.body, r.header.Get("X-Total-Count"), tt.status, tt.count)
		}
		if r.status == 200 && (r.header.Get("Cache-Control") != "private, no-store" || r.header.Get("ETag") != "") {
			t.Errorf("%s may be stored: %v", tt.query, r.header)
		}
		if value, _, _ := strings.Cut(strings.TrimPrefix(tt.query, "as_of="), "&"); r.status == 400 && len(value) > 10 && bytes.Contains(r.body, []byte(value)) {
			t.Errorf("%s is repeated: %s", tt.query, r.body)
		}
	}
}

// TestPastPages: pages of the past are linked as those of today are, and are its parts.
func TestPastPages(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{}).historian()
	ticket := a.ticket()
	for i := range 9 {
		path := a.comment([]string{"customer", "agent"}[i%2], ticket, fmt.Sprint("then ", i), i%4 == 1)
		a.must(200, "admin", "PATCH", path, fmt.Sprintf(`{"content":"now %d","is_internal":%v}`, i, i%4 == 3))
	}
	a.must(200, "agent", "PUT", ticket, `{"status":"solved"}`)
	for _, filter := range []string{"", "&order=desc", "&is_internal=false", "&author_type=AGENT&order=desc", "&as=customer"} {
		all := "?as_of=version:12" + filter
		var want []comment
		a.must(200, "historian", "GET", ticket+"/comments"+all, "").decode(t, &want)
		for limit := 1; limit < 7; limit++ {
			var got []comment
			path := fmt.Sprintf("%s/comments%s&limit=%d&x=y", ticket, all, limit)
			for path != "" {
				r := a.must(200, "historian", "GET", path, "")
				var page []comment
				r.decode(t, &page)
				if got = append(got, page...); len(page) > limit || r.header.Get("X-Total-Count") != fmt.Sprint(len(want)) {
					t.Fatalf("%s has %d of %s", path, len(page), r.header.Get("X-Total-Count"))
				}
				if path = ""; nextLink.MatchString(r.header.Get("Link")) {
					path = next(t, r)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s by %d (-want +got):\n%s", all, limit, diff)
			}
		}
	}
}

// TestEvents: the forms in which the events of a ticket are to be had hold the same.
func TestEvents(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{}).historian()
	ticket := a.ticket()
	for i := range 30 {
		path := a.comment("agent", ticket, fmt.Sprint("text ", i), i%2 == 0)
		a.must(200, "agent", "PATCH", path, fmt.Sprintf(`{"content":"other %d"}`, i))
	}
	var want, got []any
	all := a.must(200, "auditor", "GET", ticket+"/events", "")
	all.decode(t, &want)
	if len(want) != 61 || all.header.Get("X-Total-Count") != "61" || all.header.Get("Link") != "" || all.header.Get("Vary") != "Accept" {
		t.Fatalf("%d events, headers %v", len(want), all.header)
	}
	for _, accept := range []string{linesType, "text/html, " + linesType + ";q=0.5", linesType + "; charset=utf-8"} {
		lines := a.must(200, "auditor", "GET", ticket+"/events", "", header{"Accept", accept})
		if got = nil; lines.header.Get("Content-Type") != linesType {
			t.Errorf("Accept: %s gives %s", accept, lines.header.Get("Content-Type"))
		}
		for line := range bytes.Lines(lines.body) {
			var e any
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("as lines (-want +got):\n%s", diff)
		}
	}
	for _, accept := range []string{"", "*/*", "application/json", "application/x-ndjson;q=0", "application/x-ndjson;q=0.000", "application/x-ndjson;q", "a,b;;,"} {
		if r := a.must(200, "auditor", "GET", ticket+"/events", "", header{"Accept", accept}); !bytes.Equal(r.body, all.body) {
			t.Errorf("Accept: %q gives %.80s", accept, r.body)
		}
	}
	for _, limit := range []int{1, 7, 60, 61, 1000} {
		got = nil
		for path := fmt.Sprintf("%s/events?limit=%d", ticket, limit); path != ""; {
			r := a.must(200, "auditor", "GET", path, "")
			var page []any
			r.decode(t, &page)
			if got = append(got, page...); len(page) > limit || len(page) == 0 {
				t.Fatalf("%s has %d events", path, len(page))
			}
			if path = ""; nextLink.MatchString(r.header.Get("Link")) {
				path = next(t, r)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
	}
}

// TestCursorsOfEvents: a cursor is good for the list that it came from.
func TestCursorsOfEvents(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{}).historian()
	ticket, other := a.ticket(), a.ticket()
	for range 3 {
		a.comment("agent", ticket, "text", false)
		a.comment("agent", other, "text", false)
	}
	cursor := func(path string) string {
		link, err := url.Parse(next(t, a.must(200, "historian", "GET", path+"?limit=2", "")))
		if err != nil {
			t.Fatal(err)
		}
		return "?after=" + link.Query().Get("after")
	}
	ofEvents, ofComments := cursor(ticket+"/events"), cursor(ticket+"/comments")
	a.must(200, "historian", "GET", ticket+"/events"+ofEvents, "")
	a.must(200, "historian", "GET", ticket+"/comments"+ofComments+"&as_of=version:3", "")
	for _, path := range []string{
		ticket + "/events" + ofComments, ticket + "/comments" + ofEvents, other + "/events" + ofEvents, ticket + "/events?after=4", ticket + "/events?after=",
		ticket + "/events?limit=0", ticket + "/events?limit=1001", ticket + "/events" + ofEvents + "&after=x", ticket + "/comments" + ofEvents + "&as_of=version:3",
	} {
		a.must(400, "historian", "GET", path, "")
	}
}

// TestHistoryOfOthers: an auditor of another account is told what is said of tickets
// and comments that never were.
func TestHistoryOfOthers(t *testing.T) {
	s := newStack(t)
	a, b := s.account("acme", directory.Settings{}).historian(), s.account("other", directory.Settings{}).historian()
	a.keys["foreign"] = b.keys["historian"]
	ticket := a.ticket()
	comment := strings.TrimPrefix(a.comment("agent", ticket, "text", false), ticket)
	elsewhere := a.ticket()
	answers := map[string]string{}
	for what, ask := range map[string]struct{ as, ticket, comment string }{
		"foreign": {"foreign", ticket, comment},
		"unknown": {"historian", "/v1/tickets/" + uuid.NewString(), comment},
	} {
		tr := a.transcript()
		for _, path := range []string{"/events", "/events?limit=1", comment + "/versions", "/comments?as_of=version:1", "/comments?as_of=version:1&as=customer", "/comments?as_of=2999-01-01T00:00:00Z"} {
			r := tr.do(ask.as, "GET", ask.ticket+path, "")
			if r.status != 404 {
				t.Errorf("%s%s as %s = %d", ask.ticket, path, what, r.status)
			}
		}
		answers[what] = strings.ReplaceAll(strings.ReplaceAll(tr.out.String(), "as foreign", ""), "as historian", "")
	}
	if diff := cmp.Diff(answers["unknown"], answers["foreign"]); diff != "" {
		t.Errorf("another account's history is told from none (-none +other):\n%s", diff)
	}
	unknown := a.must(404, "historian", "GET", elsewhere+comment+"/versions", "")
	if unknown.code() != "not_found" {
		t.Errorf("versions of a comment on another ticket = %s", unknown.body)
	}
}

// TestRedactedStaysAway: what was redacted or erased comes back in no version, at no
// moment, in no diff, for nobody.
func TestRedactedStaysAway(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{}).historian()
	ticket := a.ticket()
	secret := strings.ReplaceAll(uuid.NewString(), "-", "")
	path := a.comment("customer", ticket, "before "+secret+" after", false)
	a.must(200, "customer", "PATCH", path, `{"content":"before, after"}`)
	a.must(200, "customer", "PATCH", path, fmt.Sprintf(`{"content":"it was %s after all"}`, secret))
	a.must(200, "admin", "PATCH", path, `{"is_internal":true}`)
	a.must(200, "admin", "PATCH", path, fmt.Sprintf(`{"content":"%s","is_internal":false}`, secret))
	gone := a.comment("agent", ticket, "gone: "+secret, false)
	a.must(200, "agent", "PATCH", gone, fmt.Sprintf(`{"content":"%s, gone"}`, secret))
	a.must(204, "agent", "DELETE", gone, "")
	a.redact(201, path, fmt.Sprintf(`{"text":%q}`, secret))
	a.erase(gone)

	var said bytes.Buffer
	ask := func(as, path string, headers ...header) {
		r := a.must(200, as, "GET", path, "", headers...)
		said.Write(r.body)
		fmt.Fprint(&said, r.header)
	}
	ask("historian", ticket+"/events")
	ask("historian", ticket+"/events", header{"Accept", linesType})
	ask("historian", path+"/versions")
	ask("historian", gone+"/versions")
	var events []struct {
		RecordedAt string `json:"recorded_at"`
	}
	if err := json.Unmarshal(a.must(200, "historian", "GET", ticket+"/events", "").body, &events); err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		ask("historian", fmt.Sprintf("%s/comments?as_of=version:%d", ticket, i+1))
		ask("historian", fmt.Sprintf("%s/comments?as_of=version:%d&as=customer", ticket, i+1))
		ask("agent", fmt.Sprintf("%s/comments?as_of=version:%d&limit=5", ticket, i+1))
		ask("customer", fmt.Sprintf("%s/comments?as_of=%s", ticket, e.RecordedAt))
	}
	if n := strings.Count(said.String(), "before "+mask+" after"); n != 9 {
		t.Errorf("the masked text was shown %d times; want it in the 9 places where it is due", n)
	}
	if strings.Contains(said.String(), secret) {
		t.Errorf("the secret is back:\n%s", said.String())
	}
}

// TestTwinPasts: a customer who asks for every moment of the past learns the same, byte
// for byte, in a world without internal notes and in one where they were and are
// written, edited, deleted and redacted.
func TestTwinPasts(t *testing.T) {
	s := newStack(t)
	plain := pastOf(s.account("plain", directory.Settings{}), func(*account, string) {})
	got := pastOf(s.account("noted", directory.Settings{}), func(a *account, ticket string) {
		note := a.comment("agent", ticket, "a note", true)
		a.must(200, "agent", "PATCH", note, `{"content":"an edited note"}`)
		a.redact(201, note, `{"text":"edited"}`)
		a.must(204, "admin", "DELETE", a.comment("system", ticket, "escalated", true), "")
		a.erase(a.comment("agent", ticket, "gone", true))
	})
	if diff := cmp.Diff(plain, got); diff != "" {
		t.Errorf("the customer can tell (-without +with notes):\n%s", diff)
	}
	if !strings.Contains(plain, "one, "+mask) || !strings.Contains(plain, "theirs") {
		t.Errorf("the script shows too little:\n%s", plain)
	}
}

// pastOf is what a customer sees of the past of a ticket, with a secret life in
// between.
func pastOf(a *account, secret func(a *account, ticket string)) string {
	ticket := a.ticket()
	var moments []string
	step := func(status int, as, method, path, body string) response {
		secret(a, ticket)
		r := a.must(status, as, method, path, body)
		moments = append(moments, time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z")) // longer than times of the API ever are
		return r
	}
	create := func(as, content string, internal bool) string {
		return step(201, as, "POST", ticket+"/comments", newComment(content, internal)).header.Get("Location")
	}
	mine := create("customer", "one", false)
	theirs := create("agent", "theirs", false)
	step(200, "customer", "PATCH", mine, `{"content":"one, edited"}`)
	step(200, "agent", "PATCH", theirs, `{"is_internal":true}`)
	step(200, "agent", "PATCH", theirs, `{"content":"theirs, in secret"}`)
	published := create("agent", "published later", true)
	step(200, "agent", "PATCH", theirs, `{"is_internal":false}`)
	step(200, "agent", "PATCH", published, `{"is_internal":false}`)
	step(204, "customer", "DELETE", create("customer", "withdrawn", false), "")
	step(200, "agent", "PATCH", create("agent", "hidden by now", false), `{"is_internal":true}`)
	step(201, "redactor", "POST", mine+"/redactions", `{"text":"edited"}`)

	secret(a, ticket)
	tr := a.transcript()
	for i, at := range append(moments, "2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z") {
		for _, query := range []string{"", "&limit=1", "&limit=2&order=desc", "&is_internal=true", "&is_internal=false&author_type=AGENT"} {
			r := tr.do("customer", "GET", ticket+"/comments?as_of="+at+query, "")
			for nextLink.MatchString(r.header.Get("Link")) {
				r = tr.do("customer", "GET", next(a.t.(*testing.T), r), "")
			}
		}
		tr.do("customer", "GET", ticket+"/comments?as_of=version:1", "")
		tr.do("customer", "GET", ticket+"/comments?as=customer&as_of="+at, "")
		tr.do("customer", "GET", ticket+"/events", "")
		tr.do("customer", "GET", mine+"/versions", "")
		tr.do("stranger", "GET", ticket+"/comments?as_of="+at, "")
		for _, form := range []string{at, url.QueryEscape(at)} {
			moment := strings.ReplaceAll(tr.out.String(), form, fmt.Sprintf("<moment %d>", i))
			tr.out.Reset()
			tr.out.WriteString(moment)
		}
	}
	return tr.out.String()
}
