INSERT INTO retention.held (account_id, shard, ticket_id)
SELECT k.account_id, $1, k.ticket_id
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, ticket_id)
ON CONFLICT ON CONSTRAINT held_pkey DO NOTHING
