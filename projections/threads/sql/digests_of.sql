-- The digests of some tickets.
SELECT k.account_id, k.ticket_id, max(r.version) AS version, bit_xor(r.hash) AS digest
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, ticket_id)
 CROSS JOIN LATERAL (
       SELECT t.applied_version AS version, hash_record_extended(t, 0) AS hash
         FROM threads.tickets t
        WHERE t.shard = $1 AND t.account_id = k.account_id AND t.ticket_id = k.ticket_id
        UNION ALL
       SELECT NULL, hash_record_extended(c, 1)
         FROM threads.comments c
        WHERE c.shard = $1 AND c.account_id = k.account_id AND c.ticket_id = k.ticket_id
       OFFSET 0) r
 GROUP BY k.account_id, k.ticket_id
