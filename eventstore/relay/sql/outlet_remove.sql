DELETE FROM outlets.outlets
 WHERE shard = $1 AND account_id = $2 AND audience = $3 AND outlet_id = $4 AND closed_at IS NOT NULL
