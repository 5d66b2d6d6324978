SELECT account_id, slug, settings, created_at
  FROM directory.accounts
 WHERE slug = $1;
