package eventstore

import "errors"

var (
	// ErrUnknownOutcome: the write may or may not be in the log (connection lost,
	// database error at commit). Trying again with the same receipt settles it.
	ErrUnknownOutcome = errors.New("the outcome of the write is not known")
	// ErrUnavailable: Postgres could not be asked, and nothing was written.
	ErrUnavailable = errors.New("the database is not available")
	// ErrReceiptReused: the receipt belongs to another request.
	ErrReceiptReused = errors.New("the idempotency key was used for another request")
	// ErrExists: the id of a comment to be created is taken.
	ErrExists = errors.New("there is a comment with this id already")
	// ErrBusy: the command lost against others again and again, or its batch
	// could not be written; nothing was, and a later try may succeed.
	ErrBusy = errors.New("too many writers at once")
)
