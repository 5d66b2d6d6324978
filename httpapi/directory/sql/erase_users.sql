-- Makes users nameless and inactive. The keys that could open what was sealed of them are
-- owed their destruction from the same moment on.
WITH old AS (
    SELECT user_id, bucket_id, former_buckets
      FROM directory.users
     WHERE account_id = $1 AND user_id = ANY ($2)
       AND (active OR sealed IS NOT NULL OR former_buckets <> '{}')
       FOR UPDATE
), erased AS (
    UPDATE directory.users u
       SET sealed = NULL, bucket_id = NULL, email_digest = NULL, former_buckets = '{}', active = false,
           updated_at = greatest(now(), u.updated_at + interval '1 microsecond')
      FROM old
     WHERE u.account_id = $1 AND u.user_id = old.user_id
    RETURNING u.user_id, array_remove(old.former_buckets || old.bucket_id, NULL) AS buckets
), owed AS (
    INSERT INTO directory.obligations (account_id, user_id, bucket_ids)
    SELECT $1, user_id, buckets
      FROM erased
     WHERE buckets <> '{}'
)
SELECT user_id FROM erased;
