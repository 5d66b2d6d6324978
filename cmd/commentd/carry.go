package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/transfer"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// Kinds of entries of the directory, in an exported log.
const (
	entryAccount = "account"
	entryUser    = "user"
	entryKey     = "key"
)

type accountEntry struct {
	ID        domain.AccountID   `json:"id"`
	Slug      string             `json:"slug"`
	Settings  directory.Settings `json:"settings"`
	CreatedAt time.Time          `json:"created_at"`
	// SettingsAt is when Settings were last chosen.
	SettingsAt time.Time  `json:"settings_at"`
	ErasedAt   *time.Time `json:"erased_at"`
}

// accountName is all that is said of an account in a file without texts: to whom events
// belong.
type accountName struct {
	ID   domain.AccountID `json:"id"`
	Slug string           `json:"slug"`
}

type userEntry struct {
	Account   domain.AccountID `json:"account_id"`
	ID        domain.UserID    `json:"id"`
	Number    int64            `json:"number"`
	Role      directory.Role   `json:"role"`
	Active    bool             `json:"active"`
	Name      string           `json:"name"`
	Email     string           `json:"email"`
	CreatedAt time.Time        `json:"created_at"`
	UpdatedAt time.Time        `json:"updated_at"`
}

// directoryGiver gives all accounts, people and API keys; no more than the ids and slugs of
// accounts, if that is not to leave the database.
func (t *tools) directoryGiver(all bool) func(ctx context.Context, give func(transfer.Entry) error) error {
	return func(ctx context.Context, give func(transfer.Entry) error) error {
		accounts, err := t.directory.Accounts(ctx)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			if all {
				err = t.giveAccount(ctx, a, give)
			} else {
				err = giveEntry(give, entryAccount, accountName{a.ID, a.Slug})
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func (t *tools) giveAccount(ctx context.Context, a directory.Account, give func(transfer.Entry) error) error {
	if err := giveEntry(give, entryAccount, accountEntry{a.ID, a.Slug, a.Settings, a.CreatedAt.UTC(), a.SettingsAt.UTC(), a.ErasedAt}); err != nil {
		return err
	}
	for after, more := int64(0), true; more; {
		page, err := t.directory.Users(ctx, directory.UserQuery{Account: a.ID, After: after, Limit: directory.MaxPage})
		if err != nil {
			return err
		}
		for _, u := range page.Users {
			entry := userEntry{u.Account, u.ID, u.Number, u.Role, u.Active, u.Name, u.Email, u.CreatedAt.UTC(), u.UpdatedAt.UTC()}
			if err := giveEntry(give, entryUser, entry); err != nil {
				return err
			}
			after = u.Number
		}
		more = page.More
	}
	keys, err := t.keys.Carried(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := giveEntry(give, entryKey, k); err != nil {
			return err
		}
	}
	return nil
}

func giveEntry(give func(transfer.Entry) error, kind string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return give(transfer.Entry{Kind: kind, Value: encoded})
}

// restoreEntry restores what giveAccount has given.
func (t *tools) restoreEntry(ctx context.Context, e transfer.Entry) error {
	switch e.Kind {
	case entryAccount:
		var a accountEntry
		if err := readEntry(e, &a); err != nil {
			return err
		}
		return t.directory.RestoreAccount(ctx, directory.Account{ID: a.ID, Slug: a.Slug, Settings: a.Settings, CreatedAt: a.CreatedAt, SettingsAt: a.SettingsAt, ErasedAt: a.ErasedAt})
	case entryUser:
		var u userEntry
		if err := readEntry(e, &u); err != nil {
			return err
		}
		return t.directory.RestoreUser(ctx, directory.User{
			Account: u.Account, ID: u.ID, Number: u.Number, Role: u.Role, Active: u.Active, Name: u.Name, Email: u.Email,
			CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		})
	case entryKey:
		var k auth.CarriedKey
		if err := readEntry(e, &k); err != nil {
			return err
		}
		return t.keys.Restore(ctx, k)
	}
	return errors.New("of a kind that this program does not know")
}

func readEntry(e transfer.Entry, into any) error {
	if err := json.Unmarshal(e.Value, into, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("not an entry of kind %s", e.Kind) // the decoder's error may quote a name
	}
	return nil
}
