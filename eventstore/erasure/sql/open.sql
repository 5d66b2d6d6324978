-- The oldest obligations that are open, and the keys that they are about.
SELECT position, bucket_ids
  FROM log.obligations
 WHERE shard = $1 AND completed_at IS NULL
 ORDER BY position
 LIMIT $2
