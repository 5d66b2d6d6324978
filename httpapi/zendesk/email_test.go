package zendesk_test

import (
	"fmt"
	"strings"
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

// TestSideloadOfEmails: with the authors come those who had a copy, and who is deleted is
// known by the address (contract §4).
func TestSideloadOfEmails(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	for range 2 {
		a.must(201, "relay", "POST", ticket.native+"/emails", "From: Ann <ann@example.org>\r\nTo: help@example.com\r\nCc: nobody@example.org, "+
			strings.ToUpper(a.email("admin"))+"\r\n\r\nIt burns.", header{"Content-Type", "message/rfc822"})
	}
	type user struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	sideload := func(query string) (users []user) {
		t.Helper()
		var answer struct {
			Users []user `json:"users"`
		}
		a.must(200, "agent", "GET", ticket.path+"/comments?include=users"+query, "").decode(t, &answer)
		return answer.Users
	}
	users := sideload("")
	if len(users) != 2 || users[0].ID != a.numbers["admin"] || users[1].Name != "Ann" {
		t.Fatalf("users are %+v; want an administrator and Ann", users)
	}
	a.must(200, "admin", "DELETE", fmt.Sprint("/api/v2/users/", users[1].ID), "")
	if got := sideload("&page[size]=1"); len(got) != 2 || got[1].ID != users[1].ID || got[1].Name != "ann@example.org" {
		t.Errorf("without Ann users are %+v; want her address", got)
	}
}
