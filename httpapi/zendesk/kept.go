package zendesk

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// keptPage is a list that is kept in memory, with what it shows that the log does not
// tell of: to whom public comments are sent.
type keptPage struct {
	*page
	addressee *directory.User // nil: nobody is shown
}

// keepPage keeps a list, unless not all of its authors are known: they may become so.
type keepPage func(p *keptPage, version eventstore.Version, known bool)

// keptList returns the list that was asked for, if it is in memory and still what would be
// answered, or else what keeps the one that is made instead. A list with a side-load of
// users is not kept: too much of it may change.
func (a *API) keptList(c *call, ticket domain.TicketID) (*page, keepPage, error) {
	if c.includes("users") {
		return nil, func(*keptPage, eventstore.Version, bool) {}, nil
	}
	key := threads.CacheKey{
		Account: c.caller.Account, Ticket: ticket, Viewer: c.caller.Actor(), Kind: "zendesk", Query: c.self() + "?" + c.URL.RawQuery,
	}
	value, found, keep, err := a.pages.Get(c.Context(), key)
	if err == nil && found {
		kept := value.(*keptPage)
		if same, err := a.sameAddressee(c, kept); same || err != nil {
			return kept.page, nil, err
		}
		a.pages.Drop(key)
		_, _, keep, err = a.pages.Get(c.Context(), key)
	}
	return nil, func(p *keptPage, version eventstore.Version, known bool) {
		if known && keep != nil {
			keep(p, len(p.body), version)
		}
	}, err
}

// sameAddressee reports whether the one to whom a list says comments are sent is called
// today what the list says.
func (a *API) sameAddressee(c *call, p *keptPage) (bool, error) {
	if p.addressee == nil {
		return true, nil
	}
	people, err := a.people.UsersByID(c.Context(), c.caller.Account, p.addressee.ID)
	return len(people) == 1 && people[0].Name == p.addressee.Name && people[0].Email == p.addressee.Email, err
}

// addressee is who is shown as the one to whom public comments are sent, or nil.
func (s *scene) addressee() *directory.User {
	if s.requester == nil {
		return nil
	}
	return s.people[*s.requester]
}

// all reports whether all of some users are known.
func (r roster) all(ids []domain.UserID) bool {
	for _, id := range ids {
		if r[id] == nil {
			return false
		}
	}
	return true
}
