-- Keys that are owed their destruction and still in use.
SELECT DISTINCT b.id
  FROM directory.obligations o
 CROSS JOIN LATERAL unnest(o.bucket_ids) AS b (id)
 WHERE o.key_destroyed_at IS NULL
   AND NOT EXISTS (SELECT FROM log.retired_buckets r WHERE r.bucket_id = b.id);
