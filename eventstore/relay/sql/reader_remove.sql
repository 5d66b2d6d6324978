DELETE FROM outlets.readers
 WHERE shard = $1 AND account_id = $2 AND audience = $3 AND name = $4
