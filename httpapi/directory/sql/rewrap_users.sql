-- The user is as it was: updated_at stays. Whoever has the row in hand brings a new
-- seal, or does just this.
WITH free AS MATERIALIZED (
    SELECT u.account_id, u.user_id, k.bucket_id, k.head
      FROM directory.users u
      JOIN unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS k (user_id, bucket_id, head) ON k.user_id = u.user_id
     WHERE u.bucket_id = $1
       AND NOT EXISTS (SELECT FROM log.retired_buckets r WHERE r.bucket_id = k.bucket_id)
       FOR UPDATE OF u SKIP LOCKED
)
UPDATE directory.users u
   SET bucket_id = f.bucket_id, sealed = f.head || substring(u.sealed FROM octet_length(f.head) + 1)
  FROM free f
 WHERE u.account_id = f.account_id AND u.user_id = f.user_id;
