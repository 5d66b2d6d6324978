package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/nukosuke/go-zendesk/zendesk"
)

func (p *program) ticketLists(ctx context.Context) {
	first, second := p.newTicket(ctx), p.newTicket(ctx)
	for _, text := range []string{"It has spread.", "And further."} { // after one of them, both may have changed in the same second
		must(p.CreateTicketComment(ctx, first.ID, zendesk.NewPublicTicketComment(text, p.admin)))
	}
	latest, page, err := p.GetTickets(ctx, &zendesk.TicketListOptions{PageOptions: zendesk.PageOptions{PerPage: 100}, SortBy: "updated_at", SortOrder: "desc"})
	check(err)
	at := func(id int64) int { return slices.IndexFunc(latest, func(t zendesk.Ticket) bool { return t.ID == id }) }
	want(at(first.ID) >= 0 && at(first.ID) < at(second.ID) && page.Count == int64(len(latest)), "tickets by time of change", latest)
	newest, _, err := p.GetTicketsOBP(ctx, &zendesk.OBPOptions{PageOptions: zendesk.PageOptions{PerPage: 1}, CommonOptions: zendesk.CommonOptions{SortBy: "created_at", SortOrder: "desc"}})
	check(err)
	want(len(newest) == 1 && newest[0].ID == second.ID, "the newest ticket", newest)
	oldest, meta, err := p.GetTicketsCBP(ctx, &zendesk.CBPOptions{CursorPagination: zendesk.CursorPagination{PageSize: 1}})
	check(err)
	want(len(oldest) == 1 && oldest[0].ID <= first.ID && meta.HasMore, "the oldest ticket", oldest)
	for _, cursors := range []bool{true, false} {
		seen := walk(p.GetTicketsIterator(ctx, &zendesk.PaginationOptions{PageSize: 3, IsCBP: cursors}), func(t zendesk.Ticket) int64 { return t.ID })
		want(slices.Contains(seen, first.ID) && slices.Contains(seen, second.ID) && slices.IsSorted(seen), "the iterator goes through all tickets once", seen)
	}
}

func (p *program) otherPages(ctx context.Context) {
	ticket := p.newTicket(ctx)
	must(p.CreateTicketComment(ctx, ticket.ID, zendesk.NewPublicTicketComment("second", p.admin)))
	of := zendesk.CommonOptions{Id: ticket.ID}
	comments, page, err := p.GetTicketCommentsOBP(ctx, &zendesk.OBPOptions{PageOptions: zendesk.PageOptions{PerPage: 1, Page: 2}, CommonOptions: of})
	check(err)
	want(len(comments) == 1 && comments[0].Body == "second" && page.Count == 2 && page.HasPrev(), "a page of comments", comments)
	comments, meta, err := p.GetTicketCommentsCBP(ctx, &zendesk.CBPOptions{CursorPagination: zendesk.CursorPagination{PageSize: 1}, CommonOptions: of})
	check(err)
	want(len(comments) == 1 && meta.HasMore, "a page of comments by cursor", comments)
	audits, page, err := p.GetTicketAuditsOBP(ctx, &zendesk.OBPOptions{PageOptions: zendesk.PageOptions{PerPage: 1, Page: 2}, CommonOptions: of})
	check(err)
	want(len(audits) == 1 && page.Count == 2, "a page of audits", audits)
	audits, meta, err = p.GetTicketAuditsCBP(ctx, &zendesk.CBPOptions{CursorPagination: zendesk.CursorPagination{PageSize: 1}, CommonOptions: of})
	check(err)
	want(len(audits) == 1 && meta.HasMore, "a page of audits by cursor", audits)
	audits, _, err = p.GetAllTicketAuditsOBP(ctx, &zendesk.OBPOptions{PageOptions: zendesk.PageOptions{PerPage: 3}})
	check(err)
	want(len(audits) == 3, "audits of the account", audits)
	audits, meta, err = p.GetAllTicketAuditsCBP(ctx, &zendesk.CBPOptions{CursorPagination: zendesk.CursorPagination{PageSize: 3}})
	check(err)
	want(len(audits) == 3 && meta.HasMore, "audits of the account by cursor", audits)
	seen := walk(p.GetAllTicketAuditsIterator(ctx, &zendesk.PaginationOptions{PageSize: 5, IsCBP: true}), func(a zendesk.TicketAudit) int64 { return a.ID })
	want(len(seen) > 5, "the iterator goes through the audits of the account once", seen)
}

