package v1

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// OwnComment is what anybody may say of a new comment.
type OwnComment struct {
	Content    Field[string] `json:"content" minLength:"1" maxLength:"65536" doc:"At most 65,536 bytes of UTF-8; not blank. Kept exactly as it is."`
	IsInternal Field[bool]   `json:"is_internal" required:"false" doc:"Whether customers may not see it. Default false."`
}

// NamedAuthor is what a key with the scope comments:act_as may say besides.
type NamedAuthor struct {
	AuthorType       Field[string] `json:"author_type" required:"false" enum:"AGENT,CUSTOMER,SYSTEM" doc:"With the scope comments:act_as only, else ignored. Absent: the author is whom the key stands for."`
	AuthorUserID     Field[string] `json:"author_user_id" required:"false" nullable:"true" format:"uuid" doc:"The author, if author_type is AGENT or SYSTEM."`
	AuthorCustomerID Field[string] `json:"author_customer_id" required:"false" nullable:"true" format:"uuid" doc:"The author, if author_type is CUSTOMER."`
}

// NewComment is the body of POST …/comments.
type NewComment struct {
	_ struct{} `additionalProperties:"true"`
	OwnComment
	NamedAuthor
}

// CommentChange is the body of PATCH …/comments/{comment_id}.
type CommentChange struct {
	_          struct{}      `additionalProperties:"true"`
	Content    Field[string] `json:"content" required:"false" minLength:"1" maxLength:"65536" doc:"As for a new comment. Absent: stays."`
	IsInternal Field[bool]   `json:"is_internal" required:"false" doc:"false publishes a note. Absent: stays."`
}

// TicketChange is the body of PUT /v1/tickets/{ticket_id}.
type TicketChange struct {
	_           struct{}      `additionalProperties:"true"`
	Status      Field[string] `json:"status" required:"false" enum:"new,open,pending,hold,solved,closed" doc:"open, if the ticket is not known yet. closed is final."`
	RequesterID Field[string] `json:"requester_id" required:"false" nullable:"true" format:"uuid" doc:"The customer who may see the ticket. A person not heard of before is introduced by this."`
	Subject     Field[string] `json:"subject" required:"false" nullable:"true" minLength:"1" maxLength:"1000" doc:"At most 1,000 bytes of UTF-8; not blank."`
	LegalHold   Field[bool]   `json:"legal_hold" required:"false" doc:"true keeps everything in the ticket from being redacted or erased, until false lifts it. With the scope admin only; on a closed ticket, too."`
}

// UserChange is the body of PUT /v1/users/{user_id}.
type UserChange struct {
	_      struct{}      `additionalProperties:"true"`
	Role   Field[string] `json:"role" required:"false" enum:"agent,admin,customer,system" doc:"Required of a user who is not known yet."`
	Name   Field[string] `json:"name" required:"false" nullable:"true" maxLength:"255"`
	Email  Field[string] `json:"email" required:"false" nullable:"true" maxLength:"254" doc:"Of one user of the account at most."`
	Active Field[bool]   `json:"active" required:"false" doc:"Keys of a user who is not active are refused. Default true."`
}

const maxContentText, maxSubjectText = "65,536", "1,000"

func (c *OwnComment) check(m *mistakes) {
	if !c.Content.Set {
		m.add("content", "must be given")
	}
	checkText(m, "content", c.Content, maxContent, maxContentText)
	notNull(m, "is_internal", c.IsInternal)
}

func (c *CommentChange) check(m *mistakes) {
	checkText(m, "content", c.Content, maxContent, maxContentText)
	notNull(m, "is_internal", c.IsInternal)
}

// checkText notes what is wrong with a text that may be absent, but not null.
func checkText(m *mistakes, field string, f Field[string], max int, most string) {
	switch {
	case f.Null:
		m.add(field, "must not be null")
	case f.Set:
		m.text(field, f.Value, max, most)
	}
}

// valid checks the body and returns the author that it names, nil if it names none.
func (c *NewComment) valid() (named *domain.Author, err error) {
	var m mistakes
	c.check(&m)
	named = c.NamedAuthor.author(&m)
	return named, m.err()
}

// author returns the author that is named, nil if none is.
func (n *NamedAuthor) author(m *mistakes) *domain.Author {
	field, id := "author_user_id", n.AuthorUserID
	otherField, other := "author_customer_id", n.AuthorCustomerID
	if !n.AuthorType.given() && !id.given() && !other.given() {
		return nil
	}
	var author domain.Author
	if author.Type.UnmarshalText([]byte(n.AuthorType.Value)) != nil {
		m.add("author_type", "must be AGENT, CUSTOMER or SYSTEM, with the id of the author")
		return nil
	}
	if author.Type == domain.AuthorCustomer {
		field, id, otherField, other = otherField, other, field, id
	}
	if other.given() {
		m.add(otherField, "must not be given with this author_type")
	}
	var err error
	if author.ID, err = domain.ParseUserID(id.Value); err != nil {
		m.add(field, "must be the UUID of the author")
	}
	return &author
}

// roleOf returns the role of somebody who is introduced as an author of the type.
func roleOf(t domain.AuthorType) directory.Role {
	switch t {
	case domain.AuthorAgent:
		return directory.RoleAgent
	case domain.AuthorCustomer:
		return directory.RoleCustomer
	}
	return directory.RoleSystem
}

// fits reports whether a user of the role can be an author of the type.
func fits(t domain.AuthorType, role directory.Role) bool {
	return role == roleOf(t) || t == domain.AuthorAgent && role == directory.RoleAdmin
}

// members returns what of c is to be decoded: what the principal may say. All else
// is ignored, whatever it is.
func (c *NewComment) members(p auth.Principal) any {
	if p.Has(auth.CommentsActAs) {
		return c
	}
	return &c.OwnComment
}
