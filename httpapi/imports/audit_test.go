package imports

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

var today = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// said tells what an audit comes to.
func said(a *audit) string {
	text := fmt.Sprintf("%d of %d at %s by %d", a.id, a.ticket, a.at.Format(time.RFC3339), a.by)
	if a.comment != nil {
		c := a.comment
		text += fmt.Sprintf(", comment %d by %d public %v by %s %q %q", c.id, c.author, c.public, c.channel, c.text, c.html)
		if len(c.files) > 0 {
			text += fmt.Sprintf(" with %d files", len(c.files))
		}
		if c.flags != 0 {
			text += fmt.Sprint(" flags ", c.flags.List(), c.flagged)
		}
		text += c.voice + c.source
	}
	if a.status != nil {
		text += ", status " + string(*a.status)
	}
	if a.requester != nil {
		text += fmt.Sprint(", requester ", *a.requester)
	}
	if a.subject != nil && *a.subject != nil {
		text += fmt.Sprintf(", subject %q", **a.subject)
	} else if a.subject != nil {
		text += ", no subject"
	}
	if a.custom != "" || a.client.IP != "" {
		text += ", from " + a.client.IP + " " + a.client.UserAgent + a.custom
	}
	if a.contained > 0 {
		text += fmt.Sprint(", contained ", a.contained)
	}
	if len(a.left) > 0 {
		text += fmt.Sprint(", left ", a.left)
	}
	return text
}

const at = `"created_at":"2025-01-16T11:30:00Z"`

