package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// The demo account is the same in every fresh data directory: ids, keys and texts
// can be written into documentation and pasted from it.
const demoAccount = "demo"

// demoUser is a user of the demo account.
type demoUser struct {
	name  string // in dev.json
	id    domain.UserID
	role  directory.Role
	label string
	email string
}

var demoUsers = []demoUser{
	{"agent", userID("789e0123-f45b-67c8-d901-234567890abc"), directory.RoleAgent, "Ada Agent", "agent@example.com"},
	{"customer", userID("3b241101-e2bb-4255-8caf-4136c566a962"), directory.RoleCustomer, "Carl Customer", "customer@example.com"},
	{"admin", userID("9f0c7a52-6f1d-4b6e-9d37-5a1f3c2b7e10"), directory.RoleAdmin, "Ann Admin", "admin@example.com"},
	{"system", userID("c0ffee00-7a3b-4d52-8d9b-6e2f0c1a4b77"), directory.RoleSystem, "Automation", ""},
	{"integration", userID("1f8b3c6d-2e4a-4f90-b7a5-0d9c8e7f6a5b"), directory.RoleSystem, "Relay of other people's words", ""},
	{"auditor", userID("5d2a9e81-4c7b-4a36-9f10-8b7c6d5e4f3a"), directory.RoleAgent, "Otto Auditor", "auditor@example.com"},
}

// demoKeys are the keys of the demo account, one per role.
var demoKeys = []struct {
	name, user string
	kind       domain.ActorKind
	scopes     auth.Scopes
}{
	{"agent", "agent", domain.ActorAgent, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.CommentsRedact, auth.TicketsWrite)},
	{"customer", "customer", domain.ActorCustomer, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete)},
	{"system", "system", domain.ActorSystem, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.TicketsWrite)},
	{"integration", "integration", domain.ActorIntegration, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.CommentsActAs, auth.TicketsWrite)},
	{"auditor", "auditor", domain.ActorAgent, auth.ScopesOf(auth.CommentsRead, auth.AuditRead)},
	{"admin", "admin", domain.ActorAgent, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.CommentsRedact,
		auth.CommentsActAs, auth.TicketsWrite, auth.AuditRead, auth.Admin)},
}

// demoTickets are requested by the customer. The first one and its first comment
// are those of the documentation's examples.
var demoTickets = []struct {
	id       domain.TicketID
	subject  string
	comments []demoComment
	closed   bool
}{
	{ticketID("550e8400-e29b-41d4-a716-446655440000"), "The parcel has not arrived", []demoComment{
		{commentID("123e4567-e89b-12d3-a456-426614174000"), "agent", "Thank you for contacting support. I'm looking into this issue.", true},
	}, false},
	{ticketID("6fa459ea-ee8a-4ca4-894e-db77e160355e"), "Cannot sign in since Monday", []demoComment{
		{commentID("0193a1e0-0000-7000-8000-000000000001"), "customer", "My password is refused since Monday.", true},
		{commentID("0193a1e0-0000-7000-8000-000000000002"), "agent", "Looks like the account was locked after the migration.", false},
		{commentID("0193a1e0-0000-7000-8000-000000000003"), "agent", "Your account is unlocked again. Could you please try?", true},
	}, false},
	{ticketID("7d444840-9dc0-41d1-b245-5ffdce74fad2"), "Invoice of last month", []demoComment{
		{commentID("0193a1e0-0000-7000-8000-000000000004"), "customer", "Thank you, that was quick.", true},
	}, true},
}

type demoComment struct {
	id     domain.CommentID
	author string
	text   string
	public bool
}

// demo is what `commentd dev` tells of the demo account.
type demo struct {
	keys, users, emails map[string]string
	tickets             []string
	numbers             []int64 // of the tickets, on the Zendesk-compatible API
}

