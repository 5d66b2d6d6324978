-- What erase_users.sql does of keys, for a user who comes nameless: the keys to the name that
-- is known here are owed their destruction, unless the user was changed here later.
WITH old AS (
    SELECT bucket_id, former_buckets
      FROM directory.users
     WHERE account_id = $1 AND user_id = $2 AND updated_at <= $3
       AND (sealed IS NOT NULL OR former_buckets <> '{}')
       FOR UPDATE
), erased AS (
    UPDATE directory.users u
       SET sealed = NULL, bucket_id = NULL, email_digest = NULL, former_buckets = '{}'
      FROM old
     WHERE u.account_id = $1 AND u.user_id = $2
    RETURNING array_remove(old.former_buckets || old.bucket_id, NULL) AS buckets
)
INSERT INTO directory.obligations (account_id, user_id, bucket_ids)
SELECT $1, $2, buckets
  FROM erased;
