-- The number and the day of birth are the first writer's, whoever replaces the
-- rest. Time moves on even where the clock does not, so it also says whether the
-- user is still as the writer has seen ($9, null: there was none): if not, there is
-- no row, and nothing is written.
--
-- Nothing is sealed under a key that is about to be destroyed: then, too, nothing is
-- written, and the one row says so. log.hold_buckets has been called before.
WITH retired AS (
    SELECT FROM log.retired_buckets WHERE bucket_id = $6
), written AS (
    INSERT INTO directory.users AS old (account_id, user_id, number, role, active, bucket_id, sealed, email_digest)
    SELECT $1, $2, $3::bigint, $4, $5, $6, $7, $8
     WHERE NOT EXISTS (SELECT FROM retired)
        ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE
       SET role = excluded.role, active = excluded.active, bucket_id = excluded.bucket_id, sealed = excluded.sealed,
           email_digest = excluded.email_digest,
           former_buckets = CASE WHEN old.bucket_id IS NULL OR old.bucket_id = excluded.bucket_id OR old.bucket_id = ANY (old.former_buckets)
                                 THEN old.former_buckets ELSE old.former_buckets || old.bucket_id END,
           updated_at = greatest(now(), old.updated_at + interval '1 microsecond')
     WHERE old.updated_at = $9
    RETURNING number, created_at, updated_at
)
SELECT false, number, created_at, updated_at FROM written
 UNION ALL
SELECT true, 0, 'epoch', 'epoch' FROM retired;