func TestAudit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		kind  kind
		value string
		want  string
	}{
		{"an event of an export", anEvent,
			`{"id":9006,"ticket_id":35436,"timestamp":1737027000,` + at + `,"updater_id":41,"via":"Mail","system":{"client":"curl/8","location":"Oslo","latitude":59.9,"longitude":10.7},"metadata":{"system":{"client":"curl/8","ip_address":"192.0.2.7"},"custom":{"k":1}},
			  "event_type":"Audit","child_events":[{"id":9007,"type":"Comment","author_id":43,"body":"Hi","html_body":"<p>Hi</p>","public":true,"attachments":[{"id":1}],"via_reference_id":null,"event_type":"Comment",` + at + `},
			  {"id":9008,"status":"open","previous_value":"new","event_type":"Change","via":"Mail","via_reference_id":null},{"id":9009,"tags":["a"],"added_tags":["a"],"event_type":"Change"},
			  {"id":9010,"custom_field":"secret","event_type":"Create"},{"id":9011,"requester_id":"43","event_type":"Create"},{"id":9012,"subject":null,"event_type":"Create"},{"id":1,"comment_id":"9007","event_type":"CommentRedactionEvent"},
			  {"id":2,"360001":"x","event_type":"Change"}]}`,
			`9006 of 35436 at 2025-01-16T11:30:00Z by 41, comment 9007 by 43 public true by email "Hi" "<p>Hi</p>" with 1 files, status open, requester 43, no subject, from 192.0.2.7 curl/8{"k":1}, contained 1, left map[Change of a custom field:1 Change of tags:1 Create of another field:1]`},
		{"an audit", anAudit,
			`{"id":9006,"ticket_id":35436,` + at + `,"author_id":-1,"metadata":{"system":{},"custom":{},"flags":[4,14,7],"flags_options":{"14":{"trusted":false}}},"via":{"channel":"email","source":{"from":{"address":"a@example.com","name":"A"},"to":{},"rel":null}},
			  "events":[{"id":9007,"type":"Comment","body":"Hi","public":false},{"id":1,"type":"Change","field_name":"status","value":"closed","previous_value":"open"},{"id":2,"type":"Notification","recipients":[1]},{"id":3,"type":"Change","field_name":"subject","value":"New"},{"id":4,"type":"secret"}]}`,
			`9006 of 35436 at 2025-01-16T11:30:00Z by -1, comment 9007 by -1 public false by email "Hi" "" flags [4 14]{"14":{"trusted":false}}{"from":{"name":"A","address":"a@example.com"},"to":{}}, status closed, subject "New", left map[Notification:1 another event:1]`},
		{"a call", anAudit,
			`{"id":1,"ticket_id":2,` + at + `,"author_id":3,"via":{"channel":"voice","source":{"rel":"inbound"}},"events":[{"id":4,"type":"VoiceComment","body":"Call","public":true,"data":{"from":"+1","call_duration":7,"transcription_text":null}}]}`,
			`1 of 2 at 2025-01-16T11:30:00Z by 3, comment 4 by 3 public true by voice "Call" ""{"from":"+1","call_duration":7,"rel":"inbound"}`},
		{"without texts", anEvent, `{"id":1,"ticket_id":2,` + at + `,"child_events":[{"id":3,"event_type":"Comment","comment_present":true,"comment_public":true}]}`, errTextless.Error()},
		{"a comment of which nobody knows who may see it", anAudit, `{"id":1,"ticket_id":2,` + at + `,"events":[{"id":3,"type":"Comment","body":"a","public":null}]}`, errSilent.Error()},
		{"two comments", anAudit, `{"id":1,"ticket_id":2,` + at + `,"events":[{"id":3,"type":"Comment","body":"a","public":true},{"id":4,"type":"Comment","body":"b"}]}`, errSecond.Error()},
		{"no id", anAudit, `{"ticket_id":2,` + at + `}`, errNoID.Error()},
		{"no ticket", anAudit, `{"id":2,` + at + `}`, errNoTicket.Error()},
		{"no time", anAudit, `{"id":2,"ticket_id":1}`, errNoTime.Error()},
		{"tomorrow", anAudit, `{"id":2,"ticket_id":1,"created_at":"2026-01-03T03:04:05Z"}`, errNoTime.Error()},
		{"before there were such things", anAudit, `{"id":2,"ticket_id":1,"created_at":"0001-01-01T00:00:00Z"}`, errNoTime.Error()},
		{"the end of a ticket", anEvent, `{"id":2,"ticket_id":1,` + at + `,"child_events":[{"event_type":"Change","status":"deleted"}]}`, "2 of 1 at 2025-01-16T11:30:00Z by 0, left map[deletion of the ticket:1]"},
		{"a status of nobody's", anAudit, `{"id":2,"ticket_id":1,` + at + `,"events":[{"type":"Change","field_name":"status","value":"secret"}]}`, errStatus.Error()},
		{"a subject that is none", anAudit, `{"id":2,"ticket_id":1,` + at + `,"events":[{"type":"Change","field_name":"subject","value":[]}]}`, errSubject.Error()},
		{"a requester who is nobody", anAudit, `{"id":2,"ticket_id":1,` + at + `,"events":[{"type":"Change","field_name":"requester_id","value":"secret"}]}`, errRequester.Error()},
		{"a number that is too large", anAudit, `{"id":1e400,"ticket_id":1,` + at + `}`, "not of the form that it should have, at /id"},
		{"another type", anAudit, `{"id":1,"ticket_id":1,` + at + `,"events":[{"body":["secret"]}]}`, "not of the form that it should have, at /events/0/body"},
		{"names twice", anAudit, `{"id":1,"id":2,"ticket_id":1,` + at + `}`, "names occur twice, or texts are not UTF-8"},
		{"no UTF-8", anAudit, `{"id":1,"ticket_id":1,` + at + `,"x":"` + "\xff" + `"}`, "names occur twice, or texts are not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := auditOf(record{kind: tt.kind, value: jsontext.Value(tt.value)}, today)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = said(a)
			}
			if got != tt.want {
				t.Errorf("auditOf says %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTicket(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		want        []string
	}{
		{"its comments, and what it has come to",
			`{"id":7,"subject":"S","status":"closed","requester":{"id":40},"submitter_id":41,` + at + `,"updated_at":"2025-02-01T00:00:00Z","comments":[
			  {"id":100,"author_id":40,"body":"first","public":true,"created_at":"2025-01-16T11:30:01Z"},{"id":101,"author_id":41,"body":"second","public":false,"created_at":"2025-01-17T00:00:00Z"}]}`,
			[]string{
				`100 of 7 at 2025-01-16T11:30:00Z by 41, comment 100 by 40 public true by api "first" "", requester 40, subject "S"`,
				`101 of 7 at 2025-01-17T00:00:00Z by 41, comment 101 by 41 public false by api "second" ""`,
				`-3476736000 of 7 at 2025-02-01T00:00:00Z by -1, status closed, requester 40, subject "S"`,
			}},
		{"nothing but itself", `{"id":7,"subject":"S","status":"new","requester_id":40,` + at + `}`, []string{
			`-3474054001 of 7 at 2025-01-16T11:30:00Z by -1, status new, requester 40, subject "S"`,
			`-3474054000 of 7 at 2025-01-16T11:30:00Z by -1, status new, requester 40, subject "S"`,
		}},
		{"its audits", `{"id":7,"status":"open",` + at + `,"audits":[{"id":9,` + at + `,"author_id":4,"events":[{"type":"Create","field_name":"status","value":"open"}]}]}`, []string{
			"9 of 7 at 2025-01-16T11:30:00Z by 4, status open",
		}},
		{"audits of another", `{"id":7,` + at + `,"audits":[{"id":9,"ticket_id":8,` + at + `}]}`, []string{errNoTicket.Error()}},
		{"deleted", `{"id":7,"status":"deleted",` + at + `}`, []string{errDeleted.Error()}},
		{"a status of nobody's", `{"id":7,"status":"secret",` + at + `}`, []string{errStatus.Error()}},
		{"a comment without a time", `{"id":7,` + at + `,"comments":[{"id":8,"body":"x"}]}`, []string{errNoTime.Error()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, audits, err := ticketOf(record{kind: aTicket, value: jsontext.Value(tt.value)}, today)
			got := []string{}
			for _, a := range audits {
				got = append(got, said(a))
			}
			if err != nil {
				got = append(got, err.Error())
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("ticketOf says\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

// By these ids an import knows what it has brought: they never change.
func TestIDs(t *testing.T) {
	n := idsOf("acme")
	for _, tt := range []struct{ got, want fmt.Stringer }{
		{n.ticket(35436), uuid.MustParse("4962b8f7-d355-5335-a288-8579b66a8b6e")},
		{n.comment(9007), uuid.MustParse("aa956bb0-9649-571e-bc60-2a7d5a3fdb50")},
		{n.user(41), uuid.MustParse("e417f034-ff5e-5dc7-b807-a485e10e0822")},
		{idsOf("other").ticket(35436), uuid.MustParse("e69cdcbe-5ad0-5e0e-b838-dcecbbf43154")},
	} {
		if got, want := tt.got.String(), tt.want.String(); got != want {
			t.Errorf("an id is %s; want %s", got, want)
		}
	}
}
