-- Settings that only a later release knows stay as they are.
UPDATE directory.accounts
   SET settings = settings || $2
 WHERE account_id = $1
RETURNING account_id, slug, settings, created_at, erased_at;
