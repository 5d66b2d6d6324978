SELECT DISTINCT bucket_id FROM log.contents WHERE shard = $1 AND content_id = ANY ($2::uuid[])
