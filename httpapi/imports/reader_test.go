package imports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

var kindNames = map[kind]string{unknown: "unknown", aPerson: "person", aTicket: "ticket", anEvent: "event", anAudit: "audit"}

// found reads a text, of whose records none may have more than 64 KiB or so, and tells what is
// in it.
func found(t testing.TB, in io.Reader) (all []string) {
	t.Helper()
	r := newReader(in, func(r record) error {
		all = append(all, fmt.Sprintf("%s: %s %s", r.place, kindNames[r.kind], r.value))
		return nil
	}, func(at place, reason string) {
		what, _, _ := strings.Cut(reason, ";")
		all = append(all, fmt.Sprintf("%s: %s", at, what))
	})
	r.in.most = 64 << 10
	if err := r.read(); err != nil {
		t.Errorf("read: %v", err)
	}
	return all
}

func TestReader(t *testing.T) {
	long := strings.Repeat("x", 1_000_000)
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", " \n\n", nil},
		{"pages, whatever else is in them", `{"count":1,"users":[{"id":1}],"next_page":null,"ticket_events":[{"id":2},{"id":3}]}` + "\n\n" + `{"audits":[],"tickets":[{"id":4}]}`, []string{
			`line 1, users 1: person {"id":1}`, `line 1, ticket_events 1: event {"id":2}`, `line 1, ticket_events 2: event {"id":3}`, `line 3, tickets 1: ticket {"id":4}`,
		}},
		{"a page on many lines", "{\n \"users\": [\n  {\"id\": 1},\n  {\n \"id\": 2}\n ]\n}{\"users\":[{}]}", []string{
			`line 3, users 1: person {"id": 1}`, "line 4, users 2: person {\n \"id\": 2}", `line 7, users 1: person {}`,
		}},
		{"things for themselves", `{"id":1,"role":"agent"}` + "\n" + `{"id":2,"subject":"s","comments":[]} {"id":3,"child_events":[]}` + "\n" + `{"ticket_id":4,"events":[]}` + "\n" + `{"id":5}`, []string{
			`line 1: person {"id":1,"role":"agent"}`, `line 2: ticket {"id":2,"subject":"s","comments":[]}`, `line 2: event {"id":3,"child_events":[]}`,
			`line 3: audit {"ticket_id":4,"events":[]}`, `line 4: unknown {"id":5}`,
		}},
		{"a ticket with its audits is no page of audits", `{"id":1,"audits":[{"id":2}]}`, []string{`line 1: ticket {"id":1,"audits":[{"id":2}]}`}},
		{"an array", `[{"email":"a@b"},{"id":1,"events":[]}]`, []string{`line 1, array 1: person {"email":"a@b"}`, `line 1, array 2: audit {"id":1,"events":[]}`}},
		{"what is neither object nor array", "1 null\n\"x\"", []string{"line 1: neither an object nor an array", "line 1: neither an object nor an array", "line 2: neither an object nor an array"}},
		{"no JSON, and what comes after", "{\"users\":[{\"id\":1},{\"id\":}]}\n{\"users\":[{\"id\":2}]}\nnonsense\n more {\n[{\"role\":\"x\"}]", []string{
			`line 1, users 1: person {"id":1}`, `line 1, users 2: not JSON`, `line 2, users 1: person {"id":2}`, "line 3: not JSON", `line 5, array 1: person {"role":"x"}`,
		}},
		{"a page that is cut after a whole thing, and what comes after", "{\"users\":[{\"id\":1}\n{\"users\":[{\"id\":2}]}\n{\"count\":1,\"users\":[]\n\n[{\"role\":\"x\"}", []string{
			`line 1, users 1: person {"id":1}`, "line 2, users 2: not JSON", `line 2, users 1: person {"id":2}`, "line 3: not JSON", `line 5, array 1: person {"role":"x"}`, "line 5, array 2: not JSON",
		}},
		{"what is wrong is told once", "{\"users\":[\n{\"id\":}]}\n[\n[}\n{\"role\":1}", []string{
			"line 2, users 1: not JSON", "line 4, array 1: not JSON", `line 5: person {"role":1}`,
		}},
		{"lines after what is passed over", strings.Repeat("!", 100) + "\n{}\n{}\n" + strings.Repeat("!\n", 20_000) + "{}", []string{
			"line 1: not JSON", "line 2: unknown {}", "line 3: unknown {}", "line 4: not JSON", "line 20004: unknown {}",
		}},
		{"much after what is passed over twice", strings.Repeat("!", 10_000) + "\n{\"role\":1}\n!\n" + strings.Repeat("{\"role\":1}\n", 5_000), slices.Concat(
			[]string{"not JSON", `person {"role":1}`, "not JSON"}, slices.Repeat([]string{`person {"role":1}`}, 5_000),
		)},
		{"cut off", `{"users":[{"id":1},{"id"`, []string{`line 1, users 1: person {"id":1}`, "line 1, users 2: not JSON"}},
		{"names twice are for who reads the record", `{"id":1,"id":2,"role":""}`, []string{`line 1: person {"id":1,"id":2,"role":""}`}},
		{"a text that is too long", `{"users":[{"id":1},{"id":2,"name":"` + long + "\"}]}\n" + `{"users":[{"id":3}]}`, []string{
			`line 1, users 1: person {"id":1}`, "line 1, users 2: larger than 64 MiB, or not JSON", `line 2, users 1: person {"id":3}`,
		}},
		{"a name that is too long", `{"` + long + `":1}` + "\n" + `{"role":1}`, []string{"line 1: larger than 64 MiB, or not JSON", `line 2: person {"role":1}`}},
		{"a thing that is too large", `{"id":1,"comments":[` + strings.Repeat("{},", 400_000) + `{}]}` + "\n" + `{"role":1}`, []string{"line 1: larger than 64 MiB, or not JSON", `line 2: person {"role":1}`}},
		{"a page that is large", `{"users":[` + strings.Repeat(" ", 9_000) + `{"id":1}` + strings.Repeat(",\n{\"id\":1}", 20_000) + "]}", slices.Repeat([]string{`person {"id":1}`}, 20_001)},
		{"too deep", strings.Repeat("[", 100_000) + "\n{\"role\":1}", []string{"line 1, array 1: not JSON", `line 2: person {"role":1}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := found(t, strings.NewReader(tt.in))
			if len(tt.want) > 100 { // where each stands, is another matter
				for i := range got {
					_, got[i], _ = strings.Cut(got[i], ": ")
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %d: %.2000s\nwant %d: %.2000s", len(got), fmt.Sprintf("%q", got), len(tt.want), fmt.Sprintf("%q", tt.want))
			}
		})
	}
}

// What give says ends the reading, and so does an input that fails.
func TestReaderStops(t *testing.T) {
	gone := errors.New("gone")
	keep := func(record) error { return nil }
	refuse := func(place, string) { t.Error("something was refused") }
	if err := newReader(strings.NewReader(`{"role":1}`), func(record) error { return gone }, refuse).read(); err != gone {
		t.Errorf("read = %v; want what give said", err)
	}
	if err := newReader(io.MultiReader(strings.NewReader(`{"users":[`), iotest.ErrReader(gone)), keep, refuse).read(); !errors.Is(err, gone) {
		t.Errorf("read = %v; want what the input said", err)
	}
}

// Whatever is in a file, it is told in the same way however it arrives, and nothing panics.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{"users":[{"id":1,"name":"A","role":"agent","created_at":"2020-01-02T03:04:05Z"}]}`,
		`{"ticket_events":[{"id":1,"ticket_id":2,"created_at":"2020-01-02T03:04:05Z","updater_id":-1,"child_events":[{"id":3,"event_type":"Comment","body":"x","attachments":[{"content_url":""}]},{"status":"open","event_type":"Change"}]}]}`,
		`{"id":1,"ticket_id":2,"created_at":"2020-01-02T03:04:05Z","events":[{"id":3,"type":"Change","field_name":"requester_id","value":"7"}]}`,
		`{"id":1,"subject":null,"status":"open","created_at":"2020-01-02T03:04:05Z","requester":{"id":4},"comments":[{"id":5,"body":"x","created_at":"2020-01-02T03:04:05Z","data":{},"via":"Mail"}]}`,
		`{"id":1e400,"role":9}` + "\n" + `{"id":"-2","email":null}`, `{"a`, "[[[", "\xff{\n{", `{"id":1,"audits":[{"events":[]}]}`,
		strings.Repeat("!", 100) + "\n{}\n{}\n", "{\"users\":[{}\n{\"users\":[{}]}\n{\"a\":1,\n[{}]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		whole := found(t, bytes.NewReader(file))
		if len(file) < 10_000 {
			if slowly := found(t, iotest.OneByteReader(bytes.NewReader(file))); !slices.Equal(whole, slowly) {
				t.Errorf("at once: %q\nbyte by byte: %q", whole, slowly)
			}
		}
		r := newReader(bytes.NewReader(file), func(r record) error {
			_, _ = auditOf(r, today)
			_, _, _ = ticketOf(r, today)
			embeddedIn(r)
			var u userShape
			if readShape(r, &u) == nil {
				_ = u.user(1, ids{})
			}
			return nil
		}, func(place, string) {})
		if err := r.read(); err != nil {
			t.Error(err)
		}
	})
}
