DELETE FROM log.files
 WHERE shard = $1 AND number = ANY ($2::bigint[]) AND (removed_at_position IS NOT NULL OR expires_at < now() - interval '10 minutes')
