package zendesk_test

import (
	"fmt"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestEmailSource: a comment that came as an e-mail says from whom to whom, as redactions
// have left it, and not to whom any more once it is an internal note.
func TestEmailSource(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	a.must(201, "relay", "POST", ticket.native+"/emails",
		"From: Ann <ann@example.org>\r\nTo: Help <help@example.com>\r\nCc: boss@example.org\r\n\r\nIt burns, ann@example.org.", header{"Content-Type", "message/rfc822"})
	via := func() string {
		c := a.comments("agent", ticket.path+"/comments")[0]
		return fmt.Sprint(c.Via["channel"], " ", c.Via["source"])
	}
	const to = "map[address:help@example.com email_ccs:[boss@example.org] name:Help]"
	if got, want := via(), "email map[from:map[address:ann@example.org name:Ann original_recipients:[help@example.com boss@example.org]] rel:<nil> to:"+to+"]"; got != want {
		t.Errorf("via is %s\nwant   %s", got, want)
	}
	c := a.comments("agent", ticket.path+"/comments")[0]
	a.must(200, "agent", "PUT", fmt.Sprint(ticket.path, "/comments/", c.ID, "/redact"), `{"text":"ann@example.org"}`)
	if got, want := via(), "email map[from:map[address:▇▇▇▇ name:Ann original_recipients:[help@example.com boss@example.org]] rel:<nil> to:"+to+"]"; got != want {
		t.Errorf("once it is redacted: %s\nwant %s", got, want)
	}
	a.must(200, "agent", "PUT", fmt.Sprint(ticket.path, "/comments/", c.ID, "/make_private"), `{}`)
	if got, want := via(), "email map[from:map[address:▇▇▇▇ name:Ann original_recipients:[help@example.com boss@example.org]] rel:<nil> to:map[]]"; got != want {
		t.Errorf("once it is private: %s\nwant %s", got, want)
	}
}
