package zendesk

import (
	"net/http"

	"github.com/commentd/commentd/httpapi/auth"
)

// circle says who may ask for an operation, beside having its scope.
type circle int

const (
	agents circle = iota // whoever may see internal notes
	anyone               // end users, too
	admins               // administrators alone
)

// An operation is something that can be asked for. The set is closed; the OpenAPI
// document has the same.
type operation struct {
	method string
	path   string      // below /api/v2, and without .json; parameters are integers, but for tokens
	action string      // what the operation is called in refusals
	scopes auth.Scopes // one of which the key must have; none: it is open to everybody
	also   auth.Scope  // which it must have, too: whoever is shown texts is to be allowed to read; 0: none
	who    circle
	serve  func(*API, *call) error
	uses   use
}

const (
	get = http.MethodGet
	put = http.MethodPut

	mayRead   = auth.Scopes(auth.CommentsRead)
	mayRedact = auth.Scopes(auth.CommentsRedact)
	mayWrite  = auth.Scopes(auth.CommentsWrite)
	mayManage = auth.Scopes(auth.TicketsWrite)                      // agents and administrators with the scope admin only
	mayChange = auth.Scopes(auth.CommentsWrite | auth.TicketsWrite) // what exactly it takes depends on the body
	mayEnter  = ^auth.Scopes(0)
)

var operations = []operation{
	{get, "/tickets/{ticket_id}/comments", "ticket_comments/index", mayRead, 0, agents, (*API).listComments, noUse},
	{get, "/tickets/{ticket_id}/comments/count", "ticket_comments/count", mayRead, 0, agents, (*API).countComments, noUse},
	{put, "/tickets/{ticket_id}/comments/{comment_id}/make_private", "ticket_comments/make_private", mayRedact, 0, agents, (*API).makePrivate, updates},
	{put, "/tickets/{ticket_id}/comments/{comment_id}/redact", "ticket_comments/redact", mayRedact, auth.CommentsRead, agents, (*API).redactText, updates},
	{put, "/comment_redactions/{comment_id}", "comment_redactions/update", mayRedact, auth.CommentsRead, agents, (*API).redactComment, noUse},
	{put, "/chat_redactions/{ticket_id}", "chat_redactions/update", mayRedact, auth.CommentsRead, agents, (*API).redactChat, updates},
	{put, "/chat_file_redactions/{ticket_id}", "chat_file_redactions/update", mayRedact, auth.CommentsRead, agents, (*API).redactChatFiles, updates},

	{put, "/tickets/{ticket_id}/comments/{comment_id}/attachments/{attachment_id}/redact", "attachments/redact", mayRedact, auth.CommentsRead, agents, (*API).redactAttachment, updates},
	{http.MethodDelete, "/tickets/{ticket_id}/comments/{comment_id}/attachments/{attachment_id}/redact", "attachments/redact", mayRedact, auth.CommentsRead, agents, (*API).redactAttachment, updates},

	{http.MethodPost, "/uploads", "uploads/create", mayWrite, 0, anyone, (*API).createUpload, noUse},
	{http.MethodDelete, "/uploads/{token}", "uploads/destroy", mayWrite, 0, anyone, (*API).deleteUpload, noUse},
	{get, "/attachments/{attachment_id}", "attachments/show", mayRead, 0, agents, (*API).getAttachment, noUse},

	{get, "/tickets/{ticket_id}", "tickets/show", mayRead, 0, agents, (*API).getTicket, noUse},
	{http.MethodPost, "/tickets", "tickets/create", mayChange, auth.CommentsRead, agents, (*API).createTicket, creates},
	{put, "/tickets/{ticket_id}", "tickets/update", mayChange, auth.CommentsRead, agents, (*API).updateTicket, updates},
	{get, "/tickets", "tickets/index", mayRead, 0, agents, (*API).listTickets, noUse},
	{get, "/users/{id}/tickets/requested", "tickets/requested", mayRead, 0, agents, (*API).listRequested, noUse},
	{get, "/tickets/show_many", "tickets/show_many", mayRead, 0, agents, (*API).manyTickets, noUse},

	{get, "/tickets/{ticket_id}/audits", "ticket_audits/index", mayRead, 0, agents, (*API).listAudits, noUse},
	{get, "/tickets/{ticket_id}/audits/count", "ticket_audits/count", mayRead, 0, agents, (*API).countAudits, noUse},
	{get, "/tickets/{ticket_id}/audits/{audit_id}", "ticket_audits/show", mayRead, 0, agents, (*API).getAudit, noUse},
	{put, "/tickets/{ticket_id}/audits/{audit_id}/make_private", "ticket_audits/make_private", mayRedact, 0, agents, (*API).makeAuditPrivate, updates},

	{get, "/ticket_audits", "ticket_audits/index", mayRead, 0, admins, (*API).listAccountAudits, noUse},
	{get, "/incremental/ticket_events", "incremental/ticket_events", mayRead, 0, admins, (*API).exportTicketEvents, exports},

	{get, "/requests/{request_id}/comments", "request_comments/index", mayRead, 0, anyone, (*API).listRemarks, noUse},
	{get, "/requests/{request_id}/comments/{comment_id}", "request_comments/show", mayRead, 0, anyone, (*API).getRemark, noUse},

	{get, "/requests", "requests/index", mayRead, 0, anyone, (*API).listRequests, noUse},
	{get, "/requests/open", "requests/open", mayRead, 0, anyone, (*API).listUnsolved, noUse},
	{get, "/requests/solved", "requests/solved", mayRead, 0, anyone, (*API).listSolved, noUse},
	{get, "/users/{id}/requests", "requests/user", mayRead, 0, agents, (*API).listRequestsOf, noUse},
	{get, "/requests/{request_id}", "requests/show", mayRead, 0, anyone, (*API).getRequest, noUse},
	{http.MethodPost, "/requests", "requests/create", mayWrite, auth.CommentsRead, anyone, (*API).createRequest, creates},
	{put, "/requests/{request_id}", "requests/update", mayWrite, auth.CommentsRead, anyone, (*API).updateRequest, updates},

	{get, "/users/me", "users/me", mayEnter, 0, anyone, (*API).getMe, noUse},
	{get, "/users", "users/index", mayRead, 0, agents, (*API).listUsers, noUse},
	{http.MethodPost, "/users", "users/create", mayManage, auth.CommentsRead, agents, (*API).createUser, noUse},
	{http.MethodPost, "/users/create_or_update", "users/create_or_update", mayManage, auth.CommentsRead, agents, (*API).putUser, noUse},
	{put, "/users/{id}", "users/update", mayManage, auth.CommentsRead, agents, (*API).updateUser, noUse},
	{http.MethodDelete, "/users/{id}", "users/destroy", mayManage, auth.CommentsRead, agents, (*API).deleteUser, noUse},
	{get, "/users/{id}/related", "users/related", mayRead, 0, agents, (*API).getRelated, noUse},
	{get, "/users/{id}", "users/show", mayRead, 0, agents, (*API).getUser, noUse},
	{get, "/users/show_many", "users/show_many", mayRead, 0, agents, (*API).manyUsers, noUse},
	{get, "/users/search", "users/search", mayRead, 0, agents, (*API).findUsers, noUse},

	{get, "/openapi", "openapi/show", 0, 0, anyone, (*API).getOpenAPI, noUse},
}
