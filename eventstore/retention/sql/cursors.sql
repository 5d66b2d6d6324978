SELECT account_id, position FROM retention.cursors WHERE shard = $1 AND account_id = ANY ($2::integer[])
