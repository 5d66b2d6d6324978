-- Settings that only a later release knows stay as they are, and so do all that were chosen
-- here later than those that come.
INSERT INTO directory.accounts AS old (account_id, slug, settings, created_at, settings_at, erased_at)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3::text::jsonb, $4, $5, $6)
    ON CONFLICT ON CONSTRAINT accounts_pkey DO UPDATE
   SET settings = CASE WHEN old.settings_at <= excluded.settings_at THEN old.settings || excluded.settings ELSE old.settings END,
       settings_at = greatest(old.settings_at, excluded.settings_at), erased_at = coalesce(old.erased_at, excluded.erased_at)
 WHERE old.slug = excluded.slug;
