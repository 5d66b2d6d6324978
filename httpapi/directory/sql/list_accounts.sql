SELECT account_id, slug, settings, created_at
  FROM directory.accounts
 ORDER BY slug;
