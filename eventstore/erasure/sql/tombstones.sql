-- Keys that are destroyed, as the log knows it.
SELECT bucket_id, account_id, purpose, destroyed_at
  FROM log.retired_buckets
 WHERE destroyed_at IS NOT NULL AND bucket_id > $1
 ORDER BY bucket_id
 LIMIT $2
