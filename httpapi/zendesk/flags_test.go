package zendesk_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/zendesk"
)

// TestFlagsOfRelays: those who relay others' words say what they alone know of them; of
// others it is not heard.
func TestFlagsOfRelays(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	say := func(as, metadata string, status int) map[string]any {
		t.Helper()
		ticket := a.ticket()
		a.must(status, as, "PUT", ticket.path, `{"ticket":{"comment":{"body":"text","metadata":`+metadata+`}}}`)
		comments := a.comments("agent", ticket.path+"/comments")
		if status != 200 {
			if len(comments) > 0 {
				t.Errorf("%s was refused, and there is a comment", metadata)
			}
			return nil
		}
		return comments[0].Metadata
	}
	got := say("relay", `{"flags":[22,4,14],"flags_options":{"4":{"trusted":true}},"custom":1}`, 200)
	if fmt.Sprint(got["flags"]) != "[4 14 22]" || fmt.Sprint(got["flags_options"]) != "map[14:map[trusted:true] 22:map[trusted:true] 4:map[trusted:true]]" {
		t.Errorf("metadata = %v", got)
	}
	got = say("relay", `{"flags":[5,4],"flags_options":{"5":{"trusted":false,"message":{"account_limit":"20","file":"plan.pdf"}}}}`, 200)
	if fmt.Sprint(got["flags_options"]) != "map[4:map[trusted:true] 5:map[message:map[account_limit:20 file:plan.pdf] trusted:false]]" || got["trusted"] != false {
		t.Errorf("metadata = %v", got)
	}
	for _, none := range []string{"null", "{}", `{"flags":[]}`, `{"flags":null,"flags_options":{}}`} {
		if got := say("relay", none, 200); got["flags"] != nil {
			t.Errorf("%s gave %v", none, got)
		}
	}
	for metadata, want := range map[string]int{
		`{"flags":[11]}`: 422, `{"flags":[2]}`: 422, `{"flags":[17]}`: 422, `{"flags":[1]}`: 422, `{"flags":[99]}`: 422, `{"flags":[-1]}`: 422,
		`{"flags":"4"}`: 400, `{"flags":["4"]}`: 400, `{"flags":[4.5]}`: 400, `[]`: 400, `{"flags_options":[]}`: 400,
		`{"flags":[4],"flags_options":{"4":{"trusted":1}}}`: 422, `{"flags":[4],"flags_options":{"04":{"trusted":true}}}`: 422,
		`{"flags":[4],"flags_options":{"4":{"message":{}}}}`: 422, `{"flags":[4],"flags_options":{"3":{"trusted":true}}}`: 422,
		`{"flags":[4],"flags_options":{"4":{"trusted":true,"message":"x"}}}`: 422, `{"flags":[4],"flags_options":{"4":{"trusted":true,"more":1}}}`: 422, `{"flags":[4],"flags_options":{"x":{"trusted":true}}}`: 422,
	} {
		say("relay", metadata, want)
	}
	if got := say("agent", `{"flags":[4],"flags_options":{"4":"x"}}`, 200); got["flags"] != nil {
		t.Errorf("an agent's flags = %v", got["flags"])
	}
}

