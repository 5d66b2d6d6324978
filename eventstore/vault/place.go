package vault

import (
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// A purpose says what a bucket key is for. Keys of different purposes are never
// shared. The texts are stored, and at most 8 bytes long.
type purpose string

const (
	purposeContent purpose = "content" // comments and the subjects of tickets
	purposePerson  purpose = "person"  // names and addresses
	purposeReceipt purpose = "receipt" // fingerprints of requests; seals nothing
)

// A Place says what a content belongs to. A content opens in the place that it was
// sealed for and in no other.
type Place struct {
	purpose purpose
	account domain.AccountID
	ticket  domain.TicketID
	comment uuid.UUID // or the user
	content domain.ContentID
}

// OfComment is the place of one version of a comment.
func OfComment(account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, content domain.ContentID) Place {
	return Place{purpose: purposeContent, account: account, ticket: ticket, comment: uuid.UUID(comment), content: content}
}

// OfSubject is the place of one version of a ticket's subject.
func OfSubject(account domain.AccountID, ticket domain.TicketID, content domain.ContentID) Place {
	return Place{purpose: purposeContent, account: account, ticket: ticket, content: content}
}

// OfPerson is the place of a person's name and address.
func OfPerson(account domain.AccountID, user domain.UserID) Place {
	return Place{purpose: purposePerson, account: account, comment: uuid.UUID(user)}
}

// String names the place in an error.
func (p Place) String() string {
	if p.purpose == purposePerson {
		return "person " + p.comment.String()
	}
	return "content " + p.content.String()
}

// id is what the data key of the place is bound to: it is all that a row tells of
// itself.
func (p *Place) id() uuid.UUID {
	if p.purpose == purposePerson {
		return p.comment
	}
	return uuid.UUID(p.content)
}

const (
	labelSize   = 1 + 8 + 4 // format, purpose, account
	placeSize   = labelSize + 3*16
	dataKeySize = labelSize + 16 + 8
)

// additionalData is what the seals authenticate. All its parts have fixed width,
// so that no two places share an encoding.
//
// The content is bound to its whole place. Its data key is bound to no more than
// the row that holds both can tell, the bucket among it: so it can be wrapped anew
// under another bucket by somebody who does not know the ticket or the comment, and
// the content stays as it is.
type additionalData struct {
	content [placeSize]byte
	dataKey [dataKeySize]byte
}

func (a *additionalData) set(p *Place, bucket int64) {
	label(a.content[:], p.purpose, p.account)
	copy(a.content[13:], p.ticket[:])
	copy(a.content[29:], p.comment[:])
	copy(a.content[45:], p.content[:])
	a.setDataKey(p.purpose, p.account, p.id(), bucket)
}

func (a *additionalData) setDataKey(purpose purpose, account domain.AccountID, id uuid.UUID, bucket int64) {
	label(a.dataKey[:], purpose, account)
	copy(a.dataKey[labelSize:], id[:])
	binary.BigEndian.PutUint64(a.dataKey[labelSize+16:], uint64(bucket))
}

func label(dst []byte, purpose purpose, account domain.AccountID) {
	dst[0] = format
	clear(dst[1:9])
	copy(dst[1:9], purpose)
	binary.BigEndian.PutUint32(dst[9:], uint32(account))
}
