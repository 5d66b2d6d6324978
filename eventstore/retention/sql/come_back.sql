DELETE FROM retention.held WHERE shard = $1 AND account_id = $2 AND ticket_id = $3
