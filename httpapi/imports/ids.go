package imports

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// namespace is that of all ids here that follow from ids elsewhere. It can never change:
// by them an import knows what it has brought already.
var namespace = uuid.MustParse("5d9a3f0e-7b1c-4c52-9d64-0c1f7e2ab9d3")

// ids are those that things of Zendesk's have in an account. They follow from the slug, which
// no account ever changes, and which is the same where the log is carried to.
type ids uuid.UUID

func idsOf(slug string) ids { return ids(uuid.NewSHA1(namespace, []byte(slug))) }

func (n ids) of(what string, there int64) uuid.UUID {
	return uuid.NewSHA1(uuid.UUID(n), []byte("zendesk/"+what+"/"+strconv.FormatInt(there, 10)))
}

func (n ids) ticket(there int64) domain.TicketID   { return domain.TicketID(n.of("ticket", there)) }
func (n ids) comment(there int64) domain.CommentID { return domain.CommentID(n.of("comment", there)) }
func (n ids) user(there int64) domain.UserID       { return domain.UserID(n.of("user", there)) }
