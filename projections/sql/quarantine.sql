INSERT INTO projections.quarantine (projection, shard, account_id, ticket_id, position, reason)
SELECT $1, $2, n.account_id, n.ticket_id, n.position, n.reason
  FROM unnest($3::integer[], $4::uuid[], $5::bigint[], $6::text[]) AS n (account_id, ticket_id, position, reason)
ON CONFLICT ON CONSTRAINT quarantine_pkey DO NOTHING
