SELECT k.account_id, k.ticket_id, r.applied_version, r.opened_at, r.updated_at, r.public_updated_at,
       r.last_change_id, r.last_public_change_id, r.public_counts, r.internal_counts, r.audits, r.last_audit
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, ticket_id)
 CROSS JOIN LATERAL (
       SELECT * FROM threads.tickets r
        WHERE r.shard = $1 AND r.account_id = k.account_id AND r.ticket_id = k.ticket_id
       OFFSET 0) r
