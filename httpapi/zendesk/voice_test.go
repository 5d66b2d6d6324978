package zendesk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/httpapi/directory"
)

const aCall = `{"from":"+16617480240","to":"+16617480123","recording_url":"https://calls.example/1","started_at":"2013-06-24 15:31:44 +0000","call_duration":40,` +
	`"answered_by_id":28,"transcription_text":"My card is 4711.","location":"Oslo","unknown":7}`

// TestVoiceComments: a call is told of wherever comments are, and told of in words on the
// other API.
func TestVoiceComments(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	w := a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"via_id":45,"comment":null,"voice_comment":`+aCall+`}}`).written(t)
	number := w.Audit.Events[0].ID
	known := map[int64]string{number: "CALL", w.Audit.ID: "AUDIT"}
	const said = `Call from: +16617480240\nCall to: +16617480123\nTime of call: 2013-06-24T15:31:44Z\nLength of call: 40 s\nLocation: Oslo\nRecording: https://calls.example/1\nTranscription: My card is 4711.`
	const voiced = `"public":true,"attachments":[],"audit_id":AUDIT,"data":{"from":"+16617480240","to":"+16617480123","recording_url":"https://calls.example/1",` +
		`"recording_duration":null,"call_duration":40,"call_id":null,"answered_by_id":28,"transcription_text":"My card is 4711.","transcription_status":"completed",` +
		`"started_at":"TIME","location":"Oslo"},"formatted_from":"+16617480240","formatted_to":"+16617480123","transcription_visible":true`
	const via = `"via":{"channel":"voice","source":{"from":{"phone":"+16617480240","formatted_phone":"+16617480240"},"to":{"phone":"+16617480123","formatted_phone":"+16617480123"},"rel":"inbound"}}`
	for path, wants := range map[string][]string{
		ticket.path + "/comments":   {`"id":CALL,"type":"VoiceComment","author_id":THE_agent,"body":"` + said + `"`, voiced + `,` + via + `,"created_at"`},
		ticket.path + "/audits":     {`"id":CALL,"type":"VoiceComment"`, voiced + `}`, via},
		ticket.public + "/comments": {`"id":CALL,"type":"VoiceComment","request_id":TICKET,"body":"` + said + `"`},
	} {
		got := plain(a, ticket, a.must(200, "agent", "GET", path, "").body, known)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("GET %s lacks\n%s\nin\n%s", path, want, got)
			}
		}
	}
	var native []struct {
		Content string `json:"content"`
	}
	a.must(200, "customer", "GET", ticket.native+"/comments", "").decode(t, &native)
	want := ""
	if err := json.Unmarshal([]byte(`"`+said+`"`), &want); err != nil {
		t.Fatal(err)
	}
	if len(native) != 1 || native[0].Content != want {
		t.Errorf("on /v1: %+v; want %q", native, want)
	}

	// A call of which little is known opens a ticket, and is a note if that is asked for.
	opened := a.must(201, "agent", "POST", "/api/v2/tickets", `{"ticket":{"via_id":44,"voice_comment":{"from":"+1","answered_by_id":3,"public":false}}}`)
	got := string(opened.body)
	if w := opened.written(t); w.Ticket.Description != "Call from: +1" || w.Ticket.IsPublic {
		t.Errorf("ticket = %s", got)
	}
	if !strings.Contains(got, `"transcription_status":null,"started_at":null`) || strings.Contains(got, `"answered_by_id"`) || !strings.Contains(got, `"rel":"voicemail"`) {
		t.Errorf("a voicemail = %s", got)
	}
	for body, want := range map[string]int{
		`"comment":"x","voice_comment":` + aCall: 422, `"voice_comment":{}`: 422, `"voice_comment":{"recording_url":"javascript:alert(1)"}`: 422,
		`"voice_comment":{"from":"a\u0000"}`: 422, `"voice_comment":{"from":"` + strings.Repeat("1", 300) + `"}`: 422, `"voice_comment":"x"`: 400,
		`"voice_comment":{"from":7}`: 400, `"voice_comment":{"started_at":"noon"}`: 400, `"voice_comment":{"call_duration":"x"}`: 400, `"voice_comment":{"call_duration":-1}`: 422,
		`"voice_comment":null`: 200, `"comment":{},"voice_comment":{"to":"+2"}`: 200, `"voice_comment":{"to":"+2","author_id":1}`: 422,
		`"voice_comment":{"transcription_text":"` + strings.Repeat("ä", 40_000) + `"}`: 200,
	} {
		a.must(want, "agent", "PUT", ticket.path, `{"ticket":{`+body+`}}`)
	}
}

// TestVoiceRedaction: what is redacted in a comment about a call is gone from all that is
// told of the call, on either API.
func TestVoiceRedaction(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for secret, redact := range map[string]func(ticket thread, number int64){
		"4711": func(ticket thread, number int64) {
			a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"4711"}`)
		},
		"+16617480240": func(ticket thread, number int64) {
			a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"+16617480240"}`)
		},
		"+16617480123": func(ticket thread, number int64) {
			html := a.comments("agent", ticket.path+"/comments")[0].HTMLBody
			body, err := json.Marshal(map[string]any{"ticket_id": ticket.number, "html_body": strings.ReplaceAll(html, "+16617480123", "<redact>+16617480123</redact>")})
			if err != nil {
				t.Fatal(err)
			}
			a.must(200, "agent", "PUT", fmt.Sprint("/api/v2/comment_redactions/", number), string(body))
		},
		"calls.example": func(ticket thread, number int64) {
			a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"calls.example"}`)
		},
	} {
		ticket := a.ticket()
		number := a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"voice_comment":`+aCall+`}}`).written(t).Audit.Events[0].ID
		paths := []string{ticket.path + "/comments", ticket.path + "/audits", ticket.path, ticket.public + "/comments", ticket.native + "/comments"}
		for _, path := range paths {
			if r := a.must(200, "agent", "GET", path, ""); !strings.Contains(string(r.body), secret) {
				t.Fatalf("GET %s lacks %s before: %s", path, secret, r.body)
			}
		}
		redact(ticket, number)
		for _, path := range paths {
			if r := a.must(200, "agent", "GET", path, ""); strings.Contains(string(r.body), secret) || !strings.Contains(string(r.body), "▇") {
				t.Errorf("GET %s after %s was redacted = %s", path, secret, r.body)
			}
		}
	}
	// A number may be what is to be hidden.
	ticket := a.ticket()
	number := a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"voice_comment":{"from":"+1","call_duration":314159}}}`).written(t).Audit.Events[0].ID
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"314159"}`)
	if r := a.must(200, "agent", "GET", ticket.path+"/comments", ""); strings.Contains(string(r.body), "314159") {
		t.Errorf("comments = %s", r.body)
	}
}

// TestVoiceFiles: a call has files, as other comments do; a token that is none is refused.
func TestVoiceFiles(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	u := a.upload("agent", "filename=call.txt", "hello")
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"voice_comment":{"from":"+1","uploads":"`+u.Token+`"}}}`)
	if got := a.attached(ticket, ""); len(got) != 1 || got[0].FileName != "call.txt" {
		t.Errorf("the call has %+v", got)
	}
	a.must(422, "agent", "PUT", ticket.path, `{"ticket":{"voice_comment":{"from":"+1","uploads":["x"]}}}`)
	a.must(422, "agent", "PUT", ticket.path, `{"ticket":{"voice_comment":{"from":"+1","uploads":["`+u.Token+`"]}}}`)
}
