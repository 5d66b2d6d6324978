package zendesk_test

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/directory"
)

// exported is an export as far as tests care.
type exported struct {
	Events []struct {
		ID        int64            `json:"id"`
		TicketID  int64            `json:"ticket_id"`
		Timestamp int64            `json:"timestamp"`
		Children  []map[string]any `json:"child_events"`
	} `json:"ticket_events"`
	NextPage string `json:"next_page"`
	Count    int    `json:"count"`
	End      bool   `json:"end_of_stream"`
	EndTime  int64  `json:"end_time"`
}

// then is when everything began, in tests of exports.
var then = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

// age moves the log into the past: a write to so many seconds, an expression of its first
// position, after then.
func (s *stack) age(seconds string) {
	s.t.Helper()
	sql := `UPDATE log.events e SET recorded_at = $1::timestamptz + make_interval(secs => ` + seconds + `)
		  FROM (SELECT position AS at, min(position) OVER (PARTITION BY ticket_id, convert_from(data, 'UTF8')::json->>'audit') AS position FROM log.events) w
		 WHERE e.position = w.at`
	if _, err := s.pool.Exec(s.t.Context(), sql, then); err != nil {
		s.t.Fatal(err)
	}
}

const export = "/api/v2/incremental/ticket_events.json?start_time="

// follow exports from the beginning to the end, and returns the audits.
func (a *account) follow(query string) (ids []int64, pages int) {
	a.t.Helper()
	path := export + "0" + query
	for ; pages < 100; pages++ {
		var x exported
		a.must(200, "admin", "GET", path, "").decode(a.t, &x)
		if x.Count != len(x.Events) {
			a.t.Errorf("%d audits are counted as %d", len(x.Events), x.Count)
		}
		for _, e := range x.Events {
			ids = append(ids, e.ID)
		}
		if x.End {
			return ids, pages + 1
		}
		path = x.NextPage
	}
	a.t.Fatal("the export has no end")
	return nil, 0
}

// wrote returns the audits of tickets in the order of the log.
func (a *account) wrote(tickets ...thread) (ids []int64) {
	a.t.Helper()
	uuids := make([]string, len(tickets))
	for i, t := range tickets {
		uuids[i] = strings.TrimPrefix(t.native, "/v1/tickets/")
	}
	rows, err := a.pool.Query(a.t.Context(), `SELECT (convert_from(data, 'UTF8')::json->>'audit')::bigint FROM log.events
		WHERE ticket_id = ANY ($1::uuid[]) AND type NOT IN ('comment.deleted', 'comment.edited') ORDER BY position`, uuids)
	if err != nil {
		a.t.Fatal(err)
	}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			a.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return slices.Compact(ids)
}

