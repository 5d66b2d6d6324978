SELECT t.account_id, t.ticket_id, t.number, t.version, t.public_version, t.revision, t.default_public, t.legal_hold,
       t.requester_id, t.subject_id, t.status, t.comments
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, ticket_id)
  JOIN log.tickets t ON t.shard = $1 AND t.account_id = k.account_id AND t.ticket_id = k.ticket_id
