-- Read after the checkpoints are locked, so that a replay is over or has not begun.
SELECT n.account_id, n.ticket_id
  FROM unnest($3::integer[], $4::uuid[]) AS n (account_id, ticket_id)
 CROSS JOIN LATERAL (
       SELECT FROM projections.quarantine q
        WHERE q.projection = $1 AND q.shard = $2 AND q.account_id = n.account_id AND q.ticket_id = n.ticket_id
       OFFSET 0) found
