package imports

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/intake"
)

// Config is what an Importer may be told beyond what it needs.
type Config struct {
	// DryRun: everything is read and counted, and nothing written or fetched.
	DryRun bool
	// NoFiles: comments come without their files.
	NoFiles bool
	// WithoutLostFiles: a comment comes without those of its files that cannot be had. Else it
	// waits, and all that came after it on its ticket, for another run.
	WithoutLostFiles bool
	// Guard says from where files may be fetched.
	Guard webhook.Guard
	// PublicURL is how clients reach this service. Without it, images that texts show stay where
	// they are.
	PublicURL  string
	FileTokens *vault.FileTokens
	// Lanes is how many tickets are written to at once, at least one.
	Lanes int
}

// An Importer takes what is in a file into one account. It is for one file, and for one use.
type Importer struct {
	log     *eventstore.Store
	files   *files.Store // nil with Config.NoFiles or Config.DryRun
	account domain.AccountID
	ids     ids
	people  *people
	fetcher *fetcher
	tally   *tally
	config  Config
	// introduced: the people of the file are here already.
	introduced bool
}

// latest is the latest time at which anything can have happened: clocks differ by a little.
func latest() time.Time { return time.Now().Add(time.Minute) }

// New returns an importer. It starts nothing.
func New(log *eventstore.Store, users *directory.Store, kept *files.Store, account directory.Account, config Config) *Importer {
	i := &Importer{
		log: log, files: kept, account: account.ID, ids: idsOf(account.Slug), tally: newTally(config.DryRun), config: config,
	}
	i.people = &people{
		account: i.account, ids: i.ids, directory: users, numbers: log.Numbers(), tally: i.tally, dryRun: config.DryRun, known: map[id]person{}, told: map[id]time.Time{},
	}
	if kept != nil {
		i.fetcher = newFetcher(config.Guard, intake.New(kept), time.Second)
	}
	return i
}

// Introduce takes in the people of a file alone. Import of the same file then knows from the
// first event on who they are; without it, of somebody who did something before the file tells
// who they are the role is guessed.
func (i *Importer) Introduce(ctx context.Context, in io.Reader) error {
	err := i.run(ctx, in, i.introduce, func(place, string) {})
	i.introduced = err == nil
	return err
}

// Import takes in a file. What is wrong with it is in the Report; the error is one of the
// database's, of the input, or of ctx.
func (i *Importer) Import(ctx context.Context, in io.Reader) error {
	return i.run(ctx, in, i.take, func(at place, reason string) {
		i.tally.count(func(r *Report) { r.Unreadable++ })
		i.tally.mistake(at, reason)
	})
}

// Report returns what has become of what was read so far.
func (i *Importer) Report() Report { return i.tally.result() }

// run has each record of a file taken by a shift of lanes.
func (i *Importer) run(ctx context.Context, in io.Reader, take func(*shift, record) error, refuse func(place, string)) error {
	s := i.begin(ctx)
	err := newReader(in, func(r record) error {
		s.record = int64(len(r.value))
		return take(s, r)
	}, refuse).read()
	return s.end(err)
}

// introduce takes in a person, or those whom a ticket embeds.
func (i *Importer) introduce(s *shift, r record) error {
	var people []userShape
	var err error
	switch r.kind {
	case aPerson:
		people = make([]userShape, 1)
		err = readShape(r, &people[0])
	case aTicket:
		people = embeddedIn(r)
	}
	for j := range people {
		u := &people[j]
		i.tally.count(func(r *Report) { r.People.InFile++ })
		if err == nil {
			err = u.check(latest())
		}
		if err != nil {
			i.tally.mistake(r.place, err.Error())
			i.tally.count(func(r *Report) { r.People.Refused++ })
			err = nil
			continue
		}
		if err := s.do(peopleFirst, int64(u.ID), func(ctx context.Context, _ *lane) error { return i.meet(ctx, u) }); err != nil {
			return err
		}
	}
	return nil
}

func (i *Importer) meet(ctx context.Context, u *userShape) error {
	o, err := i.people.take(ctx, u)
	if err == nil {
		i.tally.count(func(r *Report) { r.People.add(o, 1) })
	}
	return err
}

// take takes in a record.
func (i *Importer) take(s *shift, r record) error {
	if !i.introduced {
		if err := i.introduce(s, r); err != nil {
			return err
		}
	}
	switch r.kind {
	case aTicket:
		return i.takeTicket(s, r)
	case anEvent, anAudit:
		return i.takeAudit(s, r)
	case unknown:
		i.tally.count(func(r *Report) { r.Unreadable++ })
		i.tally.mistake(r.place, "neither a user, nor a ticket, nor an event or an audit of one")
	}
	return nil
}

func (i *Importer) takeAudit(s *shift, r record) error {
	a, err := auditOf(r, latest())
	if err != nil {
		i.tally.mistake(r.place, err.Error())
		i.tally.count(func(r *Report) { r.Audits.InFile++; r.Audits.Refused++ })
		return nil
	}
	i.tally.found(a)
	return s.do(historyThen, a.ticket, func(ctx context.Context, l *lane) error { return l.audit(ctx, a) })
}

func (i *Importer) takeTicket(s *shift, r record) error {
	ticket, audits, err := ticketOf(r, latest())
	if err != nil {
		i.refuseTicket(r.place, int64(ticket), err)
		return nil
	}
	for _, a := range audits {
		i.tally.found(a)
	}
	return s.do(historyThen, int64(ticket), func(ctx context.Context, l *lane) error {
		for _, a := range audits {
			if err := l.audit(ctx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func (i *Importer) refuseTicket(at place, ticket int64, err error) {
	o := refused
	if errors.Is(err, errDeleted) {
		o = notCarried
	} else {
		i.tally.mistake(at, err.Error())
	}
	if ticket <= 0 {
		i.tally.count(func(r *Report) { r.Tickets.InFile++; r.Tickets.Refused++ })
		return
	}
	i.tally.ticket(ticket)
	i.tally.became(ticket, o)
}
