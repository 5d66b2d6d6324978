// Client does with github.com/nukosuke/go-zendesk all that that library offers for comments,
// tickets, uploads, audits and users, and fails where an answer is not what the library's
// users would expect. It says which calls there are, and which were refused. It is given a
// server and its users by the environment.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nukosuke/go-zendesk/zendesk"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := must(zendesk.NewClient(nil))
	check(client.SetEndpointURL(os.Getenv("ZENDESK_URL") + "/api/v2"))
	client.SetCredential(zendesk.NewAPITokenCredential(os.Getenv("ADMIN_EMAIL"), os.Getenv("ADMIN_KEY")))
	p := &program{client, number("ADMIN_ID"), number("CUSTOMER_ID")}
	for _, step := range []func(context.Context){
		p.comments, p.pages, p.otherPages, p.privacy, p.uploads, p.audits, p.ticketLists, p.users, p.people, p.others,
	} {
		step(ctx)
	}
	offers()
}

type program struct {
	*zendesk.Client
	admin, customer int64
}

func (p *program) newTicket(ctx context.Context) zendesk.Ticket {
	ticket := must(p.CreateTicket(ctx, zendesk.Ticket{
		Subject: "The printer is on fire", RequesterID: p.customer,
		Comment: &zendesk.TicketComment{Body: "It burns with a **green** flame."},
	}))
	want(ticket.ID > 0 && ticket.Subject == "The printer is on fire" && ticket.RequesterID == p.customer, "a ticket is created", ticket)
	return ticket
}

func (p *program) list(ctx context.Context, ticket int64, options *zendesk.ListTicketCommentsOptions) *zendesk.ListTicketCommentsResult {
	return must(p.ListTicketComments(ctx, ticket, options))
}

func (p *program) comments(ctx context.Context) {
	ticket := p.newTicket(ctx)
	must(p.CreateTicketComment(ctx, ticket.ID, zendesk.NewPublicTicketComment("Use the blue extinguisher.", p.admin)))
	must(p.CreateTicketComment(ctx, ticket.ID, zendesk.NewPrivateTicketComment("They say that every week.", p.admin)))
	changed := must(p.UpdateTicket(ctx, ticket.ID, zendesk.Ticket{Status: "pending", Comment: &zendesk.TicketComment{Body: "We wait."}}))
	want(changed.Status == "pending", "a ticket is changed", changed)
	page := p.list(ctx, ticket.ID, &zendesk.ListTicketCommentsOptions{Include: "users"})
	want(len(page.TicketComments) == 4 && len(page.Users) == 1, "four comments of one user", page)
	first := page.TicketComments[0]
	want(first.Body == "It burns with a **green** flame." && strings.Contains(first.HTMLBody, "<strong>green</strong>") &&
		first.PlainBody == "It burns with a green flame." && first.AuthorID == p.admin && first.Via.Channel == "api" &&
		time.Since(first.CreatedAt) < time.Hour, "the first comment", first)
	want(!*page.TicketComments[2].Public, "a note is private", page.TicketComments[2])
	again := must(p.GetTicket(ctx, ticket.ID))
	want(again.Status == "pending" && again.Description == first.Body, "a ticket is read", again)
	many := must(p.GetMultipleTickets(ctx, []int64{ticket.ID, p.newTicket(ctx).ID}))
	want(len(many) == 2, "tickets are read", many)
}

func (p *program) pages(ctx context.Context) {
	ticket := p.newTicket(ctx)
	for i := range 6 {
		must(p.CreateTicketComment(ctx, ticket.ID, zendesk.NewPublicTicketComment(strconv.Itoa(i), p.admin)))
	}
	seen := 0
	options := &zendesk.ListTicketCommentsOptions{CursorPagination: zendesk.CursorPagination{PageSize: 3}, Sort: zendesk.TicketCommentCreatedAtDesc}
	for more := true; more; {
		page := p.list(ctx, ticket.ID, options)
		seen += len(page.TicketComments)
		more, options.PageAfter = page.Meta.HasMore, page.Meta.AfterCursor
	}
	want(seen == 7, "cursors lead through all comments once", seen)
	for _, cursors := range []bool{true, false} {
		seen = 0
		all := p.GetTicketCommentsIterator(ctx, &zendesk.PaginationOptions{PageSize: 2, IsCBP: cursors, CommonOptions: zendesk.CommonOptions{Id: ticket.ID}})
		for all.HasMore() {
			seen += len(must(all.GetNext()))
		}
		want(seen == 7, "the iterator goes through all comments once", seen)
	}
}

