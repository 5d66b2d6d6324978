package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/directory"
)

// A person is who somebody there is here.
type person struct {
	id   domain.UserID
	role directory.Role
}

// system is who did what no user did.
var system = person{role: directory.RoleSystem}

// actor is the person as the one who did something.
func (p person) actor() domain.Actor { return domain.Actor{Kind: p.role.ActorKind(), ID: p.id} }

func (p person) author() domain.Author { return directory.User{ID: p.id, Role: p.role}.Author() }

// people are those who are known by an id of Zendesk's.
type people struct {
	account   domain.AccountID
	ids       ids
	directory *directory.Store
	numbers   *eventstore.Numbers
	tally     *tally
	dryRun    bool

	mu    sync.Mutex
	known map[id]person
	told  map[id]time.Time // how new the newest is that a file has said of them
}

// unknownSince is the age of people of whom nothing is known but that they did something:
// whatever a file says of them is newer.
var unknownSince = time.Unix(0, 0).UTC()

// of returns the person with an id, who is introduced, nameless, if nobody has been so far. Of
// such a one the role is guessed.
func (p *people) of(ctx context.Context, there id, guess directory.Role) (person, error) {
	if there <= 0 {
		return system, nil
	}
	p.mu.Lock()
	found, known := p.known[there]
	p.mu.Unlock()
	if known {
		return found, nil
	}
	here := p.ids.user(int64(there))
	for range maxTries {
		u, err := p.directory.User(ctx, p.account, here)
		switch {
		case err == nil:
			return p.note(there, person{u.ID, u.Role}), nil
		case !errors.Is(err, directory.ErrUserNotFound):
			return person{}, err
		}
		u = directory.User{Account: p.account, ID: here, Role: guess, Active: true, CreatedAt: unknownSince, UpdatedAt: unknownSince}
		if done, err := p.restore(ctx, there, u); done || err != nil {
			return p.note(there, person{here, guess}), err
		}
	}
	return person{}, fmt.Errorf("introduce a person: %w", eventstore.ErrBusy)
}

func (p *people) note(there id, here person) person {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[there] = here
	return here
}

// restore has a user be as u says, who is new if the number is 0: then it is the one from
// elsewhere, if that can be kept. It returns false if somebody else has come first.
func (p *people) restore(ctx context.Context, there id, u directory.User) (bool, error) {
	if p.dryRun {
		return true, nil
	}
	isNew := u.Number == 0
	if isNew {
		kept, err := p.numbers.Keep(ctx, p.account, int64(there))
		if err != nil {
			return false, err
		}
		if u.Number = int64(there); !kept[u.Number] {
			if u.Number, err = p.numbers.Draw(ctx, p.account, 1); err != nil {
				return false, err
			}
		}
	}
	err := p.directory.RestoreUser(ctx, u)
	switch {
	case errors.Is(err, directory.ErrOther), errors.Is(err, directory.ErrEmailTaken):
		return false, nil
	case err == nil && isNew && u.Number != int64(there):
		p.tally.count(func(r *Report) { r.NewNumbers++ })
	}
	return err == nil, err
}

// take notes what a file says of a person. Somebody here who has the address is that person,
// and stays as they are.
func (p *people) take(ctx context.Context, s *userShape) (outcome, error) {
	if p.heard(s) {
		return there, nil
	}
	u := s.user(p.account, p.ids)
	for range maxTries {
		old, err := p.directory.User(ctx, p.account, u.ID)
		known := err == nil
		if err != nil && !errors.Is(err, directory.ErrUserNotFound) {
			return 0, err
		}
		email := u.Email
		if email != "" {
			holder, err := p.directory.UserByEmail(ctx, p.account, email)
			switch {
			case errors.Is(err, directory.ErrUserNotFound):
			case err != nil:
				return 0, err
			case holder.ID != u.ID && !known:
				p.note(s.ID, person{holder.ID, holder.Role})
				return contained, nil
			case holder.ID != u.ID:
				email = "" // what was said by either stays with who said it
			}
		}
		next := u
		next.Email, next.Number, next.Role = email, old.Number, roleOf(s.Role, old)
		if known && old.UpdatedAt.After(unknownSince) { // and not only met
			if old.Name == "" && old.Email == "" { // but erased
				p.note(s.ID, person{old.ID, old.Role})
				return there, nil
			}
			next.Role, next.Active = fewerRights(next.Role, old.Role), next.Active && old.Active
		}
		if known && (next.UpdatedAt.Before(old.UpdatedAt) || next.Same(old)) {
			p.note(s.ID, person{old.ID, old.Role})
			return there, nil
		}
		if next.Name == "" && next.Email == "" && (old.Name != "" || old.Email != "") {
			return there, nil // which would erase them
		}
		done, err := p.restore(ctx, s.ID, next)
		if err != nil {
			return 0, err
		}
		if done {
			p.note(s.ID, person{next.ID, next.Role})
			return written, nil
		}
	}
	return 0, fmt.Errorf("take over a person: %w", eventstore.ErrBusy)
}

// maxTries bounds how often something is tried again because somebody else was faster.
const maxTries = 20

// heard reports whether as much was said of somebody already by this file, and notes it.
func (p *people) heard(s *userShape) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, told := p.told[s.ID]; told && !s.UpdatedAt.After(before) {
		return true
	}
	p.told[s.ID] = s.UpdatedAt
	return false
}

// user is who a file speaks of, as far as it is kept.
func (s *userShape) user(account domain.AccountID, ids ids) directory.User {
	u := directory.User{
		Account: account, ID: ids.user(int64(s.ID)), Role: directory.RoleCustomer,
		Name:   directory.TrimName(s.Name),
		Active: (s.Active == nil || *s.Active) && !s.Suspended, CreatedAt: s.CreatedAt.UTC().Truncate(time.Microsecond), UpdatedAt: s.UpdatedAt.UTC().Truncate(time.Microsecond),
	}
	if email := strings.TrimSpace(s.Email); (directory.Profile{Role: u.Role, Email: email}).Invalid() == nil {
		u.Email = email
	}
	return u
}

// roleOf is the role that somebody has whom Zendesk says to have a role. Nobody becomes an
// administrator by an import, and nobody who is one, or a program, ceases to be.
func roleOf(role string, old directory.User) directory.Role {
	switch {
	case old.Role == directory.RoleAdmin || old.Role == directory.RoleSystem:
		return old.Role
	case role == "agent" || role == "admin":
		return directory.RoleAgent
	case role == "end-user":
		return directory.RoleCustomer
	}
	return cmp.Or(old.Role, directory.RoleCustomer)
}

// fewerRights is the role that may do less. What somebody may do is decided here, once they are
// known: an import only takes from it.
func fewerRights(a, b directory.Role) directory.Role {
	if a == directory.RoleCustomer {
		return a
	}
	return b
}

// check returns what is wrong with a user of a file, nil if nothing is.
func (s *userShape) check(now time.Time) error {
	switch {
	case s.ID <= 0:
		return errNoID
	case !credible(s.CreatedAt, now):
		return errNoTime
	}
	if s.UpdatedAt.Before(s.CreatedAt) {
		s.UpdatedAt = s.CreatedAt
	}
	if s.UpdatedAt.After(now) {
		return errNoTime
	}
	return nil
}
