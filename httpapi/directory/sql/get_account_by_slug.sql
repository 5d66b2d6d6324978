SELECT account_id, slug, settings, created_at, erased_at
  FROM directory.accounts
 WHERE slug = $1;
