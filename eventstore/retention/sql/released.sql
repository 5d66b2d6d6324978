-- Tickets that a cursor has passed by and that are no longer held.
SELECT h.account_id, h.ticket_id, c.position
  FROM retention.held h
  JOIN retention.cursors c ON c.shard = $1 AND c.account_id = h.account_id
 CROSS JOIN LATERAL (
       SELECT legal_hold FROM log.tickets
        WHERE shard = $1 AND account_id = h.account_id AND ticket_id = h.ticket_id
       OFFSET 0) t
 WHERE h.shard = $1 AND h.account_id = ANY ($2::integer[]) AND NOT t.legal_hold
 LIMIT $3
