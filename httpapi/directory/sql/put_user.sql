-- The number and the day of birth are the first writer's, whoever replaces the
-- rest. Time moves on even where the clock does not.
INSERT INTO directory.users AS old (account_id, user_id, number, role, active, bucket_id, sealed, email_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE
   SET role = excluded.role, active = excluded.active, bucket_id = excluded.bucket_id, sealed = excluded.sealed,
       email_digest = excluded.email_digest, updated_at = greatest(now(), old.updated_at + interval '1 microsecond')
RETURNING number, created_at, updated_at;
