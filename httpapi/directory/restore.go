package directory

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/restore_account.sql
	restoreAccountSQL string
	//go:embed sql/skip_accounts.sql
	skipAccountsSQL string
	//go:embed sql/restore_user.sql
	restoreUserSQL string
	//go:embed sql/restore_erased.sql
	restoreErasedSQL string
)

// ErrOther: what is to be restored is here already, and is somebody else.
var ErrOther = errors.New("another one has this id already")

// RestoreAccount has an account be as it was elsewhere, its internal number included.
// Settings that were chosen here later stay, and one that was erased here stays so. The error is ErrOther, ErrSlugTaken, an *InvalidError or eventstore.ErrUnavailable.
func (s *Store) RestoreAccount(ctx context.Context, a Account) error {
	if !ValidSlug(a.Slug) {
		return &InvalidError{"slug", "must be 1 to 40 characters of a-z, 0-9 and -"}
	}
	if err := a.Settings.validate(); err != nil {
		return err
	}
	encoded, err := encodeSettings(a.Settings)
	if err != nil {
		return err
	}
	tag, err := s.pool.Exec(ctx, restoreAccountSQL, a.ID, a.Slug, encoded, a.CreatedAt, a.SettingsAt, a.ErasedAt)
	switch {
	case violates(err, "accounts_slug_key"):
		return ErrSlugTaken
	case err != nil:
		return unavailable("restore account", err)
	case tag.RowsAffected() == 0:
		return ErrOther
	}
	s.settings.Forget(a.ID)
	if _, err := s.pool.Exec(ctx, skipAccountsSQL, a.ID); err != nil {
		return unavailable("restore account", err)
	}
	return nil
}

// RestoreUser is RestoreAccount for a user: number and times are those of elsewhere. A user
// who was changed here later stays as they are, which is no mistake. One who comes nameless
// was erased elsewhere, and is so here: the keys to the name are owed their destruction. The
// error may be ErrEmailTaken, too.
func (s *Store) RestoreUser(ctx context.Context, u User) error {
	p := Profile{Role: u.Role, Name: u.Name, Email: u.Email, Active: u.Active}
	if err := first(p.Invalid()); err != nil {
		return err
	}
	doing := "restore user " + u.ID.String()
	for range maxTries {
		old, err := s.User(ctx, u.Account, u.ID)
		switch {
		case errors.Is(err, ErrUserNotFound):
		case err != nil:
			return err
		case old.Number != u.Number:
			return ErrOther
		case old.UpdatedAt.After(u.UpdatedAt), old.Same(u):
			return nil
		}
		sealed, err := s.seal(ctx, u.Account, u.ID, p)
		if err != nil {
			return sealing(doing, err)
		}
		written, err := s.restoreUser(ctx, u, sealed)
		switch {
		case violates(err, "users_email_key"):
			return ErrEmailTaken
		case violates(err, "users_number_key"):
			return ErrOther
		case violates(err, "users_account_fkey"):
			return ErrAccountNotFound
		case err != nil:
			return unavailable(doing, err)
		case written:
			s.roles.Forget(userKey{u.Account, u.ID})
			if sealed.bucket == nil {
				return s.Settle(ctx)
			}
			return nil
		case sealed.bucket != nil:
			s.vault.Forget(*sealed.bucket) // it is about to be destroyed, if the user was not changed meanwhile
		}
	}
	return fmt.Errorf("%s: %w", doing, eventstore.ErrBusy)
}

// restoreUser reports whether the user was written, all in one transaction.
func (s *Store) restoreUser(ctx context.Context, u User, sealed sealedProfile) (written bool, err error) {
	var batch pgx.Batch
	batch.Queue("SELECT log.hold_buckets()")
	if sealed.bucket == nil {
		batch.Queue(restoreErasedSQL, u.Account, u.ID, u.UpdatedAt)
	}
	batch.Queue(restoreUserSQL, u.Account, u.ID, u.Number, u.Role, u.Active, sealed.bucket, sealed.person, sealed.emailDigest,
		u.CreatedAt, u.UpdatedAt).QueryRow(func(row pgx.Row) error { return row.Scan(&written) })
	return written, s.pool.SendBatch(ctx, &batch).Close()
}

// Same reports whether two users are the same in everything.
func (u User) Same(v User) bool {
	sameTimes := u.CreatedAt.Equal(v.CreatedAt) && u.UpdatedAt.Equal(v.UpdatedAt)
	u.CreatedAt, u.UpdatedAt = v.CreatedAt, v.UpdatedAt
	return sameTimes && u == v
}