// TestExportShapes: an export byte for byte, with what redactions, deletions and changes
// of visibility have left (contract §10).
func TestExportShapes(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	first, _ := a.comment("customer", ticket, "my number is 4711", false)
	private, _ := a.comment("agent", ticket, "kept", false)
	gone, native := a.comment("agent", ticket, "deleted", false)
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, first), `{"text":"4711"}`)
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket.path, private), "")
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"status":"pending","requester_id":null}}`)
	audits := a.wrote(ticket)
	a.must(204, "agent", "DELETE", native, "")
	a.age("w.position")
	a.wants(ticket, export+fmt.Sprint(then.Unix()), audits, []int64{first, private, gone}, `{"ticket_events":[`+
		`{"id":A0,"ticket_id":TICKET,"timestamp":1767322801,"created_at":"TIME","updater_id":THE_agent,"via":"Web service",SYSTEM0,"event_type":"Audit","child_events":[`+
		`{"id":A0+3,"status":"open","event_type":"Create","via":"Web service","via_reference_id":null},`+
		`{"id":A0+4,"requester_id":"THE_customer","event_type":"Create","via":"Web service","via_reference_id":null},`+
		`{"id":A0+5,"subject":"A subject","event_type":"Create","via":"Web service","via_reference_id":null}]},`+
		`{"id":A1,"ticket_id":TICKET,"timestamp":1767322802,"created_at":"TIME","updater_id":THE_customer,"via":"Web service",SYSTEM,"event_type":"Audit","child_events":[`+
		`{"id":C0,"event_type":"Comment","comment_present":true,"comment_public":true,"via":"Web service","via_reference_id":null}]},`+
		`{"id":A2,"ticket_id":TICKET,"timestamp":1767322803,"created_at":"TIME","updater_id":THE_agent,"via":"Web service",SYSTEM,"event_type":"Audit","child_events":[`+
		`{"id":C1,"event_type":"Comment","comment_present":true,"comment_public":false,"via":"Web service","via_reference_id":null}]},`+
		`{"id":A3,"ticket_id":TICKET,"timestamp":1767322804,"created_at":"TIME","updater_id":THE_agent,"via":"Web service",SYSTEM0,"event_type":"Audit","child_events":[`+
		`{"id":C2,"event_type":"Comment","comment_present":true,"comment_public":true,"via":"Web service","via_reference_id":null}]},`+
		`{"id":A4,"ticket_id":TICKET,"timestamp":1767322805,"created_at":"TIME","updater_id":THE_agent,"via":"Web service",SYSTEM0,"event_type":"Audit","child_events":[`+
		`{"id":A4+1,"comment_id":"C0","event_type":"CommentRedactionEvent","via":"Web service","via_reference_id":null}]},`+
		`{"id":A5,"ticket_id":TICKET,"timestamp":1767322806,"created_at":"TIME","updater_id":THE_agent,"via":"Web service",SYSTEM0,"event_type":"Audit","child_events":[]},`+
		`{"id":A6,"ticket_id":TICKET,"timestamp":1767322807,"created_at":"TIME","updater_id":THE_agent,"via":"Web service",SYSTEM0,"event_type":"Audit","child_events":[`+
		`{"id":A6+3,"status":"pending","previous_value":"open","event_type":"Change","via":"Web service","via_reference_id":null}]}],`+
		`"next_page":"HOST/api/v2/incremental/ticket_events.json?start_time=END","count":7,"end_of_stream":true,"end_time":END}`)

	const whole = `,"type":"Comment","author_id":THE_agent,`
	const toCarl = `"via":{"channel":"api","source":{"from":{},"to":{"name":"The customer","address":"customer@acme.example"},"rel":null}},"via_reference_id":null,"event_type":"Comment","created_at":"TIME"`
	const toNobody = `"via":{"channel":"api","source":{"from":{},"to":{},"rel":null}},"via_reference_id":null,"event_type":"Comment","created_at":"TIME"`
	html := func(text string) string {
		return `"body":"` + text + `","html_body":"<div class=\"zd-comment\" dir=\"auto\"><p dir=\"auto\">` + text + `</p></div>","plain_body":"` + text + `"`
	}
	var x exported
	r := a.must(200, "admin", "GET", export+fmt.Sprint(then.Unix())+"&include=comment_events", "")
	r.decode(t, &x)
	got := a.named(ticket, string(r.body), audits, []int64{first, private, gone})
	for _, want := range []string{
		`"metadata":{"system":{"client":"Go-http-client/1.1","ip_address":"127.0.0.1","location":null,"latitude":null,"longitude":null},"custom":{}},"event_type":"Audit","child_events":[` +
			`{"id":C0,"type":"Comment","author_id":THE_customer,` + html("my number is ▇▇▇▇") + `,"public":true,"attachments":[],"audit_id":A1,` + toCarl + `}]}`,
		`{"id":C1` + whole + html("kept") + `,"public":false,"attachments":[],"audit_id":A2,` + toNobody + `}`,
		`{"id":C2` + whole + html("▇▇▇▇") + `,"public":true,"attachments":[],"audit_id":A3,` + toCarl + `}`,
		`?include=comment_events&start_time=`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the whole export lacks\n%s\nin\n%s", want, got)
		}
	}
}

// named is a body with names in the place of numbers: An and Cn of audits and comments.
func (a *account) named(ticket thread, body string, audits, comments []int64) string {
	more := map[int64]string{}
	for i, id := range audits {
		more[id] = fmt.Sprint("A", i)
		for place := int64(1); place < 6; place++ {
			if id+place != ticket.number {
				more[id+place] = fmt.Sprintf("A%d+%d", i, place)
			}
		}
	}
	for i, id := range comments {
		more[id] = fmt.Sprint("C", i)
	}
	text := plain(a, ticket, []byte(body), more)
	text = strings.ReplaceAll(text, `"system":{"client":"Go-http-client/1.1","location":null,"latitude":null,"longitude":null}`, "SYSTEM")
	return strings.ReplaceAll(text, `"system":{"client":null,"location":null,"latitude":null,"longitude":null}`, "SYSTEM0")
}

func (a *account) wants(ticket thread, path string, audits, comments []int64, want string) {
	a.t.Helper()
	var x exported
	r := a.must(200, "admin", "GET", path, "")
	r.decode(a.t, &x)
	if age := time.Now().Unix() - x.EndTime; age < 60 || age > 120 {
		a.t.Errorf("end_time is %d s ago", age)
	}
	got := strings.ReplaceAll(a.named(ticket, string(r.body), audits, comments), fmt.Sprint(x.EndTime), "END")
	if diff := cmp.Diff(want, got); diff != "" {
		a.t.Errorf("GET %s (-want +got):\n%s", path, diff)
	}
}

// TestExportWalks: whatever the size of pages, and wherever seconds end, each audit of
// the account comes once, in order, and none of another's.
func TestExportWalks(t *testing.T) {
	s := newStack(t)
	a, b := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	mine, theirs := []thread{a.ticket(), a.ticket()}, b.ticket()
	for i := range 12 {
		_, native := a.comment("agent", mine[i%2], fmt.Sprint("text ", i), i%3 == 0)
		b.comment("agent", theirs, "of another account", false)
		if i%4 == 1 {
			a.must(200, "agent", "PATCH", native, `{"content":"edited"}`)
		}
		a.must(200, "agent", "PUT", mine[0].path, fmt.Sprintf(`{"ticket":{"status":%q,"comment":{"body":"two events"}}}`, []string{"open", "pending"}[i%2]))
	}
	want := a.wrote(mine...)
	for _, seconds := range []string{"w.position", "w.position / 10", "w.position / 1000", "w.position / 25"} {
		s.age(seconds)
		for _, size := range []int{1, 3, 7, 100} {
			got, _ := a.follow(fmt.Sprint("&per_page=", size))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("per_page %d, seconds %s: %v; want %v", size, seconds, got, want)
			}
		}
	}
	// Whoever keeps end_time alone misses nothing and gets nothing twice.
	s.age("w.position / 5")
	var got []int64
	for start, over := int64(0), false; !over; {
		var x exported
		a.must(200, "admin", "GET", fmt.Sprint(export, start, "&per_page=4"), "").decode(t, &x)
		for _, e := range x.Events {
			got = append(got, e.ID)
		}
		start, over = x.EndTime, x.End
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("by end_time: %v; want %v", got, want)
	}
}

// TestExportOfALongSecond: a second with more than an answer can hold is gone through by
// next_page.
func TestExportOfALongSecond(t *testing.T) {
	for _, limits := range [][2]int{{2, 1 << 20}, {1000, 1}, {1, 2000}} {
		s := newStack(t, func(c *httpapi.Config) { c.Zendesk.LimitExports(limits[0], limits[1]) })
		a := s.account("acme", directory.Settings{})
		ticket := a.ticket()
		for i := range 9 {
			a.comment("agent", ticket, fmt.Sprint("text ", i), false)
		}
		s.age("w.position / 1000")
		got, pages := a.follow("&per_page=3")
		if want := a.wrote(ticket); !reflect.DeepEqual(got, want) || pages < 2 && limits[0] < 1000 {
			t.Errorf("limits %v: %v in %d pages; want %v", limits, got, pages, want)
		}
	}
}

// TestExportEndsAMinuteAgo: what is younger comes later.
func TestExportEndsAMinuteAgo(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	ticket := a.ticket()
	if got, _ := a.follow(""); len(got) != 0 {
		t.Errorf("what has just been written is exported: %v", got)
	}
	var x exported
	a.must(200, "admin", "GET", export+"0", "").decode(t, &x)
	s.age("w.position")
	if a.must(200, "admin", "GET", export+"0", "").decode(t, &x); x.Count != 1 {
		t.Errorf("%d audits; want 1", x.Count)
	}
	a.comment("agent", ticket, "young", false)
	next := x.NextPage
	if a.must(200, "admin", "GET", next, "").decode(t, &x); x.Count != 0 || !x.End {
		t.Errorf("after the end = %+v", x)
	}
	if u, err := url.Parse(next); err != nil || u.Query().Get("start_time") == "" {
		t.Errorf("next_page = %s", next)
	}
	now := time.Now().Unix()
	for query, want := range map[string]int{
		"": 400, "x": 400, "1.5": 400, fmt.Sprint(now - 30): 422, fmt.Sprint(now + 1000): 422, "99999999999999999999": 422, "-5": 200,
		fmt.Sprint(now - 90): 200, "0&per_page=0": 400, "0&per_page=x": 400, "0&per_page=99999": 200, "0&cursor=x": 400,
		"0&cursor=" + strings.Repeat("A", 22): 400,
	} {
		a.must(want, "admin", "GET", export+query, "")
	}
	a.must(400, "admin", "GET", "/api/v2/incremental/ticket_events", "")
}

// TestTakenOver: what comes from elsewhere is dated there, and is exported by when it came.
func TestTakenOver(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	here := a.ticket()
	id, there := domain.TicketID(uuid.New()), time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC)
	for i, number := range []int64{354360000, 0, 0} { // the last one had happened before
		drawn, err := s.store.Numbers().Draw(t.Context(), a.id, domain.NumbersPerWrite)
		if err != nil {
			t.Fatal(err)
		}
		agent := domain.Actor{Kind: domain.ActorAgent, ID: a.users["agent"]}
		if _, err := s.store.Execute(t.Context(), domain.WriteTicket{
			Account: a.id, Ticket: id, By: domain.By{Actor: agent}, Opens: number, Numbers: domain.Numbers{Audit: drawn, Subject: drawn + 1},
			Comment: domain.CommentID(uuid.Must(uuid.NewV7())), Say: &domain.NewComment{Author: agent.Own(), Text: &domain.Text{
				Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: fmt.Sprint("text ", i),
			}},
			Origin: &domain.Origin{Audit: int64(360000 + i), At: there.Add([]time.Duration{0, time.Hour, time.Minute}[i])},
		}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.age("w.position")
	times := []string{"2014-02-03T04:05:06Z", "2014-02-03T05:05:06Z", "2014-02-03T04:06:06Z"}

	var said []string
	for _, c := range a.comments("agent", "/api/v2/tickets/354360000/comments") {
		said = append(said, c.CreatedAt)
	}
	if !slices.Equal(said, times) {
		t.Errorf("comments were made at %v; want %v", said, times)
	}
	var shown struct {
		Ticket map[string]any `json:"ticket"`
		Audits []struct {
			CreatedAt string `json:"created_at"`
		} `json:"audits"`
	}
	if a.must(200, "agent", "GET", "/api/v2/tickets/354360000", "").decode(t, &shown); shown.Ticket["created_at"] != times[0] || shown.Ticket["updated_at"] != "2014-02-03T05:05:07Z" {
		t.Errorf("the ticket is of %v, changed at %v", shown.Ticket["created_at"], shown.Ticket["updated_at"])
	}
	a.must(200, "agent", "GET", "/api/v2/tickets/354360000/audits", "").decode(t, &shown)
	var audits []string
	for _, audit := range shown.Audits {
		audits = append(audits, audit.CreatedAt)
	}
	if !slices.Equal(audits, times) {
		t.Errorf("audits are of %v; want %v", audits, times)
	}
	for order, want := range map[string][]int64{"created_at": {354360000, here.number}, "updated_at": {354360000, here.number}, "id": {here.number, 354360000}} {
		if got := a.all("agent", "/api/v2/tickets?page[size]=1&sort="+order); !slices.Equal(got, want) {
			t.Errorf("by %s: tickets %v; want %v", order, got, want)
		}
	}

	// By when they came: 2, 4 and 5 seconds after then.
	if got := a.comments("agent", "/api/v2/requests/354360000/comments?since="+then.Add(4*time.Second).Format(time.RFC3339)); len(got) != 2 {
		t.Errorf("since the second one came there are %+v", got)
	}
	var x exported
	a.must(200, "admin", "GET", export+fmt.Sprint(then.Unix()), "").decode(t, &x)
	var exported []int64
	for _, e := range x.Events[1:] {
		exported = append(exported, e.Timestamp)
	}
	if want := []int64{there.Unix(), there.Add(time.Hour).Unix(), there.Add(time.Minute).Unix()}; !slices.Equal(exported, want) || time.Now().Unix()-x.EndTime > 120 {
		t.Errorf("exported are audits of %v, up to %d; want %v", exported, x.EndTime, want)
	}
	all := a.wrote(here, thread{native: id.String()})
	if got, pages := a.follow("&per_page=1"); !slices.Equal(got, all) || pages < len(all) {
		t.Errorf("in pages: %v in %d; want %v", got, pages, all)
	}
}

// TestExportIsOfToday: what is redacted between two exports of the same second is gone
// from the second one, and what is deleted.
func TestExportIsOfToday(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	ticket := a.ticket()
	redacted, _ := a.comment("agent", ticket, "secret-"+uuid.NewString()[:4]+" 4711", false)
	_, native := a.comment("agent", ticket, "soon to go", false)
	s.age("w.position")
	path := export + "0&include=comment_events"
	if r := a.must(200, "admin", "GET", path, ""); !strings.Contains(string(r.body), "4711") || !strings.Contains(string(r.body), "soon to go") {
		t.Errorf("export = %s", r.body)
	}
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, redacted), `{"text":"4711"}`)
	a.must(204, "agent", "DELETE", native, "")
	if r := a.must(200, "admin", "GET", path, ""); strings.Contains(string(r.body), "4711") || strings.Contains(string(r.body), "soon to go") {
		t.Errorf("export = %s", r.body)
	}
}