// TestNewRequesters: whoever is not known by an address is known once a ticket is theirs,
// and only if it is.
func TestNewRequesters(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	known := func(email string) bool {
		t.Helper()
		var found struct {
			Count int `json:"count"`
		}
		a.must(200, "agent", "GET", "/api/v2/users/search?query="+email, "").decode(t, &found)
		return found.Count == 1
	}
	_, w := a.open("agent", `{"requester":{"name":" Nora New ","email":"nora@new.example"},"comment":"text"}`)
	var nora struct {
		User struct {
			Name  string `json:"name"`
			Email string `json:"email"`
			Role  string `json:"role"`
		} `json:"user"`
	}
	a.must(200, "agent", "GET", fmt.Sprint("/api/v2/users/", w.Ticket.RequesterID), "").decode(t, &nora)
	if u := nora.User; u.Name != "Nora New" || u.Email != "nora@new.example" || u.Role != "end-user" {
		t.Errorf("requester = %+v", u)
	}
	// The next time she is found, whatever she is called.
	if _, again := a.open("agent", `{"requester":{"name":"Other","email":"NORA@new.example"},"comment":"text"}`); again.Ticket.RequesterID != w.Ticket.RequesterID {
		t.Errorf("she is another one the second time: %d, %d", again.Ticket.RequesterID, w.Ticket.RequesterID)
	}
	update := a.must(200, "agent", "PUT", w.path(), `{"ticket":{"requester":{"name":"Olaf","email":"olaf@new.example"}}}`).written(t)
	if update.Ticket.RequesterID == w.Ticket.RequesterID || !known("olaf@new.example") {
		t.Errorf("after an update: %+v", update.Ticket)
	}
	a.must(200, "agent", "PUT", w.path(), `{"ticket":{"status":"closed"}}`)
	for _, refused := range []struct{ as, method, path, body string }{
		{"agent", "PUT", w.path(), `{"ticket":{"requester":{"name":"Pia","email":"pia@new.example"}}}`},
		{"writer", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"name":"Pia","email":"pia@new.example"},"comment":"text"}}`},
		{"agent", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"name":"Pia","email":"pia@new.example"},"comment":{"body":"text","author_id":1}}}`},
		{"agent", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"name":"Pia","email":"pia@new.example"},"comment":{"uploads":"` + vault.NewUploadToken().String() + `"}}}`},
		{"agent", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"email":"pia@new.example"},"comment":"text"}}`},
		{"agent", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"name":"Pia\u0007","email":"pia@new.example"},"comment":"text"}}`},
		{"agent", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"name":"Pia","email":"no address"},"comment":"text"}}`},
	} {
		if r := a.do(refused.as, refused.method, refused.path, refused.body); r.status != 422 && r.status != 403 {
			t.Errorf("%s = %d %s", refused.body, r.status, r.body)
		}
	}
	key := header{"Idempotency-Key", "once"}
	a.must(201, "agent", "POST", "/api/v2/tickets", `{"ticket":{"comment":"text"}}`, key)
	a.must(400, "agent", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"name":"Pia","email":"pia@new.example"},"comment":"text"}}`, key)
	if known("pia@new.example") {
		t.Error("a request that was refused has introduced somebody")
	}
	// Two who name the same newcomer at once mean one.
	var racing sync.WaitGroup
	ids := make([]int64, 4)
	for i := range ids {
		racing.Go(func() {
			r := a.do("agent", "POST", "/api/v2/tickets", `{"ticket":{"requester":{"name":"Quinn","email":"quinn@new.example"},"comment":"text"}}`)
			ids[i] = r.written(t).Ticket.RequesterID
		})
	}
	racing.Wait()
	for _, id := range ids {
		if id != ids[0] || id <= 0 {
			t.Errorf("the requesters are %v", ids)
		}
	}
}

// TestReadFlags: of what is said of flags elsewhere, what cannot be read makes none of them
// more trusted.
func TestReadFlags(t *testing.T) {
	flags, flagged := zendesk.ReadFlags([]int{14, 4, 99}, map[string]jsontext.Value{
		"4": jsontext.Value(`{"trusted":true,"message":{"user":"x"}}`), "14": jsontext.Value(`{"trusted":true,"more":1}`), "22": jsontext.Value(`{"trusted":true}`),
	})
	if got := fmt.Sprint(flags.List(), flagged); got != `[4 14]{"14":{"trusted":false},"4":{"trusted":true,"message":{"user":"x"}}}` {
		t.Errorf("ReadFlags = %s", got)
	}
	if _, flagged := zendesk.ReadFlags([]int{4, 14}, map[string]jsontext.Value{"04": jsontext.Value(`{}`), "14": jsontext.Value(`{"trusted":false}`)}); flagged != `{"14":{"trusted":false}}` {
		t.Errorf("ReadFlags beside a name that is no number of a flag = %s", flagged)
	}
	long := jsontext.Value(`{"trusted":true,"message":{"x":"` + strings.Repeat("x", 20<<10) + `"}}`)
	if _, flagged := zendesk.ReadFlags([]int{4}, map[string]jsontext.Value{"4": long}); flagged != `{"4":{"trusted":false}}` {
		t.Errorf("ReadFlags of too much = %s", flagged)
	}
}

// TestReadVoice: a recording is at an address that can be opened, or nowhere.
func TestReadVoice(t *testing.T) {
	for given, want := range map[string]string{
		`{"from":"+1","recording_url":"https://example.org/1.mp3"}`: `{"from":"+1","recording_url":"https://example.org/1.mp3"}`,
		`{"from":"+1","recording_url":"javascript:alert(1)"}`:       `{"from":"+1"}`,
	} {
		if got := zendesk.ReadVoice(jsontext.Value(given), nil); got != want {
			t.Errorf("ReadVoice(%s) = %s", given, got)
		}
	}
}
