SELECT ticket_id, requester_id, subject_id IS NOT NULL, legal_hold
  FROM log.tickets
 WHERE shard = $1 AND account_id = $2 AND ticket_id > $3
 ORDER BY ticket_id
 LIMIT $4
