-- The number and the day of birth are the first writer's, whoever replaces the
-- rest. Time moves on even where the clock does not, so it also says whether the
-- user is still as the writer has seen ($9, null: there was none): if not, there is
-- no row, and nothing is written.
INSERT INTO directory.users AS old (account_id, user_id, number, role, active, bucket_id, sealed, email_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE
   SET role = excluded.role, active = excluded.active, bucket_id = excluded.bucket_id, sealed = excluded.sealed,
       email_digest = excluded.email_digest, updated_at = greatest(now(), old.updated_at + interval '1 microsecond')
 WHERE old.updated_at = $9
RETURNING number, created_at, updated_at;
