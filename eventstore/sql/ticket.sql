SELECT ticket_id, number, status, version, legal_hold
  FROM log.tickets
 WHERE shard = $1 AND account_id = $2 AND ticket_id = $3
