-- Uploads that expired a while ago: no clock is so far back that a comment might still
-- attach them.
SELECT number, blob_id
  FROM log.files
 WHERE shard = $1 AND expires_at < now() - interval '10 minutes' AND number > $2
 ORDER BY number
 LIMIT $3
