package v1_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
)

// upload has somebody upload files of these names, and returns the token.
func (a *account) upload(as string, names ...string) string {
	a.t.Helper()
	var u files.Upload
	for i, name := range names {
		at, err := a.files.Put(a.t.Context(), strings.NewReader("content of "+name))
		if err != nil {
			a.t.Fatal(err)
		}
		at.Name, at.Type = name, "text/plain"
		if i == 0 {
			u, _, err = a.files.Begin(a.t.Context(), a.id, a.users[as], at)
		} else {
			_, err = a.files.Add(a.t.Context(), u, at)
		}
		if err != nil {
			a.t.Fatal(err)
		}
	}
	return u.Token.String()
}

// filesByVisitor is a request to add the files of an upload.
func (a *account) filesByVisitor(token string) string {
	return fmt.Sprintf(`{"upload":%q,"author_type":"CUSTOMER","author_customer_id":%q,"unknown":1}`, token, a.users["customer"])
}

// TestChatFiles: each file of an upload is an entry of the chat, for everybody who sees it,
// until it is redacted or erased.
func TestChatFiles(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	path := a.chat(ticket, "customer")
	a.must(201, "relay", "POST", path+"/messages", a.byVisitor("see"))
	var state chat
	a.must(201, "relay", "POST", path+"/files", a.filesByVisitor(a.upload("relay", "a b.txt", "c.txt"))).decode(t, &state)
	if state.Entries != 3 {
		t.Errorf("the chat has become %+v; want 3 entries", state)
	}
	a.must(201, "relay", "POST", path+"/messages", a.byAgent("thanks"))
	want := func(want string) {
		t.Helper()
		for _, as := range []string{"agent", "customer"} {
			if c := a.readChat(as, path); c.said() != want {
				t.Errorf("the chat as %s says %s; want %s", as, c.said(), want)
			}
		}
	}
	want("0 CUSTOMER see; 1 CUSTOMER a b.txt text/plain 18; 2 CUSTOMER c.txt text/plain 16; 3 AGENT thanks")
	first := a.readChat("agent", path).History[1]
	if first.Kind != "file" || first.ContentURL == nil || !strings.HasSuffix(*first.ContentURL, "/?name=a+b.txt") || first.Content != nil {
		t.Errorf("the entry is %+v; want a file and its address", first)
	}
	a.must(200, "relay", "POST", path+"/end", "")
	chat, err := domain.ParseChatID(path[strings.LastIndex(path, "/")+1:])
	if err != nil {
		t.Fatal(err)
	}
	_, at, _ := strings.Cut(ticket, "/v1/tickets/")
	of, err := domain.ParseTicketID(at)
	if err != nil {
		t.Fatal(err)
	}
	by := domain.By{Actor: domain.Actor{Kind: domain.ActorAgent, ID: a.users["admin"]}, Admin: true}
	for _, step := range []struct {
		cmd  domain.Command
		want string
	}{
		{domain.RedactChatFiles{Account: a.id, Ticket: of, Chat: chat, By: by, Indexes: []int{1}},
			"0 CUSTOMER see; 1 CUSTOMER redacted.txt text/plain 1; 2 CUSTOMER c.txt text/plain 16; 3 AGENT thanks"},
		{domain.EraseChat{Account: a.id, Ticket: of, Chat: chat, By: by, Cause: domain.CauseErasure},
			"0 CUSTOMER ▇▇▇▇; 1 CUSTOMER (file) ▇▇▇▇; 2 CUSTOMER (file) ▇▇▇▇; 3 AGENT ▇▇▇▇"},
	} {
		if _, err := a.store.Execute(t.Context(), step.cmd, nil); err != nil {
			t.Fatal(err)
		}
		want(step.want)
	}
}

