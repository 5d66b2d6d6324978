package v1

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/threads"
)

// A CommentVersion is a text that a comment was given.
type CommentVersion struct {
	Number           int                `json:"number" doc:"1, 2, 3 and so on."`
	EventID          domain.EventID     `json:"event_id" format:"uuid" doc:"The event that brought it."`
	TicketVersion    eventstore.Version `json:"ticket_version" doc:"The version of that event: as_of=version: and this number shows the ticket when this text was new."`
	AuthorType       domain.AuthorType  `json:"author_type" enum:"AGENT,CUSTOMER,SYSTEM" doc:"On whose side the author of the comment stands."`
	AuthorUserID     *domain.UserID     `json:"author_user_id" nullable:"true" format:"uuid" doc:"The author of the comment, if an agent or a program; else null."`
	AuthorCustomerID *domain.UserID     `json:"author_customer_id" nullable:"true" format:"uuid" doc:"The author of the comment, if a customer; else null."`
	Actor            Actor              `json:"actor" doc:"Who wrote this version."`
	Content          Literal            `json:"content" doc:"The text, as redactions have left it; ▇▇▇▇ if nothing is left."`
	CreatedAt        Instant            `json:"created_at" doc:"When it was written."`
	ReplacedAt       *Instant           `json:"replaced_at" nullable:"true" doc:"When the next version was; null: it is the last one."`
	IsRedacted       bool               `json:"is_redacted" doc:"Whether a redaction has sealed it anew. That something in it was hidden is not said: a redaction touches all versions."`
	IsErased         bool               `json:"is_erased" doc:"Whether nothing is left of it."`
}

func versionOf(v *threads.Version) CommentVersion {
	s := CommentVersion{
		Number: v.Number, EventID: v.Event, TicketVersion: v.At, Actor: Actor(v.Actor), Content: Literal(v.BodyJSON),
		CreatedAt: Instant(v.WrittenAt), IsRedacted: v.Redacted, IsErased: v.Destroyed,
	}
	if v.Destroyed {
		s.Content = destroyed
	}
	if !v.ReplacedAt.IsZero() {
		replaced := Instant(v.ReplacedAt)
		s.ReplacedAt = &replaced
	}
	author := Comment{}
	author.by(&v.Author)
	s.AuthorType, s.AuthorUserID, s.AuthorCustomerID = author.AuthorType, author.AuthorUserID, author.AuthorCustomerID
	return s
}
