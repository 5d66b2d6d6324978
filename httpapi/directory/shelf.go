package directory

import (
	_ "embed"

	"github.com/commentd/commentd/eventstore/erasure"
)

var (
	//go:embed sql/users_under.sql
	usersUnderSQL string
	//go:embed sql/rewrap_users.sql
	rewrapUsersSQL string
	//go:embed sql/newest_bucket.sql
	newestBucketSQL string
)

// Shelf is the table of sealed names and addresses, for those who destroy keys.
func Shelf() erasure.Shelf {
	return erasure.Shelf{Under: usersUnderSQL, Rewrap: rewrapUsersSQL, Newest: newestBucketSQL}
}
