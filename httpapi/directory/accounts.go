package directory

import (
	"context"
	_ "embed"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/retention"
)

//go:embed sql/insert_account.sql
var insertAccountSQL string

//go:embed sql/list_accounts.sql
var listAccountsSQL string

//go:embed sql/get_account.sql
var getAccountSQL string

//go:embed sql/get_account_by_slug.sql
var getAccountBySlugSQL string

//go:embed sql/list_retention.sql
var listRetentionSQL string

//go:embed sql/update_settings.sql
var updateSettingsSQL string

// CreateAccount adds an account; settings left empty get their defaults. The error
// is ErrSlugTaken or an *InvalidError.
func (s *Store) CreateAccount(ctx context.Context, slug string, settings Settings) (Account, error) {
	if !ValidSlug(slug) {
		return Account{}, &InvalidError{"slug", "must be 1 to 40 characters of a-z, 0-9 and -"}
	}
	if settings.UnknownTickets == "" {
		settings = settings.withDefaults()
	}
	if err := settings.validate(); err != nil {
		return Account{}, err
	}
	encoded, err := encodeSettings(settings)
	if err != nil {
		return Account{}, err
	}
	a, err := s.account(ctx, insertAccountSQL, slug, encoded)
	if violates(err, "accounts_slug_key") {
		return Account{}, ErrSlugTaken
	}
	return a, err
}

// Accounts returns every account, by slug.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	rows, err := s.pool.Query(ctx, listAccountsSQL)
	if err != nil {
		return nil, unavailable("list accounts", err)
	}
	accounts, err := pgx.CollectRows(rows, scanAccount)
	if err != nil {
		return nil, unavailable("list accounts", err)
	}
	return accounts, nil
}

// Account returns the account with the id, or ErrAccountNotFound.
func (s *Store) Account(ctx context.Context, id domain.AccountID) (Account, error) {
	return s.account(ctx, getAccountSQL, id)
}

// AccountBySlug returns the account with the slug. The error is ErrAccountNotFound or
// ErrAccountErased.
func (s *Store) AccountBySlug(ctx context.Context, slug string) (Account, error) {
	a, err := s.ErasedOrNot(ctx, slug)
	if err == nil && a.ErasedAt != nil {
		return Account{}, ErrAccountErased
	}
	return a, err
}

// ErasedOrNot is AccountBySlug that returns erased accounts, too.
func (s *Store) ErasedOrNot(ctx context.Context, slug string) (Account, error) {
	if !ValidSlug(slug) { // Postgres would refuse a NUL as an error
		return Account{}, ErrAccountNotFound
	}
	return s.account(ctx, getAccountBySlugSQL, slug)
}

// UpdateSettings replaces the settings of an account, everywhere within a second,
// and returns the account. The error is ErrAccountNotFound or an *InvalidError.
func (s *Store) UpdateSettings(ctx context.Context, id domain.AccountID, settings Settings) (Account, error) {
	if err := settings.validate(); err != nil {
		return Account{}, err
	}
	encoded, err := encodeSettings(settings)
	if err != nil {
		return Account{}, err
	}
	a, err := s.account(ctx, updateSettingsSQL, id, encoded)
	if err == nil {
		s.settings.Forget(id)
	}
	return a, err
}

// Settings returns the settings of an account as they were at some moment of the
// last second, or ErrAccountNotFound.
func (s *Store) Settings(ctx context.Context, id domain.AccountID) (Settings, error) {
	settings, err := s.settings.Get(ctx, id)
	if err != nil {
		return Settings{}, unavailable("load settings", err)
	}
	if settings == nil {
		return Settings{}, ErrAccountNotFound
	}
	return *settings, nil
}

func (s *Store) loadSettings(ctx context.Context, id domain.AccountID) (*Settings, error) {
	a, err := s.Account(ctx, id)
	if errors.Is(err, ErrAccountNotFound) {
		return nil, nil
	}
	return &a.Settings, err
}

// account runs a statement that returns at most one account.
func (s *Store) account(ctx context.Context, sql string, args ...any) (Account, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return Account{}, unavailable("account", err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanAccount)
	if errors.Is(err, pgx.ErrNoRows) {
		return Account{}, ErrAccountNotFound
	}
	if err != nil {
		return Account{}, unavailable("account", err)
	}
	return a, nil
}

// Policies returns the retention of all accounts that differ from the default.
func (s *Store) Policies(ctx context.Context) ([]retention.Policy, error) {
	rows, err := s.pool.Query(ctx, listRetentionSQL)
	if err != nil {
		return nil, unavailable("list retention", err)
	}
	accounts, err := pgx.CollectRows(rows, scanAccount)
	if err != nil {
		return nil, unavailable("list retention", err)
	}
	policies := make([]retention.Policy, len(accounts))
	for i := range accounts {
		policies[i] = accounts[i].Retention()
	}
	return policies, nil
}

func scanAccount(row pgx.CollectableRow) (Account, error) {
	var a Account
	var settings string
	if err := row.Scan(&a.ID, &a.Slug, &settings, &a.CreatedAt, &a.SettingsAt, &a.ErasedAt); err != nil {
		return a, err
	}
	var err error
	a.Settings, err = decodeSettings(settings)
	return a, err
}
