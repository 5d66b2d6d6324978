package threads

import (
	_ "embed"
	"strings"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/page.sql
	pageSQL string
	//go:embed sql/tail.sql
	tailSQL string
	//go:embed sql/touched.sql
	touchedSQL string
	//go:embed sql/ticket.sql
	ticketSQL string
	//go:embed sql/validator.sql
	validatorSQL string
	//go:embed sql/contents.sql
	contentsSQL string
	//go:embed sql/comment.sql
	commentSQL string
	//go:embed sql/comment_tail.sql
	commentTailSQL string
)

// audience is what the rights of a viewer come down to.
type audience struct {
	public    bool       // internal notes do not exist
	requester *uuid.UUID // nil: every ticket is theirs to see
}

// audienceOf returns false if the viewer may see nothing at all.
func audienceOf(viewer domain.Actor) (audience, bool) {
	switch {
	case viewer.SeesInternal():
		return audience{}, true
	case viewer.Kind == domain.ActorCustomer:
		id := uuid.UUID(viewer.ID)
		return audience{public: true, requester: &id}, true
	}
	return audience{}, false
}

// filter says which comments are asked for by visibility.
type filter int

const (
	anyComment filter = iota
	onlyPublic
	onlyInternal
)

// statements are the texts of one audience.
type statements struct {
	page                             [3][2]string // by filter; ascending, descending
	tail, touched, ticket, validator string
}

// forAll and forPublic are the statements of those who may see internal notes and of
// those who may not.
var (
	forAll = makeStatements(map[string]string{
		"{version}": "version", "{change}": "last_change_id", "{updated_at}": "updated_at",
		"{internal_counts}": "r.internal_counts", "{audience}": "",
	})
	forPublic = makeStatements(map[string]string{
		"{version}": "public_version", "{change}": "last_public_change_id", "{updated_at}": "public_updated_at",
		"{internal_counts}": "NULL::integer[]", "{audience}": `AND (NOT e.internal OR EXISTS (
            SELECT FROM log.comments l
             WHERE l.shard = e.shard AND l.account_id = e.account_id AND l.comment_id = e.comment_id AND l.public))`,
	})
)

// mineOnly keeps those who ask for a ticket that is not theirs from having its
// comments read.
const mineOnly = ` AND EXISTS (
               SELECT FROM log.tickets t
                WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3 AND t.requester_id = $4)`

func makeStatements(words map[string]string) statements {
	fill := func(sql string) string {
		for name, word := range words {
			sql = strings.ReplaceAll(sql, name, word)
		}
		return sql
	}
	s := statements{tail: fill(tailSQL), touched: fill(touchedSQL), ticket: fill(ticketSQL), validator: fill(validatorSQL)}
	filters := [...]string{anyComment: "", onlyPublic: "AND public", onlyInternal: "AND NOT public"}
	if words["{version}"] == "public_version" {
		filters = [...]string{anyComment: "AND public" + mineOnly, onlyPublic: "AND public" + mineOnly, onlyInternal: "AND false"}
	}
	for i, condition := range filters {
		for j, direction := range [...]string{"ASC", "DESC"} {
			s.page[i][j] = strings.NewReplacer("{filter}", condition, "{direction}", direction).Replace(fill(pageSQL))
		}
	}
	return s
}

func (a audience) statements() *statements {
	if a.public {
		return &forPublic
	}
	return &forAll
}
