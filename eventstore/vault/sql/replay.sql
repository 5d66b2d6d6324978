-- Tombstones that the keyring has lost are set up again. Of a key that nobody knew
-- when it was destroyed, the purpose is null.
WITH lost AS (
    INSERT INTO keyring.buckets (bucket_id, account_id, purpose, root_key_id, destroyed_at, rewritten_at)
    SELECT t.bucket_id, t.account_id, t.purpose, '', t.destroyed_at, now()
      FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::timestamptz[]) AS t (bucket_id, account_id, purpose, destroyed_at)
     WHERE t.purpose <> ''
        ON CONFLICT ON CONSTRAINT buckets_pkey DO NOTHING
)
UPDATE keyring.buckets
   SET wrapped_key = NULL, destroyed_at = now(), trace = keyring.trace(wrapped_key)
 WHERE bucket_id = ANY ($1::bigint[]) AND wrapped_key IS NOT NULL;
