-- Settings that only a later release knows stay as they are.
INSERT INTO directory.accounts AS old (account_id, slug, settings, created_at, erased_at)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3::text::jsonb, $4, $5)
    ON CONFLICT ON CONSTRAINT accounts_pkey DO UPDATE
   SET settings = old.settings || excluded.settings, erased_at = coalesce(old.erased_at, excluded.erased_at)
 WHERE old.slug = excluded.slug;
