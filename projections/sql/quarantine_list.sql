SELECT account_id, ticket_id, reason
  FROM projections.quarantine
 WHERE projection = $1 AND shard = $2
 ORDER BY position
 LIMIT $3
