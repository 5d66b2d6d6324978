package directory

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/commentd/commentd/domain"
)

// A User is a person or a program that writes comments or asks for tickets. Its id
// is chosen by whoever introduces it and is unique within the account.
type User struct {
	Account   domain.AccountID
	ID        domain.UserID
	Number    int64 // its permanent integer on the Zendesk-compatible API
	Role      Role
	Name      string // "" if nobody gave one, or it was erased
	Email     string // as for Name
	Active    bool   // keys of an inactive user are refused
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Author is the user as the author of something.
func (u User) Author() domain.Author {
	author := domain.Author{Type: domain.AuthorSystem, ID: u.ID}
	switch u.Role {
	case RoleCustomer:
		author.Type = domain.AuthorCustomer
	case RoleAgent, RoleAdmin:
		author.Type = domain.AuthorAgent
	}
	return author
}

// A Profile is what PutUser sets of a user. Name and Email may be empty.
type Profile struct {
	Role   Role
	Name   string // at most 255 characters
	Email  string // at most 254 bytes; unique within the account, whatever its case
	Active bool
}

const (
	maxName  = 255 // characters
	maxEmail = 254 // bytes: RFC 5321 leaves no room for more
)

// Invalid returns all that is wrong with p, nil if it may be put.
func (p Profile) Invalid() []*InvalidError {
	var wrong []*InvalidError
	if !p.Role.Valid() {
		wrong = append(wrong, &InvalidError{"role", "must be agent, admin, customer or system"})
	}
	if utf8.RuneCountInString(p.Name) > maxName || !isText(p.Name) {
		wrong = append(wrong, &InvalidError{"name", "must be at most 255 characters, without control characters"})
	}
	if p.Email != "" && !isEmail(p.Email) {
		wrong = append(wrong, &InvalidError{"email", "must be an e-mail address of at most 254 bytes"})
	}
	return wrong
}

// first returns the first mistake as an error, nil if there is none.
func first(wrong []*InvalidError) error {
	if len(wrong) == 0 {
		return nil
	}
	return wrong[0]
}

// isEmail asks no more than that s can be told from anything else: whether a
// mailbox answers there is not ours to judge.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return len(s) <= maxEmail && at > 0 && at < len(s)-1 && isText(s) && !strings.ContainsFunc(s, unicode.IsSpace)
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// TrimName returns as much of what somebody was called elsewhere as a name may be.
func TrimName(given string) string {
	name := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(given, "")))
	if runes := []rune(name); len(runes) > maxName {
		name = strings.TrimSpace(string(runes[:maxName]))
	}
	return name
}
