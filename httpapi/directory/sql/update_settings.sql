-- Settings that only a later release knows stay as they are.
UPDATE directory.accounts
   SET settings = settings || $2, settings_at = greatest(now(), settings_at + interval '1 microsecond')
 WHERE account_id = $1
RETURNING account_id, slug, settings, created_at, settings_at, erased_at;
