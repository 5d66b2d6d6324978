package v1

import (
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/problem"
)

// A User is what this API shows of a person or a program.
type User struct {
	ID        domain.UserID  `json:"id" format:"uuid"`
	Number    int64          `json:"number" doc:"Its permanent integer."`
	Role      directory.Role `json:"role" enum:"agent,admin,customer,system"`
	Name      *string        `json:"name" doc:"null if nobody gave one, or it was erased."`
	Email     *string        `json:"email" doc:"As for name."`
	Active    bool           `json:"active" doc:"Keys of a user who is not active are refused."`
	CreatedAt Time           `json:"created_at"`
	UpdatedAt Time           `json:"updated_at"`
}

func userOf(u directory.User) User {
	return User{
		ID: u.ID, Number: u.Number, Role: u.Role, Name: orNull(u.Name), Email: orNull(u.Email), Active: u.Active,
		CreatedAt: Time(u.CreatedAt), UpdatedAt: Time(u.UpdatedAt),
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// getUser serves GET /v1/users/{user_id}.
func (a *API) getUser(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	id, err := domain.ParseUserID(r.PathValue("user_id"))
	if err != nil {
		return err
	}
	if !principal.MaySeeInternal() && id != principal.UserID {
		return directory.ErrUserNotFound
	}
	u, err := a.people.User(r.Context(), principal.Account, id)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, userOf(u))
}

// putUser serves PUT /v1/users/{user_id}.
func (a *API) putUser(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	id, err := domain.ParseUserID(r.PathValue("user_id"))
	if err != nil {
		return err
	}
	var body UserChange
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	u, created, err := a.people.ChangeUser(ctx, principal.Account, id, func(old directory.User, known bool) (directory.Profile, error) {
		profile, err := body.profile(old, known)
		if err == nil && !principal.MayMake(old, known, profile) {
			err = errAdminOnly
		}
		return profile, err
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", a.base+"/v1/users/"+id.String())
	}
	return reply(w, status, userOf(u))
}

var errAdminOnly = problem.New(problem.Forbidden, "Agents and administrators, and the role of anybody, can be changed with the scope admin only.")

// profile returns what the user is to be after the change.
func (body *UserChange) profile(old directory.User, known bool) (directory.Profile, error) {
	p := directory.Profile{Role: old.Role, Name: old.Name, Email: old.Email, Active: old.Active || !known}
	var m mistakes
	notNull(&m, "role", body.Role)
	notNull(&m, "active", body.Active)
	if !known && !body.Role.Set {
		m.add("role", "must be given, as the user is not known yet")
	}
	if body.Role.given() {
		p.Role = directory.Role(body.Role.Value)
	}
	if body.Name.Set {
		p.Name = body.Name.Value
	}
	if body.Email.Set {
		p.Email = body.Email.Value
	}
	if body.Active.Set {
		p.Active = body.Active.Value
	}
	for _, wrong := range p.Invalid() {
		if wrong.Field != "role" || body.Role.given() { // of an absent role enough is said
			m.add(wrong.Field, wrong.Message)
		}
	}
	return p, m.err()
}
