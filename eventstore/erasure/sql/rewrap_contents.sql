-- Whoever has a row in hand is about to remove it, or to do just this. Waiting for him
-- could be waiting for somebody who waits for us.
WITH free AS MATERIALIZED (
    SELECT c.content_id, k.bucket_id, k.head
      FROM unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS k (content_id, bucket_id, head)
      JOIN log.contents c ON c.shard = $5 AND c.content_id = k.content_id
     WHERE c.bucket_id = $1
       AND NOT EXISTS (SELECT FROM log.retired_buckets r WHERE r.bucket_id = k.bucket_id)
       FOR UPDATE OF c SKIP LOCKED
)
UPDATE log.contents c
   SET bucket_id = f.bucket_id, sealed = f.head || substring(c.sealed FROM octet_length(f.head) + 1)
  FROM free f
 WHERE c.shard = $5 AND c.content_id = f.content_id
