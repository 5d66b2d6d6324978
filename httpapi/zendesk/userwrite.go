package zendesk

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// A userWish is what a body asks of a user. What is nil was not asked for.
type userWish struct {
	name, email *string
	role        *string
	suspended   *bool
}

// userWish reads the body of a call.
func (c *call) userWish() (w userWish, err error) {
	o, err := c.rootObject("user")
	if err != nil {
		return w, err
	}
	c.warn("user", o, ignoredOfUsers)
	for name, into := range map[string]**string{"name": &w.name, "email": &w.email, "role": &w.role} {
		if *into, err = c.text(o, name); err != nil {
			return w, err
		}
	}
	w.suspended, err = c.flag(o, "suspended")
	return w, err
}

// ignoredOfUsers are fields of a user that clients set and commentd does not keep.
var ignoredOfUsers = []string{
	"agent_brand_ids", "alias", "custom_role_id", "default_group_id", "details", "external_id", "identities", "locale", "locale_id", "moderator",
	"notes", "only_private_comments", "organization", "organization_id", "phone", "remote_photo_url", "restricted_agent",
	"signature", "tags", "ticket_restriction", "time_zone", "user_fields",
}

// profile returns what the user is to be after the change: end users are who nobody says
// anything else of. A user who is suspended is not active here.
func (w *userWish) profile(old directory.User, known bool) (directory.Profile, error) {
	p := directory.Profile{Role: old.Role, Name: old.Name, Email: old.Email, Active: old.Active}
	if !known {
		p.Role, p.Active = directory.RoleCustomer, true
	}
	wrong := map[string][]detail{}
	if w.role != nil {
		roles := rolesOf[*w.role]
		if roles == nil {
			wrong["role"] = []detail{{"Role: is invalid", "InvalidValue"}}
		} else if !slices.Contains(roles, p.Role) { // a program stays one
			p.Role = roles[0]
		}
	}
	if w.name != nil {
		p.Name = strings.TrimSpace(*w.name)
	}
	if p.Name == "" && (!known || w.name != nil) {
		wrong["name"] = []detail{{"Name: is too short (minimum one characters)", "BlankValue"}}
	}
	if w.email != nil {
		p.Email = strings.TrimSpace(*w.email)
	}
	if w.suspended != nil {
		p.Active = !*w.suspended
	}
	for _, mistake := range p.Invalid() {
		wrong[mistake.Field] = []detail{{mistake.Field + ": " + mistake.Message, "InvalidValue"}}
	}
	if len(wrong) > 0 {
		return p, invalidRecord(wrong)
	}
	return p, nil
}

// change makes of the user with the id, who may be new, what the wish says, and answers.
func (a *API) change(c *call, id domain.UserID, w *userWish) error {
	return a.changeUser(c, id, w.profile)
}

func (a *API) changeUser(c *call, id domain.UserID, profile func(directory.User, bool) (directory.Profile, error)) error {
	u, created, err := a.people.ChangeUser(c.Context(), c.caller.Account, id, func(old directory.User, known bool) (directory.Profile, error) {
		p, err := profile(old, known)
		if err == nil && !c.caller.MayMake(old, known, p) {
			err = errForbidden
		}
		return p, err
	})
	if err != nil {
		return err
	}
	shown, status := c.shownUser(&u), http.StatusOK
	if created {
		c.w.Header().Set("Location", shown.URL)
		status = http.StatusCreated
	}
	return c.reply(status, ordered{{"user", shown}})
}

// createUser serves POST /users.
func (a *API) createUser(c *call) error {
	w, err := c.userWish()
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return a.change(c, domain.UserID(id), &w)
}

// putUser serves POST /users/create_or_update: it is the address by which a user is known.
func (a *API) putUser(c *call) error {
	w, err := c.userWish()
	if err != nil {
		return err
	}
	for {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		known := directory.User{ID: domain.UserID(id)}
		if w.email != nil {
			found, err := a.people.UserByEmail(c.Context(), c.caller.Account, *w.email)
			if err == nil {
				known = found
			} else if !errors.Is(err, directory.ErrUserNotFound) {
				return err
			}
		}
		err = a.change(c, known.ID, &w)
		if !errors.Is(err, directory.ErrEmailTaken) || known.Number != 0 {
			return err
		}
		// Somebody was faster: then there is one with the address.
	}
}

// updateUser serves PUT /users/{id}.
func (a *API) updateUser(c *call) error {
	u, err := a.userOf(c)
	if err != nil {
		return err
	}
	w, err := c.userWish()
	if err != nil {
		return err
	}
	return a.change(c, u.ID, &w)
}

// deleteUser serves DELETE /users/{id}: as at Zendesk, the user can do nothing any more, and
// is still known by name to who reads what was written.
func (a *API) deleteUser(c *call) error {
	u, err := a.userOf(c)
	if err != nil {
		return err
	}
	return a.changeUser(c, u.ID, func(old directory.User, _ bool) (directory.Profile, error) {
		return directory.Profile{Role: old.Role, Name: old.Name, Email: old.Email}, nil
	})
}
