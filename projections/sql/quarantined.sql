-- Read after the checkpoints are locked, so that a replay is over or has not begun.
SELECT q.account_id, q.ticket_id
  FROM projections.quarantine q
  JOIN unnest($3::integer[], $4::uuid[]) AS n (account_id, ticket_id) USING (account_id, ticket_id)
 WHERE q.projection = $1 AND q.shard = $2
