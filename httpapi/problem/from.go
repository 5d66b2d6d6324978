package problem

import (
	"context"
	"errors"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// From says what a caller may know of err. It is the one place where an error
// becomes an HTTP status.
func From(err error) Problem { return from(err).problem() }

// sentinels are looked through in order: an unknown outcome outranks the lost
// connection it comes from.
var sentinels = []struct {
	is  error
	say Error
}{
	{auth.ErrUnauthorized, Error{Code: Unauthorized, Detail: "A valid API key is required: Authorization: Bearer API_KEY."}},

	// Ids in bodies are checked where they are read: this one is in the path.
	{domain.ErrID, Error{Code: BadRequest, Detail: "The ids in the path must be UUIDs of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx."}},
	{domain.ErrTicketNotFound, Error{Code: NotFound, Detail: "There is no such ticket."}},
	{domain.ErrNotFound, Error{Code: NotFound, Detail: "There is no such comment."}},
	{directory.ErrUserNotFound, Error{Code: NotFound, Detail: "There is no such user."}},
	{audit.ErrNoHead, Error{Code: NotFound, Detail: "Nothing of the log is sealed yet; try again in a second."}},
	{audit.ErrNoEvent, Error{Code: NotFound, Detail: "There is no such event."}},
	{audit.ErrNotSealed, Error{Code: NotFound, Detail: "The event is not sealed yet; try again in a second."}},
	{audit.ErrTreeSize, Error{Code: BadRequest, Detail: "There is no such tree, or not such a proof: sizes go up to that of the last tree head, and not below what is to be proved."}},
	{domain.ErrTicketClosed, Error{Code: TicketClosed, Detail: "The ticket is closed; it and its comments do not change any more."}},
	{domain.ErrTicketExists, Error{Code: VersionConflict, Detail: "There is a ticket with this id already."}},
	{domain.ErrTicketChanged, Error{Code: VersionConflict, Detail: "The ticket has changed since you read it; read it again."}},
	{domain.ErrTicketFull, invalid("comment", "is one too many: the ticket has as many comments as it may have")},
	{domain.ErrChatNotFound, Error{Code: NotFound, Detail: "There is no such chat."}},
	{domain.ErrChatExists, Error{Code: VersionConflict, Detail: "There is a chat with this id already."}},
	{domain.ErrChatEnded, Error{Code: ChatEnded, Detail: "The chat has ended; nothing is added to it any more."}},
	{domain.ErrChatFull, invalid("messages", "are too many: the chat has as many entries as it may have")},
	{domain.ErrNotVisitor, invalid("author_customer_id", "must be the visitor, who is the only customer in a chat")},
	{domain.ErrUploads, invalid("upload", "is unknown, expired or used up, or is somebody else's")},
	{domain.ErrUploadQuota, invalid("upload", "is one too many: attach or delete others first")},
	{domain.ErrForbidden, Error{Code: Forbidden, Detail: "Only the author or an administrator may do that."}},
	{domain.ErrInternalForbidden, Error{Code: Forbidden, Detail: "Customers cannot write internal notes."}},
	{domain.ErrHoldForbidden, Error{Code: Forbidden, Detail: "A legal hold can be laid and lifted with the scope admin only."}},
	{domain.ErrLegalHold, Error{Code: LegalHold, Detail: "The ticket is under legal hold: nothing in it is redacted or erased."}},
	{eventstore.ErrNoObligation, Error{Code: NotFound, Detail: "There is no such redaction of this comment."}},
	{domain.ErrTextNotFound, invalid("text", "does not occur in the comment")},
	{domain.ErrNothingToRedact, invalid("text", "must hold something that can be seen")},
	{domain.ErrMarks, invalid("html_body", "must be the html_body of the comment with nothing but marks added, each of them closed")},
	{domain.ErrRevision, Error{Code: VersionConflict, Detail: "The comment has changed since you read it; read it again."}},

	{webhook.ErrNotFound, Error{Code: NotFound, Detail: "There is no such webhook."}},
	{webhook.ErrTooMany, invalid("webhook", "is one too many: the account has as many as it may have")},
	{webhook.ErrOff, Error{Code: WebhookDisabled, Detail: "The webhook is disabled: enable it, and try again."}},

	{directory.ErrEmailTaken, invalid("email", "is the address of another user")},

	{eventstore.ErrExists, Error{Code: VersionConflict, Detail: "The id is that of something else already."}},
	{eventstore.ErrReceiptReused, Error{Code: KeyReused, Detail: "This Idempotency-Key was used for another request."}},
	{eventstore.ErrUnknownOutcome, Error{
		Code: OutcomeUnknown, RetryAfter: time.Second,
		Detail: "Whether the change was made is not known. Repeating the request settles it; a POST, with the same Idempotency-Key.",
	}},
	{eventstore.ErrBusy, Error{Code: Unavailable, RetryAfter: time.Second, Detail: "Too many writers at once; nothing was changed. Try again."}},
	{eventstore.ErrUnavailable, unavailable},
	{vault.ErrUnavailable, unavailable},
	{blob.ErrUnavailable, unavailable},
	{context.DeadlineExceeded, unavailable},
}

func invalid(field, message string) Error {
	return *Invalid(FieldError{field, message}).(*Error)
}

var unavailable = Error{Code: Unavailable, RetryAfter: time.Second, Detail: "The service cannot answer at present. Try again."}

func from(err error) *Error {
	var (
		own       *Error
		forbidden *auth.ForbiddenError
		invalid   *directory.InvalidError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &forbidden):
		return &Error{Code: Forbidden, Detail: "The API key lacks the scope " + forbidden.Missing.String() + "."}
	case errors.As(err, &invalid):
		return Invalid(FieldError{invalid.Field, invalid.Message}).(*Error)
	}
	for i := range sentinels {
		if errors.Is(err, sentinels[i].is) {
			return &sentinels[i].say
		}
	}
	// Anything else may quote a query or a comment's text: log it, do not send it.
	return &Error{Code: Internal, Detail: "The request could not be completed."}
}
