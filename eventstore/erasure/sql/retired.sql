-- The keys that are retired and not known to be destroyed.
SELECT bucket_id FROM log.retired_buckets WHERE destroyed_at IS NULL ORDER BY bucket_id