// seedDemo sees to it that the demo account is there. What somebody has changed in
// it since stays changed.
func seedDemo(ctx context.Context, t *tools) (demo, error) {
	d := demo{keys: map[string]string{}, users: map[string]string{}, emails: map[string]string{}}
	account, err := t.directory.AccountBySlug(ctx, demoAccount)
	if errors.Is(err, directory.ErrAccountNotFound) {
		account, err = t.directory.CreateAccount(ctx, demoAccount, directory.Settings{UnknownTickets: directory.RejectUnknownTickets})
	}
	if err != nil {
		return d, fmt.Errorf("demo account: %w", err)
	}
	actors := map[string]domain.Actor{}
	for _, u := range demoUsers {
		if _, err := t.directory.User(ctx, account.ID, u.id); errors.Is(err, directory.ErrUserNotFound) {
			profile := directory.Profile{Role: u.role, Name: u.label, Email: u.email, Active: true}
			if _, _, err := t.directory.PutUser(ctx, account.ID, u.id, profile); err != nil {
				return d, fmt.Errorf("demo user: %w", err)
			}
		} else if err != nil {
			return d, fmt.Errorf("demo user: %w", err)
		}
		d.users[u.name] = u.id.String()
		if u.email != "" {
			d.emails[u.name] = u.email
		}
	}
	for _, k := range demoKeys {
		key, err := auth.Compose(k.kind, demoKeyBody(k.name))
		if err != nil {
			return d, fmt.Errorf("demo key: %w", err)
		}
		user := userID(d.users[k.user])
		n := auth.NewKey{Account: account.ID, UserID: user, Kind: k.kind, Scopes: k.scopes, Label: "demo " + k.name, Fixed: key}
		if _, _, err := t.keys.Create(ctx, n); err != nil {
			return d, fmt.Errorf("demo key: %w", err)
		}
		d.keys[k.name] = key
		actors[k.name] = domain.Actor{Kind: k.kind, ID: user}
	}
	reader := threads.NewReader(t.pool, t.vault, 0)
	for _, ticket := range demoTickets {
		d.tickets = append(d.tickets, ticket.id.String())
		if err := seedTicket(ctx, t, account.ID, ticket.id, ticket.subject, actors, ticket.comments, ticket.closed); err != nil {
			return d, fmt.Errorf("demo ticket: %w", err)
		}
		seeded, err := reader.Ticket(ctx, account.ID, ticket.id, actors["agent"])
		if err != nil {
			return d, fmt.Errorf("demo ticket: %w", err)
		}
		d.numbers = append(d.numbers, seeded.Number)
	}
	return d, nil
}

// seedTicket opens a ticket of the demo account with its comments, unless it is
// there already.
func seedTicket(ctx context.Context, t *tools, account domain.AccountID, id domain.TicketID, subject string, actors map[string]domain.Actor, comments []demoComment, closed bool) error {
	first, err := t.log.Numbers().Draw(ctx, account, domain.NumbersPerWrite)
	if err != nil {
		return err
	}
	by := domain.By{Actor: actors["system"]}
	customer := actors["customer"].ID
	requester := &customer
	text := &domain.Text{Content: newContent(), Body: subject}
	opened, err := t.log.Execute(ctx, domain.PutTicket{
		Account: account, Ticket: id, By: by, Requester: &requester, Subject: &text,
		Numbers: domain.Numbers{Audit: first, Subject: first + 1},
	}, nil)
	if !opened.Opened {
		if errors.Is(err, domain.ErrTicketClosed) {
			err = nil // as it was left
		}
		return err
	}
	for _, c := range comments {
		if first, err = t.log.Numbers().Draw(ctx, account, domain.NumbersPerWrite); err != nil {
			return err
		}
		actor := actors[c.author]
		if _, err := t.log.Execute(ctx, domain.CreateComment{
			Account: account, Ticket: id, Comment: c.id, By: domain.By{Actor: actor}, Author: actor.Own(), Public: c.public,
			Text:    &domain.Text{Content: newContent(), Body: c.text},
			Numbers: domain.Numbers{Audit: first, Subject: first + 1},
		}, nil); err != nil {
			return err
		}
	}
	if !closed {
		return nil
	}
	if first, err = t.log.Numbers().Draw(ctx, account, domain.NumbersPerWrite); err != nil {
		return err
	}
	status := domain.StatusClosed
	_, err = t.log.Execute(ctx, domain.PutTicket{
		Account: account, Ticket: id, By: by, Status: &status, Numbers: domain.Numbers{Audit: first},
	}, nil)
	return err
}

func newContent() domain.ContentRef {
	return domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}
}

// demoKeyBody is the random part of a demo key: not random at all.
func demoKeyBody(name string) string {
	return "demo" + name + strings.Repeat("0", 32-len("demo")-len(name))
}

func userID(s string) domain.UserID       { return must(domain.ParseUserID(s)) }
func ticketID(s string) domain.TicketID   { return must(domain.ParseTicketID(s)) }
func commentID(s string) domain.CommentID { return must(domain.ParseCommentID(s)) }

// must is for the constants of this file.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
