package v1

import (
	"encoding/hex"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/commentd/commentd/domain"
)

// A Comment is a comment as this API shows it: these nine members, always, and in
// this order.
type Comment struct {
	ID               domain.CommentID  `json:"id" format:"uuid"`
	TicketID         domain.TicketID   `json:"ticket_id" format:"uuid"`
	AuthorType       domain.AuthorType `json:"author_type" enum:"AGENT,CUSTOMER,SYSTEM" doc:"On whose side the author stands."`
	AuthorUserID     *domain.UserID    `json:"author_user_id" nullable:"true" format:"uuid" doc:"The author, if an agent or a program; else null."`
	AuthorCustomerID *domain.UserID    `json:"author_customer_id" nullable:"true" format:"uuid" doc:"The author, if a customer; else null."`
	Content          Literal           `json:"content" doc:"The text, exactly as it was sent."`
	IsInternal       bool              `json:"is_internal" doc:"Whether this is a note that customers cannot see."`
	CreatedAt        Time              `json:"created_at"`
	UpdatedAt        Time              `json:"updated_at" doc:"Moves, by a second at least, whenever the text or the visibility changes."`
}

// by fills in who said it.
func (c *Comment) by(author *domain.Author) {
	c.AuthorType = author.Type
	if author.Type == domain.AuthorCustomer {
		c.AuthorCustomerID = &author.ID
	} else {
		c.AuthorUserID = &author.ID
	}
}

// append appends the comment as JSON. Lists are made of thousands of these, so no
// reflection is involved.
func (c *Comment) append(dst []byte) []byte {
	dst = appendUUID(append(dst, `{"id":`...), c.ID)
	dst = appendUUID(append(dst, `,"ticket_id":`...), c.TicketID)
	dst = append(append(append(dst, `,"author_type":"`...), c.AuthorType.String()...), '"')
	dst = appendUserID(append(dst, `,"author_user_id":`...), c.AuthorUserID)
	dst = appendUserID(append(dst, `,"author_customer_id":`...), c.AuthorCustomerID)
	dst = append(append(dst, `,"content":`...), c.Content...)
	if c.IsInternal {
		dst = append(dst, `,"is_internal":true`...)
	} else {
		dst = append(dst, `,"is_internal":false`...)
	}
	dst = c.CreatedAt.append(append(dst, `,"created_at":`...))
	dst = c.UpdatedAt.append(append(dst, `,"updated_at":`...))
	return append(dst, '}')
}

func appendUserID(dst []byte, id *domain.UserID) []byte {
	if id == nil {
		return append(dst, "null"...)
	}
	return appendUUID(dst, *id)
}

// appendUUID appends the id in quotes.
func appendUUID[T ~[16]byte](dst []byte, id T) []byte {
	dst = append(dst, '"')
	dst = append(hex.AppendEncode(dst, id[0:4]), '-')
	dst = append(hex.AppendEncode(dst, id[4:6]), '-')
	dst = append(hex.AppendEncode(dst, id[6:8]), '-')
	dst = append(hex.AppendEncode(dst, id[8:10]), '-')
	return append(hex.AppendEncode(dst, id[10:16]), '"')
}

// A Literal is a text as a JSON string, quotes and all: contents are sealed in that
// form and go out as they are.
type Literal []byte

// MarshalJSON returns the literal.
func (l Literal) MarshalJSON() ([]byte, error) { return l, nil }

// Schema is that of a string.
func (Literal) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// A Time is shown in UTC and whole seconds, with a literal Z.
type Time time.Time

func (t Time) append(dst []byte) []byte {
	dst = append(dst, '"')
	dst = time.Time(t).UTC().AppendFormat(dst, time.RFC3339)
	return append(dst, '"')
}

// MarshalJSON is append.
func (t Time) MarshalJSON() ([]byte, error) { return t.append(nil), nil }

// Schema tells the one form in which times are shown.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: "date-time", Pattern: `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`,
		Description: "UTC, in whole seconds.",
	}
}