func (p *program) people(ctx context.Context) {
	made := must(p.CreateUser(ctx, zendesk.User{Name: "Fay", Email: "fay@example.com", Role: zendesk.UserRoleText(zendesk.UserRoleEndUser)}))
	want(made.ID > 0 && made.Name == "Fay" && made.Role == "end-user" && made.Active, "a user is created", made)
	made = must(p.UpdateUser(ctx, made.ID, zendesk.User{Name: "Fay Green"}))
	want(made.Name == "Fay Green" && made.Email == "fay@example.com", "a user is changed", made)
	same := must(p.CreateOrUpdateUser(ctx, zendesk.User{Name: "F. Green", Email: "FAY@example.com"}))
	want(same.ID == made.ID && same.Name == "F. Green", "a user who is known by the address is changed", same)
	ticket := must(p.CreateTicket(ctx, zendesk.Ticket{RequesterID: made.ID, Comment: &zendesk.TicketComment{Body: "for Fay"}}))
	related := must(p.GetUserRelated(ctx, made.ID))
	want(related.RequestedTickets == 1 && ticket.RequesterID == made.ID, "what is related to a user", related)
	admins, page, err := p.GetUsers(ctx, &zendesk.UserListOptions{Roles: []string{"admin"}})
	check(err)
	want(len(admins) == 1 && admins[0].ID == p.admin && page.Count == 1, "users of a role", admins)
	some, page, err := p.GetUsersOBP(ctx, &zendesk.OBPOptions{PageOptions: zendesk.PageOptions{PerPage: 2}})
	check(err)
	want(len(some) == 2 && page.HasNext(), "a page of users", some)
	some, meta, err := p.GetUsersCBP(ctx, &zendesk.CBPOptions{CursorPagination: zendesk.CursorPagination{PageSize: 2}})
	check(err)
	want(len(some) == 2 && meta.HasMore, "a page of users by cursor", some)
	for _, cursors := range []bool{true, false} {
		seen := walk(p.GetUsersIterator(ctx, &zendesk.PaginationOptions{PageSize: 2, IsCBP: cursors}), func(u zendesk.User) int64 { return u.ID })
		want(slices.Contains(seen, made.ID) && slices.Contains(seen, p.customer) && slices.IsSorted(seen), "the iterator goes through all users once", seen)
	}
}

// walk returns the ids of all things of a list, and fails if one comes twice.
func walk[T any](all *zendesk.Iterator[T], id func(T) int64) (seen []int64) {
	for all.HasMore() {
		for _, thing := range must(all.GetNext()) {
			want(!slices.Contains(seen, id(thing)), "each comes once", seen)
			seen = append(seen, id(thing))
		}
	}
	return seen
}

// others are the calls that are not served.
func (p *program) others(ctx context.Context) {
	ticket := p.newTicket(ctx)
	refused("DeleteTicket", p.DeleteTicket(ctx, ticket.ID))
	_, _, err := p.GetOrganizationTickets(ctx, 1, nil)
	refused("GetOrganizationTickets", err)
	_, _, err = p.GetOrganizationTicketsOBP(ctx, nil)
	refused("GetOrganizationTicketsOBP", err)
	_, _, err = p.GetOrganizationTicketsCBP(ctx, nil)
	refused("GetOrganizationTicketsCBP", err)
	_, err = p.GetOrganizationTicketsIterator(ctx, &zendesk.PaginationOptions{}).GetNext()
	refused("GetOrganizationTicketsIterator", err)
	_, _, err = p.GetOrganizationUsers(ctx, 1, nil)
	refused("GetOrganizationUsers", err)
	_, _, err = p.GetOrganizationUsersOBP(ctx, nil)
	refused("GetOrganizationUsersOBP", err)
	_, _, err = p.GetOrganizationUsersCBP(ctx, nil)
	refused("GetOrganizationUsersCBP", err)
	_, err = p.GetOrganizationUsersIterator(ctx, &zendesk.PaginationOptions{}).GetNext()
	refused("GetOrganizationUsersIterator", err)
	_, err = p.GetTicketTags(ctx, ticket.ID)
	refused("GetTicketTags", err)
	_, err = p.AddTicketTags(ctx, ticket.ID, []zendesk.Tag{"fire"})
	refused("AddTicketTags", err)
	_, err = p.GetUserTags(ctx, p.customer)
	refused("GetUserTags", err)
	_, err = p.AddUserTags(ctx, p.customer, []zendesk.Tag{"fire"})
	refused("AddUserTags", err)
}

// refused says with which status a call was refused.
func refused(call string, err error) {
	var answer zendesk.Error
	want(errors.As(err, &answer), call+" is refused", err)
	fmt.Println("refused", call, answer.Status())
}

// Calls that are about comments, tickets, uploads, audits and users, but not about what
// else has something of them in its name.
var (
	about = regexp.MustCompile(`Ticket|Comment|Audit|User|Attachment|Upload`)
	not   = regexp.MustCompile(`Field|Form|Metric|View`)
)

// offers says which calls the library has.
func offers() {
	calls := reflect.TypeFor[*zendesk.Client]()
	for i := range calls.NumMethod() {
		if name := calls.Method(i).Name; about.MatchString(name) && !not.MatchString(name) {
			fmt.Println("offers", name)
		}
	}
}
