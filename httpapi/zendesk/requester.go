package zendesk

import (
	"errors"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/directory"
)

var errRequester = invalid("requester", detail{"Requester: is invalid", "InvalidValue"})

// requesterOf returns the user whom a wish names as requester. One who is not known by the
// address is given an id, and becomes known by introduce.
func (a *API) requesterOf(c *call, r *requester) (*domain.UserID, error) {
	var u directory.User
	var err error
	if r.email != "" {
		u, err = a.people.UserByEmail(c.Context(), c.caller.Account, r.email)
	} else {
		u, err = a.people.UserByNumber(c.Context(), c.caller.Account, r.number)
	}
	if !errors.Is(err, directory.ErrUserNotFound) {
		r.name = "" // nobody has to be introduced
		return &u.ID, err
	}
	if r.name == "" || len(r.profile().Invalid()) > 0 {
		return nil, errRequester
	}
	id, err := uuid.NewV7()
	newcomer := domain.UserID(id)
	return &newcomer, err
}

// profile is what is known of a requester who was not known before.
func (r *requester) profile() directory.Profile {
	return directory.Profile{Role: directory.RoleCustomer, Name: r.name, Email: r.email, Active: true}
}

// introduce sees to it that the requester whom the command names is known. A command that
// is refused introduces nobody.
func (a *API) introduce(c *call, cmd *domain.WriteTicket, receipt *eventstore.Receipt, r *requester) error {
	if r == nil || r.name == "" {
		return nil
	}
	if err := a.store.Refusal(c.Context(), *cmd, receipt); err != nil {
		return err
	}
	_, _, err := a.people.PutUser(c.Context(), c.caller.Account, **cmd.Requester, r.profile())
	if !errors.Is(err, directory.ErrEmailTaken) {
		return err
	}
	u, err := a.people.UserByEmail(c.Context(), c.caller.Account, r.email) // somebody was faster
	known := &u.ID
	cmd.Requester = &known
	return err
}
