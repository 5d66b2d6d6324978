package threads

import (
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/page.sql
	pageSQL string
	//go:embed sql/pages.sql
	pagesSQL string
	//go:embed sql/tail.sql
	tailSQL string
	//go:embed sql/public_tail.sql
	publicTailSQL string
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
	//go:embed sql/positions.sql
	positionsSQL string
	//go:embed sql/comment_by_number.sql
	commentByNumberSQL string
	//go:embed sql/comment_tail.sql
	commentTailSQL string
)

// audience is what the rights of a viewer come down to.
type audience struct {
	public    bool        // internal notes do not exist
	requester pgtype.UUID // not valid: every ticket is theirs to see
}

// audienceOf returns false if the viewer may see nothing at all.
func audienceOf(viewer domain.Actor) (audience, bool) {
	switch {
	case viewer.SeesInternal():
		return audience{}, true
	case viewer.Kind == domain.ActorCustomer:
		return audience{public: true, requester: asID(viewer.ID)}, true
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

// class is the audience's index where there is something for each of the two.
func (who audience) class() int {
	if who.public {
		return 1
	}
	return 0
}

// pageStatements are by filter and direction.
type pageStatements[T any] [3][2]T

// direction is the index of ascending and descending pages.
func direction(down bool) int {
	if down {
		return 1
	}
	return 0
}

// statements are the texts of one audience.
type statements struct {
	page, pages                                pageStatements[string] // of one page, of many
	positions                                  pageStatements[string]
	tail, touched, ticket, validator, byNumber string
}

// forAll and forPublic are the statements of those who may see internal notes and of
// those who may not.
var (
	forAll = makeStatements(false, map[string]string{
		"{version}": "version", "{change}": "last_change_id", "{updated_at}": "updated_at",
		"{internal_counts}": "r.internal_counts", "{legal_hold}": "t.legal_hold",
		"{audits}": "r.audits", "{last_audit}": "r.last_audit",
	})
	forPublic = makeStatements(true, map[string]string{
		"{version}": "public_version", "{change}": "last_public_change_id", "{updated_at}": "public_updated_at",
		"{internal_counts}": "NULL::integer[]", "{legal_hold}": "NULL::boolean",
		"{audits}": "NULL::integer", "{last_audit}": "NULL::bigint",
	})
)

// A part is how the comments of one visibility are read in order.
type part struct{ between, up, down string }

// By visibility. Notes stand in the index of both below zero.
const sides = "(CASE WHEN public THEN position ELSE -position END)"

var (
	everything = part{"position > $5 AND position < $6", "position", "position DESC"}
	inPublic   = part{sides + " > $5 AND " + sides + " < $6", sides, sides + " DESC"}
	inInternal = part{sides + " < -$5::bigint AND " + sides + " > -$6::bigint", sides + " DESC", sides}
)

// mineOnly keeps those who ask for a ticket that is not theirs from having its
// comments read.
const mineOnly = ` AND EXISTS (
               SELECT FROM log.tickets t
                WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3 AND t.requester_id = $4)`

// asked names the parameters of page.sql in pages.sql.
var asked = strings.NewReplacer("$2", "asked.account", "$3", "asked.ticket", "$4", "asked.requester",
	"$5", "asked.lower", "$6", "asked.upper", "$7", "asked.author", "$8", "asked.most")

func makeStatements(public bool, words map[string]string) statements {
	tail, touched := "", strings.NewReplacer("{events}", "", "{comments}", "")
	parts := [...]part{anyComment: everything, onlyPublic: inPublic, onlyInternal: inInternal}
	if public {
		tail, touched = publicTailSQL, strings.NewReplacer("{events}", "AND NOT e.internal", "{comments}", "AND l.public")
		mine, none := inPublic, inPublic
		mine.between += mineOnly
		none.between += " AND false"
		parts = [...]part{anyComment: mine, onlyPublic: mine, onlyInternal: none}
	}
	fill := func(sql string) string {
		for name, word := range words {
			sql = strings.ReplaceAll(sql, name, word)
		}
		return sql
	}
	s := statements{
		tail:     strings.ReplaceAll(tailSQL, "{audience}", tail),
		byNumber: strings.ReplaceAll(commentByNumberSQL, "{audience}", tail),
		touched:  touched.Replace(touchedSQL),
		ticket:   fill(ticketSQL), validator: fill(validatorSQL),
	}
	for filter, p := range parts {
		for direction, order := range [...]string{p.up, p.down} {
			page := strings.NewReplacer("{between}", p.between, "{order}", order).Replace(fill(pageSQL))
			s.page[filter][direction] = page
			s.positions[filter][direction] = strings.NewReplacer("{between}", p.between, "{order}", order).Replace(positionsSQL)
			s.pages[filter][direction] = strings.Replace(pagesSQL, "({page})", "(\n"+asked.Replace(page)+")", 1)
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
