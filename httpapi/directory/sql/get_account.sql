SELECT account_id, slug, settings, created_at
  FROM directory.accounts
 WHERE account_id = $1;
