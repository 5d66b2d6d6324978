package zendesk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/commentd/commentd/httpapi/inbound"
)

// A Quota is how often something may be done in a while, for instance 30 times in ten
// minutes. Its zero value is no limit.
type Quota struct {
	Most int
	Per  time.Duration
}

// UnmarshalText reads a number and a duration with a stroke between them, such as "30/10m".
func (q *Quota) UnmarshalText(text []byte) error {
	number, while, _ := strings.Cut(string(text), "/")
	most, err := strconv.Atoi(number)
	per, err2 := time.ParseDuration(while)
	if err != nil || err2 != nil || most < 1 || per < time.Second {
		return errors.New("must be a number and a duration of a second or more, like 30/10m")
	}
	*q = Quota{most, per}
	return nil
}

// Quotas are the limits that Zendesk has beside that of a key (contract §2.3). What is used
// of them is kept in memory, by each instance for itself, so that n instances allow n times
// as much.
type Quotas struct {
	TicketUpdates  Quota // of a user to a ticket; redactions are updates
	AccountUpdates Quota // of all users to all tickets
	Creations      Quota // of tickets, by a user from an address
	Exports        Quota // of an account
}

// quotas count what is used. nil counts nothing.
type quotas struct {
	ticketUpdates, accountUpdates, creations, exports *meter
}

func newQuotas(q Quotas) quotas {
	return quotas{
		ticketUpdates:  newMeter(q.TicketUpdates, "Zendesk-Ratelimit-Per-Ticket-Updates"),
		accountUpdates: newMeter(q.AccountUpdates, "Zendesk-Ratelimit-Ticket-Updates"),
		creations:      newMeter(q.Creations, "Zendesk-Ratelimit-Ticket-Request-Create-By-User-And-Ip"),
		exports:        newMeter(q.Exports, "Zendesk-Ratelimit-Incremental-Exports"),
	}
}

// meter counts by who uses a quota. A while begins with the first use.
type meter struct {
	Quota
	header string // in which callers are told

	mu    sync.Mutex
	used  map[string]usage
	sweep int // size of used at which the next sweep is due
}

type usage struct {
	n    int
	ends time.Time // of the while
}

// Of a meter no more users than maxUsers are known. One that is forgotten before its while
// has ended may begin another: rather that than memory without end.
const (
	minUsers = 1 << 10
	maxUsers = 1 << 16
)

func newMeter(q Quota, header string) *meter {
	if q.Most == 0 {
		return nil
	}
	return &meter{Quota: q, header: header, used: make(map[string]usage), sweep: minUsers}
}

// take counts a use at now. It returns what is used with it, and whether there was
// anything left; what is refused does not count.
func (m *meter) take(user string, now time.Time) (usage, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, known := m.used[user]
	if !now.Before(u.ends) {
		u = usage{ends: now.Add(m.Per)}
	}
	if u.n >= m.Most {
		return u, false
	}
	u.n++
	if !known && len(m.used) >= m.sweep {
		m.forget(now)
	}
	m.used[user] = u
	return u, true
}

// forget drops the users whose while is over and, if those are too few, some others.
func (m *meter) forget(now time.Time) {
	for user, u := range m.used {
		if !now.Before(u.ends) {
			delete(m.used, user)
		}
	}
	if len(m.used) < maxUsers {
		m.sweep = min(maxUsers, max(minUsers, 2*len(m.used)))
		return
	}
	for user := range m.used {
		if len(m.used) <= maxUsers/2 {
			break
		}
		delete(m.used, user)
	}
	m.sweep = maxUsers
}

// spend counts a use for the call, tells of it in a header, and refuses if nothing is left.
func (m *meter) spend(c *call, user ...any) error {
	if m == nil {
		return nil
	}
	at := now()
	u, ok := m.take(fmt.Sprint(append([]any{c.caller.Account}, user...)...), at)
	resets := int((u.ends.Sub(at) + time.Second - 1) / time.Second)
	c.w.Header().Set(m.header, fmt.Sprintf("total=%d; remaining=%d; resets=%d", m.Most, m.Most-u.n, resets))
	if !ok {
		return &exhaustedError{time.Duration(resets) * time.Second}
	}
	return nil
}

// exhaustedError: nothing of a quota is left until a while has passed.
type exhaustedError struct{ wait time.Duration }

func (e *exhaustedError) Error() string { return "a quota is exhausted" }

// Uses of quotas, by operation.
type use int

const (
	noUse   use = iota
	updates     // of the ticket in the path
	creates
	exports
)

// spend counts what the operation uses.
func (a *API) spend(c *call) error {
	switch c.op.uses {
	case updates:
		for _, name := range []string{"ticket_id", "request_id"} {
			if c.params.URLParam(name) != "" {
				number, err := c.number(name)
				if err != nil {
					return err
				}
				return a.spendUpdate(c, number)
			}
		}
	case creates:
		return a.quotas.creations.spend(c, " ", c.caller.UserID, " ", inbound.Origin(c.Request))
	case exports:
		return a.quotas.exports.spend(c)
	}
	return nil
}

// spendUpdate counts an update of a ticket.
func (a *API) spendUpdate(c *call, ticket int64) error {
	if err := a.quotas.ticketUpdates.spend(c, " ", c.caller.UserID, " ", ticket); err != nil {
		return err
	}
	return a.quotas.accountUpdates.spend(c)
}
