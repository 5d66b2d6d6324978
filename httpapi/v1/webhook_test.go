package v1_test

import (
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestWebhook: what happens after a webhook was made is sent, signed, in order and each
// once; texts are not, unless they are asked for.
func TestWebhook(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	a.comment("agent", ticket, "before", false)
	thin, full := newReceiver(t), newReceiver(t)
	h := a.hook(thin, `"mode":"strict"`)
	a.hook(full, `"text":true`)
	a.dispatch()
	path := a.comment("agent", ticket, "the text", false)
	a.must(200, "agent", "PATCH", path, `{"content":"another text"}`)

	got := thin.await(2)
	for i, kind := range []string{"comment.created", "comment.edited"} {
		m := got[i]
		if m.Type != "commentd."+kind || m.ID != m.header.Get("webhook-id") || m.Source != "/accounts/acme" || m.SpecVersion != "1.0" ||
			m.DataRef != "https://comments.example.com"+path || "/v1/"+m.Subject != path || m.Data.Version != 0 || m.Data.Comment != nil ||
			m.header.Get("Content-Type") != "application/json" || m.Time == "" {
			t.Errorf("message %d = %s %s", i, m.header, m.body)
		}
		if !m.signed(h.Secret) {
			t.Errorf("message %d is not signed: %s", i, m.header)
		}
		if strings.Contains(string(m.body), "text") {
			t.Errorf("message %d holds a text: %s", i, m.body)
		}
	}
	for _, m := range full.await(2)[:2] {
		if m.Data.Comment == nil || m.Data.Comment.Content != "another text" && m.Type == "commentd.comment.edited" || "/v1/"+m.Subject != path {
			t.Errorf("message = %s; want the comment", m.body)
		}
	}
}