func (p *program) privacy(ctx context.Context) {
	ticket := p.newTicket(ctx)
	must(p.CreateTicketComment(ctx, ticket.ID, zendesk.TicketComment{HTMLBody: "My PIN is <b>4711</b>.", AuthorID: p.customer}))
	comment := p.list(ctx, ticket.ID, nil).TicketComments[1]
	marked := strings.Replace(comment.HTMLBody, "4711", "<redact>4711</redact>", 1)
	check(p.RedactTicketComment(ctx, comment.ID, zendesk.RedactTicketCommentRequest{TicketID: ticket.ID, HTMLBody: marked}))
	check(p.MakeCommentPrivate(ctx, ticket.ID, comment.ID))
	comment = p.list(ctx, ticket.ID, nil).TicketComments[1]
	want(comment.PlainBody == "My PIN is ▇▇▇▇." && !*comment.Public, "a comment is redacted and made private", comment)
}

func (p *program) upload(ctx context.Context, name, token, content string) zendesk.Upload {
	w := p.UploadAttachment(ctx, name, token)
	must(io.WriteString(w, content))
	return must(w.Close())
}

func (p *program) uploads(ctx context.Context) {
	check(p.DeleteUpload(ctx, p.upload(ctx, "thrown away.txt", "", "x").Token))
	upload := p.upload(ctx, "flame report.txt", "", "green\n")
	p.upload(ctx, "second.txt", upload.Token, "blue\n")
	want(upload.Attachment.FileName == "flame report.txt" && upload.Attachment.Size == 6, "a file is uploaded", upload)
	ticket := must(p.CreateTicket(ctx, zendesk.Ticket{Comment: &zendesk.TicketComment{Body: "see there", Uploads: []string{upload.Token}}}))
	comment := p.list(ctx, ticket.ID, nil).TicketComments[0]
	want(len(comment.Attachments) == 2, "files are attached", comment)
	at := slices.IndexFunc(comment.Attachments, func(a zendesk.Attachment) bool { return a.FileName == "flame report.txt" })
	file := must(p.GetAttachment(ctx, comment.Attachments[at].ID))
	answer := must(http.Get(file.ContentURL))
	content := must(io.ReadAll(answer.Body))
	check(answer.Body.Close())
	want(answer.StatusCode == http.StatusOK && bytes.Equal(content, []byte("green\n")), "a file is read", answer.Status)
	check(p.RedactCommentAttachment(ctx, ticket.ID, comment.ID, file.ID))
	answer = must(http.Get(file.ContentURL))
	check(answer.Body.Close())
	want(answer.StatusCode == http.StatusNotFound, "a redacted file is gone", answer.Status)
	left := p.list(ctx, ticket.ID, nil).TicketComments[0].Attachments
	want(len(left) == 2 && slices.ContainsFunc(left, func(a zendesk.Attachment) bool { return a.FileName == "redacted.txt" && a.Size == 1 }),
		"something stands in its place", left)
}

func (p *program) audits(ctx context.Context) {
	ticket := p.newTicket(ctx)
	must(p.CreateTicketComment(ctx, ticket.ID, zendesk.NewPublicTicketComment("Is it out?", p.admin)))
	audits, page, err := p.GetTicketAudits(ctx, ticket.ID, zendesk.PageOptions{PerPage: 10})
	check(err)
	want(len(audits) == 2 && page.Count == 2 && audits[0].TicketID == ticket.ID, "two audits", audits)
	one := must(p.GetTicketAudit(ctx, ticket.ID, audits[1].ID))
	want(one.AuthorID == p.admin && one.ID == audits[1].ID, "an audit is read", one)
	for _, cursors := range []bool{true, false} {
		seen := 0
		each := p.GetTicketAuditsIterator(ctx, &zendesk.PaginationOptions{PageSize: 1, IsCBP: cursors, CommonOptions: zendesk.CommonOptions{Id: ticket.ID}})
		for each.HasMore() {
			seen += len(must(each.GetNext()))
		}
		want(seen == 2, "the iterator goes through all audits once", seen)
	}
	all, cursor, err := p.GetAllTicketAudits(ctx, zendesk.CursorOption{StartTime: time.Now().Add(-time.Hour).Unix()})
	check(err)
	want(len(all) > 2 && cursor.AfterCursor != "", "audits of the account", cursor)
}

func (p *program) users(ctx context.Context) {
	user := must(p.GetUser(ctx, p.customer))
	want(user.ID == p.customer && user.Role == "end-user" && user.Active, "a user is read", user)
	many, _, err := p.GetManyUsers(ctx, &zendesk.GetManyUsersOptions{IDs: fmt.Sprintf("%d,%d", p.customer, p.admin)})
	check(err)
	want(len(many) == 2, "users are read", many)
	found, _, err := p.SearchUsers(ctx, &zendesk.SearchUsersOptions{Query: user.Email})
	check(err)
	want(len(found) == 1 && found[0].ID == p.customer, "a user is found by the address", found)
}

func number(name string) int64 { return must(strconv.ParseInt(os.Getenv(name), 10, 64)) }

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func want(ok bool, what string, got any) {
	if !ok {
		panic(fmt.Sprintf("not so: %s: %+v", what, got))
	}
}