// TestChatFilesOnce: an upload is used up once, whoever is at it at the same time, and a
// request that is repeated has one effect.
func TestChatFilesOnce(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.chat(a.ticket(), "customer")
	send := a.filesByVisitor(a.upload("relay", "a.txt"))
	key := header{"Idempotency-Key", "send"}
	a.must(201, "relay", "POST", path+"/files", send, key)
	a.must(200, "relay", "POST", path+"/end", "")
	if r := a.must(201, "relay", "POST", path+"/files", send, key); r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %v", r.header)
	}
	if r := a.do("relay", "POST", path+"/files", a.filesByVisitor(a.upload("relay", "b.txt")), key); r.status != 400 || r.code() != "idempotency_key_reused" {
		t.Errorf("another request with the key = %d %s", r.status, r.body)
	}
	if c := a.readChat("agent", path); c.said() != "0 CUSTOMER a.txt text/plain 16" {
		t.Errorf("the chat says %s; want the file, once", c.said())
	}

	busy := a.chat(a.ticket(), "customer")
	send = a.filesByVisitor(a.upload("relay", "a.txt", "b.txt"))
	const writers = 6
	var working sync.WaitGroup
	var won, lost atomic.Int32
	for range writers {
		working.Go(func() {
			switch r := a.do("relay", "POST", busy+"/files", send); r.status {
			case 201:
				won.Add(1)
			case 422:
				lost.Add(1)
			default:
				t.Errorf("files = %d %s", r.status, r.body)
			}
		})
	}
	working.Wait()
	if c := a.readChat("agent", busy); won.Load() != 1 || lost.Load() != writers-1 || len(c.History) != 2 {
		t.Errorf("%d won, %d lost, and the chat says %s; want one winner", won.Load(), lost.Load(), c.said())
	}
}

// TestChatFilesRefused: what is wrong is named and never repeated, and the upload stays as
// it is.
func TestChatFilesRefused(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	path := a.chat(ticket, "customer")
	token := a.upload("relay", "a.txt", "b.txt")
	author := fmt.Sprintf(`"author_type":"CUSTOMER","author_customer_id":%q`, a.users["customer"])
	for _, tt := range []struct {
		name, body string
		status     int
		names      string
	}{
		{"nothing", `{}`, 422, "upload"},
		{"no author", fmt.Sprintf(`{"upload":%q}`, token), 422, "author_type"},
		{"no upload", `{` + author + `}`, 422, "upload"},
		{"null", `{"upload":null,` + author + `}`, 422, "upload"},
		{"no token", `{"upload":"c5secret",` + author + `}`, 422, "upload"},
		{"several", `{"upload":["c5secret"],` + author + `}`, 400, "upload"},
		{"a token that nobody has", a.filesByVisitor(vault.NewUploadToken().String()), 422, "upload"},
		{"somebody else's upload", a.filesByVisitor(a.upload("agent", "a.txt")), 422, "upload"},
		{"another customer", fmt.Sprintf(`{"upload":%q,"author_type":"CUSTOMER","author_customer_id":%q}`, token, a.users["stranger"]), 422, "author_customer_id"},
		{"an author of another role", fmt.Sprintf(`{"upload":%q,"author_type":"AGENT","author_user_id":%q}`, token, a.users["customer"]), 422, "author_type"},
		{"an author who is new, in a chat that is not there", fmt.Sprintf(`{"upload":%q,"author_type":"AGENT","author_user_id":%q}`, token, uuid.New()), 404, ""},
	} {
		at := path
		if tt.status == 404 {
			at = ticket + "/chats/" + uuid.NewString()
		}
		r := a.do("relay", "POST", at+"/files", tt.body)
		if r.status != tt.status || !strings.Contains(string(r.body), tt.names) || strings.Contains(string(r.body), "c5secret") || strings.Contains(string(r.body), token) {
			t.Errorf("%s = %d %s; want %d naming %q", tt.name, r.status, r.body, tt.status, tt.names)
		}
	}
	if _, err := a.pool.Exec(t.Context(), "UPDATE log.chats SET entries = $1", domain.MaxChatEntries-1); err != nil {
		t.Fatal(err)
	}
	if r := a.do("relay", "POST", path+"/files", a.filesByVisitor(token)); r.status != 422 || !strings.Contains(string(r.body), "upload") {
		t.Errorf("more files than the chat can take = %d %s", r.status, r.body)
	}
	if _, err := a.pool.Exec(t.Context(), "UPDATE log.chats SET entries = 0"); err != nil {
		t.Fatal(err)
	}
	a.must(201, "relay", "POST", path+"/files", a.filesByVisitor(token))
	if c := a.readChat("agent", path); len(c.History) != 2 {
		t.Errorf("the chat says %s; want the two files", c.said())
	}
}
