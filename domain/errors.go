package domain

import "errors"

// The refusals of Decide. Each is a condition that the edge turns into a status
// (httpapi/problem); none of them quotes what was asked.
var (
	// ErrTicketNotFound: no such ticket, or none that the actor may know of.
	ErrTicketNotFound = errors.New("there is no such ticket")
	// ErrNotFound: no such comment, a deleted one, or one the actor may not see.
	ErrNotFound = errors.New("there is no such comment")
	// ErrTicketClosed: a closed ticket and its comments do not change.
	ErrTicketClosed = errors.New("the ticket is closed")
	// ErrForbidden: the actor sees the comment but may not do this to it.
	ErrForbidden = errors.New("only the author or an administrator may do that")
	// ErrInternalForbidden: a customer may not write internal notes.
	ErrInternalForbidden = errors.New("customers cannot write internal notes")
	// ErrHoldForbidden: a legal hold is for administrators to lay and to lift.
	ErrHoldForbidden = errors.New("only an administrator may lay or lift a legal hold")
	// ErrLegalHold: nothing in the ticket may be redacted or erased.
	ErrLegalHold = errors.New("the ticket is under legal hold")
	// ErrRevision: the comment is no longer as the caller last saw it.
	ErrRevision = errors.New("the comment has changed meanwhile")
)
