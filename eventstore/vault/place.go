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

const (
	placeSize  = 1 + 8 + 4 + 3*16
	bucketSize = 8
)

// additionalData is what the seals authenticate. All its parts have fixed width,
// so that no two places share an encoding.
type additionalData [placeSize + bucketSize]byte

func (a *additionalData) set(p *Place, bucket int64) {
	a[0] = format
	clear(a[1:9])
	copy(a[1:9], p.purpose)
	binary.BigEndian.PutUint32(a[9:], uint32(p.account))
	copy(a[13:], p.ticket[:])
	copy(a[29:], p.comment[:])
	copy(a[45:], p.content[:])
	binary.BigEndian.PutUint64(a[placeSize:], uint64(bucket))
}

// ofContent leaves the bucket out: the content stays as it is when its data key is
// wrapped under another bucket.
func (a *additionalData) ofContent() []byte { return a[:placeSize] }

func (a *additionalData) ofDataKey() []byte { return a[:] }
