SELECT account_id, slug, settings, created_at, settings_at, erased_at
  FROM directory.accounts
 WHERE account_id = $1;
