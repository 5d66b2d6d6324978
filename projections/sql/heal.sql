DELETE FROM projections.quarantine
 WHERE projection = $1 AND shard = $2 AND account_id = $3 AND ticket_id = $4
