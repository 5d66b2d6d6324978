package zendesk

import (
	"net/http"
	"strconv"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/threads"
)

// listAccountAudits serves GET /ticket_audits: pages that follow a cursor, in either of
// the forms that clients know.
func (a *API) listAccountAudits(c *call) error {
	asked, err := parsePage(c.URL.RawQuery, c.op.action)
	if err != nil {
		return err
	}
	if asked.number > 1 { // who is given the first page again and again never ends
		return c.attribute(keyPage, "left out: the pages of this list follow cursors,")
	}
	q := threads.AccountAuditQuery{Account: c.caller.Account, Viewer: c.caller.Actor(), Desc: asked.desc, Limit: asked.size}
	list := cursorContext(c.op.action, q.Account, domain.TicketID{})
	if asked.cursor {
		q.After, q.Before, _, err = span[eventstore.Position](a, list, &asked)
	} else {
		q.After, q.Before, err = a.legacyCursor(list, last(asked.others, "cursor"))
	}
	if err != nil {
		return err
	}
	start, err := c.startTime()
	if err != nil {
		return err
	}
	if start != nil {
		if q.From, err = a.threads.PositionBefore(c.Context(), *start); err != nil {
			return err
		}
	}
	page, err := a.threads.AccountAudits(c.Context(), q)
	if err != nil {
		return err
	}
	people, err := a.auditRoster(c, &page)
	if err != nil {
		return err
	}
	shown := make([]audit, len(page.Audits))
	for i := range page.Audits {
		about := page.Tickets[page.Audits[i].Ticket]
		s := &scene{people: people, requester: about.Requester, files: a.cabinet(c)}
		shown[i] = s.audit(about.Number, &page.Audits[i])
	}
	beside := a.legacyMembers(c, list, &asked, &q, &page)
	if asked.cursor {
		at := placeOf(a, list, &asked, page.Audits, func(a *threads.Audit) uint64 { return uint64(a.Position) })
		at.more = page.More
		beside = asked.members(c.self(), at)
	}
	return c.reply(http.StatusOK, append(ordered{{"audits", shown}}, beside...))
}

// auditRoster finds the users whom a page speaks of.
func (a *API) auditRoster(c *call, page *threads.AccountAuditPage) (roster, error) {
	ids := peopleOf(page.Audits)
	for _, t := range page.Tickets {
		if t.Requester != nil {
			ids = append(ids, *t.Requester)
		}
	}
	return a.roster(c.Context(), c.caller.Account, ids)
}

// The cursor of the older form is one parameter for both directions, and has the
// direction in it.
const backwards = 1

func (a *API) legacyCursor(list []byte, cursor string) (after, before eventstore.Position, err error) {
	opened, err := openCursor[eventstore.Position](a, legacy(list), cursor)
	if at := opened >> 1; opened&backwards != 0 {
		before = at
	} else {
		after = at
	}
	return after, before, err
}

// legacy is the context of cursors of the older form.
func legacy(list []byte) []byte { return append([]byte("legacy "), list...) }

// legacyMembers is pageQuery.members in the older form.
func (a *API) legacyMembers(c *call, list []byte, asked *pageQuery, q *threads.AccountAuditQuery, page *threads.AccountAuditPage) []member {
	var afterURL, beforeURL, after, before *string
	if n := len(page.Audits); n > 0 {
		seal := func(at eventstore.Position, direction uint64) *string {
			sealed := a.cursors.Seal(legacy(list), uint64(at)<<1|direction)
			return &sealed
		}
		after, before = seal(page.Audits[n-1].Position, 0), seal(page.Audits[0].Position, backwards)
		if page.More || q.Before != 0 {
			afterURL = asked.link(c.self(), "cursor", *after)
		}
		if page.More || q.Before == 0 {
			beforeURL = asked.link(c.self(), "cursor", *before)
		}
	}
	return []member{{"after_url", afterURL}, {"before_url", beforeURL}, {"after_cursor", after}, {"before_cursor", before}}
}

// startTime returns the moment that the query string names in seconds since 1970, nil
// if it names none. Those that lie beyond the log's times are as good as the end of them.
func (c *call) startTime() (*time.Time, error) {
	text := last(c.URL.Query(), "start_time")
	if text == "" {
		return nil, nil
	}
	if !isInteger(text) {
		return nil, c.attribute("start_time", "an integer")
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	const year9999 = 253_370_764_800
	if seconds = min(max(seconds, 0), year9999); err != nil && text[0] != '-' {
		seconds = year9999
	}
	moment := time.Unix(seconds, 0)
	return &moment, nil
}
