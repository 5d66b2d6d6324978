SELECT ticket_id, comment_id
  FROM log.files
 WHERE shard = $1 AND number = $3 AND account_id = $2 AND comment_id IS NOT NULL AND removed_at_position IS NULL
