-- Files that were removed up to a position, after a number. There are few at any time.
SELECT number, blob_id
  FROM log.files
 WHERE shard = $1 AND removed_at_position <= $2 AND number > $3
 ORDER BY number
 LIMIT $4
