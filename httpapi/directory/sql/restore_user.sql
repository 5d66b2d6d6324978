-- As put_user.sql, but that number and times are given. log.hold_buckets has been called
-- before: where the key is about to be destroyed, nothing is written, and neither is where
-- the user was changed here later.
WITH written AS (
    INSERT INTO directory.users AS old (account_id, user_id, number, role, active, bucket_id, sealed, email_digest, created_at, updated_at)
    SELECT $1, $2, $3::bigint, $4, $5, $6, $7, $8, $9, $10
     WHERE NOT EXISTS (SELECT FROM log.retired_buckets WHERE bucket_id = $6)
        ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE
       SET role = excluded.role, active = excluded.active, bucket_id = excluded.bucket_id, sealed = excluded.sealed,
           email_digest = excluded.email_digest, created_at = excluded.created_at, updated_at = excluded.updated_at,
           former_buckets = CASE WHEN old.bucket_id IS NULL OR old.bucket_id = excluded.bucket_id OR old.bucket_id = ANY (old.former_buckets)
                                 THEN old.former_buckets ELSE old.former_buckets || old.bucket_id END
     WHERE old.updated_at <= excluded.updated_at
    RETURNING 1
)
SELECT EXISTS (SELECT FROM written);
