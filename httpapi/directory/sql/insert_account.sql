INSERT INTO directory.accounts (slug, settings)
VALUES ($1, $2)
RETURNING account_id, slug, settings, created_at, settings_at, erased_at;
