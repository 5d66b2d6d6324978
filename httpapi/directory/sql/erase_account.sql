UPDATE directory.accounts
   SET erased_at = coalesce(erased_at, now())
 WHERE account_id = $1
RETURNING account_id, slug, settings, created_at, settings_at, erased_at;
