package retention

import "github.com/commentd/commentd/domain"

// A Policy says for how many days an account keeps texts.
type Policy struct {
	Account  domain.AccountID
	Deleted  int // those of deleted comments, from the deletion on; 0: not at all
	Contents int // any, from the day they were written on; 0: for ever
}

// DefaultDeleted is Policy.Deleted of accounts that have not said otherwise.
const DefaultDeleted = 30

// seconds of a policy's days. A day is 24 hours.
func seconds(days int) float64 { return float64(days) * 24 * 60 * 60 }
