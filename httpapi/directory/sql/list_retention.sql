-- The condition is that of accounts_retention_idx.
SELECT account_id, slug, settings, created_at, settings_at, erased_at
  FROM directory.accounts
 WHERE settings ->> 'deleted_retention_days' IS NOT NULL OR settings ->> 'content_retention_days' <> '0'
 ORDER BY account_id;
