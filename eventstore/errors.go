package eventstore

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

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

// Unavailable is the ErrUnavailable of what could not be done. Of an error that Postgres
// tells of only the SQLSTATE is left: the rest may repeat what was written.
func Unavailable(doing string, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return fmt.Errorf("%w: %s: SQLSTATE %s", ErrUnavailable, doing, refused.Code)
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
}
