-- The events of all tickets, ticket by ticket.
SELECT position, prev_in_partition, CASE WHEN isfinite(recorded_at) THEN recorded_at ELSE 'epoch' END, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND (account_id, ticket_id, version) > ($2, $3, $4)
 ORDER BY account_id, ticket_id, version
 LIMIT $5
